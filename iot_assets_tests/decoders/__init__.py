"""Tests of the room ``decoders``."""
