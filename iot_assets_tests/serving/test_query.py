"""Questions to the published copy: answered while everything runs, and refused in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from iot_assets.serving.ledger import published_paths
from iot_assets.serving.published import QuestionError
from iot_assets.serving.query import answer
from iot_assets_tests.lake_builder import LakeBuilder, at, said

if TYPE_CHECKING:
    from iot_assets_tests.house import House


@pytest.fixture
def published(house: House) -> House:
    LakeBuilder(house.paths).land(said("a", 0, t=1.5))
    house.run()
    house.publish()
    return house


def test_a_question_is_answered_with_instants_in_utc(published: House) -> None:
    with answer(published.paths, "select device_id, value, event_at from gold.latest") as relation:
        assert relation.fetchall() == [("a", 1.5, at(0))]
    with answer(published.paths, "select event_at::varchar from gold.latest") as relation:
        assert relation.fetchall() == [("2025-11-12 12:00:00+00",)]


def test_a_question_is_answered_while_the_warehouse_is_written(published: House) -> None:
    with (
        published.open() as connection,
        answer(published.paths, "select count(*) from silver.readings") as relation,
    ):
        connection.execute("begin transaction")
        connection.execute("delete from silver.readings")
        assert relation.fetchall() == [(1,)]
        connection.execute("rollback")


@pytest.mark.parametrize(
    ("sql", "complaint"),
    [
        ("select no_such_column from gold.latest", "no_such_column"),
        ("selct 1", "syntax error"),
        ("delete from gold.latest", "read-only"),
        ("", "that is no query"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_a_sentence(published: House, sql: str, complaint: str) -> None:
    with pytest.raises(QuestionError, match=complaint), answer(published.paths, sql) as relation:
        relation.fetchall()


def test_before_the_first_publication_the_answer_says_when_there_will_be_one(house: House) -> None:
    with pytest.raises(QuestionError, match="appears with the first publication"), answer(house.paths, "select 1"):
        pass


def test_an_unreadable_publication_contains_no_files(house: House) -> None:
    house.paths.serving.write_bytes(b"half a file")
    assert published_paths(house.paths) == frozenset()
