# ruff: noqa: INP001 - a script beside its pages, not a package
"""The made parts of ``conventions.md``: what each convention reads, on which topics, and what comes out of a message.

Belongs here: turning conventions, routes and golden cases into Markdown. Does not: words of its own. Of each convention
the first golden case in the order of names that gives readings is shown.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from iot_assets.decoders.conventions import CONVENTIONS, Convention
from iot_assets.decoders.options import CommonOptions
from iot_assets.decoders.routes import DEFAULT_ROUTES, Route
from iot_assets.decoders.toml_text import toml
from iot_assets.units import UNITS

GOLDEN: Final = Path(__file__).parents[1] / "iot_assets_tests" / "decoders" / "golden"
OWN_DECODER: Final = Path(__file__).parent / "examples" / "pool_decoder.py"
#: As much of an example as one wants to read.
_MAX_TEXT: Final = 1200
_MAX_BYTES: Final = 256
_MAX_READINGS: Final = 30


def table(header: str, rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table; the header's names are separated by ``|``."""
    names = header.split("|")
    lines = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    lines += ["| " + " | ".join(cell.replace("|", r"\|").replace("\n", " ") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def routes() -> str:
    """The built-in routes in their order."""
    return table("topic|convention|options", [(_code(r.topic), _code(r.convention), _set(r)) for r in DEFAULT_ROUTES])


def conventions() -> str:
    """A section per convention."""
    return "\n".join(part for name, convention in CONVENTIONS.items() for part in _section(name, convention))


def common_options() -> str:
    """What can be said of every convention."""
    return _options(CommonOptions)


def units() -> str:
    """Units that are known, by what they measure."""
    kinds = dict.fromkeys(unit.kind for unit in UNITS.values())
    rows = [(kind, ", ".join(_code(code) for code, unit in UNITS.items() if unit.kind == kind)) for kind in kinds]
    return table("of|codes", rows)


def own_decoder() -> str:
    """The example of a decoder of one's own, which a test runs."""
    _, _, code = OWN_DECODER.read_text(encoding="utf-8").partition("\n")
    return f"```python\n{code}```\n"


def _section(name: str, convention: Convention) -> Iterator[str]:
    yield f"### `{name}`\n\n{convention.description.rstrip('.')}.\n"
    if convention.note:
        yield convention.note.strip() + "\n"
    if topics := [_code(route.topic) for route in DEFAULT_ROUTES if route.convention == name]:
        yield f"Built-in routes: {', '.join(topics)}.\n"
    if (case := _typical(name)) is not None:
        yield from _example(case)
    if convention.defaults:
        yield "Defaults that a route may change:\n"
        yield table("option|default", [(_code(o), _code(toml(value))) for o, value in convention.defaults.items()])
    kind = convention.engine.options
    if own := [name for name in kind.model_fields if name not in CommonOptions.model_fields]:
        users = [name for name, other in CONVENTIONS.items() if other.engine.options is kind]
        if name == users[0]:
            about = (kind.__doc__ or "").strip().replace("``", "`").split("\n\n")[0].replace("\n", " ")
            rows = [(n, f) for n, f in kind.model_fields.items() if n in own]
            yield f"Options beside the common ones. {' '.join(about.split())}\n"
            yield table("option|default|meaning", [_option(n, f) for n, f in rows])
        else:
            yield f"Options beside the common ones: those of [{_code(users[0])}](#{users[0]}).\n"


def _typical(name: str) -> Path | None:
    cases = sorted(path.parent for path in (GOLDEN / name).glob("*/payload"))
    return next((case for case in cases if _expected(case)["readings"]), cases[0] if cases else None)


def _expected(case: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((case / "expected.json").read_text(encoding="utf-8"))
    return found


def _example(case: Path) -> Iterator[str]:
    topic = (case / "topic").read_text(encoding="utf-8").rstrip("\n")
    said = json.loads((case / "case.json").read_text(encoding="utf-8")) if (case / "case.json").exists() else {}
    with_options = f" with the options {_code(toml(said['options']))}" if said.get("options") else ""
    yield f"For example, on {_code(topic)}{with_options}:\n"
    yield _payload((case / "payload").read_bytes())
    expected = _expected(case)
    if readings := expected["readings"]:
        yield table("device|metric|event_at|value|unit", [_reading(r) for r in readings[:_MAX_READINGS]])
        if (left := len(readings) - _MAX_READINGS) > 0:
            yield f"and {left} more.\n"
    elif "outcome" in expected:
        yield f"Outcome: {_code(expected['outcome'])}.\n"
    for device in expected.get("announcements", ()):
        facts = ", ".join(f"{key} {_code(str(value))}" for key, value in device.items() if key != "device_id")
        yield f"{_code(device['device_id'])} announces itself: {facts or 'nothing more'}.\n"


def _payload(payload: bytes) -> str:
    try:
        text = payload.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = ""
    if text and all(char.isprintable() or char in "\n\r\t" for char in text):
        shown = text.rstrip("\n")[:_MAX_TEXT] + ("…" if len(text) > _MAX_TEXT else "")
        return f"```{'json' if shown[:1] in ('{', '[') else 'text'}\n{shown}\n```\n"
    rows = [payload[at : at + 32].hex(" ") for at in range(0, min(len(payload), _MAX_BYTES), 32)]
    return "\n".join(["```text", *rows, *(["…"] if len(payload) > _MAX_BYTES else []), "```", ""])


def _reading(reading: Mapping[str, Any]) -> tuple[str, ...]:
    value = _code(json.dumps(reading["value_text"], ensure_ascii=False)) if "value_text" in reading else None
    received = " (received)" if reading["event_at_source"] == "received" else ""
    return (
        _code(reading["device_id"]),
        _code(reading["metric"]),
        reading["event_at"].replace("+00:00", "Z") + received,
        value or f"{reading['value']:.15g}",
        _code(reading["unit"]) if "unit" in reading else "",
    )


def _options(kind: type[CommonOptions]) -> str:
    return table("option|default|meaning", [_option(name, field) for name, field in kind.model_fields.items()])


def _option(name: str, field: Any) -> tuple[str, str, str]:
    value = field.get_default(call_default_factory=True)
    default = "" if value is None or (isinstance(value, str | tuple | Mapping) and not value) else _code(toml(value))
    return _code(name), default, field.description or ""


def _set(route: Route) -> str:
    return _code(toml(route.options)) if route.options else ""


def _code(text: str) -> str:
    fence = "``" if "`" in text else "`"
    return f"{fence}{text}{fence}"
