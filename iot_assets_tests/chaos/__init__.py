"""Faults by the thousand, each replayable from its seed, and after each the question whether anything is lost.

Belongs here: faults, what they are done to, the judges, the ledger of counts (``python -m iot_assets_tests.chaos``).
Does not: mending what they find, which gets a small ordinary test in the room concerned.
"""
