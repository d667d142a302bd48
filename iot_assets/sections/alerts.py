"""The section ``alerts``: what is told to people before they look, to whom, and when they are left in peace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal
from zoneinfo import available_timezones

from pydantic import Field, SecretStr, field_validator, model_validator

from iot_assets.sections.section import Section

Severity = Literal["info", "warning", "critical"]
#: From the least to the worst.
SEVERITIES: Final[tuple[Severity, ...]] = ("info", "warning", "critical")

Port = Annotated[int, Field(ge=0, le=65535)]
_CLOCK: Final = r"^([01]\d|2[0-3]):[0-5]\d$"
#: kind of channel → what must be set for it; `url` and `password` may come from a file.
_NEEDED: Final = {"webhook": ("url",), "slack": ("url",), "teams": ("url",), "apprise": ("url",), "smtp": ("host", "sender", "recipients")}


class Quiet(Section):
    """Quiet hours: what is not critical waits until they end."""

    begin: str | None = Field(default=None, pattern=_CLOCK, description="When they begin, such as 22:00.")
    end: str | None = Field(default=None, pattern=_CLOCK, description="When they end, such as 06:30; before `begin`, it is that of the next day.")
    timezone: str = Field(default="UTC", description="Time zone of both, a name such as Europe/Zurich.")

    @field_validator("timezone")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"{value!r} is no name of the IANA time zone database")
        return value

    @model_validator(mode="after")
    def _both(self) -> Quiet:
        if (self.begin is None) != (self.end is None):
            raise ValueError("give both begin and end, or neither")
        return self


class Channel(Section):
    """One way by which people are told. Beside these, everything is written to data/logs/alerts.jsonl."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,40}$", description="Its name, in lists and for `iot-assets alerts test --channel`.")
    kind: Literal["webhook", "slack", "teams", "smtp", "apprise"] = Field(
        description="webhook: JSON by HTTP POST. slack, teams: the same in the shape of their incoming webhooks. smtp: e-mail. apprise: any service that the library Apprise has an address for."
    )
    minimum: Severity = Field(default="warning", description="Least severity that is told here.")
    quiet_hours: bool = Field(default=True, description="Whether alerts.quiet holds here.")
    timeout_seconds: Annotated[float, Field(gt=0, le=120)] = Field(default=10, description="How long one attempt may take.")
    url: SecretStr | None = Field(default=None, description="Address to post to, or the address for Apprise; whoever knows it can post, so better kept in url_file.")
    url_file: Path | None = Field(default=None, description="File whose first line is the address.")
    token_file: Path | None = Field(default=None, description="webhook: file whose first line is sent as a bearer token.")
    host: str | None = Field(default=None, description="smtp: the mail server.")
    port: Annotated[int, Field(ge=1, le=65535)] | None = Field(default=None, description="smtp: its port; when not set 587 with starttls, 465 with tls, else 25.")
    security: Literal["starttls", "tls", "none"] = Field(default="starttls", description="smtp: how the connection is encrypted.")
    ca_file: Path | None = Field(default=None, description="PEM file of the authority that signed the server's certificate; the system's own list when not set.")
    username: str | None = Field(default=None, description="smtp: user name, where the server asks for one.")
    password: SecretStr | None = Field(default=None, description="smtp: password; better kept in password_file.")
    password_file: Path | None = Field(default=None, description="smtp: file whose first line is the password.")
    sender: str | None = Field(default=None, description="smtp: address in From.")
    recipients: tuple[str, ...] = Field(default=(), description="smtp: addresses in To.")

    @model_validator(mode="after")
    def _whole(self) -> Channel:
        if self.name == "log":
            raise ValueError("log is the name of the local log, which is always there: choose another")
        for one, other in (("url", "url_file"), ("password", "password_file")):
            if getattr(self, one) is not None and getattr(self, other) is not None:
                raise ValueError(f"give {one} or {other}, not both")
        missing = [f for f in _NEEDED[self.kind] if not getattr(self, f) and not (f == "url" and self.url_file)]
        if missing:
            files = " (or url_file)" if "url" in missing else ""
            raise ValueError(f"channel {self.name!r} of kind {self.kind} needs {', '.join(missing)}{files}")
        return self


class Alerts(Section):
    """What people are told before they look (`iot-assets alerts watch`, which `up` and `demo` run)."""

    enabled: bool = Field(default=True, description="Whether `up` and `demo` run the watcher.")
    house: str | None = Field(default=None, max_length=60, description="Name of this installation in what is told; the host's name when not set.")
    every_seconds: Annotated[float, Field(ge=1, le=600)] = Field(default=10, description="How often the causes are looked at.")
    for_seconds: Annotated[float, Field(ge=0)] = Field(default=60, description="A cause must hold so long before it is told, and be gone so long before its end is told.")
    cooldown_minutes: Annotated[float, Field(ge=0)] = Field(default=30, description="What was told of is not told of anew within so many minutes, though it went and came.")
    reminder_hours: Annotated[float, Field(ge=0)] = Field(default=12, description="What is still so, and which nobody has acknowledged, is told again after so long; 0 is never.")
    ignore: tuple[str, ...] = Field(default=(), description="Causes that are not looked at; docs/alerts.md lists all.")
    severities: dict[str, Severity] = Field(default={}, description="Other severities than the causes' own, such as { device_offline = \"critical\" }.")
    quiet: Quiet = Field(default=Quiet(), description="Quiet hours.")
    channels: tuple[Channel, ...] = Field(default=(), description="Ways by which people are told, besides the local log and the terminal of `up`.")
    retry_max_seconds: Annotated[float, Field(ge=1)] = Field(default=600, description="Longest pause between attempts on a channel that is down; each is drawn at random below a doubling bound.")
    give_up_hours: Annotated[float, Field(gt=0)] = Field(default=48, description="What a channel could not be told for so long is dropped, and counted.")
    channel_backlog: Annotated[int, Field(ge=10)] = Field(default=500, description="Most notices that wait for one channel; beyond, the oldest of the least severity are dropped, and counted.")
    keep_days: Annotated[int, Field(ge=1)] = Field(default=90, description="Days that data/alerts.sqlite keeps what is over; gold.alerts keeps it for ever.")
    backlog_files: Annotated[int, Field(ge=1)] = Field(default=30, description="So many landed files waiting for a run are told.")
    behind_minutes: Annotated[float, Field(gt=0)] = Field(default=10, description="A landed file that waits for so long is told: the tables are not brought up to date.")
    disk_free_percent: Annotated[float, Field(ge=0, le=100)] = Field(default=10, description="Free space of the disk below which it is told; below half of it, as critical.")
    disk_full_hours: Annotated[float, Field(ge=0)] = Field(default=24, description="A disk that would be full within so many hours, filling as in the past day, is told.")
    error_rate_percent: Annotated[float, Field(ge=0, le=100)] = Field(default=1, description="Share of the past hour's messages that were rejected, above which it is told.")
    hits_minutes: Annotated[float, Field(gt=0)] = Field(default=60, description="Rule hits of readings of so many past minutes are told.")
    watch_dagster: bool = Field(default=True, description="Whether Dagster's web page is asked for the health of its daemon and its assets.")
    metrics_port: Port = Field(default=0, description="Port on 127.0.0.1 of the watcher's /metrics; 0 is off.")

    @field_validator("channels")
    @classmethod
    def _names(cls, value: tuple[Channel, ...]) -> tuple[Channel, ...]:
        names = [channel.name for channel in value]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two channels are named {twice[0]!r}")
        return value
