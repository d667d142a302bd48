"""The channels against real servers: what arrives, and what is said when it does not."""

from __future__ import annotations

import json
import logging
import ssl
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from iot_assets.alerts.alert import Kind, Notice
from iot_assets.alerts.channels import everywhere, log, smtp, webhook
from iot_assets.alerts.channels.shapes import slack, teams
from iot_assets.alerts.channels.trouble import ChannelError
from iot_assets.sections.alerts import Channel
from iot_assets_tests.alerts.conftest import mailbox
from iot_assets_tests.alerts.conftest import webhook as hook
from iot_assets_tests.alerts.receivers import HttpReceiver, MailReceiver

BODY: dict[str, Any] = {
    "house": "plant 7",
    "kind": "raised",
    "alert_id": "3f9a12cd",
    "cause": "device_offline",
    "about": "north",
    "severity": "warning",
    "title": "Devices are offline",
    "summary": "40 devices of site north are offline.",
    "items": ["<d1> & co", "d2"],
    "count": 40,
    "advice": "Look after them (`iot-assets quality`).",
    "since": "2026-11-21T08:00:00+00:00",
    "until": None,
    "acknowledged_by": None,
    "timezone": "Europe/Zurich",
}
NOTICE = Notice("c27cc4d16f5b0b7a", "x", Kind.RAISED, "warning", datetime(2026, 11, 21, 8, 1, tzinfo=UTC), BODY)
OVER = Notice("0123", "x", Kind.RESOLVED, "warning", NOTICE.created_at, BODY | {"until": "2026-11-21T09:00:00+00:00"})


def test_a_webhook_gets_all_there_is_to_know_under_an_id_that_stays(http: HttpReceiver, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret\n")
    for _ in range(2):
        webhook.send(hook(http, token_file=tmp_path / "token"), NOTICE)
    assert http.bodies[0] == http.bodies[1]
    assert http.bodies[0]["summary"] == BODY["summary"]
    assert http.bodies[0]["headline"] == "Devices are offline (north)"
    assert [h["Idempotency-Key"] for h in http.headers] == [NOTICE.notice_id] * 2
    assert http.headers[0]["Authorization"] == "Bearer s3cret"


@pytest.mark.parametrize("kind", ["slack", "teams"])
def test_slack_and_teams_get_their_own_shapes(http: HttpReceiver, kind: str) -> None:
    webhook.send(hook(http, kind=kind), NOTICE)
    assert http.bodies[0] == {"slack": slack, "teams": teams}[kind](NOTICE)


def test_slack_s_shape_keeps_to_its_rules() -> None:
    made = slack(NOTICE)
    (attachment,) = made["attachments"]
    header, text, *_ = attachment["blocks"]
    assert made["text"] == "[plant 7] WARNING: Devices are offline (north)"
    assert header["text"] == {"type": "plain_text", "text": "Devices are offline (north)"}
    assert "• &lt;d1&gt; &amp; co" in text["text"]["text"]
    assert "… and 38 more" in text["text"]["text"]
    long = slack(
        Notice("1", "x", Kind.RAISED, "info", NOTICE.created_at, BODY | {"summary": "x" * 9000, "title": "y" * 999})
    )
    assert len(long["attachments"][0]["blocks"][0]["text"]["text"]) <= 150
    assert len(long["attachments"][0]["blocks"][1]["text"]["text"]) <= 3000


def test_a_teams_card_is_an_adaptive_card_and_green_when_it_is_over() -> None:
    card = teams(OVER)["attachments"][0]["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert card["body"][0]["text"] == "Over: Devices are offline (north)"
    assert card["body"][0]["color"] == "good"
    assert not any("No reminders" in block.get("text", "") for block in card["body"])


@pytest.mark.parametrize(("status", "said"), [(500, "it answered 500 Internal Server Error: not today"), (404, "404")])
def test_a_webhook_that_refuses_is_told_with_its_answer(http: HttpReceiver, status: int, said: str) -> None:
    http.status = status
    with pytest.raises(ChannelError, match=said):
        webhook.send(hook(http), NOTICE)


def test_a_redirect_is_a_refusal_since_a_post_that_is_followed_arrives_without_its_content(http: HttpReceiver) -> None:
    http.status = 302
    with pytest.raises(ChannelError, match="it answered 302"):
        webhook.send(hook(http), NOTICE)


def test_a_webhook_that_is_away_or_hangs_is_told_and_its_address_is_not(http: HttpReceiver) -> None:
    http.hold.clear()
    with pytest.raises(ChannelError, match="cannot be reached") as hanging:
        webhook.send(hook(http, timeout_seconds=0.2), NOTICE)
    http.stop()
    with pytest.raises(ChannelError, match="cannot be reached") as away:
        webhook.send(hook(http), NOTICE)
    assert "secret-path" not in f"{hanging.value} {away.value}"


def test_an_address_is_read_from_its_file_at_each_attempt(http: HttpReceiver, tmp_path: Path) -> None:
    file = tmp_path / "url"
    channel = hook(http, url=None, url_file=file)
    with pytest.raises(ChannelError, match=r"the file .*url cannot be read: No such file"):
        webhook.send(channel, NOTICE)
    file.write_text("ftp://nowhere\n")
    with pytest.raises(ChannelError, match="no address that begins with http"):
        webhook.send(channel, NOTICE)
    file.write_text(http.url + "\n")
    webhook.send(channel, NOTICE)
    assert len(http.bodies) == 1


def test_a_mail_says_it_in_text_and_in_html(mail: MailReceiver) -> None:
    smtp.send(mailbox(mail), NOTICE)
    (got,) = mail.mails
    assert got["Subject"] == "[plant 7] WARNING: Devices are offline (north)"
    assert got["To"] == "you@example.org, her@example.org"
    assert got["Message-ID"] == "<c27cc4d16f5b0b7a@iot-assets.invalid>"
    text, html = got.get_body(("plain",)), got.get_body(("html",))
    assert text is not None
    assert html is not None
    for part in ("40 devices of site north are offline.", "… and 38 more", "Since: 2026-11-21 09:00:00 CET"):
        assert part in text.get_content()
        assert part.partition(": ")[0] in html.get_content()
    assert "iot-assets alerts ack 3f9a12cd" in text.get_content()
    assert "&lt;d1&gt; &amp; co" in html.get_content()


def test_mails_of_one_alert_hang_together_and_one_sent_again_has_the_same_id(mail: MailReceiver) -> None:
    for notice in (NOTICE, NOTICE, OVER):
        smtp.send(mailbox(mail), notice)
    assert len({m["Message-ID"] for m in mail.mails}) == 2
    assert len({m["References"] for m in mail.mails}) == 1


def test_a_name_with_line_breaks_cannot_add_headers(mail: MailReceiver) -> None:
    body = BODY | {"about": "north\r\nBcc: all@example.org"}
    smtp.send(mailbox(mail), Notice("1", "x", Kind.RAISED, "warning", NOTICE.created_at, body))
    assert mail.mails[0]["Bcc"] is None


def test_a_mail_server_that_refuses_or_is_away_is_told_with_its_words(mail: MailReceiver) -> None:
    mail.answer = "554 no spam please"
    with pytest.raises(ChannelError, match="the mail server answered 554: no spam please"):
        smtp.send(mailbox(mail), NOTICE)
    mail.stop()
    with pytest.raises(ChannelError, match="Connection refused"):
        smtp.send(mailbox(mail), NOTICE)


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-subj", "/CN=127.0.0.1", "-days", "2", "-nodes"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", *files, *names], capture_output=True, check=False
    )
    assert made.returncode == 0, made.stderr
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context, folder / "certificate.pem"


