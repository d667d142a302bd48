"""An IoT data platform: what devices send becomes tables that people can trust.

Rooms, in the order of the data's journey: ``landing`` (bytes made durable), ``lake`` (the landed Parquet files),
``decoders`` (bytes to readings), ``warehouse`` (bronze, silver and gold tables), ``assets`` and ``checks`` (the same,
as Dagster sees it), ``automation`` (when things happen), ``serving`` (the questions people ask). ``docs/house.md``
says who may import whom.
"""
