"""Who is told after a run, and how: a webhook, a mail. Tried a few times; a failure is a warning only.

The webhook's address and the mail password come from the environment and are shown nowhere.
"""

from __future__ import annotations

import logging
import smtplib
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, Final, Literal

from crawler.config import Config
from crawler.errors import CrawlerError
from crawler.escape import for_terminal
from crawler.fetch.environment import NetworkEnvironment
from crawler.fetch.post import PostError, post_json
from crawler.links.mask import mask_text
from crawler.report.language import ENGLISH, Text
from crawler.report.reading import reading
from crawler.report.stale import choose_text, title_in
from crawler.report.stale_collector import collect_news
from crawler.report.stale_model import News
from crawler.settings import NotifySettings
from crawler.store.events import EventKind

WEBHOOK_VARIABLE: Final = "CRAWLER_WEBHOOK_URL"
PASSWORD_VARIABLE: Final = "CRAWLER_SMTP_PASSWORD"  # noqa: S105 - its name, not its value
PAUSES_SECONDS: Final = (1.0, 4.0)
"""Between tries; with TIMEOUT_SECONDS for each of the three, a notice takes at most 35 s for each way."""
TIMEOUT_SECONDS: Final = 10.0
MOST_LINKS: Final = 20

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Notice:
    """What is told: a heading, and a line for each link or the reason. Strangers' text is one line."""

    event: Literal["new-dead", "run-failed"]
    title: str
    lines: tuple[str, ...]
    run_id: int | None = None
    links: tuple[News, ...] = ()


class Undelivered(Exception):  # noqa: N818 - data for the next try
    """One try failed; says why without any secret."""


def notify_new_dead(config: Config, variables: Mapping[str, str]) -> None:
    """Tell which links died in the latest run, if any did."""
    if not config.settings.notify.new_dead or not _somebody_listens(config, variables):
        return
    try:
        notice = _new_dead_notice(config)
    except CrawlerError as error:
        log.warning("nobody was notified: %s", error)
        return
    if notice is not None:
        deliver(notice, config.settings.notify, variables)


def notify_failed_run(config: Config, error: CrawlerError, variables: Mapping[str, str]) -> None:
    """Tell that a run could not do its job, and why."""
    if not config.settings.notify.failed_run or not _somebody_listens(config, variables):
        return
    text = _text_of(config)
    title = text("notify.subject", title=title_in(config, text), what=text("notify.failed"))
    notice = Notice("run-failed", _line(title), (_line(mask_text(str(error))),))
    deliver(notice, config.settings.notify, variables)


