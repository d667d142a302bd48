"""Every setting, in one frozen tree that is read once at the door and handed down.

Sources, the later winning: the defaults below, the file ``iot.toml`` (or the one ``IOT_CONFIG`` names), environment
variables with prefix ``IOT_`` and ``__`` between levels. What belongs here: names, types, defaults, limits, meanings.
What does not: anything that opens a connection or touches a file other than the settings file itself.
``iot.example.toml`` and ``docs/settings.md`` are made from this tree (``iot-assets settings --example`` / ``--markdown``).
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from iot_assets.errors import SettingsError
from iot_assets.sections.alerts import Alerts
from iot_assets.sections.formulas import DEFAULT as DEFAULT_FORMULAS
from iot_assets.sections.formulas import Formula
from iot_assets.sections.quality import Quality
from iot_assets.sections.rules import Rule
from iot_assets.sections.rules import fault as rules_fault
from iot_assets.sections.section import Section
from iot_assets.sections.server import Server
from iot_assets.sections.status import Status

CONFIG_VARIABLE: Final = "IOT_CONFIG"
DEFAULT_FILE: Final = "iot.toml"
_PREFIX: Final = "IOT_"

Port = Annotated[int, Field(ge=0, le=65535)]


class Tls(Section):
    """An encrypted connection to the broker."""

    enabled: bool = Field(default=False, description="Connect with TLS (brokers usually listen on port 8883).")
    ca_file: Path | None = Field(
        default=None,
        description="PEM file of the authority that signed the broker's certificate; the system's own list when not set.",
    )
    certificate_file: Path | None = Field(
        default=None, description="PEM file of the client certificate, where the broker asks for one."
    )
    key_file: Path | None = Field(default=None, description="PEM file of the client certificate's private key.")
    insecure: bool = Field(
        default=False, description="Accept a certificate made for another host name; for tests only."
    )


class Mqtt(Section):
    """The broker that devices publish to, and how the lander reads from it."""

    enabled: bool = Field(default=True, description="Read from a broker at all.")
    host: str = Field(default="127.0.0.1", min_length=1, description="Host name or address of the broker.")
    port: Annotated[int, Field(ge=1, le=65535)] = Field(default=1883, description="Port of the broker.")
    topics: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("#",), min_length=1, description="Topic filters to subscribe to; in a variable, separated by commas."
    )
    client_id: str = Field(
        default="iot-assets",
        min_length=1,
        max_length=200,
        description="Names the session that the broker keeps for us; two landers on one broker need two.",
    )
    username: str | None = Field(default=None, description="User name, where the broker asks for one.")
    password: SecretStr | None = Field(default=None, description="Password; better kept in password_file.")
    password_file: Path | None = Field(default=None, description="File whose first line is the password.")
    protocol: Literal["auto", "5", "3.1.1"] = Field(
        default="auto", description="MQTT version; auto tries 5 and falls back to 3.1.1."
    )
    keepalive_seconds: Annotated[int, Field(ge=5, le=3600)] = Field(
        default=60, description="Seconds of silence after which both sides check that the other is there."
    )
    session_expiry_seconds: Annotated[int, Field(ge=60, le=4294967295)] = Field(
        default=604800,
        description="How long the broker keeps our session, and what is queued in it, while the lander is away (MQTT 5).",
    )
    receive_maximum: Annotated[int, Field(ge=1, le=65000)] = Field(
        default=20000, description="How many unacknowledged messages the broker may send (MQTT 5)."
    )
    reconnect_max_seconds: Annotated[float, Field(ge=1, le=600)] = Field(
        default=30,
        description="Longest pause between attempts to reconnect; each pause is drawn at random below a doubling bound.",
    )
    watch_drops: bool = Field(
        default=True, description="Subscribe to the broker's own $SYS counter of dropped messages."
    )
    bulk_reading: bool = Field(
        default=True,
        description="Decode many messages at a time; switched off, each is left to the MQTT library, at a fraction of the speed.",
    )
    tls: Tls = Field(default=Tls(), description="Encryption.")

    @field_validator("topics", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("topics")
    @classmethod
    def _filters(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for topic in value:
            if (fault := topic_filter_fault(topic)) is not None:
                raise ValueError(fault)
        return value

    @model_validator(mode="after")
    def _one_password(self) -> Mqtt:
        if self.password is not None and self.password_file is not None:
            raise ValueError("give password or password_file, not both")
        return self


class Lander(Section):
    """How messages are made durable and landed."""

    name: str = Field(
        default="lander",
        pattern=r"^[A-Za-z0-9_.]{1,60}$",
        description="Identity of this lander, part of its files' names: letters, digits, underscore and dot.",
    )
    seal_seconds: Annotated[int, Field(ge=1, le=3600)] = Field(
        default=60,
        description="A segment is sealed to a Parquet file at each multiple of so many seconds of the clock.",
    )
    segment_max_bytes: Annotated[int, Field(ge=65536)] = Field(
        default=134217728, description="A segment that grows to so many bytes is sealed at once."
    )
    in_flight_messages: Annotated[int, Field(ge=1, le=65000)] = Field(
        default=20000,
        description="Most messages held in memory, taken and not yet durable; at the bound the lander stops reading.",
    )
    in_flight_bytes: Annotated[int, Field(ge=1048576)] = Field(
        default=268435456, description="Most payload bytes held in memory, likewise."
    )
    metrics_host: str = Field(default="127.0.0.1", description="Address on which /healthz and /metrics are served.")
    metrics_port: Port = Field(default=0, description="Port of /healthz and /metrics; 0 is off.")


class Http(Section):
    """The HTTP intake: for devices that speak no MQTT. It has no login: think before you open it to others."""

    host: str = Field(default="127.0.0.1", min_length=1, description="Address on which the lander takes HTTP requests.")
    port: Port | None = Field(
        default=None,
        description="Port of the intake; 0 is off. When not set: off for `land`, 8080 for `up` and `demo`.",
    )
    in_flight_bytes: Annotated[int, Field(ge=1048576)] = Field(
        default=67108864,
        description="Most bytes of bodies held in memory, arriving or not yet durable; above, refused.",
    )
    max_connections: Annotated[int, Field(ge=1)] = Field(
        default=500, description="Most connections open at once; requests of further ones are refused."
    )
    body_seconds: Annotated[float, Field(gt=0)] = Field(
        default=30, description="A body must have arrived in full after so long."
    )


class Registry(Section):
    """What is known of the devices beforehand."""

    file: Path | None = Field(
        default=None, description="CSV, JSON or TOML file of the devices with place, unit and limits; landed on each change."
    )
    seen_within_hours: Annotated[float, Field(gt=0)] = Field(
        default=24, description="A check names declared devices that have not sent anything for so long since they were declared."
    )


class Route(Section):
    """Which convention the payloads of some topics follow. Your routes are tried before the built-in ones."""

    topic: str = Field(
        min_length=1,
        description="Topic pattern: + for one level, # for the rest; {name} for one level, {name#} for the rest, that the device template may use.",
    )
    convention: str = Field(
        min_length=1,
        description="One of the conventions that docs/conventions.md lists, or python:package.module:function for a decoder of your own.",
    )
    content_type: str | None = Field(
        default=None,
        description="Only for messages with this content type (HTTP, MQTT 5), without parameters; unset is any.",
    )
    options: dict[str, Any] = Field(
        default_factory=dict,
        description="What the convention lets you say: timezone, device, device_field, time_field, metric, units, convert, …",
    )

    @field_validator("topic")
    @classmethod
    def _pattern(cls, value: str) -> str:
        if (fault := topic_filter_fault(re.sub(r"\{[a-z_][a-z0-9_]*#?\}", "x", value))) is not None:
            raise ValueError(fault)
        return value

    @field_validator("options")
    @classmethod
    def _zone(cls, value: dict[str, Any]) -> dict[str, Any]:
        if (zone := value.get("timezone")) is not None and zone not in available_timezones():
            near = difflib.get_close_matches(str(zone), available_timezones(), n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"timezone {zone!r} is no name of the IANA time zone database{hint}")
        return value


class Decode(Section):
    """Bounds of what is decoded; what is beyond becomes a reject, its bytes kept."""

    max_payload_bytes: Annotated[int, Field(ge=1024)] = Field(
        default=1048576, description="Larger payloads are rejected as payload_too_large; larger bodies are not even taken over HTTP."
    )
    stale_days: Annotated[int, Field(ge=1)] = Field(
        default=30, description="Readings older than this when received carry the flag stale."
    )
    future_minutes: Annotated[int, Field(ge=0)] = Field(
        default=5, description="A time further in the future than this is not believed: flag clock_suspect."
    )


class Sparkplug(Section):
    """Sparkplug B."""

    rebirth: bool = Field(
        default=False,
        description="Each ten minutes, ask the edge nodes whose data is held for want of a birth to be born again (a command to them, over the broker).",
    )


class Drift(Section):
    """What is remembered, and said, of the shapes of messages: a shape is the set of metrics that one message gives."""

    shapes_per_route: Annotated[int, Field(ge=1, le=10000)] = Field(
        default=50,
        description="So many shapes, those with the most metrics, are told apart per route and landed day; the rest is counted as other.",
    )
    learn_minutes: Annotated[float, Field(ge=0)] = Field(
        default=60,
        description="What a route sends within so many minutes after its first message is not called a change.",
    )
    warn_hours: Annotated[float, Field(gt=0)] = Field(
        default=24, description="For so long after a change the check of schema drift warns of it."
    )


class Warehouse(Section):
    """The warehouse file and the runs that write it."""

    lock_wait_seconds: Annotated[float, Field(gt=0)] = Field(
        default=60, description="How long a run waits for another process that holds the warehouse file."
    )
    batch_messages: Annotated[int, Field(ge=1000)] = Field(
        default=250000, description="Most messages that one transaction takes; a larger backlog takes several."
    )
    bronze_days: Annotated[int, Field(ge=1)] = Field(
        default=7, description="Days that bronze.messages and silver.outcomes are kept; the lake keeps everything."
    )
    memory_limit: str | None = Field(
        default=None,
        pattern=r"^\d+(\.\d+)? ?[KMGT]i?B$",
        description="DuckDB's memory bound, such as 4GB; a share of the machine when not set.",
    )
    threads: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="DuckDB's threads; one per core when not set."
    )


class History(Section):
    """Closed days: exported to the lake as sorted Parquet, and for how long they stay in the warehouse file besides."""

    closed_after_hours: Annotated[float, Field(ge=1)] = Field(
        default=6, description="A day (UTC) is exported so many hours after it ended."
    )
    hot_days: Annotated[int, Field(ge=2)] = Field(
        default=35,
        description="Days that silver.readings, gold.readings_1min and gold.readings_1h keep in the warehouse file; older ones are in the lake only.",
    )
    grace_minutes: Annotated[float, Field(ge=1)] = Field(
        default=60, description="How long a replaced file stays, for those who still read it."
    )
    compact_after_days: Annotated[int, Field(ge=1)] = Field(
        default=2, description="Landed files of a day are joined into one per lander start, so many days later."
    )


class Serving(Section):
    """What is published to serving.duckdb."""

    whole_rows: Annotated[int, Field(ge=0)] = Field(
        default=500000,
        description="silver.readings, gold.readings_1min, gold.readings_1h, gold.readings_1d and gold.quality_hourly are copied whole up to so many rows each.",
    )
    recent_days: Annotated[int, Field(ge=1)] = Field(
        default=1, description="Above that, so many recent days of each are copied, and older ones that the lake does not have; the rest is read from there."
    )


class Schedule(Section):
    """When runs happen and how their history is bounded."""

    idle_minutes: Annotated[int, Field(ge=1, le=60)] = Field(
        default=10, description="With nothing landed, one run in so many minutes refreshes what depends on time."
    )
    backlog_files: Annotated[int, Field(ge=1)] = Field(
        default=10, description="So many landed files waiting make the landing sensor ask for a run at once."
    )
    drain_seconds: Annotated[float, Field(ge=1, le=45)] = Field(
        default=20,
        description="Where no lander runs, the landing sensor reads the broker itself for so long each tick.",
    )
    storage_max_bytes: Annotated[int, Field(ge=10485760)] = Field(
        default=1073741824, description="Old runs are deleted once Dagster's storage is larger than this."
    )
    keep_runs_hours: Annotated[int, Field(ge=1)] = Field(
        default=168, description="Runs older than this are deleted even where there is room."
    )


class Freshness(Section):
    """After how long without a materialization an asset is late, and after how long it has failed."""

    warn_minutes: Annotated[int, Field(ge=1)] = Field(default=15, description="Minutes after which an asset is late.")
    fail_minutes: Annotated[int, Field(ge=2)] = Field(
        default=30, description="Minutes after which an asset has failed."
    )
    lag_warn_minutes: Annotated[float, Field(gt=0)] = Field(
        default=5, description="Age of the newest event at which the check of event-time lag warns."
    )


class Dagster(Section):
    """The Dagster web page that `up` and `demo` start."""

    host: str = Field(
        default="127.0.0.1", description="Address of the web page. It has no login: think before you open it to others."
    )
    port: Annotated[int, Field(ge=1, le=65535)] = Field(default=3000, description="Port of the web page.")


class Demo(Section):
    """The simulated fleet of `iot-assets demo`."""

    broker_port: Annotated[int, Field(ge=1, le=65535)] = Field(
        default=18830, description="Port of the demo's own broker, on 127.0.0.1."
    )
    messages_per_second: Annotated[float, Field(gt=0, le=10000)] = Field(
        default=20, description="Messages a second of the whole fleet."
    )
    seed: int = Field(
        default=1, description="Seed of the fleet: the same seed gives the same fleet and the same values."
    )
    trouble: bool = Field(
        default=True,
        description="Now and then send duplicates, late messages, wrong clocks, values out of range and broken payloads.",
    )


class Settings(BaseSettings):
    """The whole tree."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix=_PREFIX, env_nested_delimiter="__")

    data_dir: Path = Field(
        default=Path("data"),
        description="Folder of the spool, the lake, the warehouse and the published copy; relative to where the command is run.",
    )
    mqtt: Mqtt = Field(default=Mqtt(), description="The broker.")
    lander: Lander = Field(default=Lander(), description="The lander.")
    http: Http = Field(default=Http(), description="The HTTP intake.")
    registry: Registry = Field(default=Registry(), description="The device registry.")
    routes: tuple[Route, ...] = Field(default=(), description="Your routes, tried in order before the built-in ones.")
    decode: Decode = Field(default=Decode(), description="Bounds of decoding.")
    sparkplug: Sparkplug = Field(default=Sparkplug(), description="Sparkplug B.")
    drift: Drift = Field(default=Drift(), description="Shapes of messages.")
    warehouse: Warehouse = Field(default=Warehouse(), description="The warehouse.")
    history: History = Field(default=History(), description="Closed days.")
    serving: Serving = Field(default=Serving(), description="The published copy.")
    server: Server = Field(default=Server(), description="The REST API.")
    schedule: Schedule = Field(default=Schedule(), description="When things happen.")
    freshness: Freshness = Field(default=Freshness(), description="When things are late.")
    alerts: Alerts = Field(default=Alerts(), description="What people are told before they look.")
    status: Status = Field(default=Status(), description="When devices are silent.")
    quality: Quality = Field(default=Quality(), description="How the quality of data is counted and scored.")
    rules: tuple[Rule, ...] = Field(default=(), description="Rules that readings keep to, beside the built-in ones; one under the name of a built-in rule takes its place.")
    rules_warn_hours: Annotated[float, Field(gt=0)] = Field(default=24, description="So long after a reading has broken a rule of action fail the check rules fails.")
    formulas: tuple[Formula, ...] = Field(default=DEFAULT_FORMULAS, description="Derived metrics; any that you declare take the place of the default. Of several with one name the first that gives a value holds.")
    dagster: Dagster = Field(default=Dagster(), description="Dagster's web page.")
    demo: Demo = Field(default=Demo(), description="The demo.")

    @model_validator(mode="after")
    def _windows(self) -> Settings:
        if self.freshness.warn_minutes >= self.freshness.fail_minutes:
            raise ValueError("freshness.warn_minutes must be less than freshness.fail_minutes")
        if self.freshness.warn_minutes <= self.schedule.idle_minutes:
            raise ValueError(
                "freshness.warn_minutes must be more than schedule.idle_minutes, or an idle hour would look stale"
            )
        return self

    @field_validator("rules")
    @classmethod
    def _rules_together(cls, value: tuple[Rule, ...]) -> tuple[Rule, ...]:
        if problem := rules_fault(value):
            raise ValueError(problem)
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment over file: ``load_settings`` hands the file's tree in as init values."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings


