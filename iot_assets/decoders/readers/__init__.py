"""Readers: one module a convention whose messages are read one at a time, by ``by_message``.

Belongs here: what one convention's messages say. Does not: which topics carry it (``routes``), what all conventions
have in common (times, units, limits).
"""
