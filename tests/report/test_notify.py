"""Who is told after a run: webhooks in three shapes and mail, against servers on loopback."""

from __future__ import annotations

import base64
import json
import logging
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest

from crawler.config import Config
from crawler.errors import UnableError
from crawler.notify import (
    Notice,
    deliver,
    notify_failed_run,
    notify_new_dead,
    shape_payload,
)
from crawler.sandbox.authority import process_authority
from crawler.settings import NotifySettings, ReportSettings
from tests.report.conftest import ALPACA, Nights, missing

NOTICE = Notice("run-failed", 'Stale links: <at user_id="all">', ("a & b",))
SECRET = "made-up-secret-path"
PASSWORD = "made-up-password"


class Receiver:
    """A webhook's receiver: what came, and what it answers, one after the other (the last one for ever)."""

    def __init__(self) -> None:
        self.came: list[Any] = []
        self.answers: list[tuple[int, Any]] = [(200, {})]
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.came.append(json.loads(body))
                status, answer = receiver.answers[0]
                if len(receiver.answers) > 1:
                    receiver.answers.pop(0)
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

            def log_message(self, *arguments: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/{SECRET}"
        self.variables = {"CRAWLER_WEBHOOK_URL": self.url}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


class MailServer(socketserver.TCPServer):
    """Takes any mail: in the clear, after STARTTLS, or over TLS from the first byte."""

    allow_reuse_address = True

    def __init__(self, security: str = "none") -> None:
        self.security = security
        self.tls = process_authority().context_for("127.0.0.1")
        self.mails: list[str] = []
        self.logins: list[str] = []
        self.in_the_clear: list[bytes] = []
        super().__init__(("127.0.0.1", 0), MailHandler)


class MailHandler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, MailServer)
        with suppress(OSError):  # a client that trusts nobody hangs up in the handshake
            if self.server.security == "tls":
                self.encrypt(self.server.tls)
            self.wfile.write(b"220 made up\r\n")
            while line := self.rfile.readline():
                self.answer(self.server, line)

    def answer(self, server: MailServer, line: bytes) -> None:
        is_encrypted = isinstance(self.connection, ssl.SSLSocket)
        if not is_encrypted:
            server.in_the_clear.append(line)
        match line.split()[0].upper():
            case b"EHLO" if server.security == "starttls" and not is_encrypted:
                self.wfile.write(b"250-made up\r\n250 STARTTLS\r\n")
            case b"EHLO" if is_encrypted:
                self.wfile.write(b"250-made up\r\n250 AUTH PLAIN\r\n")
            case b"STARTTLS":
                self.wfile.write(b"220 go on\r\n")
                self.encrypt(server.tls)
            case b"AUTH":
                login = base64.b64decode(line.split()[2]).decode()
                server.logins.append(login)
                fits = login.endswith(f"\0{PASSWORD}")
                self.wfile.write(b"235 welcome\r\n" if fits else b"535 no\r\n")
            case b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = iter(self.rfile.readline, b".\r\n")
                server.mails.append(b"".join(lines).decode())
                self.wfile.write(b"250 taken\r\n")
            case b"QUIT":
                self.wfile.write(b"221 bye\r\n")
            case _:
                self.wfile.write(b"250 fine\r\n")

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def encrypt(self, tls: ssl.SSLContext) -> None:
        self.rfile.close()
        self.connection = tls.wrap_socket(self.request, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", 0)


@contextmanager
def serving(server: MailServer) -> Iterator[MailServer]:
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with serving(MailServer()) as server:
        yield server


@pytest.fixture
def trusted(tmp_path: Path) -> dict[str, str]:
    """Variables that make the sandbox's authority known, and carry a password."""
    bundle = tmp_path / "ca.pem"
    bundle.write_bytes(process_authority().certificate_pem)
    return {"SSL_CERT_FILE": str(bundle), "CRAWLER_SMTP_PASSWORD": PASSWORD}


def mail_settings(server: MailServer, security: Literal["starttls", "tls", "none"]) -> NotifySettings:
    return NotifySettings(
        smtp_host="127.0.0.1",
        smtp_port=server.server_address[1],
        smtp_security=security,
        smtp_user="crawler",
        mail_to=("one@example.org",),
    )


def with_notify(config: Config, **settings: Any) -> Config:
    changed = msgspec.structs.replace(config.settings, notify=NotifySettings(**settings))
    return msgspec.structs.replace(config, settings=changed)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        pytest.param(
            "slack", {"text": 'Stale links: &lt;at user_id="all"&gt;\n• a &amp; b'}, id="slack escapes"
        ),
        pytest.param(
            "feishu",
            {"msg_type": "text", "content": {"text": 'Stale links: ＜at user_id="all"＞\na & b'}},
            id="feishu calls nobody",
        ),
        pytest.param(
            "generic",
            {"event": "run-failed", "title": NOTICE.title, "lines": ["a & b"], "run": None, "links": []},
            id="generic",
        ),
    ],
)
def test_each_receiver_gets_its_shape(shape: str, expected: object) -> None:
    assert shape_payload(NOTICE, shape) == expected


