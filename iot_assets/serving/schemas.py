"""Which shapes the messages of each route have."""

from __future__ import annotations

from typing import Any

from iot_assets.lake.paths import DataPaths
from iot_assets.serving.published import ask, published


def schemas(paths: DataPaths, route: str | None) -> list[dict[str, Any]]:
    """The shapes of each route over all landed days, the oldest of a route first; ``example_payload`` is bytes.

    Args:
        paths: where the data are.
        route: only of routes like this one, with the wildcards ``*`` and ``?``.

    Raises:
        QuestionError: nothing is published yet.
    """
    with published(paths) as connection:
        return ask(connection, "schemas", {"route": route})
