"""collectd's plain format over MQTT: ``time:value``, or ``time:value:value``; what it is stands in the topic.

Metrics are named ``plugin.type``, as the topic spells them, with the names that collectd itself gives to the values of
the usual types of several: ``interface-eth0.if_octets.rx``.

Belongs here: payloads and the names of values. Does not: collectd's JSON format, which is another convention.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from iot_assets.decoders.sheet import Unreadable
from iot_assets.decoders.written import number

if TYPE_CHECKING:
    from iot_assets.decoders.by_message import Message
    from iot_assets.decoders.options import CommonOptions
    from iot_assets.decoders.sheet import Sheet

_RX_TX: Final = ("rx", "tx")
_READ_WRITE: Final = ("read", "write")
#: Names of the values, of the types that have several (collectd's types.db). Others are numbered from 0.
_NAMES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "disk_io_time": ("io_time", "weighted_io_time"),
        "disk_merged": _READ_WRITE,
        "disk_octets": _READ_WRITE,
        "disk_ops": _READ_WRITE,
        "disk_time": _READ_WRITE,
        "dns_octets": ("queries", "responses"),
        "if_dropped": _RX_TX,
        "if_errors": _RX_TX,
        "if_octets": _RX_TX,
        "if_packets": _RX_TX,
        "io_octets": _RX_TX,
        "io_packets": _RX_TX,
        "load": ("shortterm", "midterm", "longterm"),
        "mysql_octets": _RX_TX,
        "node_octets": _RX_TX,
        "ps_count": ("processes", "threads"),
        "ps_cputime": ("user", "syst"),
        "ps_disk_octets": _READ_WRITE,
        "ps_disk_ops": _READ_WRITE,
        "ps_pagefaults": ("minflt", "majflt"),
        "serial_octets": _RX_TX,
        "vmpage_faults": ("minflt", "majflt"),
        "vmpage_io": ("in", "out"),
    }
)


def read(message: Message, options: CommonOptions, sheet: Sheet) -> None:  # noqa: ARG001 - it has none of its own
    """One list of values."""
    # collectd sends the end of its C string, too.
    text = message.text().rstrip("\0\r\n ")
    time, *values = text.split(":")
    if not values:
        raise Unreadable("malformed_line", f"it has no value: {text[:60]!r}")
    plugin, kind = message.captures.get("plugin", ""), message.captures.get("type", "")
    metric = f"{plugin}.{kind}"
    names = _NAMES.get(kind.partition("-")[0], ())
    sheet.record(time=None if time == "N" else time)
    for index, written in enumerate(values):
        name = metric
        if len(values) > 1:
            name = f"{metric}.{names[index] if len(names) == len(values) else index}"
        if (value := number(written)) is None:
            sheet.fault(name, "bad_value", written)
        else:
            sheet.measure(name, value)
