"""The stale-link report: what a maintainer reads, in both forms."""

import dataclasses
import unicodedata
from datetime import date

import pytest

from crawler.config import Config
from crawler.errors import UsageError
from crawler.records import (
    Catalog,
    Document,
    Entry,
    EntryKind,
    Exclusion,
    Mention,
    Observation,
    Outcome,
    Reason,
    Role,
    RunState,
)
from crawler.report.language import Language
from crawler.report.stale import stale_report
from crawler.settings import ReportSettings, Settings
from tests.report.conftest import (
    ALPACA,
    BLOG,
    CATALOG,
    FASTCHAT,
    PAPER,
    PHI,
    VICUNA,
    ZHIHU,
    Nights,
    missing,
    saw,
)

FACTS = {"stars": 3, "license": "MIT", "archived": False}
COPY = f"https://web.archive.org/web/2026/{ALPACA}"


def report(
    nights: Nights, format_name: str = "terminal", *, document: str | None = None, as_of: str | None = None
) -> str:
    told = stale_report(nights.config, format_name, document=document, as_of=as_of, language=Language.EN)
    return "".join(told or ())


def moved(**facts: object) -> Observation:
    return saw(VICUNA, Outcome.MOVED, Reason.RENAMED, suggested_url=FASTCHAT, facts={**FACTS, **facts})


def silent(url: str, reason: Reason = Reason.TIMEOUT) -> Observation:
    return saw(url, Outcome.FAILED, reason, http_status=None)


def walled(url: str) -> Observation:
    return saw(url, Outcome.RESTRICTED, Reason.BOT_WALL, http_status=403)


@pytest.fixture
def eventful(nights: Nights) -> Nights:
    """Five nights after which one link is dead, one suspect, one restricted, one moved and changed."""
    nights.pass_night()
    nights.pass_night(missing(ALPACA), missing(PAPER))
    nights.pass_night(missing(ALPACA), missing(PAPER), moved())
    nights.pass_night(
        missing(ALPACA), missing(PAPER), moved(license="Apache-2.0", archived=True), walled(ZHIHU)
    )
    nights.pass_night(
        missing(ALPACA),
        moved(license="Apache-2.0", archived=True),
        walled(ZHIHU),
        missing(BLOG),
        archived={ALPACA: COPY},
    )
    return nights


TERMINAL = f"""\
Stale links: run 5 of 2026-11-05 02:30 UTC: 6 links, 1 dead, 1 moved, 1 suspect, 1 restricted, 2 healthy

Changed in run 5
  newly dead  first:12  Alpaca-LoRA                           {ALPACA}  not-found
  suspect     second:3  =1+1 | [x](javascript:alert) *bold*…  {BLOG}  not-found
  recovered   first:12  Alpaca-LoRA                           {PAPER}  was suspect

大模型列表 Awesome LLM  <https://github.com/someone/list>
  dead (1)
    line 12  Alpaca-LoRA
             {ALPACA}
             not-found, HTTP 404; failing since 2026-11-02; 4 strikes; last alive 2026-11-01
             archived copy: {COPY}
             also: second:4 =1+1 | [x](javascript:alert) *bold*…
  moved (1)
    line 20  Vicuna 小羊驼
             {VICUNA}
             renamed since 2026-11-03
             replace with: {FASTCHAT}
  licence changed (1)
    line 20  Vicuna 小羊驼
             {VICUNA}
             seen since 2026-11-04; MIT → Apache-2.0
  archived by its owner (1)
    line 20  Vicuna 小羊驼  {VICUNA}  seen since 2026-11-04
  restricted: the host keeps us out (1)
    line 21  Vicuna 小羊驼  {ZHIHU}  bot-wall, HTTP 403; since 2026-11-04; last alive 2026-11-03

Second *list*
  suspect: failing, not yet proved dead (1)
    line 3  =1+1 | [x](javascript:alert) *bold*…
            {BLOG}
            not-found, HTTP 404; failing since 2026-11-05; 1 strike; last alive 2026-11-04
"""

