"""How the platform is, for people, for those who watch it, and for Prometheus.

Belongs here: putting together what the published copy and the lander say. Does not: judging data (``checks``, quality).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from starlette.responses import JSONResponse, Response

from iot_assets.lake.paths import DataPaths, list_landed
from iot_assets.landing.status import read_status
from iot_assets.serving.ledger import published_paths
from iot_assets.serving.published import QuestionError
from iot_assets.serving.reads.status import status

if TYPE_CHECKING:
    from iot_assets.serving.api.answers import Answers
    from iot_assets.serving.live.live import Live
    from iot_assets.settings import Settings

_LANDER_SILENT: Final = timedelta(minutes=2)


class State:
    """Looks when it is asked."""

    def __init__(self, settings: Settings, answers: Answers, live: Live) -> None:
        self._settings, self._answers, self._live = settings, answers, live
        self._paths = DataPaths(settings.data_dir)

    def told(self) -> dict[str, Any]:
        """Figures of the published copy, of the lander, and of what lies between; ``problems`` in sentences."""
        problems: list[str] = []
        try:
            (found,) = self._answers.objects(status())
        except QuestionError as error:
            found = {}
            problems.append(str(error))
        waiting = len({file.path for file in list_landed(self._paths)} - published_paths(self._paths))
        lander, complaints = self._lander()
        problems += complaints
        if waiting > self._settings.schedule.backlog_files:
            problems.append(f"{waiting} landed files wait to be processed; is Dagster's daemon running?")
        return {
            "ok": not problems,
            "problems": problems,
            **found,
            "waiting_files": waiting,
            "lander": lander,
            "live": self._live.state(),
        }

    def _lander(self) -> tuple[dict[str, Any] | None, list[str]]:
        told = read_status(self._paths, self._settings.lander.name)
        if told is None:
            return None, []
        problems = [problem for problem in (told.storage_problem, told.broker_problem) if problem]
        if datetime.now(UTC) - told.updated_at > _LANDER_SILENT:
            problems.append(f"the lander has been silent since {told.updated_at.isoformat()}")
        return {
            "updated_at": told.updated_at.isoformat(),
            "connected": told.connected,
            "broker": told.broker,
            "received_messages": told.received_messages,
            "session_lost": told.session_lost,
        }, problems


def watching(state: State) -> APIRouter:
    """The router of /status, /health and /metrics."""
    router = APIRouter(tags=["state"])

    @router.get("/status", summary="As of when the tables are, and how much is in them")
    def get_status() -> Response:
        """Always 200; `problems` says what is wrong."""
        return JSONResponse(state.told())

    @router.get("/health", summary="Whether all is well")
    def get_health() -> Response:
        """200, or 503 with what is wrong."""
        told = state.told()
        body = {"success": told["ok"], "problems": told["problems"]}
        return JSONResponse(body, 200 if told["ok"] else 503)

    @router.get("/metrics", summary="The same for Prometheus")
    def get_metrics() -> Response:
        """Gauges with the prefix iot_assets_."""
        told = state.told()
        registry = CollectorRegistry()
        for name, meaning in _GAUGES.items():
            if (value := told.get(name)) is not None:
                gauge = Gauge(
                    f"iot_assets_{name.removesuffix('_at')}{'_seconds' if name.endswith('_at') else ''}",
                    meaning,
                    registry=registry,
                )
                gauge.set(datetime.fromisoformat(value).timestamp() if isinstance(value, str) else value)
        return Response(generate_latest(registry), media_type="text/plain; version=0.0.4; charset=utf-8")

    return router


_GAUGES: Final = {
    "published_at": "When the tables that are answered from were published, seconds since 1970.",
    "newest_event_at": "Event time of the newest reading, seconds since 1970.",
    "newest_received_at": "Received time of the newest reading, seconds since 1970.",
    "devices": "Devices known.",
    "numeric_readings": "Numeric readings in the tables.",
    "rejects": "Messages that could not be decoded.",
    "messages": "Messages in the books.",
    "waiting_files": "Landed files that are not yet in the tables.",
    "ok": "1 while /health says that all is well.",
}
