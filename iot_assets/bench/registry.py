"""Every benchmark of the project, and what is asked of its figures.

Belongs here: two tables. Does not: measuring, which is a script each in the clone's ``benchmarks/``, but for ``path``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One script: what it measures, and its arguments in the form of minutes and in the full form."""

    what: str
    quick: tuple[str, ...] | None = ("--repetitions", "1")
    """None where there is no such form."""
    full: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is asked of one figure: of its median, its CPU time, its memory, or its ratio to another figure."""

    benchmark: str
    figure: str
    limit: float
    better: Literal["higher", "lower"]
    of: Literal["median", "min", "max", "cpu_seconds", "peak_mb"] = "median"
    ratio_to: str = ""
    bound: str = ""
    """What bounds it, where it is not met."""

    @property
    def told(self) -> str:
        """Of what it is asked, in words."""
        if self.ratio_to:
            return f"{self.figure}, beside {self.ratio_to}"
        return self.figure + {"median": "", "min": ", least", "max": ", most", "cpu_seconds": ", CPU"}.get(
            self.of, ", memory"
        )

    def measured(self, figures: Mapping[str, Mapping[str, Any]]) -> float | None:
        """What these figures say; None where they do not."""
        figure = figures.get(self.figure, {})
        found = figure.get("ratios", {}).get(self.ratio_to) if self.ratio_to else figure.get(self.of)
        return None if found is None else float(found)

    def met(self, measured: float) -> bool:
        """Whether that is good enough."""
        return measured >= self.limit if self.better == "higher" else measured <= self.limit


#: Name → benchmark. The script is ``benchmarks/NAME.py``; ``path`` comes with the package.
BENCHMARKS: Final = MappingProxyType(
    {
        "path": Benchmark(
            "the whole path, from a backlog in a broker to the published copy: what `iot-assets bench` shows a user",
            quick=("--messages", "20000", "--repetitions", "1"),
        ),
        "lander": Benchmark(
            "the lander draining a backlog of QoS 1 messages, beside a bare socket, stock paho and `mosquitto_sub`",
            quick=("--messages", "50000", "--repetitions", "1"),
        ),
        "lander_latency": Benchmark(
            "how long a message waits until the lander has made it durable and acknowledged it, at several rates",
            quick=("--seconds", "5", "--repetitions", "1"),
        ),
        "sustained": Benchmark(
            "publisher, broker, lander and minute runs at once, for minutes: nothing lost, how soon gold is complete",
            quick=("--minutes", "1.1", "--per-second", "500"),
        ),
        "intake": Benchmark(
            "the HTTP intake: requests of one line and of a thousand from 24 clients, latency, CPU a request",
            quick=("--seconds", "1", "--repetitions", "1"),
        ),
        "decode": Benchmark(
            "decoding, per convention: messages a second, peak memory",
            quick=("--messages", "5000", "--repetitions", "1"),
            full=("--messages", "20000"),
        ),
        "materialize": Benchmark(
            "bronze, silver and gold beside a hand-written script for the same readings and rollups",
            quick=("--messages", "60000", "--repetitions", "1"),
        ),
        "minute": Benchmark(
            "a whole launched run of the minute job, idle and with 5,000 messages, with no past and a long one",
            full=("--history", "100000000"),
        ),
        "rebuild": Benchmark(
            "a landed day forgotten and brought in again, beside a hand-written script for the same files",
            quick=("--messages", "60000", "--repetitions", "1"),
        ),
        "publication": Benchmark(
            "what a minute's publication takes on 100 million readings of 10,000 devices over 30 days",
            quick=("--readings", "3330000", "--days", "1", "--repetitions", "2"),
        ),
        "launcher": Benchmark(
            "a launched minute run of 5,000 messages: in a process of its own, and in a warm Celery worker",
            quick=None,
        ),
        "year": Benchmark(
            "what a year of runs leaves, the clock moved on by days: files, run storage, DuckDB files, rows",
            quick=("--days", "12"),
        ),
        "heal": Benchmark(
            "late data: one device half a year late among thousands; a minute of nothing but duplicates",
            quick=("--devices", "1000", "--days", "30", "--repetitions", "1"),
            full=("--devices", "2000"),
        ),
        "trace": Benchmark(
            "from an hour's figure, a correction and a reject back to the raw messages, on 100 million readings",
            quick=None,
        ),
        "backup": Benchmark(
            "a first backup, the next one, putting it back; for how long runs cannot write meanwhile",
            quick=("--gigabytes", "0.1", "--repetitions", "1"),
        ),
        "api": Benchmark(
            "the REST API: 20,000 readings, newest values of 10,000 devices, hours; one client and 24",
            quick=("--requests", "20", "--repetitions", "1"),
        ),
        "load": Benchmark(
            "everybody at once: messages, runs, dashboards, API clients; errors, answers, the server's memory",
            quick=("--minutes", "0.7", "--every", "15"),
        ),
        "live": Benchmark(
            "live readings: from publishing a message to seeing it, over handovers from the spool to publications",
            quick=("--seconds", "20"),
            full=("--rate", "1000", "--seconds", "120"),
        ),
        "dashboard": Benchmark(
            "the dashboard: paint in Chromium, the server's time for a refresh of each page",
            quick=("--devices", "100", "--days", "3", "--repetitions", "3", "--pages", "overview", "device"),
        ),
    }
)

_LANDER: Final = "lander, MQTT 3.1.1"
_COPIES: Final = (
    "decoding, which tells position, flags and faults of each value; 16 columns to the script's 6; readings read again"
    " for the rollups, which are healed and not made once; the proof of keys and books"
)
_STATEMENTS: Final = "some 400 statements, most as quick as planning them, in a process to which all is new; decoding"
_START: Final = "importing Dagster and the definitions, nearly 2 s, and Dagster's records of 220 events in SQLite"
_MINUTE: Final = "empty warehouse, 5,000 messages: whole run"
_STEPS: Final = "5,000 messages: steps without publication"
_PAGES: Final = ("overview", "devices", "device", "fleet", "quality", "pipeline", "fleet, 30 days", "quality, 30 days")
TARGETS: Final = (
    Target(benchmark="lander", figure=_LANDER, limit=150_000, better="higher"),
    Target(benchmark="lander", figure="lander, MQTT 5", limit=100_000, better="higher"),
    Target(
        benchmark="lander",
        figure=_LANDER,
        limit=0.4,
        better="higher",
        ratio_to="bare socket, MQTT 3.1.1, nothing stored",
    ),
    Target(
        benchmark="lander", figure=_LANDER, limit=4, better="higher", ratio_to="stock paho, MQTT 3.1.1, nothing stored"
    ),
    Target(benchmark="lander", figure=_LANDER, limit=1, better="higher", ratio_to="Pathway, persistence in a folder"),
    Target(benchmark="lander", figure=_LANDER, limit=6e-6, better="lower", of="cpu_seconds"),
    Target(benchmark="lander", figure="lander, MQTT 5", limit=6e-6, better="lower", of="cpu_seconds"),
    *(
        Target(
            benchmark="lander_latency",
            figure=f"{rate} messages/s: published to fsynced and acknowledged, p99",
            limit=milliseconds,
            better="lower",
        )
        for rate, milliseconds in (("5", 50), ("500", 50), ("5,000", 100))
    ),
    Target(
        benchmark="sustained",
        figure="gold complete after the end of a minute",
        limit=60,
        better="lower",
        of="max",
    ),
    Target(benchmark="api", figure="20,000 readings of one device, JSON", limit=60, better="lower"),
    Target(benchmark="api", figure="newest values of 10,000 devices, JSON, p99", limit=50, better="lower"),
    Target(
        benchmark="load",
        figure="errors",
        limit=0,
        better="lower",
    ),
    Target(benchmark="live", figure="from publishing to seeing, p99", limit=2, better="lower"),
    Target(benchmark="materialize", figure="bronze, silver and gold", limit=100_000, better="higher", bound=_COPIES),
    Target(
        benchmark="materialize",
        figure="bronze, silver and gold",
        limit=0.7,
        better="higher",
        ratio_to="hand-written script",
        bound=_COPIES,
    ),
    Target(
        benchmark="minute",
        figure="empty warehouse, 5,000 messages: all steps, their own work",
        limit=0.5,
        better="lower",
        bound=_STATEMENTS,
    ),
    Target(benchmark="minute", figure=_MINUTE, limit=4.5, better="lower", bound=_START),
    Target(benchmark="minute", figure=_MINUTE, limit=4, better="lower", of="cpu_seconds", bound=_START),
    Target(benchmark="minute", figure=_MINUTE, limit=400, better="lower", of="peak_mb"),
    Target(
        benchmark="minute",
        figure=f"100,000,000 readings, {_STEPS}",
        limit=1.5,
        better="lower",
        ratio_to=f"empty warehouse, {_STEPS}",
    ),
    Target(
        benchmark="rebuild",
        figure="day rebuilt",
        limit=0.6,
        better="higher",
        ratio_to="hand-written script",
        bound="what bounds materialize; besides, forgetting the day, and judging its readings beside their neighbours"
        " again, since what stood there had gone",
    ),
    Target(benchmark="publication", figure="publication of a minute", limit=2, better="lower"),
    Target(
        benchmark="launcher",
        figure="a warm Celery worker",
        limit=1.5,
        better="lower",
        bound="what a warm worker does as well: the steps' own work, and Dagster's records of 220 events",
    ),
    *(
        Target(
            benchmark="year",
            figure=f"{what}, after 365 days",
            limit=limit,
            better="lower",
            ratio_to=f"{what}, after 182 days",
        )
        # What is kept for days is at its bound by half a year.
        for what, limit in (("runs in Dagster's storage", 1.05), ("Dagster's storage", 1.2), ("iot.duckdb", 1.2))
    ),
    Target(benchmark="year", figure="growth of the lake", limit=8, better="lower"),
    *(
        Target(benchmark="dashboard", figure=f"{page}: first paint, nothing cached", limit=1000, better="lower")
        for page in _PAGES
    ),
    *(
        Target(benchmark="dashboard", figure=f"{page}: refresh with a new publication, p95", limit=200, better="lower")
        for page in _PAGES
    ),
)
