"""Every error the project raises on purpose: one root, few children, each named for what its reader would do.

An error carries facts as attributes; its sentence says what, where and what to do. The command line prints the
sentence alone (``cli/main.py``). Faults found in *data* are not errors: they are rejects, flags and failed checks.
"""

from __future__ import annotations

from pathlib import Path


class IotAssetsError(Exception):
    """The root: catching it catches whatever the project raises on purpose."""


class SettingsError(IotAssetsError):
    """A setting is wrong: change the file or the variable that the sentence names."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class StorageError(IotAssetsError):
    """The disk would not take or give what was asked: make room or mend the permissions, nothing else is needed."""

    def __init__(self, doing: str, path: Path, cause: OSError) -> None:
        self.doing, self.path, self.cause = doing, path, cause
        super().__init__(f"cannot {doing} {path}: {cause.strerror or cause}")


class BrokerError(IotAssetsError):
    """The broker cannot be used as the settings say: mend the settings or the broker."""

    def __init__(self, address: str, why: str) -> None:
        self.address, self.why = address, why
        super().__init__(f"the MQTT broker at {address} {why}")


class InUseError(IotAssetsError):
    """Another process holds what is needed (a lock, a port, the warehouse file): stop it or wait."""

    def __init__(self, what: str, holder: str, advice: str) -> None:
        self.what, self.holder, self.advice = what, holder, advice
        super().__init__(f"{what} is in use by {holder}; {advice}")


class StartError(IotAssetsError):
    """A process that the platform needs does not start: mend what its last words complain of."""

    def __init__(self, part: str, how: str, log: Path, last_words: list[str]) -> None:
        self.part, self.how, self.log, self.last_words = part, how, log, last_words
        quoted = "".join(f"\n  | {line}" for line in last_words)
        super().__init__(f"{part} {how} again and again, so everything was stopped; its log {log} ends with:{quoted}")


class CorruptFileError(IotAssetsError):
    """A file of the lake or spool does not hold what its own checksums and counts say."""

    def __init__(self, path: Path, why: str) -> None:
        self.path, self.why = path, why
        super().__init__(f"{path} is damaged: {why}")


class ContractError(IotAssetsError):
    """A blocking check found a fault of our own; the write was rolled back and nothing changed."""

    def __init__(self, check: str, table: str, failing: list[dict[str, object]]) -> None:
        self.check, self.table, self.failing = check, table, failing
        super().__init__(
            f"check {check!r} on {table} found {len(failing)} offending rows, so the write was rolled back;"
            f" the first: {failing[0] if failing else 'none'}"
        )


class BenchmarkError(IotAssetsError):
    """A benchmark came to no figures: its part of the platform failed, or did not do all that was asked of it."""
