"""A notice in the shapes that web services want: our own JSON, Slack's, Teams'.

Belongs here: shapes. Does not: wording (``words.py``), posting (``webhook.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from iot_assets.alerts import words
from iot_assets.alerts.alert import Notice

if TYPE_CHECKING:
    from iot_assets.sections.alerts import Channel

#: What Teams calls our colours.
_TEAMS_COLOURS: Final = {"critical": "attention", "warning": "warning", "info": "accent"}


def generic(notice: Notice) -> dict[str, Any]:
    """All that is known; ``notice_id`` stays the same when it is sent again."""
    return {
        "notice_id": notice.notice_id,
        "created": notice.created_at.isoformat(timespec="seconds"),
        **{name: value for name, value in notice.body.items() if name != "timezone"},
        "headline": words.headline(notice),
    }


def slack(notice: Notice) -> dict[str, Any]:
    """A Slack message: a line for the notification, blocks behind a coloured bar."""
    text = "\n".join([_mrkdwn(words.summary(notice)), *(f"• {_mrkdwn(item)}" for item in words.things(notice))])
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": words.headline(notice)[:150]}},
        {"type": "section", "text": {"type": "mrkdwn", "text": text[:2900]}},
    ]
    if what := words.advice(notice):
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": _mrkdwn(what)}})
    told = " · ".join(f"{name} {value}" for name, value in words.facts(notice))
    context = f"{notice.body['house']} · {told}"
    if how := words.acknowledging(notice):
        context += f" · `{how}`"
    blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": _mrkdwn(context)}]})
    return {"text": words.subject(notice), "attachments": [{"color": words.colour(notice), "blocks": blocks}]}


def teams(notice: Notice) -> dict[str, Any]:
    """A Teams message: an adaptive card, as its workflows' webhooks take it."""
    colour = "good" if words.is_over(notice) else _TEAMS_COLOURS[notice.severity]
    body: list[dict[str, Any]] = [
        _text(words.headline(notice), size="large", weight="bolder", color=colour),
        _text(words.summary(notice)),
    ]
    if found := words.things(notice):
        body.append(_text("\n".join(f"- {item}" for item in found)))
    if what := words.advice(notice):
        body.append(_text(what))
    told = [("House", notice.body["house"]), *words.facts(notice)]
    body.append({"type": "FactSet", "facts": [{"title": name, "value": value} for name, value in told]})
    if how := words.acknowledging(notice):
        body.append(_text(f"No reminders: {how}", isSubtle=True))
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return {"type": "message", "attachments": [attachment]}


SHAPES: Final[Mapping[str, Callable[[Notice], dict[str, Any]]]] = MappingProxyType(
    {"webhook": generic, "slack": slack, "teams": teams}
)


def shape(channel: Channel, notice: Notice) -> dict[str, Any]:
    """The notice in the shape of the channel's kind."""
    return SHAPES[channel.kind](notice)


def _text(text: str, **style: Any) -> dict[str, Any]:
    return {"type": "TextBlock", "text": text, "wrap": True, **style}


def _mrkdwn(text: str) -> str:
    """Slack's three control characters."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