def deliver(
    notice: Notice,
    settings: NotifySettings,
    variables: Mapping[str, str],
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """By every way that is set up; each is tried three times."""
    ways: list[tuple[str, Callable[[], None]]] = []
    if url := variables.get(WEBHOOK_VARIABLE, "").strip():
        ways.append(("webhook", lambda: _post(url, notice, settings.webhook_shape, variables)))
    if settings.smtp_host and settings.mail_to:
        password = variables.get(PASSWORD_VARIABLE, "")
        ways.append(("mail", lambda: _mail(notice, settings, password, variables)))
    for name, send in ways:
        _try_hard(name, send, sleep)


def shape_payload(notice: Notice, shape: str) -> dict[str, Any]:
    """The JSON a webhook is sent, as its receiver wants it."""
    if shape == "slack":
        # https://docs.slack.dev/messaging/formatting-message-text: these three are its only escapes.
        told = "\n".join(f"• {line}" for line in notice.lines)
        text = f"{notice.title}\n{told}"
        return {"text": text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")}
    if shape == "feishu":
        # A tag such as <at user_id="all"> would call everybody of the group.
        text = "\n".join((notice.title, *notice.lines)).replace("<", "＜").replace(">", "＞")
        return {"msg_type": "text", "content": {"text": text}}
    return {
        "event": notice.event,
        "title": notice.title,
        "lines": list(notice.lines),
        "run": notice.run_id,
        "links": [
            {
                "url": change.url,
                "evidence": change.evidence,
                "places": [
                    {"document": place.document, "line": place.line, "entry": place.entry}
                    for place in change.places
                ],
            }
            for change in notice.links
        ],
    }


def write_mail(notice: Notice, settings: NotifySettings) -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = notice.title
    mail["From"] = settings.mail_from or settings.smtp_user or settings.mail_to[0]
    mail["To"] = ", ".join(settings.mail_to)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content("\n".join(notice.lines) + "\n")
    return mail


def _try_hard(name: str, send: Callable[[], None], sleep: Callable[[float], None]) -> None:
    for pause in (*PAUSES_SECONDS, None):
        try:
            send()
        except Undelivered as error:
            if pause is None:
                log.warning("the %s was not delivered: %s", name, error)
            else:
                sleep(pause)
        else:
            return


def _post(url: str, notice: Notice, shape: str, variables: Mapping[str, str]) -> None:
    try:
        environment = NetworkEnvironment.from_mapping(variables)
        answer = post_json(url, shape_payload(notice, shape), environment, TIMEOUT_SECONDS)
    except (PostError, CrawlerError) as error:
        raise Undelivered(str(error)) from None
    # Feishu says 200 to everything; its own verdict stands in the body.
    if shape == "feishu" and isinstance(answer, dict) and answer.get("code", 0) != 0:
        raise Undelivered(f"the receiver refused it with code {answer['code']}")


def _mail(notice: Notice, settings: NotifySettings, password: str, variables: Mapping[str, str]) -> None:
    try:
        context = NetworkEnvironment.from_mapping(variables).ssl_context()
        with _connect(settings, context) as server:
            if settings.smtp_security == "starttls":
                server.starttls(context=context)
            if settings.smtp_user and settings.smtp_security != "none":
                server.login(settings.smtp_user, password)
            server.send_message(write_mail(notice, settings))
    except (OSError, smtplib.SMTPException, CrawlerError, ValueError) as error:
        raise Undelivered(type(error).__name__) from None


def _connect(settings: NotifySettings, context: ssl.SSLContext) -> smtplib.SMTP:
    if settings.smtp_security == "tls":
        return smtplib.SMTP_SSL(
            settings.smtp_host, settings.smtp_port, timeout=TIMEOUT_SECONDS, context=context
        )
    return smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=TIMEOUT_SECONDS)


def _somebody_listens(config: Config, variables: Mapping[str, str]) -> bool:
    settings = config.settings.notify
    return bool(variables.get(WEBHOOK_VARIABLE, "").strip() or (settings.smtp_host and settings.mail_to))


def _new_dead_notice(config: Config) -> Notice | None:
    with reading(config) as history:
        run = history.latest_run()
        if run is None:
            return None
        text = choose_text(history, run, None, None)
        news = collect_news(history, run, document=None, text=text)
    dead = [change for change in news if change.kind is EventKind.NEW_DEAD]
    if not dead:
        return None
    what = text.count(len(dead), "notify.new_dead")
    lines = [_describe(change, text) for change in dead[:MOST_LINKS]]
    if len(dead) > MOST_LINKS:
        lines.append(text("notify.more", n=f"{len(dead) - MOST_LINKS:,}"))
    return Notice(
        event="new-dead",
        title=_line(text("notify.subject", title=title_in(config, text), what=what)),
        lines=tuple(map(_line, lines)),
        run_id=run.id,
        links=tuple(dead),
    )


def _describe(change: News, text: Text) -> str:
    place = change.places[0]
    where = place.document if place.line is None else f"{place.document}:{place.line}"
    return text("separator").join(filter(None, (f"{where} {place.entry}", change.url, change.evidence)))


def _text_of(config: Config) -> Text:
    """The lists' language, where the database can still be read."""
    try:
        with reading(config) as history:
            return choose_text(history, None, None, None)
    except CrawlerError:
        return ENGLISH


def _line(text: str) -> str:
    return for_terminal(text)
