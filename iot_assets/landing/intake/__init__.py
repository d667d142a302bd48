"""The HTTP intake: devices that speak no MQTT send their messages here, into the same spool with the same promise.

Belongs here: the server and its pages, what a body must be to be taken, the hand-over to the lander's loop. Does not:
decoding (``decoders``), making durable (``commit.py``), the lander's own health and metrics (``health.py``).
"""
