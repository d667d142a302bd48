"""Options that every convention understands, and how a user's wish becomes a frozen, checked object.

Belongs here: names, types and meanings of the common options. Does not: options of one convention (its own module).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar
from zoneinfo import available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from iot_assets import units

#: Lower and upper bound of a metric, both allowed values themselves; None is no bound.
Limits = tuple[float | None, float | None]


def _as_tuple(value: object) -> object:
    return (value,) if isinstance(value, str) else value


#: One name, or several of which the first that a payload has is taken.
Names = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]


class CommonOptions(BaseModel):
    """What can be said of any convention's messages."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    #: Options in which ``{name}`` stands for what the topic says.
    templates: ClassVar[tuple[str, ...]] = ("device", "default_device")

    device: str = Field(
        default="{device}",
        description=(
            "How the device id is made: {device} is what the payload (or a level of the topic named so) "
            "says, other names are levels of the topic."
        ),
    )
    default_device: str = Field(
        default="",
        description=(
            "What {device} is where neither the topic nor the payload says it; levels of the topic may stand in it. "
            "Without it, such messages are rejected."
        ),
    )
    timezone: str | None = Field(
        default=None,
        description="IANA name of the zone of times that name none; without it they are taken as UTC and flagged.",
    )
    epoch_unit: Literal["auto", "s", "ms", "us", "ns"] = Field(
        default="auto", description="Unit of times that are numbers; auto tells it by their magnitude."
    )
    rename: dict[str, str] = Field(
        default_factory=dict, description="Other names for metrics; all else in a route knows them by these."
    )
    prefix: str = Field(default="", description="Put before the name of each metric.")
    keep: Names = Field(default=(), description="Only these metrics (with all below them) are read; empty is all.")
    drop: Names = Field(default=(), description="These metrics (with all below them) are left out.")
    units: dict[str, str] = Field(default_factory=dict, description="Unit of a metric whose message names none.")
    convert: dict[str, str] = Field(
        default_factory=dict,
        description=(
            "Unit that the values of a metric are converted to. A value whose unit is unknown, or of another kind, "
            "keeps both. Limits are those of the converted value."
        ),
    )
    keep_all: bool = Field(
        default=False,
        description=(
            "Keep all values of a metric at one time, each as a reading, instead of the one that arrived as the last."
        ),
    )
    limits: dict[str, Limits] = Field(
        default_factory=dict,
        description=(
            "Least and greatest value of a metric, both still good; beyond, a reading is flagged "
            "out_of_range. Text is no value of such a metric."
        ),
    )

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        if value is not None and value not in _zones():
            raise ValueError(f"{value!r} is no name of the IANA time zone database{_near(value, _zones())}")
        return value

    @field_validator("device")
    @classmethod
    def _one_device(cls, value: str) -> str:
        if value.count("{device}") > 1:
            raise ValueError("{device} may stand in it once")
        if set(re.sub(r"\{[a-z_][a-z0-9_]*\}", "", value)) & {"{", "}"}:
            raise ValueError("braces must hold a name in small letters, digits and _")
        return value

    @field_validator("limits")
    @classmethod
    def _in_order(cls, value: dict[str, Limits]) -> dict[str, Limits]:
        for metric, (least, greatest) in value.items():
            if least is not None and greatest is not None and least > greatest:
                raise ValueError(f"of {metric}, the least value {least} is more than the greatest {greatest}")
        return value

    @field_validator("convert")
    @classmethod
    def _known_units(cls, value: dict[str, str]) -> dict[str, str]:
        for metric, unit in value.items():
            if units.code(unit) not in units.UNITS:
                raise ValueError(f"of {metric}, the unit {unit!r} is none that is known{units.near(unit)}")
        return value

    @model_validator(mode="after")
    def _possible_conversions(self) -> Self:
        for metric, target in self.convert.items():
            source, wanted = units.code(self.units.get(metric, target)), units.code(target)
            if source in units.UNITS and units.conversion(source, wanted) is None:
                raise ValueError(f"option convert: {metric} is in {source}, which cannot be converted to {wanted}")
        return self


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones()) - {"localtime"}  # which is another zone on another machine


def _near(word: str, known: frozenset[str] | Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(word, sorted(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


OptionsT = TypeVar("OptionsT", bound=CommonOptions)


def build_options(kind: type[OptionsT], given: Mapping[str, Any]) -> tuple[OptionsT | None, list[str]]:
    """The options, or what is wrong with them, one sentence a fault."""
    try:
        return kind.model_validate(dict(given)), []
    except ValidationError as error:
        return None, [_sentence(dict(fault), kind) for fault in error.errors()]


def _sentence(fault: dict[str, Any], kind: type[CommonOptions]) -> str:
    name = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"there is no option {name!r}{_near(name, kind.model_fields)} (allowed: {', '.join(kind.model_fields)})"
    message = str(fault["msg"]).removeprefix("Value error, ")
    if not name:
        return message
    return f"option {name}: {message[:1].lower()}{message[1:]} (given: {fault['input']!r})"
