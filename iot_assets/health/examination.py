"""What an examination is given, and what it gives back.

Belongs here: the types. Does not: any examination (``of_machine``, ``of_parts``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from iot_assets.settings import Settings

Verdict = Literal["well", "note", "ill"]


@dataclass(frozen=True, slots=True)
class Result:
    """What one examination found: a sentence, and where it is not well what mends it.

    ``note``: nothing is broken, but somebody should know. ``ill``: something does not work.
    """

    name: str
    verdict: Verdict
    sentence: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Patient:
    """Whom to examine, and when."""

    settings: Settings
    now: datetime
