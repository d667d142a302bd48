"""The section ``status``: when a device counts as silent."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from iot_assets.sections.section import Section


class Status(Section):
    """When a device is late or offline: by its own interval, declared or learned from its last seven days."""

    late_intervals: Annotated[float, Field(gt=1)] = Field(default=2, description="A device that has been silent for so many of its intervals is late.")
    offline_intervals: Annotated[float, Field(gt=1)] = Field(default=10, description="A device that has been silent for so many of its intervals is offline.")
    least_interval_seconds: Annotated[float, Field(gt=0)] = Field(default=60, description="Shorter intervals count as this one: data lands once a minute.")
    late_minutes: Annotated[float, Field(gt=0)] = Field(default=60, description="Without an interval (event-driven, or new) a device is late after so many minutes.")
    offline_hours: Annotated[float, Field(gt=0)] = Field(default=24, description="Without an interval a device is offline after so many hours.")

    @model_validator(mode="after")
    def _order(self) -> Status:
        if self.late_intervals >= self.offline_intervals or self.late_minutes >= self.offline_hours * 60:
            raise ValueError("a device is late before it is offline: status.late_… must be less than status.offline_…")
        return self
