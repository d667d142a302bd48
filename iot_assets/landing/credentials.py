"""What we show to a broker, and what we want to see of it: password and certificates.

Belongs here: reading them from where the settings say. Does not: using them (``connection.py``).
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iot_assets.settings import Mqtt


def password(mqtt: Mqtt) -> str | None:
    """The password. Read anew at each attempt, so that a password that was put right is used without a restart."""
    if mqtt.password_file is not None:
        lines = mqtt.password_file.read_text(encoding="utf-8").splitlines()
        return lines[0] if lines else ""
    return mqtt.password.get_secret_value() if mqtt.password is not None else None


class _TlsSocket(ssl.SSLSocket):
    """Closes itself when the handshake fails: paho forgets it then, open."""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 - the signature is ssl's
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


def tls_context(mqtt: Mqtt) -> ssl.SSLContext:
    """What TLS is set up with, its files read anew at each attempt, likewise."""
    tls = mqtt.tls
    for file in (tls.ca_file, tls.certificate_file, tls.key_file):
        if file is not None:
            file.open("rb").close()  # ssl's own complaint names no file
    context = ssl.create_default_context(cafile=None if tls.ca_file is None else str(tls.ca_file))
    context.sslsocket_class = _TlsSocket
    if tls.certificate_file is not None:
        context.load_cert_chain(tls.certificate_file, tls.key_file)
    if tls.insecure:
        context.check_hostname = False
    return context
