"""The settings tree as texts: the example file and the docs page, both made from names, defaults, limits and meanings.

Belongs here: walking the tree's schema and writing it down. Does not: values in force (``settings.py`` beside this).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from iot_assets.settings import Settings

_TYPES: Final = {"boolean": "true or false", "integer": "whole number", "number": "number", "string": "text"}
_OTHER_TYPES: Final = {"array": "list", "object": "table"}
#: Words of the schema for limits, and how people write them.
_LIMITS: Final = {
    "minimum": "≥ {}",
    "exclusiveMinimum": "> {}",
    "maximum": "≤ {}",
    "exclusiveMaximum": "< {}",
    "minItems": "at least {} of them",
    "maxLength": "at most {} characters",
    "pattern": "matching `{}`",
}
#: What stands in the example file where there is no default.
_SAMPLES: Final = {
    "warehouse.memory_limit": "4GB",
    "http.port": 8080,
    "warehouse.threads": 4,
    "server.threads": 4,
    "server.require_keys": True,
    "server.map_tiles": "https://tiles.example.com/{z}/{x}/{y}.png",
    "mqtt.username": "lander",
    "mqtt.password": "secret",
    "alerts.house": "plant 7",
    "alerts.quiet.begin": "22:00",
    "alerts.quiet.end": "06:30",
}
#: Arrays of tables: key → (what one of them is in the schema, an example). They end the example file, or they would
#: swallow what follows.
ARRAYS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "routes": (
            "Route",
            """\
[[routes]]
topic = "site/{site}/sensors"
convention = "sensor_value"
options = { timezone = "Europe/Zurich", device = "{site}/{device}" }
""",
        ),
        "rules": (
            "Rule",
            """\
[[rules]]
name = "cold_store"
kind = "suspect_range"
metrics = ["temperature"]
devices = ["store/*"]
low = -30
high = -15

[[rules]]
name = "temperature_jump"
kind = "spike"
metrics = ["*temperature"]
limit = 20
within_s = 300
action = "exclude"
""",
        ),
        "formulas": (
            "Formula",
            """\
[[formulas]]
name = "apparent_power"
formula = "mean(Voltage) * mean(Current)"
units = { Voltage = "V", Current = "A" }
unit = "VA"
kinds = ["meter"]

[[formulas]]
use = "heat_index"
inputs = { temperature = "temp", humidity = "rh" }
""",
        ),
        "alerts.channels": (
            "Channel",
            """\
[[alerts.channels]]
name = "office"
kind = "smtp"
host = "mail.example.org"
username = "iot"
password_file = "secrets/mail-password"
sender = "iot@example.org"
recipients = ["you@example.org"]
""",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One setting: where it stands in the tree, and what its schema says of it."""

    path: tuple[str, ...]
    schema: Mapping[str, Any]

    @property
    def key(self) -> str:
        """Its name as people write it."""
        return ".".join(self.path)

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return f"IOT_{'__'.join(self.path).upper()}"

    @property
    def default(self) -> Any:
        """Its default; None where it is not set."""
        return self.schema.get("default")

    @property
    def meaning(self) -> str:
        """Its description."""
        return str(self.schema["description"])

    @property
    def allowed(self) -> str:
        """What it may be, in a few words."""
        said = next((s for s in self.schema.get("anyOf", ()) if s.get("type") != "null"), self.schema)
        if "enum" in said:
            return ", ".join(f"`{choice}`" for choice in said["enum"])
        kind = "path" if said.get("format") == "path" else (_TYPES | _OTHER_TYPES)[said["type"]]
        limits = [words.format(_plain(said[name])) for name, words in _LIMITS.items() if name in said]
        return ", ".join([kind, *limits])


@dataclass(frozen=True, slots=True)
class Group:
    """The settings of one section."""

    path: tuple[str, ...]
    meaning: str
    leaves: tuple[Leaf, ...]


