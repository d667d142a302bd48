"""How the platform is, for people, for those who watch it, and for Prometheus.

Belongs here: putting together what the published copy and the lander say. Does not: judging data (``checks``, quality).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from iot_assets.lake.paths import DataPaths
from iot_assets.landing.status import read_status
from iot_assets.serving.published import QuestionError
from iot_assets.serving.reads.fleet_now import TABLES, fleet_now
from iot_assets.serving.reads.status import status
from iot_assets.serving.waiting import WaitingFiles

if TYPE_CHECKING:
    from iot_assets.serving.api.answers import Answers
    from iot_assets.serving.api.metrics import Asked
    from iot_assets.serving.live.live import Live
    from iot_assets.settings import Settings

_LANDER_SILENT: Final = timedelta(minutes=2)


class State:
    """Looks when it is asked."""

    def __init__(self, settings: Settings, answers: Answers, live: Live) -> None:
        self._settings, self._answers, self._live = settings, answers, live
        self._paths = DataPaths(settings.data_dir)
        self._waiting = WaitingFiles(self._paths, answers.pool)
        self._patience = timedelta(minutes=settings.freshness.fail_minutes)

    def told(self) -> dict[str, Any]:
        """Figures of the published copy, of the lander, and of what lies between; ``problems`` in sentences."""
        found, problems = self._published()
        waiting = self._waiting.look()
        if waiting.files > self._settings.schedule.backlog_files:
            problems.append(f"{waiting.files} landed files wait to be processed; is Dagster's daemon running?")
        elif waiting.since is not None and datetime.now(UTC) - waiting.since > self._patience:
            problems.append(
                f"what has landed since {waiting.since.isoformat(timespec='seconds')} is not published;"
                " is Dagster's daemon running, and do its runs succeed?"
            )
        lander, complaints = self._lander()
        problems += complaints
        return {
            "ok": not problems,
            "problems": problems,
            **found,
            "waiting_files": waiting.files,
            "waiting_since": None if waiting.since is None else waiting.since.isoformat(),
            "lander": lander,
            "live": self._live.state(),
        }

    def _published(self) -> tuple[dict[str, Any], list[str]]:
        try:
            (found,) = self._answers.objects(status())
            if all(self._answers.pool.holds(table) for table in TABLES):
                found |= self._answers.objects(fleet_now())[0]
        except QuestionError as error:
            return {}, [str(error)]
        return found, []

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


def watching(state: State, asked: Asked) -> APIRouter:
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
        """Gauges of the status, and how often and how fast this server has answered."""
        return Response(asked.text(state.told()), media_type="text/plain; version=0.0.4; charset=utf-8")

    return router
