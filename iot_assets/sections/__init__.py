"""Sections of the settings tree that have a module of their own, since they declare much; the tree is ``settings``.

What belongs here: names, types, defaults, limits, meanings. What does not: reading them, or acting on them.
"""
