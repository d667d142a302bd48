"""Dagster's storage in SQLite, which does not make a new engine, and open a file, for each of a run's 220 events.

Belongs here: the one method of Dagster's event log that opens its files, and the class that ``dagster.yaml`` names.
Does not: what is stored, and how, which is Dagster's; with its own ``storage: sqlite`` the same files serve as well.
"""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import sqlalchemy as sa
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME, SqliteEventLogStorage
from dagster._core.storage.sql import create_engine
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy.pool import NullPool, QueuePool

#: Databases of runs that are remembered: a run's own, and those that somebody looks at.
_MOST_RUNS: Final = 8


class EventLog(SqliteEventLogStorage):
    """Dagster's event log, with an engine a database and one connection to the index that stays open.

    A run's own database is closed after each event: Dagster's page hears of news by its file, which SQLite writes when
    the last one closes it.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, sa.Engine] = OrderedDict()
        super().__init__(base_dir, inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[sa.Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.begin() as connection:
                yield connection

    def _engine(self, shard: str) -> sa.Engine:
        engine = self._engines.pop(shard, None) or self._make(shard)
        self._engines[shard] = engine  # the newest is last, and the index is asked for all the time
        while len(self._engines) > _MOST_RUNS + 1:
            _, oldest = self._engines.popitem(last=False)
            oldest.dispose()
        return engine

    def _make(self, shard: str) -> sa.Engine:
        return create_engine(
            self.conn_string_for_shard(shard),
            poolclass=QueuePool if shard == INDEX_SHARD_NAME else NullPool,
            # Threads take turns by the lock of the event log.
            connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
        )

    def dispose(self) -> None:
        """Close what is open."""
        super().dispose()
        with self._db_lock:
            for engine in self._engines.values():
                engine.dispose()
            self._engines.clear()


class Storage(DagsterSqliteStorage):
    """Dagster's storage in SQLite, with that event log."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(base_dir, inst_data)
        self._event_log_storage = EventLog(self._event_log_storage._base_dir)  # noqa: SLF001 - named nowhere else

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> "Storage":
        """The storage below ``base_dir``."""
        return cls.from_local(inst_data=inst_data, **config_value)
