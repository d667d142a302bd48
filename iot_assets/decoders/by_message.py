"""The engine for conventions that are read one message at a time, by a Python function (a reader) of their own.

Belongs here: handing each message to the reader and turning its sheet into columns. Does not: any convention.
A reader is ``read(message, options, sheet)``: it tells the ``sheet`` what the message says and raises ``Unreadable``
where it says nothing that can be understood. Options of a convention are a subclass of ``CommonOptions``.
The reader of a convention with births takes them too: ``read(message, options, sheet, births)``.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from iot_assets.decoders.sheet import Sheet, Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

    from iot_assets.decoders.births import Births
    from iot_assets.decoders.decoded import Bounds
    from iot_assets.decoders.found import Found

#: reader(message, options, sheet), with births reader(message, options, sheet, births)
Reader = Callable[..., None]

_COLUMNS: Final = ("row", "received_us", "topic", "captures", "payload", "content_type", "attributes")


class Message(NamedTuple):
    """One landed message, as readers see it."""

    row: int
    received_us: int
    """When it was received, in microseconds since 1970."""
    topic: str
    captures: Mapping[str, str]
    """What the levels of the topic say that the route's pattern remembers."""
    payload: bytes
    """Its bytes, already unpacked where they were gzip or zlib."""
    content_type: str | None
    attributes: str | None

    def text(self) -> str:
        """The payload as text, without a byte order mark.

        Raises:
            Unreadable: it is not UTF-8.
        """
        try:
            return self.payload.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise Unreadable("not_utf8", f"it begins {self.payload[:60]!r}") from error

    def json(self) -> Any:
        """The payload as JSON; NaN and Infinity, which JSON does not have, are refused.

        Raises:
            Unreadable: it is not UTF-8 or not JSON.
        """
        text = self.text()
        try:
            tree = _JSON.decode(text)
            if "\\u" in text:  # half of a surrogate pair is no text, and could not be kept
                json.dumps(tree, ensure_ascii=False).encode()
        except (ValueError, RecursionError) as error:
            raise Unreadable("malformed_json", f"{error}: it begins {text[:60]!r}") from error
        return tree

    def json_object(self) -> dict[str, Any]:
        """The payload as a JSON object.

        Raises:
            Unreadable: it is anything else.
        """
        tree = self.json()
        if not isinstance(tree, dict):
            raise Unreadable("not_an_object", f"it begins {self.text()[:60]!r}")
        return tree


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


_JSON: Final = json.JSONDecoder(parse_constant=_no_constant)


@dataclass(frozen=True, slots=True)
class ByMessage:
    """An engine made of a reader.

    ``reads_empty``: an empty payload means something in this convention, and is handed to the reader, too.
    """

    reader: Reader
    reads_empty: bool = False

    def __call__(
        self, con: duckdb.DuckDBPyConnection, options: Any, bounds: Bounds, births: Births | None = None
    ) -> Found:
        """Find what the messages of ``intake`` say."""
        sheet = Sheet()
        told = (options, sheet) if births is None else (options, sheet, births)
        read = partial(self._read, told=told, bounds=bounds)
        with _uncollected():
            for message in _messages(con):
                sheet.begin(message.row)
                try:
                    read(message)
                except Unreadable as fault:
                    sheet.reject(fault.reason, fault.detail)
                sheet.end()
            con.register("told_records", sheet.records())
            con.execute(_RECORDS)
            return sheet.found()

    def _read(self, message: Message, *, told: tuple[Any, ...], bounds: Bounds) -> None:
        size = len(message.payload)
        if size > bounds.max_payload_bytes:
            raise Unreadable("payload_too_large", f"{size} bytes, allowed are {bounds.max_payload_bytes}")
        if size == 0 and not self.reads_empty:
            raise Unreadable("empty_payload", "the payload has no bytes")
        self.reader(message, *told)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the collector of cycles: what is told makes none, and to look at it again took a third of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _messages(con: duckdb.DuckDBPyConnection) -> Iterator[Message]:
    """The messages of ``intake``, in the order of the batch."""
    columns = (
        con.sql(f"select {', '.join(_COLUMNS)} from (select *, epoch_us(received_at) as received_us from intake)")
        .to_arrow_table()
        .to_pydict()
    )
    known: dict[str, Mapping[str, str]] = {}
    for row, at, topic, captures, payload, content_type, attributes in zip(*columns.values(), strict=True):
        if (levels := known.get(captures)) is None:
            levels = known[captures] = json.loads(captures)
        yield Message(row, at, topic, levels, payload, content_type, attributes)


_RECORDS: Final = """
    create temp view records as
    select r.row, r.record, i.received_at, i.device_prefix, i.device_captured, i.device_suffix,
        i.device_default, r.device,
        false as device_fault, r.t, r.known_us, r.relative, false as time_fault, r.declared_id
    from told_records r join intake i using (row)
    """
