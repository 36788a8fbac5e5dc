"""What reaches stderr: the message and the traceback, but no secret and no control character."""

from __future__ import annotations

import json
import logging

import pytest

from crawler.logs import JsonFormatter, MaskingFormatter, secrets_in

TOKEN = "made-up-token-of-no-known-shape"


def record(message: str, error: BaseException | None = None) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("crawler", logging.WARNING, "x.py", 1, message, (), info)


@pytest.mark.parametrize(
    ("message", "secret"),
    [
        (f"cannot ask with {TOKEN}", TOKEN),
        ("cannot judge https://user:pass-word@example.org/x", "pass-word"),
        ("two: https://a:pass-one@x.org http://b:pass-two@y.org/z", "pass-two"),
        ("cannot judge https://example.org/x?a=1&access_token=opensesame more", "opensesame"),
        ("the answer was ghp_0123456789abcdefghij0123", "ghp_0123456789"),
    ],
    ids=["token", "password", "second-address", "query", "shape"],
)
def test_a_secret_is_hidden(message: str, secret: str) -> None:
    shown = MaskingFormatter([TOKEN]).format(record(message))
    assert secret not in shown
    assert "***" in shown


def test_a_traceback_is_hidden_alike() -> None:
    try:
        raise ValueError(f"Authorization: Bearer {TOKEN}")
    except ValueError as error:
        shown = MaskingFormatter([TOKEN]).format(record("cannot judge", error))
    assert TOKEN not in shown
    assert "Traceback" in shown
    assert "\n" in shown


def test_what_follows_an_address_stays() -> None:
    shown = MaskingFormatter().format(record("no https://x.org/?token=abc today, 2 of 3"))
    assert shown == "no https://x.org/?token=*** today, 2 of 3"


def test_a_stranger_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in MaskingFormatter().format(record("title \x1b[2J\u202e"))


def test_every_secret_of_an_environment_is_known() -> None:
    variables = {
        "GITHUB_TOKEN": "first-token, second-token",
        "HF_TOKEN": "third-token",
        "https_proxy": "http://me:proxy-password@proxy.example:3128",
        "HTTP_PROXY": "http://[bad",
    }
    found = set(secrets_in(variables))
    assert found == {"first-token", "second-token", "third-token", "proxy-password"}


def test_a_line_for_machines_is_one_object_without_secrets() -> None:
    try:
        raise ValueError(f"Authorization: Bearer {TOKEN}")
    except ValueError as error:
        shown = JsonFormatter([TOKEN]).format(record(f"two\nlines \x1b[2J {TOKEN}", error))
    assert "\n" not in shown
    told = json.loads(shown)
    assert (told["level"], told["logger"]) == ("warning", "crawler")
    assert told["time"].endswith("+00:00")
    assert "ValueError" in told["traceback"]
    assert TOKEN not in shown
    assert "\x1b" not in told["message"]
