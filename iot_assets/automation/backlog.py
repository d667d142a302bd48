"""How much has landed and is not yet published, told without opening the warehouse file.

The published copy holds the ledger of the files it contains, so the difference to the lake is what waits.
"""

from iot_assets.lake.paths import DataPaths, list_landed
from iot_assets.landing.status import lander_running, read_status
from iot_assets.serving.ledger import published_paths


def waiting_files(paths: DataPaths) -> int:
    """Landed files that the published copy does not contain."""
    published = published_paths(paths)
    return sum(1 for file in list_landed(paths) if file.path not in published)


def about_to_land(paths: DataPaths, lander: str) -> bool:
    """Whether a lander that runs holds messages it has not sealed yet.

    Lander and schedule look at the same clock: at the full minute the lander seals what it holds, which takes it a
    moment, and the run that is asked for at the same moment takes longer than that to start.
    """
    status = read_status(paths, lander)
    if status is None or status.last_message_at is None or not lander_running(paths, lander):
        return False
    return status.last_sealed_at is None or status.last_message_at > status.last_sealed_at
