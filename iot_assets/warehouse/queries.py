"""Reading the SQL files, and filling in the few names that vary (never values, which come from tables)."""

from __future__ import annotations

from functools import cache
from importlib import resources


@cache
def query(name: str) -> str:
    """The text of ``sql/<name>.sql`` without its header, whose words are for people."""
    text = resources.files("iot_assets.warehouse.sql").joinpath(f"{name}.sql").read_text(encoding="utf-8")
    return "\n".join(line for line in text.splitlines() if not line.startswith("--"))


def filled(name: str, **names: str) -> str:
    """The same with each ``{name}`` replaced."""
    text = query(name)
    for key, value in names.items():
        text = text.replace("{" + key + "}", value)
    return text
