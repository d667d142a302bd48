"""Which landed files the published copy contains: what the live tail and the schedule subtract."""

from __future__ import annotations

import duckdb

from iot_assets.lake.paths import DataPaths


def published_paths(paths: DataPaths) -> frozenset[str]:
    """Paths, relative to the lake, of the files in the published ledger; none where nothing is published yet."""
    if not paths.serving.exists():
        return frozenset()
    try:
        with duckdb.connect(str(paths.serving), read_only=True) as published:
            return frozenset(row[0] for row in published.execute("select path from bronze.files").fetchall())
    except duckdb.Error:
        return frozenset()  # not ours, or unreadable: a run will publish a sound one
