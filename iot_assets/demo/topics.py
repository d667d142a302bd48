"""Which topic filters a topic matches (MQTT 3.1.1, 4.7).

Belongs here: the rule, and nothing that remembers who subscribed (``sessions.py``).
"""

from __future__ import annotations


def matches(topic_filter: str, topic: str) -> bool:
    """Whether a message to ``topic`` goes to a subscription with ``topic_filter``."""
    wanted, levels = topic_filter.split("/"), topic.split("/")
    if topic.startswith("$") and wanted[0] in ("+", "#"):
        return False  # the broker's own topics are seen only by those who name them (4.7.2)
    for index, level in enumerate(wanted):
        if level == "#":
            return True  # also the parent level itself: "a/#" takes "a"
        if index >= len(levels) or level not in ("+", levels[index]):
            return False
    return len(levels) == len(wanted)
