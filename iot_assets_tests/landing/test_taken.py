from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from iot_assets.lake.landed import LANDED_SCHEMA
from iot_assets.lake.message_id import MessageIds
from iot_assets.landing.taken import Taken

messages = st.tuples(st.text(st.characters(codec="utf-8")), st.binary(), st.integers(0, 1), st.integers(0, 65535))


@given(st.lists(messages), st.integers(0, 2**40))
def test_what_is_taken_is_in_the_batch_row_by_row(found: list[tuple[str, bytes, int, int]], first: int) -> None:
    taken = Taken("mqtt:a", 7)
    for topic, payload, qos, packet_id in found:
        taken.add(topic, payload, received_us=1, qos=qos, packet_id=packet_id)
    ids = MessageIds("lander", 1_763_000_000_000)
    batch = taken.batch(ids, first)
    assert batch.schema.equals(LANDED_SCHEMA)
    batch.validate(full=True)
    rows = batch.to_pylist()
    assert [(r["topic"], r["payload"], r["qos"], r["packet_id"]) for r in rows] == found
    assert [r["message_id"] for r in rows] == [ids.one(first + n) for n in range(len(found))]
    assert taken.to_acknowledge() == [packet_id for _, _, qos, packet_id in found if qos]
    assert taken.size == sum(len(payload) for _, payload, _, _ in found)
