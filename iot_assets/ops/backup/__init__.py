"""Backup: a copy of everything that cannot be made again, taken while all of it runs, and putting it back.

Belongs here: what is copied in which order, and proving that a copy is whole. Does not: when it is taken.
"""
