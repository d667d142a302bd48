"""The REST API: addresses, formats, keys and limits around the questions of ``serving/reads``.

Belongs here: HTTP. Does not: SQL (``serving/reads``), taking what devices send (``landing/intake``, to which it is
handed on).
"""
