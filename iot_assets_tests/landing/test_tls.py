from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from typing import TYPE_CHECKING

import pytest

from iot_assets_tests.brokers import FRIENDLY, free_port
from iot_assets_tests.landing.harness import Running, landed_payloads, numbered, settings_for, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from iot_assets_tests.conftest import MosquittoFactory

pytestmark = pytest.mark.broker


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, the certificates it signed for the broker and for us, and an authority nobody knows."""
    folder = tmp_path_factory.mktemp("papers")
    for name in ("ca", "stranger"):
        openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-addext", "keyUsage=critical,keyCertSign,cRLSign",  # Python 3.13 insists
                "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")  # fmt: skip
    for name in ("broker", "client"):
        openssl(folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                "-keyout", f"{name}.key", "-out", f"{name}.csr")  # fmt: skip
        (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
        openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", "2", "-extfile", "names", "-out", f"{name}.pem")  # fmt: skip
    return folder


def lines(papers: Path) -> list[str]:
    return [
        f"cafile {papers}/ca.pem", f"certfile {papers}/broker.pem", f"keyfile {papers}/broker.key",
        "require_certificate true", *FRIENDLY,
    ]  # fmt: skip


def test_messages_come_over_tls_with_a_client_certificate(
    mosquitto_factory: MosquittoFactory, papers: Path, tmp_path: Path
) -> None:
    plain = 500
    broker = mosquitto_factory([*lines(papers), "per_listener_settings false"], start=False)
    broker.lines.append(f"listener {(second := free_port())} 127.0.0.1")
    broker.start()
    tls = {"enabled": True, "ca_file": papers / "ca.pem", "certificate_file": papers / "client.pem",
           "key_file": papers / "client.key"}  # fmt: skip
    with Running(settings_for(tmp_path / "data", broker.port, mqtt={"tls": tls})) as lander:
        lander.connected()
        secure, broker.port = broker.port, second
        # Larger than a TLS record, so that bytes wait decrypted where no poll sees them.
        broker.publish([("t/big", b"x" * 100_000), *numbered(plain)])
        broker.port = secure
        wait_for(lambda: (s := lander.status) and s.acknowledged_messages == plain + 1, "messages")
    assert len(landed_payloads(tmp_path / "data")) == plain + 1


def test_messages_that_share_one_tls_record_are_all_taken(papers: Path, tmp_path: Path) -> None:
    """Mosquitto makes a record of each packet, others do not: what is decrypted already shows in no poll."""
    count, acknowledged = 50, bytearray()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(papers / "broker.pem", papers / "broker.key")
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with server, context.wrap_socket(server.accept()[0], server_side=True) as client:
            client.recv(4096)
            client.sendall(b"\x20\x02\x00\x00")
            subscribe = client.recv(4096)
            client.sendall(b"\x90\x03" + subscribe[2:4] + b"\x01")
            client.sendall(b"".join(b"\x32\x08\x00\x03t/x\x00" + bytes([n + 1]) + b"!" for n in range(count)))
            while len(acknowledged) < 4 * count and (data := client.recv(4096)):
                acknowledged.extend(data)
            client.recv(4096)

    broker = threading.Thread(target=serve, daemon=True)
    broker.start()
    tls = {"enabled": True, "ca_file": papers / "ca.pem"}
    mqtt = {"tls": tls, "protocol": "3.1.1", "watch_drops": False}
    with Running(settings_for(tmp_path / "data", server.getsockname()[1], mqtt=mqtt)) as lander:
        wait_for(lambda: (s := lander.status) and s.acknowledged_messages == count, "messages")
    broker.join()
    # In the order of arrival, as the protocol demands.
    assert bytes(acknowledged) == b"".join(b"\x40\x02\x00" + bytes([n + 1]) for n in range(count))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"ca_file": "stranger.pem"}, "shows a certificate that we do not accept"),
        ({"certificate_file": None, "key_file": None}, "wants a client certificate"),
        ({"ca_file": "missing.pem"}, "missing.pem: No such file or directory"),
        ({"ca_file": "client.key"}, "see mqtt.tls"),
    ],
)
def test_a_certificate_that_does_not_fit_is_said_in_words(
    mosquitto_factory: MosquittoFactory, papers: Path, tmp_path: Path, changes: dict[str, str | None], sentence: str
) -> None:
    broker = mosquitto_factory(lines(papers))
    names = {"ca_file": "ca.pem", "certificate_file": "client.pem", "key_file": "client.key", **changes}
    tls = {"enabled": True, **{key: papers / name for key, name in names.items() if name is not None}}
    with Running(settings_for(tmp_path / "data", broker.port, mqtt={"tls": tls})) as lander:
        status = wait_for(lambda: (s := lander.status) and s.broker_problem and s, "the refusal")
    assert sentence in status.broker_problem