HOSTILE_IN_MARKDOWN = "=1\\+1 \\| \\[x\\]\\(javascript\\:alert\\) \\*bold\\* \\@everyone"
MARKDOWN = f"""\
# Stale links

Run 5 of 2026-11-05 02:30 UTC: 6 links, 1 dead, 1 moved, 1 suspect, 1 restricted, 2 healthy.

## Changed in run 5

- **newly dead**: <{ALPACA}> (not-found) at first line 12 (Alpaca\\-LoRA)
- **suspect**: <{BLOG}> (not-found) at second line 3 ({HOSTILE_IN_MARKDOWN})
- **recovered**: <{PAPER}> (was suspect) at first line 12 (Alpaca\\-LoRA)

## 大模型列表 Awesome LLM

<https://github.com/someone/list>

### Dead (1)

- line 12, **Alpaca\\-LoRA**: <{ALPACA}>
  - not-found, HTTP 404; failing since 2026-11-02; 4 strikes; last alive 2026-11-01
  - archived copy <{COPY}>
  - also at second line 4 ({HOSTILE_IN_MARKDOWN})

### Moved (1)

- line 20, **Vicuna 小羊驼**: <{VICUNA}>
  - renamed since 2026-11-03
  - replace with <{FASTCHAT}>

### Licence changed (1)

- line 20, **Vicuna 小羊驼**: <{VICUNA}>
  - seen since 2026-11-04; MIT → Apache\\-2.0

### Archived by its owner (1)

- line 20, **Vicuna 小羊驼**: <{VICUNA}>
  - seen since 2026-11-04

### Restricted: the host keeps us out (1)

- line 21, **Vicuna 小羊驼**: <{ZHIHU}>
  - bot-wall, HTTP 403; since 2026-11-04; last alive 2026-11-03

## Second \\*list\\*

### Suspect: failing, not yet proved dead (1)

- line 3, **{HOSTILE_IN_MARKDOWN}**: <{BLOG}>
  - not-found, HTTP 404; failing since 2026-11-05; 1 strike; last alive 2026-11-04
"""


def test_the_terminal_report_in_full(eventful: Nights) -> None:
    assert report(eventful) == TERMINAL


def test_the_markdown_report_in_full(eventful: Nights) -> None:
    assert report(eventful, "markdown") == MARKDOWN


# --- one line is enough ---


def test_all_well_takes_one_line(nights: Nights) -> None:
    nights.pass_night()
    nights.pass_night()
    assert report(nights) == "Stale links: all well: 6 links, 6 healthy as of run 2 of 2026-11-02 02:30 UTC\n"


def test_before_the_first_crawl(nights: Nights) -> None:
    assert report(nights) == (
        "Stale links: not crawled yet: 4 entries, 6 links, 6 unknown; `crawler run` looks at them\n"
    )
    assert "Not crawled yet: 4 entries" in report(nights, "markdown")
    with pytest.raises(UsageError):
        report(nights, as_of="2026-11-01")


def test_the_first_run_does_not_say_everything_twice(nights: Nights) -> None:
    nights.pass_night(missing(ALPACA))
    text = report(nights)
    assert "The first run: everything below is new" in text
    assert text.count(ALPACA) == 1


def test_nothing_new_is_said(eventful: Nights) -> None:
    eventful.pass_night(
        missing(ALPACA), moved(license="Apache-2.0", archived=True), walled(ZHIHU), missing(BLOG)
    )
    assert "Nothing changed in run 6\n" in report(eventful)
    assert "## Nothing changed in run 6\n" in report(eventful, "markdown")


# --- as of, one document, a title ---


def test_as_of_an_earlier_night_it_says_what_it_said_then(nights: Nights) -> None:
    texts = []
    for looks in ([missing(ALPACA)], [missing(ALPACA), moved()], [walled(ZHIHU), missing(ALPACA)], []):
        nights.pass_night(*looks)
        texts.append([report(nights, form) for form in ("terminal", "markdown")])
    for run, text in enumerate(texts, 1):
        assert [report(nights, form, as_of=str(run)) for form in ("terminal", "markdown")] == text
    assert report(nights, as_of="2026-11-02") == texts[1][0]


def test_one_document(eventful: Nights) -> None:
    text = report(eventful, document="second")
    assert text.startswith(
        "Stale links in second: run 5 of 2026-11-05 02:30 UTC: 2 links, 1 dead, 1 suspect\n"
    )
    assert VICUNA not in text
    assert "大模型列表" not in text
    assert "line 4  =1+1" in text, "the place in this document comes first"
    assert "also: first:12 Alpaca-LoRA" in text


