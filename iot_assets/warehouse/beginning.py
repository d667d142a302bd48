"""The publication of a platform that nothing has come to yet: the tables of any other, empty.

What is not published yet can be shown beside it, so that nobody waits for the first run. Belongs here: making it. Does
not: opening it (``serving/pool``).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from iot_assets.warehouse.connection import Warehouse
from iot_assets.warehouse.publish import publish


@contextmanager
def beginning() -> Iterator[Path]:
    """Its file, which is gone afterwards; who has it open by then may keep on reading it."""
    with tempfile.TemporaryDirectory(prefix="iot-beginning-") as folder:
        file = Path(folder) / "serving.duckdb"
        with Warehouse(Path(folder) / "iot.duckdb").connect() as connection:
            publish(connection, file, whole_rows=1, recent_days=1)
        yield file
