"""The rejudge job: started by hand, from the launchpad or by `iot-assets rules rejudge`."""

import dagster as dg

from iot_assets.assets.rejudge import rejudge_all


@dg.job(name="rejudge", description="Judge all readings anew by the rules in force, also those in the lake.")
def rejudge_job() -> None:
    """One op."""
    rejudge_all()
