"""``iot-assets load``: someone's history, from files, by the same way as messages."""

from __future__ import annotations

import gzip
import sys
import time
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Final

import click
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from iot_assets.decoders.decode import decode
from iot_assets.decoders.decoded import Bounds, Decoded
from iot_assets.decoders.routes import RouteTable
from iot_assets.decoders.sent import Sent, as_landed
from iot_assets.lake.paths import DataPaths
from iot_assets.landing.load import identity, loading
from iot_assets.model import REJECT_REASONS
from iot_assets.settings import Settings, load_settings

_BATCH: Final = 5_000
#: Records are judged as if received then, so that whenever a load goes on it chooses the same ones.
_AFTER_ALL: Final = datetime(3000, 1, 1, tzinfo=UTC)
_DAY = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])


_KINDS: Final = MappingProxyType({".csv": "CSV", ".parquet": "Parquet", ".gz": "gzip"})


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--route", "topic", required=True, help="Topic to land the records under; it chooses the route.")
@click.option("--from", "first", type=_DAY, help="Leave out readings before this instant (UTC).")
@click.option("--to", "last", type=_DAY, help="Leave out readings from this instant on (UTC).")
@click.option("--anyway", is_flag=True, help="Also a file of which nothing can be decoded: all of it becomes rejects.")
@click.option("--config", type=click.Path(path_type=Path), help="Settings file [default: iot.toml].")
def load(
    files: tuple[Path, ...],
    topic: str,
    *,
    first: datetime | None,
    last: datetime | None,
    anyway: bool,
    config: Path | None,
) -> None:
    """Land the records of FILES: JSON lines (also .gz), CSV with a header, or Parquet.

    Each line or row becomes one message. Loading a file again loads nothing twice, and goes on after an interruption.
    What landed enters the tables with the next run.
    """
    settings = load_settings(config)
    window = _Window(settings, topic, first, last)
    if not anyway:
        for file in files:
            window.refuse_stranger(file)
    began, started_at = time.monotonic(), datetime.now(UTC)
    processed = landed = before = 0
    for file in files:
        with loading(DataPaths(settings.data_dir), identity(file, topic, *window.choice), topic) as spool:
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
        self._routes = RouteTable(settings.routes)
        self._topic = topic
        self._first = first.replace(tzinfo=UTC) if first else None
        self._last = last.replace(tzinfo=UTC) if last else None
        self.outside = self.rejected = 0
        #: What decides which records are landed; with a window, that is also how their times are read.
        self.choice = (first, last, *([settings.routes] if first or last else []))

    def refuse_stranger(self, file: Path) -> None:
        """Raise for a file none of whose first records can be decoded: a wrong file, or a wrong topic."""
        records = list(islice(_records(file), _BATCH))
        rejects = self._decode(records).rejects.to_pylist()
        if records and len({reject["row"] for reject in rejects}) == len(records):
            one = rejects[0]
            detail = "".join(c if c.isprintable() else " " for c in one["detail"] or "").strip()
            why = REJECT_REASONS.get(one["reason"], one["reason"]) + (f" ({detail})" if detail else "")
            raise click.ClickException(
                f"none of the first {len(records)} records of {file} can be decoded under the topic {self._topic!r};"
                f" of the first one {records[one['row']][:80]!r} it is said: {why}. Nothing was loaded."
                " Name the topic whose route reads them, or say --anyway and replay them after a fix"
            )

    def choose(self, payloads: list[bytes]) -> list[bytes]:
        """The records to land: those not known to be outside the window, so also those that cannot be decoded."""
        decoded = self._decode(payloads)
        rejected = set(decoded.rejects["row"].to_pylist())
        self.rejected += len(rejected)
        if self._first is None and self._last is None:
            return payloads
        columns = [decoded.readings[name].to_pylist() for name in ("row", "event_at", "event_at_source")]
        dated = [(row, at) for row, at, source in zip(*columns, strict=True) if source == "payload"]
        outside = {row for row, _ in dated} - {row for row, at in dated if self._holds(at)} - rejected
        self.outside += len(outside)
        return [payload for row, payload in enumerate(payloads) if row not in outside]

    def _decode(self, payloads: list[bytes]) -> Decoded:
        messages = as_landed([Sent(self._topic, payload) for payload in payloads], _AFTER_ALL)
        return decode(messages, self._routes, Bounds())

    def _holds(self, at: datetime) -> bool:
        return (self._first is None or at >= self._first) and (self._last is None or at < self._last)


def _records(file: Path) -> Iterator[bytes]:
    """The records of a file, each as the bytes of one JSON object or line.

    Raises:
        click.ClickException: the file is not what its name says.
    """
    name = file.name.lower()
    kind = next((what for ending, what in _KINDS.items() if name.endswith(ending)), "JSON lines")
    try:
        if kind == "CSV":
            # All of it decides on the types: a column may be whole numbers for long before it is not.
            frame = pl.scan_csv(file, infer_schema_length=None).collect(engine="streaming")
            if len(frame.columns) == 1 and (other := set(frame.columns[0]) & set(";\t|")):
                # It would decode, as one text with separators in it.
                raise click.ClickException(f"{file} separates its columns by {other.pop()!r}; commas are wanted")
            for piece in frame.iter_slices(_BATCH):
                yield from _lines(piece)
        elif kind == "Parquet":
            with pq.ParquetFile(file) as rows:
                for batch in rows.iter_batches(batch_size=_BATCH):
                    yield from _lines(pl.DataFrame(pl.from_arrow(batch)))
        else:
            with gzip.open(file) if kind == "gzip" else file.open("rb") as lines:
                for line in lines:
                    if record := line.strip():
                        yield record
    except (OSError, EOFError, zlib.error, pa.ArrowException, pl.exceptions.PolarsError) as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise click.ClickException(f"{file} cannot be read as {kind}: {reason[0]}") from error


def _lines(rows: pl.DataFrame) -> list[bytes]:
    text: str = rows.write_ndjson()
    return text.encode().splitlines()


def _count(file: Path) -> int:
    return sum(1 for _ in _records(file))
