"""What could not be decoded: groups of it, and the messages themselves."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from iot_assets.lake.paths import DataPaths
from iot_assets.serving.published import ask, published


@dataclass(frozen=True, slots=True)
class RejectFilter:
    """Which rejects: each part that is None lets all through. ``topic`` may hold the wildcards ``*`` and ``?``."""

    reason: str | None = None
    topic: str | None = None
    source: str | None = None
    first: datetime | None = None
    last: datetime | None = None
    message_id: str | None = None


def reject_groups(paths: DataPaths, chosen: RejectFilter) -> list[dict[str, Any]]:
    """Rejects by reason and topic, most first: reason, topic, decoder, rejects, first_at, last_at, example.

    Raises:
        QuestionError: nothing is published yet.
    """
    with published(paths) as connection:
        return ask(connection, "reject_groups", asdict(chosen))


def rejects(paths: DataPaths, chosen: RejectFilter, limit: int) -> list[dict[str, Any]]:
    """The newest rejects, with the columns of silver.rejects; ``payload`` is bytes.

    Raises:
        QuestionError: nothing is published yet.
    """
    with published(paths) as connection:
        return ask(connection, "rejects", asdict(chosen) | {"most": limit})