def groups() -> Iterator[Group]:
    """Every section in the order of the tree, the top level first."""
    schema = Settings.model_json_schema()
    yield from _groups(schema, (), schema["$defs"])


def leaves() -> Iterator[Leaf]:
    """Every setting, in the order of the tree."""
    for group in groups():
        yield from group.leaves


def value_text(value: object) -> str:
    """A value as it would stand in the settings file."""
    return json.dumps(value, ensure_ascii=False)


def example_toml() -> str:
    """A settings file with every key; what is commented out is the default, or a sample where there is none."""
    lines = [
        "# Settings of iot_assets: copy this file to iot.toml and uncomment what you change.",
        "# Made by `iot-assets settings --example`. Variables win over the file: IOT_DATA_DIR, IOT_MQTT__HOST, …",
        "# `iot-assets settings` shows what is in force and where it comes from.",
    ]
    for group in groups():
        if group.path:
            lines += ["", "", f"# {group.meaning}", f"[{'.'.join(group.path)}]"]
        for leaf in group.leaves:
            if leaf.key in ARRAYS:
                continue
            sample = _SAMPLES.get(leaf.key, f"path/to/{leaf.path[-1]}") if leaf.default is None else leaf.default
            unset = " Not set by default." if leaf.default is None else ""
            lines += ["", f"# {leaf.meaning}{unset} ({leaf.allowed})", f"# {leaf.path[-1]} = {value_text(sample)}"]
    meanings = {leaf.key: leaf.meaning for leaf in leaves()}
    for key, (_, example) in ARRAYS.items():
        lines += ["", "", f"# {meanings[key]}", *(f"# {line}" for line in example.splitlines())]
    return "\n".join(lines) + "\n"


def markdown() -> str:
    """The docs page: one table a section."""
    lines = [
        "# Settings",
        "",
        "<!-- Made by `iot-assets settings --markdown`; a test compares. -->",
        "",
        "Sources, the later winning: the defaults below, the file `iot.toml` in the current folder (or the one that",
        "the variable `IOT_CONFIG` names), variables. `iot-assets settings` shows the values in force and where each",
        "comes from; [iot.example.toml](../iot.example.toml) holds every key. A wrong key or value is refused, with",
        "the place it was read from and what is allowed.",
    ]
    for group in groups():
        lines += ["", f"## {'.'.join(group.path) or 'Top level'}", "", *([group.meaning, ""] if group.path else [])]
        lines += _table(group.leaves, variables=True)
    defs = Settings.model_json_schema()["$defs"]
    for key, (name, example) in ARRAYS.items():
        one = [Leaf((field,), said) for field, said in defs[name]["properties"].items()]
        lines += ["", f"## One of `{key}`", "", defs[name]["description"], "", *_table(one, variables=False)]
        lines += ["", "```toml", *example.splitlines(), "```"]
    return "\n".join(lines) + "\n"


def _groups(schema: Mapping[str, Any], path: tuple[str, ...], defs: Mapping[str, Any]) -> Iterator[Group]:
    sections = {name: said["$ref"].rpartition("/")[2] for name, said in schema["properties"].items() if "$ref" in said}
    own = (Leaf((*path, name), said) for name, said in schema["properties"].items() if name not in sections)
    yield Group(path, str(schema.get("description", "")), tuple(own))
    for name, section in sections.items():
        yield from _groups(defs[section], (*path, name), defs)


def _table(rows: Iterable[Leaf], *, variables: bool) -> list[str]:
    head = ["key", *(["variable"] if variables else []), "default", "allowed", "meaning"]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for leaf in rows:
        default = "not set" if leaf.default is None else f"`{value_text(leaf.default)}`"
        variable = [f"`{leaf.variable}`"] if variables else []
        cells = [f"`{leaf.path[-1]}`", *variable, default, leaf.allowed, leaf.meaning]
        lines.append(f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |")
    return lines


def _plain(limit: object) -> str:
    return f"{limit:g}" if isinstance(limit, float) and limit < 1e6 else str(limit)
