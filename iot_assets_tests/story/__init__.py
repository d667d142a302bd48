"""The long tales: real processes, a real Mosquitto, and what is in the tables at the end.

Belongs here: journeys through several rooms. Does not: what one room can be asked alone.
``STORY_LONG=1`` asks for the long forms; ``STORY_SEED=…`` replays one (each test prints its seed).
"""
