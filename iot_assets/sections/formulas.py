"""The array ``formulas``: derived metrics, each a formula over the rollups of a device's metrics."""

from __future__ import annotations

import difflib
import json
import keyword
from collections.abc import Mapping
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from iot_assets.formulas.formula import Formula as Ready
from iot_assets.formulas.formula import Resolution, made
from iot_assets.formulas.language import MOST_CHARACTERS, FormulaError
from iot_assets.formulas.library import LIBRARY, BuiltIn
from iot_assets.sections.section import Section

_Text = Annotated[str, Field(min_length=1, max_length=MOST_CHARACTERS)]
#: What a formula of the library brings itself.
_OWN: Final = ("formula", "parts", "units")


class Formula(Section):
    """One derived metric: a formula of your own, or one of the library (docs/derived.md)."""

    use: str | None = Field(
        default=None, description="Name of a formula of the library; then `formula`, `parts` and `units` come from it."
    )
    name: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="Name of the derived metric; of one of the library its own when not set.",
    )
    formula: _Text | None = Field(
        default=None,
        description="The formula, such as mean(Voltage) * mean(Current); docs/derived.md has the language.",
    )
    parts: dict[str, _Text] = Field(
        default={}, description="Named parts that the formula, and parts after them, may use."
    )
    resolutions: tuple[Resolution, ...] = Field(
        default=(),
        description="1h, 1d or both, for gold.derived_1h and gold.derived_1d; when not set both, or those of the library.",
    )
    unit: str | None = Field(
        default=None,
        description="Unit of what it gives; when not set the one that the metrics' units make, if they are given.",
    )
    units: dict[str, str] = Field(
        default={}, description="Units of the metrics that it takes: then the unit of the result is checked."
    )
    inputs: dict[str, str] = Field(
        default={}, description="With `use`: which of your metrics take the places of the formula's inputs."
    )
    given: dict[str, float] = Field(default={}, description="With `use`: its numbers, such as the base of degree days.")
    kinds: tuple[str, ...] = Field(
        default=(), description="Only for devices of these kinds; * and ? stand for any characters and any one."
    )
    sites: tuple[str, ...] = Field(default=(), description="Only for devices of these sites, likewise.")
    devices: tuple[str, ...] = Field(default=(), description="Only for these devices, likewise.")
    description: str | None = Field(default=None, description="What it is.")

    @model_validator(mode="after")
    def _readable(self) -> Self:
        self.ready()
        return self

    def ready(self) -> Ready:
        """The formula, read and checked.

        Raises:
            ValueError: what is wrong with it.
        """
        who = self.name or self.use or "without a name"
        try:
            return self._from_library() if self.use is not None else self._of_your_own()
        except FormulaError as error:
            raise ValueError(f"formula {who}: {error}") from error

    def _of_your_own(self) -> Ready:
        if self.name is None or self.formula is None:
            raise FormulaError("needs `name` and `formula`, or `use`")
        if self.inputs or self.given:
            raise FormulaError("has `inputs` or `given`, which go with `use`")
        return self._made(self.formula, self.parts, self.units, None)

    def _from_library(self) -> Ready:
        if said := [name for name in _OWN if getattr(self, name)]:
            raise FormulaError(f"has `use` and {', '.join(said)}: give one or the other")
        one = LIBRARY.get(str(self.use))
        if one is None:
            raise FormulaError(f"is not in the library{_hint(str(self.use), LIBRARY)}")
        if strange := next((name for name in self.inputs if name not in one.inputs), None):
            raise FormulaError(f"has no input {strange}{_hint(strange, one.inputs)}")
        if strange := next((name for name in self.given if name not in one.given), None):
            raise FormulaError(f"has no number {strange}{_hint(strange, one.given)}")
        metrics = {name: self.inputs.get(name, metric) for name, (metric, _) in one.inputs.items()}
        units = {metrics[name]: unit for name, (_, unit) in one.inputs.items()}
        numbers = {name: repr(self.given.get(name, number)) for name, number in one.given.items()}
        parts = numbers | {name: _filled(text, metrics) for name, text in one.parts.items()}
        return self._made(_filled(one.text, metrics), parts, units, one)

    def _made(self, text: str, parts: Mapping[str, str], units: Mapping[str, str], one: BuiltIn | None) -> Ready:
        return made(
            name=self.name or (one.name if one else ""),
            text=text,
            parts=parts,
            resolutions=self.resolutions or (one.resolutions if one else ("1h", "1d")),
            unit=self.unit or (one.unit if one else None),
            units=units,
            description=self.description or (one.description if one else None),
            kinds=self.kinds,
            sites=self.sites,
            devices=self.devices,
        )


def _filled(text: str, metrics: Mapping[str, str]) -> str:
    for name, metric in metrics.items():
        text = text.replace("{" + name + "}", _named(metric))
    return text


def _named(metric: str) -> str:
    """The metric as a formula writes it."""
    plain = metric.isidentifier() and metric.isascii() and not keyword.iskeyword(metric)
    return metric if plain else json.dumps(metric, ensure_ascii=False)


def _hint(name: str, known: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]}?" if near else f"; there is {', '.join(known) or 'none'}"


#: What is on when the settings name no formulas.
DEFAULT: Final = (Formula(use="power"),)
