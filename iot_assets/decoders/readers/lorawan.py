"""The radio link of a LoRaWAN uplink, under the same names whatever network server told it.

Belongs here: what ChirpStack and The Things Stack have in common. Does not: either of them.
"""

from __future__ import annotations

from typing import Any, Final

from iot_assets.decoders.nested import as_list, as_number, as_object
from iot_assets.decoders.sheet import Sheet

_FARTHEST: Final = -1000.0


def loudest(gateways: Any) -> tuple[dict[str, Any], int]:
    """What the gateway says that heard the device best (strongest signal, then best ratio), and how many heard it."""
    heard = [gateway for gateway in as_list(gateways) if isinstance(gateway, dict)]
    best = max(heard, key=lambda g: (_of(g, "rssi"), _of(g, "snr")), default={})
    return best, len(heard)


def measure_link(
    sheet: Sheet,
    gateways: Any,
    *,
    counter: Any,
    port: Any,
    frequency: Any,
    modulation: Any,
    spreading: str,
    flags: int = 0,
) -> None:
    """Measure the link. Both network servers leave out what is zero, so a counter or a ratio that is missing is 0."""
    best, heard = loudest(gateways)
    if heard:
        sheet.measure("link.rssi", as_number(best.get("rssi")), "dBm", flags)
        sheet.measure("link.snr", as_number(best.get("snr", 0)), "dB", flags)
        sheet.measure("link.gateways", heard, None, flags)
    sheet.measure("link.f_cnt", as_number(0 if counter is None else counter), None, flags)
    sheet.measure("link.f_port", as_number(port), None, flags)
    sheet.measure("link.frequency", as_number(frequency), "Hz", flags)
    lora = as_object(as_object(modulation).get("lora"))
    sheet.measure("link.spreading_factor", as_number(lora.get(spreading)), None, flags)
    sheet.measure("link.bandwidth", as_number(lora.get("bandwidth")), "Hz", flags)


def _of(gateway: dict[str, Any], name: str) -> float:
    number = as_number(gateway.get(name, 0))
    return _FARTHEST if number is None or number != number else number  # noqa: PLR0124 - NaN, in a string, is not itself
