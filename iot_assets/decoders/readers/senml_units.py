"""SenML's units (the registries of RFC 8428 and RFC 8798) that elsewhere mean another thing or are spelled otherwise.

Belongs here: from SenML's spelling to the code. Does not: what is spelled as everybody spells it (see ``units``).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CODES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "C": "A.s",  # the coulomb; people write C for degrees Celsius, and F for Fahrenheit
        "F": "A.s/V",
        "As": "A.s",
        "/": "1",
        "/100": "%",
        "/1000": "[ppth]",
        "%EL": "%",
        "EL": "s",
        "count": "{count}",
        "1/s": "/s",
        "1/h": "/h",
        "beat/min": "{beat}/min",
        "beats": "{beat}",
        "lat": "deg",
        "lon": "deg",
        "dBW": "dB[W]",
        "Bspl": "B[SPL]",
        "NTU": "{NTU}",
        "B/s": "By/s",
        "MB/s": "MBy/s",
        "VAs": "V.A.s",
        "VAh": "V.A.h",
        "kVAh": "kV.A.h",
        "Wh/km": "W.h/km",
    }
)