def test_a_mail_goes_encrypted_and_with_a_password_and_an_unknown_certificate_is_refused(tmp_path: Path) -> None:
    context, authority = certificate(tmp_path)
    (tmp_path / "password").write_text("right\n")
    mail = MailReceiver(tls=context, password="right").start()
    try:
        channel = mailbox(
            mail, security="starttls", username="iot", ca_file=authority, password_file=tmp_path / "password"
        )
        smtp.send(channel, NOTICE)
        assert len(mail.mails) == 1
        (tmp_path / "password").write_text("wrong\n")
        with pytest.raises(ChannelError, match="answered 535"):
            smtp.send(channel, NOTICE)
        with pytest.raises(ChannelError, match="do not agree on TLS"):
            smtp.send(mailbox(mail, security="starttls"), NOTICE)
    finally:
        mail.stop()


def test_apprise_hands_it_to_the_service_of_its_address(http: HttpReceiver) -> None:
    channel = Channel(
        name="any", kind="apprise", url=SecretStr(f"json://127.0.0.1:{http.port}/hook"), timeout_seconds=5
    )
    everywhere.send(channel, NOTICE)
    assert http.bodies[0]["title"] == "[plant 7] WARNING: Devices are offline (north)"
    assert http.bodies[0]["type"] == "warning"
    http.status = 500
    with pytest.raises(ChannelError, match="500"):
        everywhere.send(channel, NOTICE)
    with pytest.raises(ChannelError, match="no address that Apprise knows"):
        everywhere.send(Channel(name="any", kind="apprise", url=SecretStr("nonsense")), NOTICE)


def test_the_log_is_a_line_a_notice_and_is_begun_anew_when_it_has_grown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "logs" / "alerts.jsonl"
    log.append(path, NOTICE)
    log.append(path, OVER)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["line"] for line in lines] == [
        "WARNING: Devices are offline (north): 40 devices of site north are offline.",
        "OK: Over: Devices are offline (north): It was: 40 devices of site north are offline.",
    ]
    monkeypatch.setattr(log, "MOST_BYTES", 10)
    log.append(path, NOTICE)
    assert len(path.read_text().splitlines()) == 1
    assert len(path.with_name("alerts.jsonl.1").read_text().splitlines()) == 2


def test_the_terminal_of_up_shows_what_is_new_one_line_a_time(tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    log.append(path, NOTICE)
    look = log.LogWatch(path)
    assert look() is None
    log.append(path, OVER)
    log.append(path, NOTICE)
    with path.open("a") as file:
        file.write('{"line": "half of i')
    said = [look(), look(), look()]
    assert said[2] is None
    assert [str(line).startswith("alert      OK: Over") for line in said[:2]] == [True, False]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"kind": "smtp", "host": "x"}, "needs sender, recipients"),
        ({"kind": "slack"}, r"needs url \(or url_file\)"),
        ({"kind": "slack", "url": "http://x", "url_file": "y"}, "give url or url_file, not both"),
        ({"kind": "slack", "url": "http://x", "name": "log"}, "log is the name of the local log"),
        ({"kind": "fax", "url": "http://x"}, "'webhook', 'slack', 'teams', 'smtp' or 'apprise'"),
    ],
)
def test_a_channel_that_cannot_work_is_refused_when_the_settings_are_read(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Channel(**{"name": "x"} | wrong)


def test_apprise_s_own_log_is_left_as_it_was(http: HttpReceiver) -> None:
    before = list(logging.getLogger("apprise").handlers)
    everywhere.send(Channel(name="any", kind="apprise", url=SecretStr(f"json://127.0.0.1:{http.port}")), NOTICE)
    assert logging.getLogger("apprise").handlers == before
