"""What is found becomes alerts and notices: grouping, channels, quiet hours, bounds. Time is handed in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from iot_assets.alerts import outbox
from iot_assets.alerts.alert import Finding, Kind, Notice, State
from iot_assets.alerts.causes import CAUSES, refuse_unknown
from iot_assets.alerts.store import Store
from iot_assets.alerts.turn import turn
from iot_assets.errors import SettingsError
from iot_assets.sections.alerts import Alerts, Channel, Quiet
from iot_assets.settings import Settings
from iot_assets_tests.alerts.conftest import settings_in

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
NORTH = Finding("device_offline", "40 devices of site north are offline.", "north", ("d1", "d2"), 40)
LANDER = Finding("lander_down", "Lander x does not run.")


def channel(name: str, **other: Any) -> Channel:
    return Channel.model_validate({"name": name, "kind": "webhook", "url": "http://127.0.0.1:1/"} | other)


def waiting(store: Store, name: str) -> list[tuple[str, str]]:
    """Kind and cause of what waits for a channel, in the order in which it will be sent, whenever that is."""
    found = []
    far = NOON + timedelta(days=30)
    while (notice := outbox.due(store, name, far)) is not None:
        found.append((str(notice.kind), notice.body["cause"]))
        outbox.sent(store, notice, far)
    return found


def taken(store: Store, name: str, now: datetime) -> Notice:
    notice = outbox.due(store, name, now)
    assert notice is not None
    outbox.sent(store, notice, now)
    return notice


def test_one_alert_names_the_group_the_number_and_the_first_ten(store: Store, tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    south = replace(NORTH, about="south", count=1, items=("s1",))
    turn(store, {"device_offline": [NORTH, south]}, settings, NOON)
    assert sorted(store.alive()) == [("device_offline", "north"), ("device_offline", "south")]
    notice = taken(store, "log", NOON)
    assert (notice.body["about"], notice.body["count"], notice.body["items"]) == ("north", 40, ["d1", "d2"])


def test_a_cause_that_could_not_be_looked_at_stays_as_it_is(store: Store, tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    turn(store, {"device_offline": [NORTH]}, settings, NOON)
    turn(store, {}, settings, NOON + timedelta(hours=1))
    assert [a.state for a in store.alive().values()] == [State.OPEN]
    turn(store, {"device_offline": []}, settings, NOON + timedelta(hours=2))
    assert store.alive() == {}
    assert waiting(store, "log") == [("raised", "device_offline"), ("resolved", "device_offline")]


def test_a_cause_that_is_ignored_is_over(store: Store, tmp_path: Path) -> None:
    turn(store, {"device_offline": [NORTH]}, settings_in(tmp_path), NOON)
    turn(store, {"device_offline": [NORTH]}, settings_in(tmp_path, ignore=("device_offline",)), NOON)
    assert store.alive() == {}


def test_a_channel_is_told_what_is_bad_enough_for_it_and_the_end_of_just_that(store: Store, tmp_path: Path) -> None:
    settings = settings_in(tmp_path, channel("pager", minimum="critical"), channel("chat"))
    turn(store, {"device_offline": [NORTH], "lander_down": [LANDER]}, settings, NOON)
    turn(store, {"device_offline": [], "lander_down": []}, settings, NOON)
    assert waiting(store, "pager") == [("raised", "lander_down"), ("resolved", "lander_down")]
    assert len(waiting(store, "chat")) == len(waiting(store, "log")) == 4


def test_the_worst_is_told_first(store: Store, tmp_path: Path) -> None:
    late = replace(NORTH, cause="device_late")
    turn(
        store, {"device_late": [late], "device_offline": [NORTH], "lander_down": [LANDER]}, settings_in(tmp_path), NOON
    )
    assert [cause for _, cause in waiting(store, "log")] == ["lander_down", "device_offline", "device_late"]


def test_after_its_end_the_same_is_not_told_again_within_the_cool_down(store: Store, tmp_path: Path) -> None:
    settings = settings_in(tmp_path, cooldown_minutes=30)
    for minute in range(28):
        seen = {"device_offline": [NORTH] if minute % 2 == 0 else []}
        turn(store, seen, settings, NOON + timedelta(minutes=minute))
    assert waiting(store, "log") == [("raised", "device_offline"), ("resolved", "device_offline")]
    turn(store, {"device_offline": [NORTH]}, settings, NOON + timedelta(minutes=31))
    assert waiting(store, "log") == [("raised", "device_offline")]


NIGHT = Quiet(begin="22:00", end="06:00")
MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC)
MORNING = datetime(2026, 11, 22, 6, tzinfo=UTC)


def test_in_quiet_hours_what_is_not_critical_waits_until_they_end(store: Store, tmp_path: Path) -> None:
    settings = settings_in(tmp_path, channel("chat"), channel("night", quiet_hours=False), quiet=NIGHT)
    turn(store, {"device_offline": [NORTH], "lander_down": [LANDER]}, settings, MIDNIGHT)
    assert taken(store, "chat", MIDNIGHT).body["cause"] == "lander_down"
    assert outbox.due(store, "chat", MORNING - timedelta(seconds=1)) is None
    assert taken(store, "chat", MORNING).body["cause"] == "device_offline"
    assert len(waiting(store, "night")) == len(waiting(store, "log")) == 2


def test_what_came_and_went_in_quiet_hours_is_told_in_one_notice(store: Store, tmp_path: Path) -> None:
    settings = settings_in(tmp_path, channel("chat"), quiet=NIGHT)
    turn(store, {"device_offline": [NORTH]}, settings, MIDNIGHT)
    turn(store, {"device_offline": []}, settings, MIDNIGHT + timedelta(hours=1))
    assert outbox.due(store, "chat", MIDNIGHT + timedelta(hours=2)) is None
    assert waiting(store, "chat") == [("passed", "device_offline")]


def test_what_becomes_critical_in_quiet_hours_is_told_at_once_and_not_once_more_in_the_morning(
    store: Store, tmp_path: Path
) -> None:
    settings = settings_in(tmp_path, channel("chat"), quiet=NIGHT)
    turn(store, {"device_offline": [NORTH]}, settings, MIDNIGHT)
    turn(store, {"device_offline": [replace(NORTH, severity="critical")]}, settings, MIDNIGHT)
    notice = taken(store, "chat", MIDNIGHT)
    assert (notice.kind, notice.severity) == (Kind.RAISED, "critical")
    assert waiting(store, "chat") == []


def test_what_is_told_of_one_alert_is_told_in_its_order_though_it_became_worse(store: Store, tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    for severity in ("info", "critical"):
        found = replace(NORTH, severity=severity)
        turn(store, {"device_offline": [found]}, settings, NOON)
    turn(store, {"device_offline": []}, settings, NOON)
    assert [kind for kind, _ in waiting(store, "log")] == ["raised", "grew", "resolved"]


def test_a_channel_that_is_down_is_told_by_the_others(store: Store, tmp_path: Path) -> None:
    settings = settings_in(tmp_path, channel("chat"), channel("pager"))
    turn(store, {"channel_down": [Finding("channel_down", "It is.", about="chat")]}, settings, NOON)
    assert waiting(store, "chat") == []
    assert waiting(store, "pager") == waiting(store, "log") == [("raised", "channel_down")]


def test_a_failing_channel_is_tried_ever_more_seldom_and_at_once_when_it_is_back(store: Store, tmp_path: Path) -> None:
    settings = settings_in(tmp_path, retry_max_seconds=600)
    turn(store, {"lander_down": [LANDER], "device_offline": [NORTH]}, settings, NOON)
    now, pauses = NOON, []
    for _ in range(12):
        notice = outbox.due(store, "log", now)
        assert notice is not None
        pauses.append(outbox.failed(store, notice, "it answered 500", now, settings.alerts).total_seconds())
        assert outbox.due(store, "log", now) is None
        now += timedelta(seconds=pauses[-1])
    bounds = [min(600, 5 * 2.0**n) for n in range(12)]
    assert all(bound / 2 <= pause <= bound for pause, bound in zip(pauses, bounds, strict=True))
    state = outbox.state_of(store, "log")
    assert (state.failures, state.failing_since_at, state.problem) == (12, NOON, "it answered 500")
    assert taken(store, "log", now).attempts == 12
    assert outbox.state_of(store, "log").failing_since_at is None
    assert taken(store, "log", now).body["cause"] == "device_offline"


def test_a_queue_is_bounded_and_what_is_dropped_is_counted(store: Store) -> None:
    alerts = Alerts(channel_backlog=10, give_up_hours=2)
    for n in range(15):
        severity = "critical" if n < 3 else "info"
        at = NOON + timedelta(minutes=n)
        outbox.enqueue(store, "log", Kind.TEST, severity=severity, body={"cause": str(n)}, now=at)  # type: ignore[arg-type]
    assert outbox.trim(store, "log", alerts, NOON + timedelta(minutes=20)) == 5
    assert outbox.state_of(store, "log").dropped == 5
    left = [cause for _, cause in waiting(store, "log")]
    assert left == ["0", "1", "2", *(str(n) for n in range(8, 15))]


def test_what_is_too_old_to_be_news_is_dropped(store: Store) -> None:
    outbox.enqueue(store, "log", Kind.TEST, severity="critical", body={}, now=NOON)
    assert outbox.trim(store, "log", Alerts(give_up_hours=2), NOON + timedelta(hours=2)) == 0
    assert outbox.trim(store, "log", Alerts(give_up_hours=2), NOON + timedelta(hours=2, seconds=1)) == 1


def test_a_channel_that_there_is_no_longer_is_told_nothing_more(store: Store, tmp_path: Path) -> None:
    turn(store, {"lander_down": [LANDER]}, settings_in(tmp_path, channel("chat")), NOON)
    outbox.abandon(store, ["log"], NOON)
    turn(store, {"lander_down": []}, settings_in(tmp_path), NOON)
    assert waiting(store, "chat") == []
    assert len(waiting(store, "log")) == 2


def test_an_acknowledgement_outlives_the_process_and_ends_with_the_alert(store: Store, tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    turn(store, {"device_offline": [NORTH]}, settings, NOON)
    (alert,) = store.alive().values()
    assert store.acknowledge("no-such", by="ann", note=None, now=NOON) is None
    assert store.acknowledge(alert.alert_id[:5], by="ann", note="on my way", now=NOON) is not None
    turn(store, {"device_offline": [NORTH]}, settings, NOON + timedelta(days=1))
    assert waiting(store, "log") == [("raised", "device_offline")]
    again = Store(settings.data_dir / "alerts.sqlite")
    (kept,) = again.alive().values()
    again.close()
    assert (kept.acknowledged_by, kept.note) == ("ann", "on my way")


def test_what_is_over_is_forgotten_after_its_days_and_what_is_open_never(store: Store, tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    turn(store, {"device_offline": [NORTH], "lander_down": [LANDER]}, settings, NOON)
    turn(store, {"device_offline": []}, settings, NOON)
    waiting(store, "log")
    store.prune(keep=timedelta(days=90), now=NOON + timedelta(days=89))
    assert len(store.history(9)) == 2
    store.prune(keep=timedelta(days=90), now=NOON + timedelta(days=91))
    assert [a.cause for a in store.history(9)] == ["lander_down"]
    turn(store, {"lander_down": []}, settings, NOON + timedelta(days=92))
    assert taken(store, "log", NOON + timedelta(days=92)).kind is Kind.RESOLVED


@pytest.mark.parametrize("wrong", [{"ignore": ("device_ofline",)}, {"severities": {"device_ofline": "info"}}])
def test_a_cause_that_is_none_is_refused_with_the_one_that_was_meant(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="did you mean 'device_offline'"):
        refuse_unknown(Alerts(**wrong))


def test_every_cause_can_be_found_by_some_look() -> None:
    looks = Path(__file__).parents[2] / "iot_assets" / "alerts" / "looks"
    code = "".join(file.read_text(encoding="utf-8") for file in looks.glob("*.py"))
    assert [cause for cause in CAUSES if f'"{cause}"' not in code] == []


def test_a_settings_tree_without_channels_is_valid() -> None:
    assert Settings().alerts.channels == ()
