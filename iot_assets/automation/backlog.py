"""How much has landed and is not yet published, told without opening the warehouse file.

The published copy holds the ledger of the files it contains, so the difference to the lake is what waits.
"""

from iot_assets.lake.paths import DataPaths, list_landed
from iot_assets.serving.ledger import published_paths


def waiting_files(paths: DataPaths) -> int:
    """Landed files that the published copy does not contain."""
    published = published_paths(paths)
    return sum(1 for file in list_landed(paths) if file.path not in published)