def test_newly_dead_links_are_told_once(nights: Nights, receiver: Receiver) -> None:
    nights.pass_night()
    for _ in range(4):
        nights.pass_night(missing(ALPACA))
        notify_new_dead(nights.config, receiver.variables)
    (told,) = receiver.came
    assert told["event"] == "new-dead"
    assert told["title"] == "Stale links: 1 link newly dead"
    assert [link["url"] for link in told["links"]] == [ALPACA]
    assert told["lines"] == [f"first:12 Alpaca-LoRA; {ALPACA}; not-found"]


def test_a_failed_run_is_told_without_secrets(nights: Nights, receiver: Receiver) -> None:
    error = UnableError("refused by https://user:made-up-password@example.org/")
    notify_failed_run(nights.config, error, receiver.variables)
    (told,) = receiver.came
    assert told["event"] == "run-failed"
    assert "made-up-password" not in json.dumps(told)


@pytest.mark.parametrize(
    ("settings", "silent"),
    [({"failed_run": False}, True), ({"new_dead": False}, False)],
    ids=["switched off", "only the other one is off"],
)
def test_what_is_switched_off_is_not_told(
    nights: Nights, receiver: Receiver, settings: dict[str, bool], silent: bool
) -> None:
    notify_failed_run(with_notify(nights.config, **settings), UnableError("no network"), receiver.variables)
    assert (receiver.came == []) is silent


@pytest.mark.parametrize(
    ("shape", "answers", "tries", "warned"),
    [
        ("generic", [(500, {}), (200, {})], 2, False),
        ("generic", [(500, {})], 3, True),
        ("feishu", [(200, {"code": 9499}), (200, {"code": 0})], 2, False),
    ],
    ids=["heals", "never heals", "feishu says no with 200"],
)
def test_a_failed_delivery_is_tried_again_and_only_warned_of(
    receiver: Receiver,
    caplog: pytest.LogCaptureFixture,
    shape: Any,
    answers: list[tuple[int, Any]],
    tries: int,
    warned: bool,
) -> None:
    receiver.answers = answers
    pauses: list[float] = []
    with caplog.at_level(logging.WARNING):
        deliver(NOTICE, NotifySettings(webhook_shape=shape), receiver.variables, pauses.append)
    assert len(receiver.came) == tries
    assert len(pauses) == min(tries, 3) - 1
    assert ("not delivered" in caplog.text) is warned
    assert SECRET not in caplog.text


def test_a_receiver_that_is_not_there_is_only_a_warning(
    refused_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    variables = {"CRAWLER_WEBHOOK_URL": f"http://127.0.0.1:{refused_port}/{SECRET}"}
    deliver(NOTICE, NotifySettings(), variables, lambda _: None)
    assert "ConnectError" in caplog.text
    assert SECRET not in caplog.text


def test_a_mail_arrives(mail_server: MailServer) -> None:
    settings = NotifySettings(
        smtp_host="127.0.0.1",
        smtp_port=mail_server.server_address[1],
        smtp_security="none",
        mail_from="crawler@example.org",
        mail_to=("one@example.org", "two@example.org"),
    )
    deliver(NOTICE, settings, {}, lambda _: None)
    (mail,) = mail_server.mails
    assert "To: one@example.org, two@example.org" in mail
    assert "a & b" in mail


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_password_goes_over_tls(security: Literal["starttls", "tls"], trusted: dict[str, str]) -> None:
    with serving(MailServer(security)) as server:
        deliver(NOTICE, mail_settings(server, security), trusted, lambda _: None)
    assert server.logins == [f"\0crawler\0{PASSWORD}"]
    assert "a & b" in server.mails[0]
    assert {line.split()[0].upper() for line in server.in_the_clear} <= {b"EHLO", b"STARTTLS"}


@pytest.mark.parametrize("what", ["no STARTTLS", "unknown authority", "wrong password"])
def test_a_mail_that_cannot_go_safely_does_not_go(
    what: str, trusted: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    variables = trusted
    if what == "unknown authority":
        variables = {"CRAWLER_SMTP_PASSWORD": PASSWORD}
    elif what == "wrong password":
        variables = trusted | {"CRAWLER_SMTP_PASSWORD": "another-made-up-one"}
    with serving(MailServer("none" if what == "no STARTTLS" else "starttls")) as server:
        deliver(NOTICE, mail_settings(server, "starttls"), variables, lambda _: None)
    assert server.mails == []
    assert bool(server.logins) is (what == "wrong password")
    assert "the mail was not delivered" in caplog.text
    assert PASSWORD not in caplog.text


def test_no_password_goes_unencrypted(mail_server: MailServer) -> None:
    settings = mail_settings(mail_server, "none")
    deliver(NOTICE, settings, {"CRAWLER_SMTP_PASSWORD": PASSWORD}, lambda _: None)
    assert len(mail_server.mails) == 1
    assert mail_server.logins == []


def test_a_hostile_title_adds_no_header(nights: Nights, mail_server: MailServer) -> None:
    config = with_notify(
        nights.config,
        mail_to=("one@example.org",),
        smtp_host="127.0.0.1",
        smtp_port=mail_server.server_address[1],
        smtp_security="none",
    )
    hostile = ReportSettings(title="a\nBcc: x@example.org")
    settings = msgspec.structs.replace(config.settings, report=hostile)
    notify_failed_run(msgspec.structs.replace(config, settings=settings), UnableError("no network"), {})
    (mail,) = mail_server.mails
    assert "\nBcc:" not in mail
    assert "no network" in mail
