"""Declared fields of a JSON object, all taken out in one reading of it.

Belongs here: from the names in the options to columns. Does not: what the values mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iot_assets.decoders.quoting import literals, pointer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from iot_assets.decoders.json_options import JsonRecordOptions
    from iot_assets.decoders.options import Names


def declared_names(options: JsonRecordOptions, *, named_by_topic: bool) -> dict[str, Names]:
    """Of each column that ``picked`` makes the names to look for."""
    return {
        "device_json": () if named_by_topic else options.device_field,
        "time_json": options.time_field,
        "id_json": options.id_field,
        "value_json": options.value_field,
        "metric_json": options.metric_field,
        "unit_json": options.unit_field,
        "fields_json": options.fields,
    }


def picked(source: str, declared: Mapping[str, Names]) -> str:
    """SQL: the rows of ``source`` without ``j``, with a column of JSON text for each declared one.

    Of several names the first that is there counts; null counts as absent, and as fields only an object counts.
    """
    paths = list(dict.fromkeys(pointer(name) for names in declared.values() for name in names))
    extracted = f"json_extract(j, [{literals(paths)}])::varchar[]" if paths else "null::varchar[]"

    def first(column: str, names: tuple[str, ...]) -> str:
        there = [f"extracted[{paths.index(pointer(name)) + 1}]" for name in names]
        if column == "fields_json":
            there = [f"if(starts_with({json}, '{{'), {json}, null)" for json in there]
        there = [f"nullif({json}, 'null')" for json in there]
        return f"coalesce({', '.join(there)})" if there else "null::varchar"

    columns = ", ".join(f"{first(column, names)} as {column}" for column, names in declared.items())
    return f"select * exclude (j, extracted), {columns} from (select *, {extracted} as extracted from ({source}))"
