"""Dagster's storage with files that stay open: what it keeps is what Dagster's own keeps, for whoever looks."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from iot_assets.dagster_storage import EventLog
from iot_assets_tests.waiting import eventually

ROOT = Path(__file__).parents[1]


@dg.asset
def told(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    context.log.info("on its way")
    return dg.MaterializeResult(metadata={"rows": 3})


def instance_in(home: Path, storage: str | None = None) -> dg.DagsterInstance:
    """An instance with the project's settings, or with the storage put in another's place."""
    settings = (ROOT / "dagster.yaml").read_text(encoding="utf-8").replace("data/dagster", str(home / "storage"))
    if storage is not None:
        before, _, rest = settings.partition("storage:\n")
        settings = before + storage + rest.partition("\n\n")[2]
    home.mkdir(exist_ok=True)
    (home / "dagster.yaml").write_text(settings, encoding="utf-8")
    return dg.DagsterInstance.from_config(str(home))


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with instance_in(tmp_path) as made:
        yield made


def run(instance: dg.DagsterInstance) -> str:
    """Materialize; the run's id."""
    return dg.materialize([told], instance=instance).run_id


def events(instance: dg.DagsterInstance, run_id: str) -> list[tuple[float, str, str | None]]:
    """All that is recorded of a run, in order: when, what, of which step."""
    return [(entry.timestamp, entry.message, entry.step_key) for entry in instance.all_logs(run_id)]


def opened(folder: Path) -> list[str]:
    """Names of the databases below a folder that this process has open, one each time."""
    targets = [link.readlink() for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return [target.name for target in targets if folder in target.parents and target.suffix == ".db"]


def test_the_projects_instance_has_this_storage(instance: dg.DagsterInstance) -> None:
    assert isinstance(instance.event_log_storage, EventLog)


def test_what_it_has_recorded_dagsters_own_storage_reads_and_goes_on_with(tmp_path: Path) -> None:
    with instance_in(tmp_path) as ours:
        first = run(ours)
        recorded = events(ours, first)
    with instance_in(tmp_path, f"storage: {{sqlite: {{base_dir: {tmp_path / 'storage'}}}}}\n\n") as theirs:
        assert not isinstance(theirs.event_log_storage, EventLog)
        assert events(theirs, first) == recorded
        second = run(theirs)
    with instance_in(tmp_path) as ours:
        newest = ours.get_latest_materialization_event(told.key)
        assert newest is not None
        assert newest.run_id == second
        assert len(recorded) > 10


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc: tells open files of this process")
def test_between_events_the_index_alone_is_open_and_a_closed_instance_holds_nothing(tmp_path: Path) -> None:
    with instance_in(tmp_path) as instance:
        for _ in range(12):
            run(instance)
        assert set(opened(tmp_path)) == {"index.db"}
    assert opened(tmp_path) == []


def test_whoever_watches_a_run_sees_its_events_while_it_goes(instance: dg.DagsterInstance) -> None:
    seen: list[str] = []
    made = instance.create_run_for_job(dg.Definitions(assets=[told]).resolve_implicit_global_asset_job_def())
    instance.report_engine_event("before", made)
    instance.watch_event_logs(made.run_id, None, lambda entry, _cursor: seen.append(entry.message))
    instance.report_engine_event("while", made)
    eventually(lambda: any("while" in message for message in seen))


def test_several_processes_that_write_at_once_wait_for_each_other(tmp_path: Path) -> None:
    writes = """
import sys, dagster as dg
with dg.DagsterInstance.from_config(sys.argv[1]) as instance:
    for _ in range(50):
        instance.report_runless_asset_event(dg.AssetMaterialization("told"))
"""
    with instance_in(tmp_path) as instance:
        run(instance)
        quiet = {**os.environ, "PYTHONWARNINGS": "ignore"}
        command = [sys.executable, "-c", writes, str(tmp_path)]
        writers = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, env=quiet) for _ in range(3)]
        assert [(writer.communicate()[1][-500:], writer.returncode) for writer in writers] == [(b"", 0)] * 3
        found = instance.fetch_materializations(told.key, limit=1000).records
        assert len(found) == 151
