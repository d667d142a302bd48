"""A column of texts as numbers, each text with one of its own.

Belongs here: the step from texts to numbers that lets rules be looked up once per distinct text. Does not: any rule.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def numbered(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, list[str | None]]:
    """The number of each text, and the texts in the order of their numbers; null has a number, too."""
    encoded = column.dictionary_encode().unify_dictionaries()
    texts: list[str | None] = encoded.chunk(0).dictionary.to_pylist() if encoded.num_chunks else []
    numbers = pa.chunked_array([chunk.indices for chunk in encoded.chunks], pa.int32())
    if numbers.null_count == 0:
        return numbers, texts
    # Arrow does not unify dictionaries that hold null, so that null gets its number here.
    return pc.fill_null(numbers, pa.scalar(len(texts), pa.int32())), [*texts, None]
