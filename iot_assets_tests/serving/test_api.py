"""The REST API: a real server over HTTP, on what was really published."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import polars as pl
import pyarrow as pa
import pytest

from iot_assets.sections.quality import Quality
from iot_assets.serving.api.app import keys_file
from iot_assets.serving.api.keys import Keys
from iot_assets.warehouse import quality
from iot_assets.warehouse.export import export
from iot_assets_tests.house import House, house_in
from iot_assets_tests.lake_builder import LakeBuilder, Message, at, said
from iot_assets_tests.serving.served import Served, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

LINES = b"1649941817 Voltage 1.34\n1649941818 Voltage 1.35\n1649941817 Current 12.0\n1649941818 Current 14.0\n"


#: All of the day on which the tests' readings are.
DAY = "/data?from=2025-11-12&to=2025-11-12"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    house = house_in(tmp_path_factory.mktemp("served"))
    LakeBuilder(house.paths).land(
        said("a", 0, t=1.5, h=40), said("a", 60, t=2.5), said("b", 0, t=7, name="on"), said("o'brien", 3600, t=-1),
        Message(received_at=at(30), topic="/data", payload=LINES, source="http"),
        Message(received_at=at(10), topic="nowhere/known", payload=b"\xff"),
    )  # fmt: skip
    house.run()
    house.publish()
    running = serve(house)
    yield running
    running.close()


def test_the_plainest_question_gives_names_times_and_values_in_order(served: Served) -> None:
    answer = served.get("/data?from=2022-04-14&to=2022-04-15")
    first, *measured = answer.json()
    assert (first["name"], first["time"], round(first["value"], 9)) == ("Power", "2022-04-14T00:00:00.000Z", 17.485)
    assert measured == [
        {"name": "Current", "time": "2022-04-14T13:10:17.000Z", "value": 12.0},
        {"name": "Voltage", "time": "2022-04-14T13:10:17.000Z", "value": 1.34},
        {"name": "Current", "time": "2022-04-14T13:10:18.000Z", "value": 14.0},
        {"name": "Voltage", "time": "2022-04-14T13:10:18.000Z", "value": 1.35},
    ]


@pytest.mark.parametrize(
    ("first", "to", "count"),
    [
        ("2022-04-14T13:10:17Z", "2022-04-14T13:10:18Z", 2),
        ("2022-04-14T13:10:17", "2022-04-14T13:10:18.000001", 4),
        ("2022-04-14T13:10:17.000001Z", "2022-04-15", 2),
        ("2022-04-14T15:10:18%2B02:00", "2022-04-14T13:10:19Z", 2),
        ("2022-04-15", "2022-04-16", 0),
    ],
)
def test_days_are_whole_and_instants_exact_with_the_end_excluded(
    served: Served, first: str, to: str, count: int
) -> None:
    found = served.get(f"/data?from={first}&to={to}").json()
    assert len([one for one in found if one["time"][11:19] != "00:00:00"]) == count


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("/data?from=yesterday&to=2022-04-15", "from='yesterday' is no time"),
        ("/data?from=2022-04-31&to=2022-05-01", "is no time"),
        ("/data?from=2022-04-14", "say from when and to when"),
        ("/data?from=2022-04-15&to=2022-04-13", "ends before it begins"),
        ("/latest?format=xls", "format='xls' is none of json, csv"),
        ("/latest?limit=0", "limit=0 is not between 1 and 100000"),
        ("/latest?limit=many", "limit"),
        ("/latest?cursor=abc", "is none that was given here"),
        ("/readings?resolution=2h", "resolution='2h' is none of auto, raw, 1min"),
        ("/readings?resolution=1h&aggregate=median", "aggregate='median' is none of mean"),
        ("/rollups?resolution=raw", "resolution='raw' is none of 1min"),
    ],
)
def test_a_wrong_question_is_answered_with_a_sentence(served: Served, path: str, complaint: str) -> None:
    answer = served.get(path)
    assert answer.status_code == 400
    assert answer.json()["success"] is False
    assert complaint in answer.json()["error"]


def test_devices_are_found_by_part_of_a_name_also_where_it_holds_a_quote(served: Served) -> None:
    assert [one["device_id"] for one in served.items("/devices?search=BRIEN")] == ["o'brien"]
    found = served.get("/devices/o'brien").json()
    assert (found["metrics"], found["latest"][0]["value"]) == (["t"], -1.0)
    missing = served.get("/devices/nobody")
    assert (missing.status_code, "there is no device 'nobody'" in missing.text) == (404, True)


def test_readings_come_raw_or_as_a_figure_of_each_bucket(served: Served) -> None:
    raw = served.items("/readings?device=a&metric=t")
    assert [(one["event_at"], one["value"]) for one in raw] == [
        ("2025-11-12T12:00:00.000000Z", 1.5), ("2025-11-12T12:01:00.000000Z", 2.5),
    ]  # fmt: skip
    assert [one["value"] for one in served.items("/readings?device=a&metric=t&resolution=1h")] == [2.0]
    assert [one["value"] for one in served.items("/readings?device=a&metric=t&resolution=1d&aggregate=max")] == [2.5]
    narrow = "/readings?device=a&metric=t&from=2025-11-12&to=2025-11-12&resolution=auto"
    assert [one["bucket_at"][11:16] for one in served.items(narrow)] == ["12:00", "12:01"]
    (hour,) = served.items("/rollups?device=a&metric=h")
    assert (hour["n"], hour["mean"], hour["sum"]) == (1, 40.0, 40.0)


def test_pages_follow_one_another_and_hold_each_row_once(served: Served) -> None:
    whole = served.items("/readings")
    pages, path = [], "/readings?limit=2"
    while path:
        answer = served.get(path)
        assert answer.status_code == 200, answer.text
        pages += answer.json()["items"]
        assert (answer.json()["next"] is None) == ("next" not in answer.links)
        path = answer.links.get("next", {}).get("url", "")
    assert pages == whole
    assert len(pages) == 10


def test_every_format_says_the_same(served: Served) -> None:
    rows = served.items("/latest")
    assert [json.loads(line) for line in served.get("/latest?format=ndjson").text.splitlines()] == rows
    arrow = pa.ipc.open_stream(served.get("/latest", accept="application/vnd.apache.arrow.stream").content).read_all()
    parquet = pl.read_parquet(io.BytesIO(served.get("/latest?format=parquet").content))
    csv = pl.read_csv(io.BytesIO(served.get("/latest", accept="text/csv, */*").content))
    for frame in (pl.DataFrame(arrow.select(["device_id", "metric", "value"])), parquet, csv):
        found = frame.select("device_id", "metric", "value").rows()
        assert found == [(one["device_id"], one["metric"], one["value"]) for one in rows]
    assert csv["event_at"][0] == rows[0]["event_at"]
    nothing = served.get("/latest?device=nobody&format=csv").text
    assert nothing.startswith("device_id,metric,event_at") or '"device_id"' in nothing


def test_rejects_come_newest_first_with_their_bytes(served: Served) -> None:
    (reject,) = served.items("/rejects?topic=nowhere/*")
    assert (reject["reason"], reject["payload"]) == ("no_route", "/w==")


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    house = house_in(tmp_path_factory.mktemp("judged"))
    # Each minute of two hours, ten of which lack.
    spoken = [said("a", 60 * n, received=60 * n + 1, t=n) for n in range(120) if not 30 <= n < 40]
    LakeBuilder(house.paths).land(*spoken, said("a", 0, received=8000, t=0))
    house.run()
    with house.open() as connection:
        quality.update(connection, Quality(lag_minutes=0), at(8000), run_id="a-test")
    house.publish()
    running = serve(house)
    yield running
    running.close()


def test_quality_is_told_by_day_by_hour_and_with_reasons(judged: Served) -> None:
    scores = judged.items("/quality?scope=device&name=a")
    assert [(one["day"], one["scope"], one["name"], one["received"]) for one in scores] == [
        ("2025-11-12", "device", "a", 110)
    ]
    assert 0 < scores[0]["score"] < 100
    assert {one["scope"] for one in judged.items("/quality")} >= {"fleet", "device"}
    assert judged.items("/quality?from=2025-11-13") == []
    hours = judged.items("/quality/hours?device=a&metric=t&from=2025-11-12&to=2025-11-12")
    assert [(one["hour_at"][11:13], one["received"]) for one in hours if one["received"]] == [("12", 50), ("13", 60)]
    reasons = judged.get("/quality/reasons?device=a&day=2025-11-12").json()
    assert {"missing", "duplicates"} <= {one["what"] for one in reasons}
    wrong = judged.get("/quality?scope=planet")
    assert (wrong.status_code, "none of fleet" in wrong.text) == (400, True)
    pages, path = [], "/quality?limit=1"
    while path:
        answer = judged.get(path)
        assert answer.status_code == 200, answer.text
        pages += answer.json()["items"]
        path = answer.links.get("next", {}).get("url", "")
    assert pages == judged.items("/quality")


def test_what_one_has_already_is_not_sent_again_until_something_is_published(served: Served) -> None:
    tag = served.get("/latest").headers["etag"]
    assert served.get("/latest", **{"if-none-match": tag}).status_code == 304
    assert served.get("/latest?limit=1", **{"if-none-match": tag}).status_code == 200
    assert served.get("/latest?format=csv", **{"if-none-match": tag}).status_code == 200


def test_a_new_publication_is_seen_by_the_next_question(house: House) -> None:
    lake = LakeBuilder(house.paths)
    lake.land(said("a", 0, t=1))
    house.run()
    house.publish()
    running = serve(house)
    try:
        before = running.get("/latest")
        lake.land(said("a", 60, t=2))
        house.run()
        house.publish()
        after = running.get("/latest", **{"if-none-match": before.headers["etag"]})
        assert [answer.json()["items"][0]["value"] for answer in (before, after)] == [1.0, 2.0]
    finally:
        running.close()


def test_before_the_first_publication_the_answer_is_to_come_again(house: House) -> None:
    running = serve(house)
    try:
        answer = running.get("/latest")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
        assert "appears with the first publication" in answer.json()["error"]
        assert running.get("/health").status_code == 503
        assert "appears with" in running.get("/status").json()["problems"][0]
    finally:
        running.close()


def test_large_answers_are_compressed_and_every_answer_has_an_id(served: Served) -> None:
    answer = served.get("/readings")
    assert answer.headers["content-encoding"] == "gzip"
    assert len(answer.headers["x-request-id"]) == 16
    assert served.get("/nothing").json()["error"] == "there is nothing at /nothing; /docs shows what there is"


def test_state_is_told_to_people_and_to_prometheus(served: Served) -> None:
    told = served.get("/status").json()
    assert (told["devices"], told["messages"], told["rejects"]) == (4, 6, 1)
    assert told["ok"], told
    assert served.get("/health").json() == {"success": True, "problems": []}
    metrics = served.get("/metrics").text
    for line in (
        "iot_assets_numeric_readings 9.0", "iot_assets_ok 1.0", "iot_assets_waiting_files 0.0",
        'iot_assets_http_requests_total{address="/status",method="GET",status="200"}', "iot_assets_live_messages 0.0",
    ):  # fmt: skip
        assert line in metrics


def test_what_waits_for_too_long_is_told_with_since_when(house: House) -> None:
    lake = LakeBuilder(house.paths)
    lake.land(said("a", 0, t=0))
    house.run()
    house.publish()
    running = serve(house)
    try:
        assert running.get("/health").status_code == 200
        file = lake.land(said("a", 1, t=1)).path
        assert running.get("/health").status_code == 200
        os.utime(file, (0, 0))
        answer = running.get("/health")
        assert (answer.status_code, "what has landed since 1970-01-01" in answer.text) == (503, True)
        assert running.get("/status").json()["waiting_files"] == 1
        house.run()
        house.publish()
        assert running.get("/health").status_code == 200
    finally:
        running.close()


def test_the_page_and_the_description_name_every_address(served: Served) -> None:
    assert served.get("/docs").status_code == 200
    paths = served.get("/openapi.json").json()["paths"]
    assert {
        "/data",
        "/devices",
        "/latest",
        "/readings",
        "/rollups",
        "/rejects",
        "/status",
        "/health",
        "/sql",
        "/quality",
        "/pipeline/messages",
        "/pipeline/files",
        "/pipeline/runs",
    } <= set(paths)
    assert set(paths["/data"]) == {"get", "post"}


def test_beyond_loopback_nobody_asks_without_a_key_and_a_key_is_for_its_scopes_only(house: House) -> None:
    keys = Keys(keys_file(house.settings))
    reader, asker = keys.make("reader", ("read",)), keys.make("asker", ("sql",))
    running = serve(house, require_keys=True)
    try:
        assert running.get("/latest").status_code == 401
        assert running.get("/latest", authorization="Bearer iot_wrong").status_code == 401
        assert running.get("/latest", authorization=f"Bearer {asker}").status_code == 403
        assert running.get("/latest", authorization=f"Bearer {reader}").status_code == 503, "let in; nothing published"
        assert running.get("/latest", **{"x-api-key": reader}).status_code == 503
        keys.revoke("reader")
        assert running.get("/latest", authorization=f"Bearer {reader}").status_code == 401
        assert reader not in keys_file(house.settings).read_text()
        assert keys_file(house.settings).stat().st_mode & 0o077 == 0
    finally:
        running.close()


def test_who_asks_too_often_is_told_when_to_come_again(house: House) -> None:
    running = serve(house, requests_per_minute=3)
    try:
        codes = [running.get("/status").status_code for _ in range(5)]
        assert codes == [200, 200, 200, 429, 429]
        assert 1 <= int(running.get("/status").headers["retry-after"]) <= 20
    finally:
        running.close()


def test_what_is_sent_while_no_lander_listens_is_refused_and_may_be_sent_again(house: House, free_port: int) -> None:
    settings = house.settings
    http = settings.http.model_copy(update={"port": free_port})
    running = Served(House(settings.model_copy(update={"http": http})))
    try:
        answer = running.client.post("/data", content=LINES, headers={"content-type": "text/plain"})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert "does not answer" in answer.json()["error"]
    finally:
        running.close()


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        port: int = one.getsockname()[1]
        return port


def test_many_ask_while_publications_go_on_and_nobody_meets_an_error(house: House) -> None:
    lake = LakeBuilder(house.paths)
    lake.land(said("a", 0, t=0))
    house.run()
    house.publish()
    running = serve(house)
    faults: list[str] = []
    over = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=running.address, timeout=30) as client:
            while not over.is_set():
                for path in (
                    "/latest",
                    "/readings",
                    "/rollups?format=parquet",
                    "/status",
                    "/data?from=2025-11-12&to=2025-11-12",
                ):
                    answer = client.get(path)
                    if answer.status_code != 200:
                        faults.append(f"{path}: {answer.status_code} {answer.text}")

    askers = [threading.Thread(target=ask) for _ in range(6)]
    try:
        for asker in askers:
            asker.start()
        for number in range(1, 8):
            lake.land(said("a", number, t=number))
            house.run()
            house.publish()
            time.sleep(0.1)
    finally:
        over.set()
        for asker in askers:
            asker.join()
        found = running.items("/readings")
        running.close()
    assert faults == []
    assert [one["value"] for one in found] == [float(n) for n in range(8)]


#: What somebody with bad intentions may try: files, the network, settings, other databases, changes, too much of it.
HOSTILE = (
    "select * from read_text('/etc/passwd')", "select * from read_csv('/etc/passwd')", "from '/etc/passwd'",
    "select * from read_blob('/etc/shadow')", "select * from read_json_auto('/etc/os-release')",
    "select * from read_parquet('http://127.0.0.1/x.parquet')", "select * from glob('/etc/*')",
    "select * from parquet_metadata('/etc/passwd')", "select * from sniff_csv('/etc/passwd')",
    "copy gold.latest to '/tmp/stolen.csv'", "copy (select 1) to 'stolen.parquet'", "export database '/tmp/stolen'",
    "import database '/tmp/stolen'", "attach '/tmp/other.duckdb'", "attach ':memory:' as other", "detach serving",
    "install httpfs", "load httpfs", "install spatial from community", "pragma database_list; select 1",
    "pragma enable_profiling", "set memory_limit = '100GB'", "set threads = 64", "reset memory_limit",
    "set enable_external_access = true", "set lock_configuration = false", "call pragma_version()",
    "delete from gold.latest", "insert into gold.latest select * from gold.latest", "update gold.latest set value = 0",
    "drop table gold.latest", "create table stolen as select 1", "create macro f(x) as x",
    "alter table gold.latest add column x int",
    "select 1; select 2", "select 1; drop table gold.latest", "begin transaction", "checkpoint", "vacuum", "use memory",
    "select 1) union all (select 2", "select count(*) from range(100000) a, range(100000) b, range(100000) c",
    "with recursive r(n) as (select 1 union all select n + 1 from r) select count(*) from r",
    "select list(a.range) from range(30000) a, range(30000) b", "select repeat('x', 2000000000)",
    "select length(repeat('x', 2000000000))", "select length(lpad('x', 2000000000, 'y'))",
    "select rpad('', 2000000000, 'z')",
    "select length(repeat(repeat('x', 100000), 100000))", "select list_aggregate(range(2000000000), 'sum')",
    "select len(generate_series(1, 3000000000))", "select string_agg(repeat('x', 1000000)) from range(10000)",
    "select count(*) from (select unnest(range(1, 1000000000)) union select unnest(range(2, 1000000001)))",
    "with recursive r(t) as (select 'x' union all select t || t from r) select max(length(t)) from r",
    "select list_reduce(list_transform(range(1000000), lambda x: repeat('x', 10000)), lambda a, b: a || b)",
    "select " + "+".join("1" * 200000),
    "select getenv('HOME')", "prepare q as select 1", "execute q",
    "select * from duckdb_secrets(), read_text('/etc/passwd')",
)  # fmt: skip


@pytest.fixture(scope="module")
def bounded(served: Served) -> Iterator[Served]:
    sql = served.house.settings.server.sql.model_copy(update={"seconds": 1.0, "rows": 5, "memory_limit": "100MB"})
    running = serve(served.house, sql=sql)
    yield running
    running.close()


def ask_sql(running: Served, sql: str, form: str = "json") -> httpx.Response:
    return running.client.post(f"/sql?format={form}", content=sql, headers={"content-type": "text/plain"})


@pytest.mark.parametrize("sql", HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_hostile_is_refused_or_stopped_and_leaves_everything_as_it_was(bounded: Served, sql: str) -> None:
    before = bounded.house.paths.serving.read_bytes()
    answer = ask_sql(bounded, sql)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]
    assert bounded.house.paths.serving.read_bytes() == before
    assert ask_sql(bounded, "select 1 as one").json() == [{"one": 1}]


@pytest.mark.skipif(sys.platform != "linux", reason="only there the operating system keeps such a bound")
def test_a_query_that_wants_all_memory_gets_no_more_than_its_process_may_have(bounded: Served) -> None:
    limits = bounded.house.settings.server.sql.model_dump(mode="json") | {"memory_limit": "100MB", "seconds": 60}
    bounds = json.dumps(limits | {"serving": str(bounded.house.paths.serving)})
    greedy = json.dumps({"sql": "select length(repeat('x', 4000000000))", "format": "json"}).encode() + b"\n"
    command = [sys.executable, "-m", "iot_assets.serving.api.sql_child", bounds]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(greedy)
        child.stdin.close()
        assert "memory" in json.loads(child.stdout.read().splitlines()[-1])["error"]
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    assert usage.ru_maxrss < 1 << 20  # kilobytes


def test_a_query_is_answered_in_any_format_up_to_the_bound_of_rows(bounded: Served) -> None:
    sql = "select device_id, value from gold.latest where metric = 't' order by device_id -- a comment"
    answer = ask_sql(bounded, sql)
    assert answer.json()[0] == {"device_id": "a", "value": 2.5}
    assert answer.headers["x-truncated"] == "false"
    assert ask_sql(bounded, sql, "csv").text.splitlines()[1] in {"a,2.5", '"a",2.5'}
    many = ask_sql(bounded, "from range(100)")
    assert (len(many.json()), many.headers["x-truncated"]) == (5, "true")
    assert ask_sql(bounded, "show tables").status_code == 200
    assert ask_sql(bounded, "from silver.readings limit 1").status_code == 200


def test_sql_reads_closed_days_in_the_lake_and_nothing_beside_them(house: House) -> None:
    LakeBuilder(house.paths).land(said("a", -86400 * 30, t=1.5), said("a", 0, t=2))
    house.run()
    with house.open() as connection:
        export(connection, closed_after=timedelta(0), hot_days=2, grace=timedelta(0))
    house.publish(whole_rows=0)
    running = serve(house)
    try:
        assert len(ask_sql(running, "select value from silver.readings").json()) == 2
        landed = next(house.paths.lake.glob("landed/**/*.parquet"))
        refused = ask_sql(running, f"from read_parquet('{landed}')")
        assert (refused.status_code, "Permission" in refused.text) == (400, True)
    finally:
        running.close()
