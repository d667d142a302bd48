"""For how long the steps of the newest run worked, as their materializations tell.

Belongs here: reading that. Does not: telling it (``results``).
"""

from pathlib import Path
from types import MappingProxyType
from typing import Final

import dagster as dg

from iot_assets.assets.specs import SERVING, key_of
from iot_assets.warehouse.tables import MESSAGES, READINGS, READINGS_1MIN

#: Step → the asset whose materialization tells its seconds.
TOLD_BY: Final = MappingProxyType(
    {"bronze": key_of(MESSAGES), "silver": key_of(READINGS), "gold": key_of(READINGS_1MIN), "serving": SERVING}
)


def seconds_worked(home: Path) -> dict[str, float]:
    """Step → seconds, of the newest run of the instance in this folder; no step that none has materialized yet."""
    with dg.DagsterInstance.from_config(str(home)) as instance:
        newest = {step: instance.get_latest_materialization_event(key) for step, key in TOLD_BY.items()}
    told = {step: event.asset_materialization for step, event in newest.items() if event}
    return {step: float(str(one.metadata["seconds"].value)) for step, one in told.items() if one}
