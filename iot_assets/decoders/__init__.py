"""Decoders: pure functions from landed bytes to readings or named rejects, a batch at a time.

Belongs here: the route table, the conventions, times, units. Does not: files, network, settings, state on disk
(state is handed in and handed back). Nothing in here raises because of what a device sent.
"""
