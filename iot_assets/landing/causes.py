"""Why the broker cannot be used, in words that name what to mend.

Belongs here: exceptions and MQTT reason codes to the end of a sentence that begins "the MQTT broker at …". Does not:
deciding what to do about them (``link.py``).
"""

from __future__ import annotations

import socket
import ssl
from types import MappingProxyType
from typing import Final

#: Names of MQTT 5 reason codes (paho gives those of 3.1.1 the same names) → what they mean for us.
_REASONS: Final = MappingProxyType(
    {
        "Bad user name or password": "refused the user name or password; see mqtt.username and mqtt.password",
        "Not authorized": "does not let us in: not authorized; see mqtt.username and the broker's access rules",
        "Banned": "has banned us",
        "Client identifier not valid": "refused the client id; see mqtt.client_id",
        "Session taken over": (
            "gave our session to another connection with the same client id; two landers need two (mqtt.client_id)"
        ),
        "Packet too large": "closed the connection: a packet was larger than it allows",
        "Receive maximum exceeded": "closed the connection: it sent more at once than mqtt.receive_maximum allows",
        "Server shutting down": "is shutting down",
        "Server busy": "is too busy for us",
        "Server unavailable": "says that it is not available",
        "Unsupported protocol version": "does not know the version of MQTT in mqtt.protocol",
        "Keep alive timeout": "closed the connection: it had not heard from us for too long",
    }
)


def of_reason(name: str) -> str:
    """Of a CONNACK's or DISCONNECT's reason."""
    return _REASONS.get(name, f"closed the connection: {name.lower()}")


def of_exception(error: Exception) -> str:  # noqa: PLR0911 - a table, one line a cause
    """Of an attempt to connect that failed before MQTT was spoken."""
    match error:
        case socket.gaierror():
            return f"cannot be found: its host name is unknown ({error.strerror})"
        case ssl.SSLCertVerificationError():
            return f"shows a certificate that we do not accept: {error.verify_message}; see mqtt.tls"
        case ssl.SSLError():
            # Errors that Python itself raises have no reason, not even an empty one.
            return f"and we do not agree on TLS: {getattr(error, 'reason', None) or error}; see mqtt.tls"
        case ConnectionRefusedError():
            return "refuses connections: is it running, and is mqtt.port right?"
        case TimeoutError():
            return "does not answer: is mqtt.host right, and is a firewall between?"
        case OSError():
            return f"cannot be reached: {error.strerror or error}"
        case _:
            return f"cannot be used: {error}"


def of_silence(said: str, *, tls_unanswered: bool = False) -> str:
    """Of a connection that ended without a reason.

    Args:
        said: what paho logged last.
        tls_unanswered: whether it was one over TLS on which the broker never answered: with TLS 1.3 a broker looks at
            our certificate only after the handshake is over for us, and its complaint often comes too late to be read.
    """
    if "CERTIFICATE_REQUIRED" in said:
        return "wants a client certificate; see mqtt.tls.certificate_file"
    if ("ALERT" in said and "CERTIFICATE" in said) or "UNKNOWN_CA" in said:
        return "refused our client certificate; see mqtt.tls.certificate_file"
    if tls_unanswered:
        return (
            "closed the connection before MQTT began: perhaps it wants a client certificate, or another one;"
            " see mqtt.tls.certificate_file"
        )
    return f"closed the connection ({said})" if said else "closed the connection"


def of_rivalry(client_id: str) -> str:
    """Of connections that end soon after they were accepted, again and again."""
    return (
        f"it does so again and again, soon after accepting us: does another client use the client id {client_id!r}?"
        " Two landers need two (mqtt.client_id)"
    )
