"""The tests, in folders that mirror the rooms; ``story`` holds the long tales with real processes.

Belongs here: sentences about behaviour, and the real things (a broker, a process, a full disk) they need. Does not:
doubles of what can be had for real.
"""
