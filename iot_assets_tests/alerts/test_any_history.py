"""Whatever comes and goes, and however channels fail meanwhile: nobody misses anything, nobody is told it twice."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from iot_assets.alerts import outbox
from iot_assets.alerts.alert import Finding
from iot_assets.alerts.store import Store
from iot_assets.alerts.turn import turn
from iot_assets.sections.alerts import Channel, Quiet
from iot_assets_tests.alerts.conftest import settings_in

T0 = datetime(2026, 11, 21, 20, tzinfo=UTC)
SITES = ("north", "south")
CHANNELS = ("log", "chat")

#: Minutes that pass; the sites whose devices are offline then (None: it cannot be seen); channels that take nothing;
#: whether the watcher is killed and started again after that.
STEPS = st.lists(
    st.tuples(
        st.integers(1, 180),
        st.none() | st.sets(st.sampled_from(SITES)),
        st.sets(st.sampled_from(CHANNELS)),
        st.booleans(),
    ),
    max_size=25,
)


def told_of(store: Store, channel: str, now: datetime, *, works: bool) -> list[tuple[str, str]]:
    """What the channel is told now: alert and kind; nothing is taken where it does not work."""
    told = []
    while (notice := outbox.due(store, channel, now)) is not None:
        if not works:
            outbox.failed(store, notice, "away", now, settings_in(Path()).alerts)
            break
        told.append((notice.body["alert_id"], str(notice.kind)))
        outbox.sent(store, notice, now)
    return told


@settings(max_examples=60)
@given(STEPS)
def test_each_alert_is_told_from_its_beginning_to_its_end_and_each_of_it_once(
    steps: list[tuple[int, set[str] | None, set[str], bool]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        chat = Channel.model_validate({"name": "chat", "kind": "webhook", "url": "http://127.0.0.1:1/"})
        night = Quiet(begin="22:00", end="06:00")
        given_settings = settings_in(Path(folder), chat, quiet=night, for_seconds=300, reminder_hours=0)
        store, now = Store(Path(folder) / "alerts.sqlite"), T0
        told: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for minutes, offline, away, killed in steps:
            now += timedelta(minutes=minutes)
            if offline is not None:
                found = [Finding("device_offline", f"{site} is offline.", site) for site in sorted(offline)]
                turn(store, {"device_offline": found}, given_settings, now)
            for channel in CHANNELS:
                told[channel] += told_of(store, channel, now, works=channel not in away)
            if killed:
                store.close()
                store = Store(Path(folder) / "alerts.sqlite")
        for hours in (1, 2):  # and in the end all of it is over
            turn(store, {"device_offline": []}, given_settings, now + timedelta(hours=hours))
        for channel in CHANNELS:
            told[channel] += told_of(store, channel, now + timedelta(days=2), works=True)
        raised = {alert.alert_id for alert in store.history(1000)}
        store.close()
    for channel in CHANNELS:
        lives: dict[str, list[str]] = defaultdict(list)
        for alert_id, kind in told[channel]:
            lives[alert_id].append(kind)
        assert set(lives) == raised
        assert all(kinds in (["raised", "resolved"], ["passed"]) for kinds in lives.values())
    assert all(kind != "passed" for _, kind in told["log"])
