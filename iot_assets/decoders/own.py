"""A user's own decoder: a reader named by its import path, ``python:package.module:function``, as a convention.

Belongs here: finding the function, and keeping its faults to the message at hand. Does not: what readers do
(``by_message``).
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import Field

from iot_assets.decoders.by_message import ByMessage, Message
from iot_assets.decoders.conventions import Convention, Engine
from iot_assets.decoders.options import CommonOptions
from iot_assets.decoders.sheet import Sheet, Unreadable

#: What the convention of a route begins with that names a function.
OWN: Final = "python:"
_MAX_SHOWN: Final = 1000


class OwnOptions(CommonOptions):
    """What can be said of a decoder of one's own."""

    own: dict[str, Any] = Field(default_factory=dict, description="Whatever the function wants to be told.")


@dataclass(frozen=True, slots=True)
class _Kept:
    """The function, whose faults reject the message at hand, with all it said of it, and hurt no other one."""

    function: Callable[..., object]

    def __call__(self, message: Message, options: OwnOptions, sheet: Sheet) -> None:
        mark = sheet.mark()
        try:
            try:
                self.function(message, options, sheet)
            except Unreadable as said:
                sheet.reject(said.reason, said.detail)
            sheet.check(mark)
        except Exception as error:
            sheet.forget(mark)
            raise Unreadable("decoder_failed", f"{type(error).__name__}: {error}"[:_MAX_SHOWN]) from error


def own_convention(name: str) -> tuple[Convention | None, str]:
    """The convention of this name, or what is wrong with it.

    The module is looked for where Python looks, and then in the folder where the program was started.
    """
    module, _, function = name.removeprefix(OWN).partition(":")
    if not module or not function:
        return None, f"{name!r} should be {OWN}package.module:function"
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.append(here)
    try:
        found = getattr(importlib.import_module(module), function)
    except Exception as error:  # noqa: BLE001 - a user's module may fail in any way
        return None, f"{name!r} cannot be imported: {type(error).__name__}: {error}"
    if not callable(found):
        return None, f"{name!r} is no function"
    return Convention(Engine(name, OwnOptions, ByMessage(_Kept(found))), "a decoder of one's own"), ""
