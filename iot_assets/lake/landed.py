"""The landed schema: one fixed set of columns for whatever arrives, bytes as they came, never decoded."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import pyarrow as pa

#: The column a later format may add must go last: files of older versions are read by name.
LANDED_SCHEMA: Final = pa.schema(
    [
        pa.field("message_id", pa.uuid(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("topic", pa.string(), nullable=False),
        pa.field("payload", pa.binary(), nullable=False),
        pa.field("content_type", pa.string()),
        pa.field("attributes", pa.string()),
        pa.field("qos", pa.int8(), nullable=False),
        pa.field("retain", pa.bool_(), nullable=False),
        pa.field("dup", pa.bool_(), nullable=False),
        pa.field("packet_id", pa.int32(), nullable=False),
        pa.field("session", pa.int32(), nullable=False),
        pa.field("received_at", pa.timestamp("us", tz="UTC"), nullable=False),
    ]
)

#: Keys of the Parquet footer's own metadata (all values are text).
FOOTER_ROWS: Final = b"iot_assets.rows"
FOOTER_FIRST: Final = b"iot_assets.first_message_id"
FOOTER_LAST: Final = b"iot_assets.last_message_id"
FOOTER_CRC: Final = b"iot_assets.segment_crc32"
FOOTER_VERSION: Final = b"iot_assets.version"

#: How landed files are written: repeated texts as a dictionary, growing numbers as differences, two thirds smaller
#: than the defaults. message_id stays plain, because Polars cannot read the delta encoding of fixed-length bytes.
WRITING: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "compression": "zstd",
        "use_dictionary": ["source", "topic", "content_type", "attributes"],
        "column_encoding": {"packet_id": "DELTA_BINARY_PACKED", "received_at": "DELTA_BINARY_PACKED"},
        "write_page_checksum": True,
    }
)

#: The source under which the device registry is landed.
REGISTRY_SOURCE: Final = "registry"
