"""Software-defined assets: how Dagster sees the tables. Each unit of writing is one ``multi_asset``.

Belongs here: asset keys, groups, owners, metadata, the order read → decode → write. Does not: SQL (``warehouse``),
cross-table checks (``checks``), when things run (``automation``).
"""
