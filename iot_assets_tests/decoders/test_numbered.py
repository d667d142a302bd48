"""Texts as numbers: the same text has the same number wherever it stands, and null has one, too."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from iot_assets.decoders.numbered import numbered

TEXTS = st.lists(st.none() | st.sampled_from(["Cel", "%", "", "V"]), max_size=6)


@given(pieces=st.lists(TEXTS, max_size=4))
def test_each_number_leads_back_to_its_text_whatever_the_pieces(pieces: list[list[str | None]]) -> None:
    column = pa.chunked_array([pa.array(piece, pa.string()) for piece in pieces], pa.string())
    numbers, texts = numbered(column)
    assert [texts[number] for number in numbers.to_pylist()] == column.to_pylist()
    assert len(set(texts)) == len(texts)
