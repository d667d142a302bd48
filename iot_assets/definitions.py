"""The code location: everything Dagster is told, assembled in one place.

Belongs here: assembly. Does not: anything else. ``build_defs`` takes other settings for tests.
"""

import dagster as dg

from iot_assets.assets.bronze import bronze
from iot_assets.assets.gold import gold
from iot_assets.assets.lake import LANDED_SPEC
from iot_assets.assets.serving import serving
from iot_assets.assets.silver import silver
from iot_assets.automation.alerts import failed_runs_sensor
from iot_assets.automation.clean_up import clean_up_job, clean_up_schedule
from iot_assets.automation.freshness import CATCH_UP_SENSOR, with_policies
from iot_assets.automation.history import compact_job, history_job, history_schedule
from iot_assets.automation.landing import landing_sensor
from iot_assets.automation.minute import MINUTE_JOB, minute_schedule
from iot_assets.automation.rebirth import rebirth_job, rebirth_schedules
from iot_assets.automation.rebuild import rebuild_job
from iot_assets.automation.rejudge import rejudge_job
from iot_assets.automation.replay import replay_job
from iot_assets.automation.sweep import SWEEP_JOB, sweep_schedule
from iot_assets.checks.sweeps import SWEEPS
from iot_assets.resources import route_table, warehouse_resource
from iot_assets.settings import Settings, load_settings


def build_defs(settings: Settings) -> dg.Definitions:
    """All definitions for these settings.

    Raises:
        SettingsError: a route is wrong; told here, and not first by a run that decodes.
    """
    route_table(settings)
    assets = dg.with_source_code_references([bronze, silver, gold, serving])
    defs = dg.Definitions(
        assets=[LANDED_SPEC, *assets],
        asset_checks=list(SWEEPS),
        jobs=[
            MINUTE_JOB,
            SWEEP_JOB,
            clean_up_job,
            history_job,
            compact_job,
            replay_job,
            rejudge_job,
            rebirth_job,
            rebuild_job(settings),
        ],
        schedules=[
            *[minute_schedule, sweep_schedule, clean_up_schedule, history_schedule],
            *rebirth_schedules(settings),
        ],
        sensors=[landing_sensor, CATCH_UP_SENSOR, failed_runs_sensor],
        resources={"settings": settings, "warehouse": warehouse_resource(settings)},
        # One process a run: a process a step costs ten times as much.
        executor=dg.in_process_executor,
    )
    return with_policies(defs, settings)


@dg.definitions
def defs() -> dg.Definitions:
    """The definitions for the settings in force."""
    return build_defs(load_settings())
