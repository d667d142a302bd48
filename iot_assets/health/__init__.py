"""Health: how the house is at this moment, for whoever asks: figures, what is wrong, how to mend it.

Belongs here: looking once, leaving nothing behind. Does not: telling people by itself (``alerts``), printing (``cli``).
"""
