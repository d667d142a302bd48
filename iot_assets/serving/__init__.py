"""Serving: the questions people ask, answered from ``serving.duckdb`` alone, so that no reader ever waits for a writer.

Belongs here: reads. Does not: publication (``warehouse/publish.py``), printing (``cli``).
"""
