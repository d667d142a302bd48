"""What every section of the settings is: frozen, and without room for a name that nobody knows."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A node of the settings tree."""

    model_config = ConfigDict(frozen=True, extra="forbid")
