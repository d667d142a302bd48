"""The published tables: asked anew with each publication, and at least once a minute.

Belongs here: from answers to findings. Does not: the questions (``serving/attention.py``).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from iot_assets.alerts.alert import NAMED, Finding
from iot_assets.serving.attention import Answers, attention
from iot_assets.serving.published import QuestionError

if TYPE_CHECKING:
    from iot_assets.alerts.looks.place import Place, Seen
    from iot_assets.sections.alerts import Severity

_ANEW: Final = timedelta(minutes=1)
#: Checks that repeat what a cause of its own tells.
_OWN_CAUSE: Final = ["lander_state", "broker_drops", "event_time_lag", "declared_devices_seen", "silent_devices"]
_STATES: Final = {"late": "device_late", "offline": "device_offline", "never_seen": "device_never_seen"}
_PHRASES: Final = {"late": "are late", "offline": "are offline", "never_seen": "are declared and have never sent"}
#: Silent devices of more sites than this are one alert: the cause lies before the sites.
_MOST_SITES: Final = 10
#: Fewer messages than this have no rate.
_LEAST_MESSAGES: Final = 20


class PublishedLook:
    """Looks at serving.duckdb, and keeps the answers until there is another."""

    def __init__(self) -> None:
        self._asked: tuple[tuple[int, int], datetime] | None = None
        self._answers: Answers = {}

    def __call__(self, place: Place) -> Seen:
        """What the newest publication shows; nothing where there is none."""
        try:
            found = place.paths.serving.stat()
            identity = (found.st_ino, found.st_mtime_ns)
            if self._asked is None or self._asked[0] != identity or place.now - self._asked[1] >= _ANEW:
                hits = timedelta(minutes=place.alerts.hits_minutes)
                self._answers = attention(place.paths, place.now, named=NAMED, hits=hits, but=_OWN_CAUSE)
                self._asked = (identity, place.now)
        except (OSError, QuestionError):
            return {}
        return findings(self._answers, place)


def findings(answers: Answers, place: Place) -> Seen:
    """What follows from the answers."""
    seen: dict[str, list[Finding]] = {}
    if (devices := answers.get("devices")) is not None:
        for state, cause in _STATES.items():
            sites = [row for row in devices if row["state"] == state]
            seen[cause] = [_silent(row) for row in (sites if len(sites) <= _MOST_SITES else [_joined(sites)])]
    if (hits := answers.get("rule_hits")) is not None:
        seen["rule_hits"] = [_hits(row, place) for row in hits]
    if (scores := answers.get("quality")) is not None:
        seen["quality_band"] = [_fallen(row) for row in scores]
    if (checks := answers.get("checks")) is not None:
        seen["check_failed"] = [_failing(row) for row in checks]
    if (errors := answers.get("errors")) is not None:
        seen["error_rate"] = _errors(errors, place)
    if newest := answers.get("newest"):
        seen["lag"] = _lag(newest[0]["event_at"], place)
    return seen


def _joined(sites: list[dict[str, Any]]) -> dict[str, Any]:
    """All sites as one."""
    named = [name for row in sites for name in row["named"]]
    since = min((row["since_at"] for row in sites if row["since_at"] is not None), default=None)
    devices = sum(row["devices"] for row in sites)
    return {"state": sites[0]["state"], "site": "", "devices": devices, "since_at": since, "named": named[:NAMED]}


def _silent(row: dict[str, Any]) -> Finding:
    where = f" of site {row['site']}" if row["site"] else ""
    count, first = row["devices"], row["since_at"]
    since = f", the first since {first:%Y-%m-%d %H:%M:%S} UTC" if first is not None else ""
    phrase = _PHRASES[row["state"]]
    if count == 1:
        phrase = phrase.replace("are ", "is ").replace("have ", "has ")
    told = f"{_number(count, 'device')}{where} {phrase}{since}."
    return Finding(_STATES[row["state"]], told, about=row["site"], items=tuple(row["named"]), count=count)


def _hits(row: dict[str, Any], place: Place) -> Finding:
    severity: Severity = {"warn": "info", "fail": "critical"}.get(row["action"], "warning")  # type: ignore[assignment]
    hits, series = _number(row["hits"], "reading"), row["series"]
    told = f"{hits} of {series} series broke rule {row['rule']} in the past {place.alerts.hits_minutes:g} minutes."
    # Counted are the series: readings go on coming from a sensor that is broken.
    items = tuple(row["named"])
    return Finding("rule_hits", told, about=row["rule"], items=items, count=series, severity=severity)


def _fallen(row: dict[str, Any]) -> Finding:
    scope, count, band = row["scope"], row["things"], row["band"]
    who = "The fleet has" if scope == "fleet" else f"{count} {scope}{'s have' if count != 1 else ' has'}"
    severity: Severity = "info" if scope == "device" else band
    told = f"{who} a score of today in band {band}."
    return Finding(
        "quality_band", told, about=f"{scope}, {band}", items=tuple(row["named"]), count=count, severity=severity
    )


def _failing(row: dict[str, Any]) -> Finding:
    told = f"{_number(row['checks'], 'check')} of {row['table_name']} {'fails' if row['checks'] == 1 else 'fail'}."
    severity: Severity = "critical" if row["bad"] else "warning"
    return Finding(
        "check_failed",
        told,
        about=row["table_name"],
        items=tuple(row["named"]),
        count=row["checks"],
        severity=severity,
    )


def _errors(rows: list[dict[str, Any]], place: Place) -> list[Finding]:
    messages, rejected = sum(r["messages"] for r in rows), sum(r["rejected"] for r in rows)
    if messages < _LEAST_MESSAGES or 100 * rejected <= place.alerts.error_rate_percent * messages:
        return []
    items = tuple(f"{r['source']}: {r['rejected']} of {r['messages']}" for r in rows if r["rejected"])
    told = f"{rejected} of {messages} messages of the past hour ({100 * rejected / messages:.1f} %) were rejected."
    return [Finding("error_rate", told, items=items[:NAMED], count=len(items))]


def _lag(newest: datetime | None, place: Place) -> list[Finding]:
    if newest is None:
        return []
    minutes = (place.now - newest).total_seconds() / 60
    if minutes <= place.settings.freshness.lag_warn_minutes:
        return []
    return [Finding("lag", f"It is of {newest:%Y-%m-%d %H:%M:%S} UTC, {minutes:.0f} minutes ago.")]


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
