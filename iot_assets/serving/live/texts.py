"""The SQL of the live tail, from the files beside this."""

from __future__ import annotations

from functools import cache
from importlib import resources


@cache
def text_of(name: str) -> str:
    """The text of ``<name>.sql``."""
    return resources.files("iot_assets.serving.live").joinpath(f"{name}.sql").read_text(encoding="utf-8")
