"""The graph under snapshot: a change of lineage, checks, jobs or schedules shows as a change of ``graph.json``.

After a wanted change, write it anew and commit it::

    .venv/bin/python -m iot_assets_tests.automation.test_graph
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import dagster as dg

from iot_assets.definitions import build_defs
from iot_assets.settings import Settings

SNAPSHOT: Final = Path(__file__).with_name("graph.json")


def graph() -> dict[str, Any]:
    """What Dagster is told, but for descriptions and columns."""
    with tempfile.TemporaryDirectory() as folder:
        defs = build_defs(Settings(data_dir=Path(folder)))
        repository = defs.get_repository_def()
    assets = repository.asset_graph
    return {
        "assets": {
            key.to_user_string(): {
                "deps": sorted(parent.to_user_string() for parent in assets.get(key).parent_keys),
                "group": assets.get(key).group_name,
                "kinds": sorted(assets.get(key).kinds),
                "owners": list(assets.get(key).owners),
                "pools": sorted(assets.get(key).pools or ()),
            }
            for key in sorted(assets.get_all_asset_keys())
        },
        "checks": {
            key.to_user_string(): "blocking" if assets.get(key).blocking else "warning"
            for key in sorted(assets.asset_check_keys)
        },
        "jobs": {
            job.name: sorted(node.name for node in job.nodes)
            for job in sorted(repository.get_all_jobs(), key=lambda j: j.name)
            if not job.name.startswith("__")
        },
        "schedules": {
            schedule.name: [schedule.job_name, str(schedule.cron_schedule), schedule.default_status.value]
            for schedule in sorted(repository.schedule_defs, key=lambda s: s.name)
        },
        "sensors": {
            sensor.name: [sensor.sensor_type.value, sensor.minimum_interval_seconds, sensor.default_status.value]
            for sensor in sorted(repository.sensor_defs, key=lambda s: s.name)
        },
        "executor": {job.name: job.executor_def.name for job in repository.get_all_jobs()}["minute"],
    }


def text() -> str:
    return json.dumps(graph(), indent=2) + "\n"


def test_the_graph_is_as_it_was_agreed() -> None:
    assert text() == SNAPSHOT.read_text(encoding="utf-8"), "python -m iot_assets_tests.automation.test_graph, if wanted"


def test_every_schedule_and_sensor_runs_without_anyone_switching_it_on() -> None:
    for status in [row[-1] for kind in ("schedules", "sensors") for row in graph()[kind].values()]:
        assert status == dg.DefaultScheduleStatus.RUNNING.value


def test_no_asset_is_partitioned_so_that_all_can_be_materialized_at_once(tmp_path: Path) -> None:
    defs = build_defs(Settings(data_dir=tmp_path))
    assert [s.key for s in defs.resolve_all_asset_specs() if s.partitions_def is not None] == []


def test_every_asset_says_what_it_is_and_whose(tmp_path: Path) -> None:
    for spec in build_defs(Settings(data_dir=tmp_path)).resolve_all_asset_specs():
        assert spec.description, spec.key
        assert spec.owners, spec.key
        assert spec.kinds, spec.key
        assert "dagster/column_schema" in spec.metadata or spec.key == dg.AssetKey("serving"), spec.key


def test_every_check_says_what_it_promises(tmp_path: Path) -> None:
    for check in build_defs(Settings(data_dir=tmp_path)).get_repository_def().asset_graph.asset_check_keys:
        spec = build_defs(Settings(data_dir=tmp_path)).get_repository_def().asset_graph.get_check_spec(check)
        assert spec.description, check


if __name__ == "__main__":
    sys.stdout.write(f"{SNAPSHOT.name} written: {SNAPSHOT.write_text(text(), encoding='utf-8')} characters\n")
