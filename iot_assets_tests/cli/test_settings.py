"""The settings command shows what is in force and where it comes from, and the committed texts are what it prints."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from iot_assets.cli.settings import settings
from iot_assets.cli.settings_text import ARRAYS, leaves
from iot_assets.settings import Settings, load_settings

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def printed(*arguments: str) -> str:
    result = CliRunner().invoke(settings, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def row(text: str, key: str) -> list[str]:
    return next(line.split() for line in text.splitlines() if line.startswith(f"{key} "))


@pytest.mark.parametrize(("option", "path"), [("--example", "iot.example.toml"), ("--markdown", "docs/settings.md")])
def test_the_committed_text_is_what_the_command_prints(option: str, path: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == printed(option), (
        f"make it anew: iot-assets settings {option} > {path}"
    )


def test_the_example_as_it_stands_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "iot.toml").write_text(printed("--example"))
    assert load_settings() == Settings()


def test_the_example_with_every_line_uncommented_holds_every_key_and_the_defaults() -> None:
    lines = [re.sub(r"^# (?=\w+ = |\[\[)", "", line) for line in printed("--example").splitlines()]
    tree: dict[str, Any] = tomllib.loads("\n".join(lines))
    for leaf in leaves():
        node: Any = tree
        for part in leaf.path:
            node = node[part]
        if leaf.default is not None and leaf.key not in ARRAYS:  # of these it has examples
            assert node == leaf.default
    del tree["mqtt"]["password_file"]  # with the password, one too many
    Settings(**tree)


def test_each_value_says_where_it_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "iot.toml").write_text('data_dir = "here"\n[mqtt]\nport = 1884\nhost = "a"\n')
    monkeypatch.setenv("IOT_MQTT__HOST", "b")
    monkeypatch.setenv("IOT_DAGSTER", '{"port": 3001}')
    text = printed()
    assert row(text, "data_dir") == ["data_dir", '"here"', "iot.toml"]
    assert row(text, "mqtt.port") == ["mqtt.port", "1884", "iot.toml"]
    assert row(text, "mqtt.host") == ["mqtt.host", '"b"', "IOT_MQTT__HOST"]
    assert row(text, "dagster.port") == ["dagster.port", "3001", "IOT_DAGSTER"]
    assert row(text, "dagster.host") == ["dagster.host", '"127.0.0.1"', "default"]


def test_a_password_is_masked_in_every_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IOT_MQTT__PASSWORD", "open sesame")
    for option in ((), ("--json",)):
        assert "sesame" not in printed(*option)
        assert "****" in printed(*option)


def test_as_json_it_is_the_whole_tree(tmp_path: Path) -> None:
    file = tmp_path / "other.toml"
    file.write_text("[demo]\nseed = 7\n")
    tree = json.loads(printed("--json", "--config", str(file)))
    assert tree["demo"]["seed"] == 7
    assert set(tree) == set(Settings.model_fields)
