"""The replay job: started by hand, from the launchpad or by `iot-assets replay`."""

import dagster as dg

from iot_assets.assets.replay import replay


@dg.job(name="replay", description="Decode rejects again after a fix; doubles nothing, however often it is run.")
def replay_job() -> None:
    """One op."""
    replay()
