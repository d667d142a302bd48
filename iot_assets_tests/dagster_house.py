"""A house as Dagster runs it: real definitions, real runs in this process, an instance of its own.

Belongs here: running jobs and reading what the instance remembers of them. Does not: expectations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg

from iot_assets.definitions import build_defs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iot_assets_tests.house import House


@dataclass(frozen=True, slots=True)
class DagsterHouse:
    """A house and the Dagster instance that its runs report to."""

    house: House
    instance: dg.DagsterInstance

    @property
    def defs(self) -> dg.Definitions:
        """The definitions for the house's settings."""
        return build_defs(self.house.settings)

    def job(self, name: str, *, ok: bool = True, **how: Any) -> dg.ExecuteInProcessResult:
        """Run a job to its end."""
        result = self.defs.resolve_job_def(name).execute_in_process(instance=self.instance, raise_on_error=False, **how)
        assert result.success is ok, [e.event_specific_data for e in result.filter_events(lambda e: e.is_failure)]
        return result

    def minute(self, *, ok: bool = True, select: Sequence[str] | None = None) -> dg.ExecuteInProcessResult:
        """Run the minute, or only some assets of it."""
        keys = None if select is None else [dg.AssetKey(name.split("/")) for name in select]
        return self.job("minute", ok=ok, asset_selection=keys)

    def metadata(self, asset: str) -> dict[str, Any]:
        """Metadata of an asset's latest materialization."""
        event = self.instance.get_latest_materialization_event(dg.AssetKey(asset.split("/")))
        assert event is not None, f"{asset} was never materialized"
        assert event.asset_materialization is not None
        return {name: value.value for name, value in event.asset_materialization.metadata.items()}

    def materialized(self) -> set[str]:
        """Assets that were ever materialized."""
        keys = self.instance.all_asset_keys()
        return {k.to_user_string() for k in keys if self.instance.get_latest_materialization_event(k) is not None}


def checks(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    """The check results of a run, by ``asset:check``."""
    return {f"{e.asset_key.to_user_string()}:{e.check_name}": e for e in result.get_asset_check_evaluations()}
