"""Checks that a table's own declaration cannot say: the books, the ledger against the lake, gold against silver.

Belongs here: queries that return offending rows. Does not: rules of one table (``warehouse/tables.py`` declares them).
"""
