"""Tests of the room ``automation``."""
