"""Ops: running the platform's processes together and looking after them.

Belongs here: starting, watching and stopping processes. Does not: what those processes do.
"""
