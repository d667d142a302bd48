"""The registry of faults: what each kind of episode does to the platform, and what must follow.

Belongs here: the table. Does not: how it is done.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from iot_assets_tests.chaos import clocks, crashes, daemons, landed_bytes, processes, spool_bytes, statements

if TYPE_CHECKING:
    from iot_assets_tests.chaos.ledger import Episode


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of episode."""

    episode: Episode
    does: str
    must_follow: str


_ALL = "all that was acknowledged is landed once"

KINDS: Final = MappingProxyType(
    {
        "crash": Kind(
            crashes.crash_everywhere,
            "The lander dies, or the power fails, after each call it makes to the disk: with all that was written, with"
            " only what an fsync has promised, with any part of the rest.",
            f"{_ALL}; no id and no epoch is used twice; nothing is called damaged.",
        ),
        "crash twice": Kind(
            crashes.crash_twice,
            "The lander dies before each call it makes to the disk and starts again, perhaps to die soon after; later a"
            " power cut, as above.",
            f"{_ALL}; what the one start has left undone, the next one makes good.",
        ),
        "refuse": Kind(
            crashes.refuse_everywhere,
            "Each call to the disk ends with an error (no space, quota, input/output, read-only), once or for a while;"
            " of a write half is taken; and then a crash, as above.",
            f"{_ALL}, as soon as the disk takes data; the trouble is an error in the log and in the lander's status.",
        ),
        "tear": Kind(
            spool_bytes.tear_everywhere,
            "A segment of the spool ends after each of its bytes, some with zeros behind.",
            "The whole frames are landed; nothing is called damaged, as a crash leaves just that.",
        ),
        "change": Kind(
            spool_bytes.change_anywhere,
            "In a segment of the spool a bit is flipped, bytes are zeroed, gone, doubled or others.",
            "The sound frames are landed, nothing else is; the segment is kept; an error in the log says so.",
        ),
        "landed": Kind(
            landed_bytes.damage,
            "A landed file is cut, zeroed, or has one bit flipped; some of these files meet a whole minute.",
            "It is never taken for sound unless what it says is unchanged; it is set aside, recorded as corrupt, with"
            " a line in the log; the other files are entered, the books balance.",
        ),
        "statement": Kind(
            statements.refuse_statements,
            "Statements of a minute and its publication fail, before or after they have been done.",
            "The next minute gives the tables of an undisturbed one, which are the oracle's, and publishes them.",
        ),
        "kill": Kind(
            statements.kill_statements,
            "The process of a minute is killed at statements of chance.",
            "As above.",
        ),
        "processes": Kind(
            processes.trouble,
            "Sixty faults of real processes, one after the other: Mosquitto, a lander behind a proxy that reads every"
            " packet, publishers, a disk of 192 MB, Dagster's runs (the table is in troubles.py).",
            "What any publisher was answered for, and what our lander answered for, is in the lake; the next run gives"
            " the oracle's tables and no check fails; what a person must know is in the log, the status and a metric;"
            " no process needed a hand.",
        ),
        "clock": Kind(
            clocks.step,
            "The lander's clock (an injected one) is stepped by milliseconds to a year, back and forth, near leap days,"
            " changes of summer time and ends of years, with starts between.",
            f"{_ALL}; no id is used twice; the tables are the oracle's.",
        ),
        "daemon": Kind(
            daemons.trouble,
            "Dagster's daemon is killed, perhaps with a run on its way, and started again; two of it run at once; five"
            " more runs are in the queue.",
            "All that was promised is published by the daemon's own minutes; the tables are the oracle's.",
        ),
    }
)
