"""Declared fields of a JSON object, all taken out in one reading of it.

Belongs here: from names to SQL. Does not: what the values mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iot_assets.decoders.quoting import literals, pointer

if TYPE_CHECKING:
    from iot_assets.decoders.json_options import JsonRecordOptions


class Picked:
    """The declared fields of ``j`` as one column ``picked``: a list of the texts of JSON values, in a fixed order."""

    def __init__(self, options: JsonRecordOptions) -> None:
        named = (
            options.device_field,
            options.time_field,
            options.id_field,
            options.value_field,
            options.metric_field,
            options.unit_field,
        )
        self._names = list(dict.fromkeys(name for names in named for name in names))

    @property
    def column(self) -> str:
        """SQL for the column, over ``j``."""
        if not self._names:
            return "null::varchar[]"
        return f"json_extract(j, [{literals(pointer(name) for name in self._names)}])::varchar[]"

    def first(self, names: tuple[str, ...]) -> str:
        """SQL over ``picked``: of these fields the first that is there and not null, as JSON text."""
        there = [f"nullif(picked[{self._names.index(name) + 1}], 'null')" for name in names]
        return f"coalesce({', '.join(there)})" if there else "null::varchar"