def load_settings(file: Path | None = None) -> Settings:
    """Read the settings file and the environment once.

    Args:
        file: the settings file; by default the one ``IOT_CONFIG`` names, else ``iot.toml`` in the current folder if
            there is one.

    Raises:
        SettingsError: a key or value is wrong; one sentence a problem, each naming the key and where it was read.
    """
    named = file or (Path(os.environ[CONFIG_VARIABLE]) if os.environ.get(CONFIG_VARIABLE) else None)
    path = named or Path(DEFAULT_FILE)
    tree: dict[str, Any] = {}
    if named is not None or path.exists():
        tree = _read_toml(path)
    if stray := _stray_variables(os.environ):
        raise SettingsError(stray)
    try:
        return Settings(**tree)
    except ValidationError as error:
        raise SettingsError([_sentence(dict(e), path, tree) for e in error.errors()]) from error
    except Exception as error:  # pydantic-settings wraps a variable that is not JSON in an error of its own
        raise SettingsError([f"an {_PREFIX}… variable cannot be read: {error}"]) from error


def topic_filter_fault(topic: str) -> str | None:
    """What is wrong with an MQTT topic filter, or None (MQTT 5, section 4.7.1)."""
    levels = topic.split("/")
    if "\0" in topic or len(topic.encode()) > 65535 or not topic:
        return f"topic filter {topic!r} is empty, too long or holds a null character"
    if any("#" in level and (level != "#" or i != len(levels) - 1) for i, level in enumerate(levels)):
        return f"topic filter {topic!r}: # must be the whole last level"
    if any("+" in level and level != "+" for level in levels):
        return f"topic filter {topic!r}: + must be a whole level"
    return None


