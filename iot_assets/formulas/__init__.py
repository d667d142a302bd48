"""Formulas of derived metrics.

Belongs here: their language, what it says in SQL, their units, a library of them. Does not: how the settings declare
them (``sections``), the tables that they fill (``warehouse/derived.py``).
"""
