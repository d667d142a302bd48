"""Formulas of derived metrics: their language, what it says in SQL, their units, and a library of them."""