def zone(name: str) -> ZoneInfo:
    """The time zone of this IANA name."""
    return ZoneInfo(name)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError([f"the settings file {path} cannot be read: {error.strerror}"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError([f"the settings file {path} is not TOML: {error}"]) from error


def _stray_variables(environ: Mapping[str, str]) -> list[str]:
    """Variables with our prefix whose first level is no setting: a typing error that would otherwise pass unseen."""
    known = {f"{_PREFIX}{name}".upper() for name in Settings.model_fields}
    problems = []
    for name in environ:
        if not name.upper().startswith(_PREFIX) or name.upper() == CONFIG_VARIABLE:
            continue
        if name.upper().split("__")[0] not in known:
            near = difflib.get_close_matches(name.upper(), sorted(known), n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; allowed are {', '.join(sorted(known))}"
            problems.append(f"environment variable {name} is no setting{hint}")
    return problems


def _sentence(error: dict[str, Any], path: Path, tree: dict[str, Any]) -> str:
    loc = [str(part) for part in error["loc"]]
    key = ".".join(loc) or "the settings"
    where = _where(loc, path, tree)
    if error["type"] == "extra_forbidden":
        known = _fields_at(loc[:-1])
        near = difflib.get_close_matches(loc[-1], known, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        return f"{key} ({where}) is no setting; {hint}allowed here: {', '.join(known)}"
    message = str(error["msg"]).removeprefix("Value error, ")
    shown = "" if "password" in key or error["type"] == "value_error" else f" (given: {error['input']!r})"
    return f"{key} ({where}): {message[:1].lower()}{message[1:]}{shown}"


def _where(loc: list[str], path: Path, tree: dict[str, Any]) -> str:
    for depth in range(len(loc), 0, -1):
        wanted = (_PREFIX + "__".join(loc[:depth])).upper()
        for name in os.environ:
            if name.upper() == wanted:
                return f"from environment variable {name}"
    node: Any = tree
    for part in loc:
        if isinstance(node, dict) and part in node:
            node = node[part]
    return f"from {path}" if tree else "from the defaults"


def _fields_at(loc: list[str]) -> list[str]:
    model: Any = Settings
    for part in loc:
        if part.isdigit():
            continue
        annotation = getattr(model.model_fields.get(part), "annotation", None)
        listed = [kind for kind in get_args(annotation) if kind is not Ellipsis]
        model = listed[0] if listed else annotation
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            return []
    return list(model.model_fields)