def test_an_unknown_document_names_the_nearest(eventful: Nights) -> None:
    with pytest.raises(UsageError, match="did you mean 'second'"):
        report(eventful, document="secnod")


def test_the_title_of_the_config(nights: Nights) -> None:
    nights.config = Config(Settings(report=ReportSettings(title="Links of *our* lists")), nights.config.path)
    nights.pass_night()
    assert report(nights).startswith("Links of *our* lists: all well")
    assert report(nights, "markdown").startswith("# Links of \\*our\\* lists\n")


# --- what could not be checked ---


def test_links_that_could_not_be_checked_are_counted_by_why(nights: Nights) -> None:
    nights.pass_night()
    nights.catalog = dataclasses.replace(
        CATALOG,
        exclusions=(
            Exclusion(PHI, "its host asks to be left alone", date(2026, 12, 1)),
            Exclusion(BLOG, "was left alone for a while", date(2026, 11, 2)),
        ),
    )
    nights.pass_night(
        silent(PAPER),
        silent(VICUNA),
        saw(ZHIHU, Outcome.THROTTLED, Reason.RATE_LIMITED, http_status=429, detail="asks for 3,000 seconds"),
        missing(PHI),
        summary={"notes": ["the token of GitHub was refused"]},
    )
    assert report(nights).splitlines()[3:] == [
        "",
        "Could not be checked",
        "  2  no telling answer: timeout: arxiv.org, github.com",
        "  1  left for the next run: rate-limited: zhuanlan.zhihu.com (asks for 3,000 seconds)",
        "  1  left alone as the catalog asks: its host asks to be left alone (until 2026-12-01)",
        "note: the token of GitHub was refused",
    ]
    markdown = report(nights, "markdown")
    assert "- 2 no telling answer: timeout: arxiv.org, github.com\n" in markdown
    assert "> the token of GitHub was refused\n" in markdown


def test_one_of_many_details_stands_for_all(nights: Nights) -> None:
    nights.pass_night(
        *(
            saw(url, Outcome.THROTTLED, Reason.RATE_LIMITED, http_status=429, detail=f"asks for {seconds} s")
            for url, seconds in ((PAPER, 900), (ZHIHU, 1200))
        )
    )
    assert "rate-limited: arxiv.org, zhuanlan.zhihu.com (for example asks for 1200 s)" in report(nights)


def test_links_a_run_did_not_ask_are_counted(nights: Nights) -> None:
    nights.pass_night()
    with nights.open() as store:
        run = store.begin_run(nights.catalog, nights.now)
        store.finish_run(run, RunState.FAILED, {})
    text = report(nights)
    assert "run 2 of 2026-11-02 02:30 UTC, failed: 6 links, 6 healthy" in text
    assert "  6  not asked in run 2: github.com, arxiv.org, example.org and 2 more hosts" in text


def test_a_link_never_answered_is_neither_stale_nor_forgotten(nights: Nights) -> None:
    nights.pass_night(silent(PAPER, Reason.SERVER_ERROR))
    text = report(nights)
    assert "1 unknown" in text
    assert "  1  no telling answer: server-error: arxiv.org" in text


def test_silence_is_suspect_after_some_nights_and_says_so(nights: Nights) -> None:
    nights.pass_night()
    for _ in range(3):
        nights.pass_night(silent(PAPER))
    text = report(nights)
    assert "timeout; no telling answer since 2026-11-02; last alive 2026-11-01" in text
    assert "Could not be checked" not in text


def test_an_address_nobody_can_ask_is_a_matter_for_the_document(nights: Nights) -> None:
    nights.pass_night(
        saw(BLOG, Outcome.SKIPPED, Reason.PRIVATE_ADDRESS, http_status=None, detail="points at 10.0.0.1")
    )
    text = report(nights)
    assert "not an address that can be asked (1)" in text
    assert "private-address; points at 10.0.0.1" in text


# --- strangers' text ---

NASTY = "\x1b]8;;https://evil.example\x07<script>`|\u202egnp\n# heading"


