"""Landing: take what devices send, make it durable, acknowledge it, seal it to Parquet. Never the other way round.

Belongs here: connections to brokers, the spool, sealing, the lander's own health. Does not: decoding (``decoders``),
anything that knows of tables (``warehouse``) or of Dagster.
"""
