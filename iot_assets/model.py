"""The vocabulary every room shares: the closed lists of outcomes, flags and reject reasons, each with its meaning.

What belongs here: words that appear in tables and in more than one room. What does not: behaviour, but for how one word
follows from others.
The tables in the docs are made from these.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType
from typing import Final

#: What became of a landed message; each has exactly one.
OUTCOMES: Final = MappingProxyType(
    {
        "telemetry": "gave at least one new reading",
        "duplicate": "all it said had been said before, or it is a redelivery by the broker",
        "rejected": "could not be decoded; a row in silver.rejects says why and keeps its bytes",
        "not_telemetry": "known and understood, but carries no readings (the registry, for instance)",
        "held": "waits for another message before it can be decoded",
    }
)

#: Flags that inform; the reading counts as valid.
INFORMATIVE_FLAGS: Final = MappingProxyType(
    {
        "stale": "its event time is more than 30 days before it was received",
        "unknown_device": "no registry file named the device when it was received, nor had it announced itself",
        "zone_assumed": "its time named no zone and the route declares none, so UTC was assumed",
        "uncertain": "the device itself says that the value is uncertain",
        "historical": "the device says that it kept the value and sends it late",
    }
)

#: Flags that keep a reading out of aggregates; it stays in silver.
EXCLUDING_FLAGS: Final = MappingProxyType(
    {
        "out_of_range": "its value is outside the declared limits (which are inclusive)",
        "clock_suspect": "its own time was before 2000 or too far in the future (5 minutes), so received_at is used",
        "bad_quality": "the device itself says that the value is not good",
        "out_of_scale": "its magnitude is 1e12 or more, beyond what the exact sums can hold",
    }
)

#: How far a reading may be trusted, in a word made from its flags.
QUALITIES: Final = MappingProxyType(
    {
        "good": "it counts, and the device does not doubt it",
        "uncertain": "it counts, but the device itself is not sure of it (flag `uncertain`)",
        "bad": "it does not count: it has an excluding flag",
    }
)


def quality(flags: Iterable[str]) -> str:
    """The quality of a reading with these flags: one of ``QUALITIES``."""
    held = set(flags)
    if held & EXCLUDING_FLAGS.keys():
        return "bad"
    return "uncertain" if "uncertain" in held else "good"


#: Why a message, or a part of it, could not become readings.
REJECT_REASONS: Final = MappingProxyType(
    {
        "no_route": "no route matches its topic",
        "empty_payload": "the payload has no bytes",
        "payload_too_large": "the payload is larger than the setting decode.max_payload_bytes",
        "not_utf8": "the payload is not UTF-8 text",
        "malformed_json": "the payload is not JSON",
        "malformed_registry": "the registry file is not the CSV or TOML that its name says",
        "not_an_object": "the payload is JSON, but not an object",
        "malformed_cbor": "the payload is not CBOR",
        "malformed_line": "a line of it is not as the convention wants it",
        "unread_content": "the convention is understood, but what is in it is of a content type that is not read",
        "malformed_protobuf": "the payload is no message of Protocol Buffers as the convention sends it",
        "unknown_alias": "a metric is told by a number only, and the birth of its device gives that number no name",
        "unknown_topic": "the topic is none that its convention knows",
        "breaks_convention": "it breaks a rule of its convention, which the detail names",
        "missing_device": "the field (or topic level) that names the device is missing or empty",
        "bad_device": "the device name is too long (200 characters), holds control characters, or is no text or number",
        "bad_time": "the field that holds the time is there, but is no time",
        "missing_value": "there is nothing to measure in it",
        "bad_value": "a value is not a finite number (NaN, Infinity, or too large for 64-bit floating point)",
        "bad_metric": "a metric's name is empty, too long (200 characters), holds control characters or lies too deep",
        "quarantined": "a reading of it breaks a rule of action quarantine, which the detail names; others are kept",
        "decoder_failed": "the decoder itself failed: a fault of your own decoder, or of ours, then please report it",
    }
)
