"""The section ``quality``: how the quality of data is counted and scored."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from iot_assets.sections.section import Section

_Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_Percent = Annotated[float, Field(gt=0, le=100)]


class Weights(Section):
    """What each part of a score weighs; a part that cannot be told takes no part, and the others weigh the more."""

    completeness: _Weight = Field(default=0.30, description="Readings received, of those expected.")
    validity: _Weight = Field(default=0.30, description="Readings that count, of those received and of rejected messages.")
    uniqueness: _Weight = Field(default=0.10, description="Readings said once, of those said again too.")
    timeliness: _Weight = Field(default=0.15, description="Readings that were not late.")
    consistency: _Weight = Field(default=0.15, description="Readings that break no rule of how values follow each other.")

    @model_validator(mode="after")
    def _some(self) -> Weights:
        if not any(self.model_dump().values()):
            raise ValueError("one of quality.weights must be above 0")
        return self


class Quality(Section):
    """How the quality of each series is counted by hour, and scored by day."""

    every_minutes: Annotated[int, Field(ge=1, le=60)] = Field(default=5, description="Hours and scores are brought up to date so often; what changes hours that are over, at once.")
    lag_minutes: Annotated[int, Field(ge=0, le=1440)] = Field(default=2, description="An hour is judged only so far back: time for messages to arrive.")
    late_after_minutes: Annotated[float, Field(gt=0)] = Field(default=5, description="A reading that was received so long after its event time is late.")
    forget_days: Annotated[int, Field(ge=1, le=90)] = Field(default=7, description="A series that has been silent for so many days is expected no more.")
    score_good: _Percent = Field(default=95, description="A score above this is good.")
    score_warning: _Percent = Field(default=80, description="A score from this up to score_good is a warning; below it is critical.")
    error_rate_warn_percent: _Percent = Field(default=5, description="More rejected messages in a run's batches than this are a warning.")
    error_rate_fail_percent: _Percent = Field(default=10, description="More than this are a failure; the good ones land all the same.")
    weights: Weights = Field(default=Weights(), description="What the parts of a score weigh.")

    @model_validator(mode="after")
    def _order(self) -> Quality:
        if self.score_warning >= self.score_good:
            raise ValueError("quality.score_warning must be below quality.score_good")
        if self.error_rate_warn_percent > self.error_rate_fail_percent:
            raise ValueError("quality.error_rate_warn_percent must not be above quality.error_rate_fail_percent")
        return self
