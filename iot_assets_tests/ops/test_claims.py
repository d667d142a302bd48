"""Before anything is started it is clear that the folder and the ports are to be had, or which setting to change."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from iot_assets.errors import InUseError, SettingsError, StorageError
from iot_assets.ops.claims import check_ports, claim_folder
from iot_assets.ops.parts import NeededPort
from iot_assets_tests.brokers import free_port


def test_a_folder_is_claimed_once_and_free_again_afterwards(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    with claim_folder(folder):
        with (
            pytest.raises(InUseError, match=rf"in use by another .*\(process {os.getpid()}\); stop that one") as caught,
            claim_folder(folder),
        ):
            pass
        assert "data_dir (IOT_DATA_DIR)" in str(caught.value)
    with claim_folder(folder):
        pass


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot use the data folder"), claim_folder(tmp_path / "file" / "data"):
        pass


def test_a_taken_port_names_the_setting_to_change() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(InUseError) as caught:
            check_ports([NeededPort("127.0.0.1", free_port(), "a.b"), NeededPort("127.0.0.1", port, "dagster.port")])
    assert str(caught.value) == (
        f"port {port} on 127.0.0.1 is in use by another program (or another of these settings);"
        " stop it, or choose another port with dagster.port (IOT_DAGSTER__PORT)"
    )


def test_two_settings_with_one_port_are_found_out() -> None:
    port = free_port()
    with pytest.raises(InUseError, match=r"lander\.metrics_port"):
        check_ports([NeededPort("127.0.0.1", port, n) for n in ("dagster.port", "lander.metrics_port")])


def test_free_ports_are_left_free() -> None:
    needed = [NeededPort("127.0.0.1", free_port(), "dagster.port")]
    check_ports(needed)
    check_ports(needed)


def test_an_address_of_another_machine_is_a_wrong_setting() -> None:
    with pytest.raises(SettingsError, match=r"dagster\.port \(IOT_DAGSTER__PORT\): cannot listen on 192\.0\.2\.1"):
        check_ports([NeededPort("192.0.2.1", free_port(), "dagster.port")])
