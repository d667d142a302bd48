"""``iot-assets load``: someone's history, from files, by the same way as messages."""

from __future__ import annotations

import gzip
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Final

import click
import polars as pl
import pyarrow as pa

from iot_assets.decoders.decode import decode
from iot_assets.decoders.decoded import Bounds
from iot_assets.decoders.routes import Route, RouteTable
from iot_assets.lake.landed import LANDED_SCHEMA
from iot_assets.lake.paths import DataPaths
from iot_assets.landing.load import identity, loading
from iot_assets.settings import Settings, load_settings

_BATCH: Final = 5_000
_DAY = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--route", "topic", required=True, help="Topic to land the records under; it chooses the route.")
@click.option("--from", "first", type=_DAY, help="Leave out readings before this instant (UTC).")
@click.option("--to", "last", type=_DAY, help="Leave out readings from this instant on (UTC).")
@click.option("--config", type=click.Path(path_type=Path), help="Settings file [default: iot.toml].")
def load(
    files: tuple[Path, ...], topic: str, first: datetime | None, last: datetime | None, config: Path | None
) -> None:
    """Land the records of FILES: JSON lines (also .gz), CSV with a header, or Parquet.

    Each line or row becomes one message. Loading a file again loads nothing twice, and goes on after an interruption.
    What landed enters the tables with the next run.
    """
    settings = load_settings(config)
    window = _Window(settings, topic, first, last)
    began, started_at = time.monotonic(), datetime.now(UTC)
    processed = landed = before = 0
    for file in files:
        with loading(DataPaths(settings.data_dir), identity(file, topic, first, last), topic) as spool:
            before += spool.done
            skip = spool.done
            size = _count(file)
            with click.progressbar(length=size, label=file.name, file=sys.stderr) as bar:
                records = _records(file)
                while batch := list(islice(records, _BATCH)):
                    processed += len(batch)
                    bar.update(len(batch))
                    chosen = window.choose(batch)
                    fresh, skip = chosen[skip:], max(skip - len(chosen), 0)
                    landed += spool.add(fresh)
    click.echo(f"started    {started_at:%Y-%m-%d %H:%M:%SZ}")
    click.echo(f"processed  {processed} records of {len(files)} files")
    click.echo(f"landed     {landed}" + (f", and {before} before" if before else ""))
    click.echo(f"left out   {window.outside} outside the window" if first or last else "left out   none")
    click.echo(f"rejected   {window.rejected} cannot be decoded; they land too, and become rejects")
    click.echo(f"took       {time.monotonic() - began:.1f} s")


class _Window:
    """Chooses records by the event times that the route's decoder reads in them, and counts what it cannot read."""

    def __init__(self, settings: Settings, topic: str, first: datetime | None, last: datetime | None) -> None:
        self._routes = RouteTable(
            [Route(topic=r.topic, convention=r.convention, options=r.options) for r in settings.routes]
        )
        self._topic = topic
        self._first = first.replace(tzinfo=UTC) if first else None
        self._last = last.replace(tzinfo=UTC) if last else None
        self.outside = self.rejected = 0

    def choose(self, payloads: list[bytes]) -> list[bytes]:
        """The records to land: those with a reading in the window, and those that cannot be decoded."""
        decoded = decode(_messages(self._topic, payloads), self._routes, Bounds())
        self.rejected += decoded.rejects.num_rows
        if self._first is None and self._last is None:
            return payloads
        times = zip(decoded.readings["row"].to_pylist(), decoded.readings["event_at"].to_pylist(), strict=True)
        inside = {row for row, at in times if self._holds(at)} | set(decoded.rejects["row"].to_pylist())
        self.outside += len(payloads) - len(inside)
        return [payload for row, payload in enumerate(payloads) if row in inside]

    def _holds(self, at: datetime) -> bool:
        return (self._first is None or at >= self._first) and (self._last is None or at < self._last)


def _messages(topic: str, payloads: list[bytes]) -> pa.Table:
    count = len(payloads)
    values = {
        "source": pa.array(["load"] * count),
        "topic": pa.array([topic] * count),
        "payload": pa.array(payloads, pa.binary()),
        "received_at": pa.array([datetime.now(UTC)] * count, pa.timestamp("us", tz="UTC")),
        "qos": pa.array([0] * count, pa.int8()),
        "retain": pa.array([False] * count),
        "dup": pa.array([False] * count),
        "packet_id": pa.array([0] * count, pa.int32()),
        "session": pa.array([0] * count, pa.int32()),
    }
    fields = [field for field in LANDED_SCHEMA if field.name != "message_id"]
    return pa.table([values.get(f.name, pa.nulls(count, f.type)) for f in fields], schema=pa.schema(fields))


def _records(file: Path) -> Iterator[bytes]:
    """The records of a file, each as the bytes of one JSON object or line."""
    name = file.name.lower()
    if name.endswith((".csv", ".parquet")):
        frame = pl.scan_csv(file) if name.endswith(".csv") else pl.scan_parquet(file)
        for piece in frame.collect(engine="streaming").iter_slices(_BATCH):
            yield from piece.write_ndjson().encode().splitlines()
        return
    with gzip.open(file) if name.endswith(".gz") else file.open("rb") as lines:
        for line in lines:
            if record := line.strip():
                yield record


def _count(file: Path) -> int:
    return sum(1 for _ in _records(file))
