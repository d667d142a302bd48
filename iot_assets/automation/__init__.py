"""When things happen: schedules, sensors, freshness policies, conditions, clean-up jobs. No computation.

Belongs here: cadence, cursors, skip reasons. Does not: what a run does (``assets``).
"""
