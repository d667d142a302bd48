"""Hatch 1 as code: what a landed Parquet file holds, what it is called and where it lies.

Belongs here: the landed schema, the message identity, paths, listing. Does not: writing segments (``landing``), tables
made from the files (``warehouse``). See data-model in ``docs/``.
"""