def nasty_catalog() -> Catalog:
    url = "https://user:hunter2@example.net/a?b=`|&token=abcdefgh"
    return Catalog(
        (Document("first", NASTY, "https://example.net/`"),),
        (
            Entry(
                "first/nasty",
                NASTY,
                EntryKind.MODEL,
                "first",
                mentions=(Mention(url, NASTY, Role.PROJECT, 1),),
            ),
        ),
    )


@pytest.mark.parametrize("format_name", ["terminal", "markdown"])
def test_nothing_from_outside_can_act(nights: Nights, format_name: str) -> None:
    nights.catalog = nasty_catalog()
    url = nights.catalog.entries[0].mentions[0].url
    nights.pass_night()
    nights.pass_night(
        saw(
            url,
            Outcome.NOT_FOUND,
            Reason.SOFT_404,
            detail=NASTY,
        ),
        summary={"notes": [NASTY]},
    )
    nights.pass_night(
        saw(
            url,
            Outcome.MOVED,
            Reason.REDIRECTED,
            suggested_url="https://evil.example/\x1b[2J>`*x*",
        ),
        summary={"notes": [NASTY]},
    )
    for as_of in ("2", "3"):
        text = report(nights, format_name, as_of=as_of)
        assert "example.net" in text
        assert "hunter2" not in text
        assert "abcdefgh" not in text
        assert not [
            character
            for character in text
            if unicodedata.category(character) in {"Cc", "Cf"} and character != "\n"
        ]
        assert "\n# heading" not in text
        if format_name == "markdown":
            assert "<script>" not in text


def test_names_of_two_cells_a_character_stay_in_their_columns(nights: Nights) -> None:
    urls = {
        "A": "https://example.com/1",
        "小羊驼": "https://example.com/2",
        "ＷＩＤＥ": "https://example.com/3",
    }
    nights.catalog = Catalog(
        CATALOG.documents[:1],
        tuple(
            Entry(
                f"first/{number}",
                name,
                EntryKind.MODEL,
                "first",
                mentions=(Mention(url, url, Role.PROJECT, number),),
            )
            for number, (name, url) in enumerate(urls.items(), 1)
        ),
    )
    nights.pass_night(*map(walled, urls.values()))
    lines = [line for line in report(nights).splitlines() if "https://example.com/" in line]
    assert len(lines) == 3
    columns = {
        sum(
            2 if unicodedata.east_asian_width(character) in "WF" else 1
            for character in line[: line.index("https")]
        )
        for line in lines
    }
    assert len(columns) == 1


def test_made_up_data_says_so_first(nights: Nights) -> None:
    nights.made_up = True
    nights.pass_night(missing(ALPACA))
    assert report(nights).startswith("Made-up data: ")
    assert report(nights, "markdown").splitlines()[2].startswith("> **Made-up data: ")


def test_a_link_at_two_places_of_one_document_is_one_item(nights: Nights) -> None:
    mentions = tuple(Mention(ALPACA, ALPACA, Role.PROJECT, line) for line in (7, 30))
    nights.catalog = Catalog(
        CATALOG.documents[:1], (Entry("first/a", "Alpaca", EntryKind.MODEL, "first", mentions=mentions),)
    )
    nights.pass_night(missing(ALPACA))
    text = report(nights)
    assert text.count(ALPACA) == 1
    assert "line 7  Alpaca" in text
    assert "also: line 30 Alpaca" in text
    assert "also at line 30 (Alpaca)" in report(nights, "markdown")


def test_other_findings_are_told(nights: Nights) -> None:
    nights.pass_night(saw(PHI, facts={"gated": False}, host_id="1"), saw(PAPER, facts={"withdrawn": False}))
    nights.pass_night(
        saw(PHI, reason=Reason.GATED, facts={"gated": "manual"}, host_id="1"),
        saw(PAPER, reason=Reason.WITHDRAWN, facts={"withdrawn": True}),
    )
    nights.pass_night(saw(PHI, facts={"gated": False}, host_id="2"), saw(PAPER, facts={"withdrawn": True}))
    text = report(nights)
    assert "name taken over by something else (1)" in text
    assert "  name taken over  first:20  Vicuna 小羊驼  " in text
    assert "withdrawn (1)" in text
    second = report(nights, as_of="2")
    assert "seen since 2026-11-02; manual" in second
    assert "  gated " in second
    assert "  withdrawn  first:12  Alpaca-LoRA" in second
