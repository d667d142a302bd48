"""E-mail.

Belongs here: one mail and its way to the server. Does not: wording (``words.py``).
"""

from __future__ import annotations

import logging
import smtplib
import ssl
from email.message import EmailMessage
from typing import TYPE_CHECKING, Final

from iot_assets.alerts import words
from iot_assets.alerts.channels.secret import secret
from iot_assets.alerts.channels.trouble import ChannelError

if TYPE_CHECKING:
    from iot_assets.alerts.alert import Notice
    from iot_assets.sections.alerts import Channel

_log: Final = logging.getLogger(__name__)
_PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}
_DOMAIN: Final = "iot-assets.invalid"


def send(channel: Channel, notice: Notice) -> None:
    """Send the notice as a mail.

    Raises:
        ChannelError: the server did not take it.
    """
    mail = mail_of(channel, notice)
    try:
        with _connected(channel) as server:
            if channel.username:
                server.login(channel.username, secret(channel.password, channel.password_file) or "")
            # Refused by some only: sent again, the others would get it again.
            for recipient, (code, said) in server.send_message(mail).items():
                _log.warning("%s: %s is refused: %d %s", channel.name, recipient, code, _text(said))
    except smtplib.SMTPRecipientsRefused as error:
        refused = "; ".join(f"{who}: {code} {_text(said)}" for who, (code, said) in error.recipients.items())
        raise ChannelError(f"all recipients are refused: {refused}") from error
    except smtplib.SMTPResponseException as error:
        raise ChannelError(f"the mail server answered {error.smtp_code}: {_text(error.smtp_error)}") from error
    except ssl.SSLError as error:
        raise ChannelError(f"the mail server and we do not agree on TLS: {error.reason or error}") from error
    except (smtplib.SMTPException, OSError) as error:
        raise ChannelError(f"the mail server {channel.host} cannot be used: {error or type(error).__name__}") from error


def mail_of(channel: Channel, notice: Notice) -> EmailMessage:
    """The mail: plain text, and the same as HTML."""
    mail = EmailMessage()
    mail["From"] = channel.sender or ""
    mail["To"] = ", ".join(channel.recipients)
    mail["Subject"] = words.subject(notice)
    mail["Date"] = notice.created_at
    # The same however often it is sent, so that a mail program shows it once.
    mail["Message-ID"] = f"<{notice.notice_id}@{_DOMAIN}>"
    if notice.body["alert_id"]:  # what is told of one alert hangs together
        mail["References"] = f"<{notice.body['alert_id']}@{_DOMAIN}>"
    if notice.severity == "critical" and not words.is_over(notice):
        mail["Importance"] = "high"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(words.plain(notice))
    mail.add_alternative(words.html(notice), subtype="html")
    return mail


def _connected(channel: Channel) -> smtplib.SMTP:
    host, port = channel.host or "", channel.port or _PORTS[channel.security]
    if channel.security == "none":
        return smtplib.SMTP(host, port, timeout=channel.timeout_seconds)
    context = ssl.create_default_context(cafile=str(channel.ca_file) if channel.ca_file else None)
    if channel.security == "tls":
        return smtplib.SMTP_SSL(host, port, timeout=channel.timeout_seconds, context=context)
    server = smtplib.SMTP(host, port, timeout=channel.timeout_seconds)
    try:
        server.starttls(context=context)
    except BaseException:
        server.close()
        raise
    return server


def _text(said: bytes | str) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else said
