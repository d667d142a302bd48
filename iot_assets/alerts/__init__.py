"""Alerts: people are told before they look, once per cause, until it is over.

Belongs here: causes, looking for them, what was told and what is still to be told, the ways by which it is told. Does
not: making the tables that are looked at (``warehouse``), stopping anything because of what is found.
"""
