from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from iot_assets.landing.trouble import Trouble

if TYPE_CHECKING:
    import pytest


def test_it_is_said_once_per_cause_and_once_when_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    trouble = Trouble(logging.getLogger("iot_assets.test"))
    trouble.end("fine")
    for _ in range(3):
        trouble.begin("the disk is full")
    trouble.begin("the disk is gone")
    trouble.end("fine again")
    trouble.end("fine again")
    trouble.begin("the disk is gone")
    trouble.forget()
    assert trouble.sentence is None
    said = [record.getMessage().partition(",")[0] for record in caplog.records]
    assert said == ["the disk is full", "the disk is gone", "fine again", "the disk is gone"]


def test_details_that_differ_do_not_make_another_cause(caplog: pytest.LogCaptureFixture) -> None:
    trouble = Trouble(logging.getLogger("iot_assets.test"))
    trouble.begin("cannot write 1.spool", "full")
    trouble.begin("cannot write 2.spool", "full")
    assert len(caplog.records) == 1
    assert trouble.sentence == "cannot write 2.spool"
