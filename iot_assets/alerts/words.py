"""What people read: a notice's body, and the same as a subject, as plain text, as HTML.

Belongs here: wording. Does not: the shapes that chat services want (``channels/shapes.py``), sending.
"""

from __future__ import annotations

import socket
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from iot_assets.alerts.alert import NAMED, Alert, Kind, Notice
from iot_assets.alerts.causes import CAUSES

if TYPE_CHECKING:
    from iot_assets.settings import Settings

#: severity → colour, for those who see it in colour.
COLOURS: Final = {"critical": "#c62828", "warning": "#e68a00", "info": "#1565c0", "over": "#2e7d32"}
_PREFIXES: Final = {
    Kind.RAISED: "",
    Kind.GREW: "Worse: ",
    Kind.REMINDER: "Still: ",
    Kind.RESOLVED: "Over: ",
    Kind.PASSED: "Came and went: ",
    Kind.TEST: "",
}


def body_of(alert: Alert, kind: Kind, settings: Settings) -> dict[str, Any]:
    """An alert as it is now, for a notice."""
    cause = CAUSES[alert.cause]
    return {
        "house": house_name(settings),
        "kind": str(kind),
        "alert_id": alert.alert_id,
        "cause": alert.cause,
        "about": alert.about,
        "severity": alert.severity,
        "title": cause.title,
        "summary": alert.summary,
        "items": list(alert.items),
        "count": alert.count,
        "advice": cause.advice,
        "since": _iso(alert.since_at),
        "until": _iso(alert.gone_at) if kind in (Kind.RESOLVED, Kind.PASSED) else None,
        "acknowledged_by": alert.acknowledged_by,
        "timezone": settings.alerts.quiet.timezone,
    }


def body_of_test(settings: Settings) -> dict[str, Any]:
    """What `iot-assets alerts test` sends."""
    return {
        "house": house_name(settings),
        "kind": str(Kind.TEST),
        "alert_id": "",
        "cause": "test",
        "about": "",
        "severity": "info",
        "title": "A test",
        "summary": "This channel works.",
        "items": [],
        "count": 1,
        "advice": "Nothing is to be done.",
        "since": None,
        "until": None,
        "acknowledged_by": None,
        "timezone": settings.alerts.quiet.timezone,
    }


def house_name(settings: Settings) -> str:
    """Where the alert comes from."""
    return settings.alerts.house or socket.gethostname()


def is_over(notice: Notice) -> bool:
    """Whether it tells of an end."""
    return notice.kind in (Kind.RESOLVED, Kind.PASSED)


def colour(notice: Notice) -> str:
    """The colour that tells how bad it is."""
    return COLOURS["over" if is_over(notice) else notice.severity]


def headline(notice: Notice) -> str:
    """One line that says it."""
    body = notice.body
    about = f" ({body['about']})" if body["about"] else ""
    return f"{_PREFIXES[notice.kind]}{body['title']}{about}"


def subject(notice: Notice) -> str:
    """The subject of a mail, on one line whatever names hold."""
    word = "OK" if is_over(notice) else notice.severity.upper()
    return " ".join(f"[{notice.body['house']}] {word}: {headline(notice)}".split())


def line(notice: Notice) -> str:
    """All of it on one line, for a terminal."""
    word = "OK" if is_over(notice) else notice.severity.upper()
    return " ".join(f"{word}: {headline(notice)}: {summary(notice)}".split())


def summary(notice: Notice) -> str:
    """What is so, or was."""
    return f"It was: {notice.body['summary']}" if is_over(notice) else str(notice.body["summary"])


def facts(notice: Notice) -> list[tuple[str, str]]:
    """Name and value of what else there is to say."""
    body = notice.body
    found: list[tuple[str, str]] = [("Severity", notice.severity)]
    if body["since"]:
        found.append(("Since", _local(body["since"], body["timezone"])))
    if body["until"]:
        found.append(("Until", _local(body["until"], body["timezone"])))
    if body["acknowledged_by"]:
        found.append(("Looked after by", body["acknowledged_by"]))
    if body["alert_id"]:
        found.append(("Alert", body["alert_id"]))
    return found


def things(notice: Notice) -> list[str]:
    """The things that it is about, and how many more there are."""
    items, count = list(notice.body["items"][:NAMED]), notice.body["count"]
    return items + ([f"… and {count - len(items)} more"] if items and count > len(items) else [])


def advice(notice: Notice) -> str | None:
    """What to do, while there is anything to do."""
    return None if is_over(notice) else notice.body["advice"]


def acknowledging(notice: Notice) -> str | None:
    """How to say that one looks after it."""
    if is_over(notice) or not notice.body["alert_id"] or notice.body["acknowledged_by"]:
        return None
    return f"iot-assets alerts ack {notice.body['alert_id']}"


def plain(notice: Notice) -> str:
    """As plain text."""
    parts = [summary(notice)]
    if found := things(notice):
        parts.append("\n".join(f"  {item}" for item in found))
    if what := advice(notice):
        parts.append(what)
    parts.append("\n".join(f"{name}: {value}" for name, value in facts(notice)))
    if how := acknowledging(notice):
        parts.append(f"No reminders: {how}")
    return "\n\n".join(parts) + "\n"


def html(notice: Notice) -> str:
    """As HTML that mail programs show: a table, styles inline."""
    body = notice.body
    rows = "".join(
        f'<tr><td style="color:#667;padding:2px 16px 2px 0">{escape(name)}</td><td>{escape(value)}</td></tr>'
        for name, value in facts(notice)
    )
    listed = "".join(f"<li>{escape(item)}</li>" for item in things(notice))
    parts = [
        f'<div style="font-size:13px;color:#667">{escape(body["house"])}</div>',
        f'<h2 style="margin:4px 0 12px;font-size:20px;color:{colour(notice)}">{escape(headline(notice))}</h2>',
        f'<p style="margin:0 0 12px">{escape(summary(notice))}</p>',
        f'<ul style="margin:0 0 12px;padding-left:20px">{listed}</ul>' if listed else "",
        f'<p style="margin:0 0 12px;background:#f4f5f7;padding:10px 12px">{_marked(what)}</p>'
        if (what := advice(notice))
        else "",
        f'<table style="font-size:13px;border-collapse:collapse">{rows}</table>',
        f'<p style="font-size:13px;color:#667">No reminders: <code>{escape(how)}</code></p>'
        if (how := acknowledging(notice))
        else "",
    ]
    return (
        '<!doctype html><html><body style="margin:0;padding:16px;background:#fff">'
        f'<div style="max-width:600px;font:15px/1.45 Helvetica,Arial,sans-serif;color:#223;border-left:6px solid '
        f'{colour(notice)};padding:4px 20px">{"".join(parts)}</div></body></html>'
    )


def _marked(advised: str) -> str:
    """Commands in code style: our own texts put them between backquotes."""
    pieces = [escape(piece) for piece in advised.split("`")]
    return "".join(f"<code>{piece}</code>" if i % 2 else piece for i, piece in enumerate(pieces))


def _iso(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None


def _local(at: str, zone: str) -> str:
    return datetime.fromisoformat(at).astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S %Z")
