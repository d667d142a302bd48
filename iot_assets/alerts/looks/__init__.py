"""Looking for causes, one module per place: each gives findings, or None where it cannot see.

Belongs here: looking. Does not: what follows from it (``lifecycle.py``), the causes themselves (``causes.py``).
"""
