"""The ways by which people are told, one module each: a function that sends one notice, or raises.

Belongs here: sending. Does not: trying again (``delivery.py``), the words (``words.py``).
"""
