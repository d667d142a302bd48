"""Routes and their options as one writes them into the settings file.

Belongs here: writing TOML, as far as routes need it. Does not: reading it (``settings``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iot_assets.decoders.routes import Route


def route_toml(route: Route) -> str:
    """The route, ready to be pasted."""
    lines = ["[[routes]]", f"topic = {toml(route.topic)}", f"convention = {toml(route.convention)}"]
    if route.content_type is not None:
        lines.append(f"content_type = {toml(route.content_type)}")
    return "\n".join([*lines, *([f"options = {toml(route.options)}"] if route.options else [])])


def toml(value: object) -> str:
    """A value; JSON's strings, numbers and lists are TOML's too."""
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{_key(str(key))} = {toml(item)}' for key, item in value.items())} }}"
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(toml, value))}]"
    return json.dumps(value, ensure_ascii=False)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)
