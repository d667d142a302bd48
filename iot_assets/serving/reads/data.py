"""Names, times and values: the plainest form of everything numeric that counts, derived days included."""

from __future__ import annotations

from iot_assets.model import EXCLUDING_FLAGS
from iot_assets.serving.reads.question import Question, Scope, literal, text_of


def data(scope: Scope, *, derived: bool) -> Question:
    """Columns name (the metric), time, value, in the order of time, then name; derived values stand at midnight UTC.

    ``derived`` says whether there are any derived values.
    """
    excluding = ", ".join(literal(flag) for flag in EXCLUDING_FLAGS)
    sql = text_of("data", scope=scope.condition("event_at"), excluding=excluding)
    if derived:
        sql += "\nunion all\n" + text_of("data_derived", scope=scope.condition("bucket_at"))
    return Question(sql, key=("time", "name", "device_id", "value"))
