"""The supervisor starts in order, revives what dies, ends in order, and leaves no process behind."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from iot_assets_tests.ops.stage import Role, Stage, living
from iot_assets_tests.waiting import eventually


def test_parts_start_one_after_the_other_and_end_by_their_ranks(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Role("broker", rank=3), Role("lander", rank=1), Role("page", rank=2))
    stage.until("broker is up", "lander is up", "page is up", "All of it is up. look there")
    assert stage.events() == ["broker starts", "lander starts", "page starts"]
    stage.signal()
    assert stage.ended() == 0
    assert stage.events()[3:] == ["lander ends", "page ends", "broker ends"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_of_the_usual_signals_stops_it_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    stage = Stage(tmp_path, Role("part"))
    stage.until("All of it is up. look there")
    stage.signal(number)
    assert stage.ended() == 0
    assert stage.events()[-1] == "part ends"


def test_a_signal_in_the_middle_of_starting_stops_what_was_started(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Role("up"), Role("shy", ["shy"]), Role("never"))
    eventually(lambda: "shy starts" in stage.events())
    stage.signal()
    assert stage.ended() == 0
    assert "never starts" not in stage.events()


def test_what_a_part_started_and_left_behind_is_ended_too(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Role("parent", ["parent"]))
    stage.until("All of it is up. look there")
    assert len(living(str(tmp_path))) == 3
    stage.signal()
    assert stage.ended() == 3
    assert "parent     had to be killed" in stage.out()


def test_a_part_that_will_not_end_is_killed_after_its_time(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Role("deaf", ["stubborn"], stop_seconds=0.5), Role("good", rank=1))
    stage.until("All of it is up. look there")
    stage.signal()
    assert stage.ended() == 3
    assert "good ends" in stage.events()


def test_a_second_ctrl_c_kills_what_remains(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Role("deaf", ["stubborn"], stop_seconds=600))
    stage.until("All of it is up. look there")
    stage.signal()
    stage.until("stopping")
    stage.signal()
    assert stage.ended() == 3


def test_a_part_is_given_time_to_finish_what_it_is_in_the_middle_of(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Role("idle", rank=2), Role("busy", busy_seconds=1, rank=1), Role("quick"))
    stage.until("All of it is up. look there")
    stage.signal()
    stage.until("quick      stopped")
    assert "busy ends" not in stage.events()
    assert stage.ended() == 0
    assert stage.events()[-3:] == ["quick ends", "busy ends", "idle ends"]


def test_a_part_that_dies_is_told_of_with_its_last_words_and_started_again(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Role("mortal", ["mortal"]))
    stage.until("All of it is up. look there", "mortal ended with exit code 1", "| it had to die once")
    eventually(lambda: stage.events().count("mortal starts") == 2)
    eventually(lambda: stage.out().count("mortal is up") == 2)
    stage.signal()
    assert stage.ended() == 0


def test_a_part_that_never_starts_ends_it_all_with_a_sentence(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Role("good"), Role("bad", ["broken"]))
    assert stage.ended() == 1
    assert stage.events() == ["good starts", "bad starts", "bad starts", "bad starts", "good ends"]
    *_, sentence = stage.out().partition("again and again, so everything was stopped; its log ")
    assert sentence.splitlines() == [
        f"{tmp_path}/logs/bad.log ends with:",
        *["  | bad speaks", "  | it is broken beyond repair"] * 3,
    ]


def test_a_part_that_does_its_work_and_ends_is_waited_for(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Role("first", ["brief"], once=True), Role("second"))
    stage.until("first is up", "All of it is up. look there")
    stage.signal()
    assert stage.ended() == 0
    assert stage.events() == ["first starts", "second starts", "second ends"]


def test_a_part_that_is_slow_to_come_up_holds_up_the_others_only_so_long(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Role("shy", ["shy"], patience_seconds=0.5), Role("next"))
    stage.until("shy        runs, and still waits for its word (it is watched on)", "next is up")
    stage.until("The rest is up. look there")
    pid = next(pid for pid in living(str(tmp_path)) if b"shy" in Path(f"/proc/{pid}/cmdline").read_bytes())
    (tmp_path / "shy.up").write_text(str(pid))
    stage.until("shy is up")
    stage.signal()
    assert stage.ended() == 0


def test_started_where_sigint_is_ignored_it_still_hears_it_and_so_do_its_parts(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as for `command &` in a script
    try:
        stage = Stage(tmp_path, Role("part", ["interruptible"]))
    finally:
        signal.signal(signal.SIGINT, before)
    stage.until("All of it is up. look there")
    assert "part SIGINT is default_int_handler" in stage.events()
    stage.signal()
    assert stage.ended() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent has died")
def test_if_it_is_killed_outright_its_parts_end_by_themselves(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Role("one"), Role("two"))
    stage.until("All of it is up. look there")
    stage.signal(signal.SIGKILL)
    stage.process.wait(10)
    eventually(lambda: living(str(tmp_path)) == [])
    assert set(stage.events()[2:]) == {"one ends", "two ends"}


def test_nobody_listening_to_what_it_says_does_not_stop_it(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    stage = Stage(tmp_path, Role("one"), Role("two"), stdout=writer)
    os.close(writer)
    eventually((tmp_path / "two.up").exists)
    assert stage.process.poll() is None
    stage.signal()
    assert stage.ended() == 0
    assert stage.events()[2:] == ["one ends", "two ends"]


def test_each_start_begins_new_logs_and_keeps_those_of_the_last(tmp_path: Path) -> None:
    for _ in range(2):
        stage = Stage(tmp_path, Role("part"))
        stage.until("All of it is up. look there")
        stage.signal()
        assert stage.ended() == 0
    assert (tmp_path / "logs" / "part.log").read_text() == "part speaks\n"
    assert (tmp_path / "logs" / "part.log.1").read_text() == "part speaks\n"
