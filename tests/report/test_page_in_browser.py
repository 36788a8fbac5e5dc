"""The HTML report in a real browser (Debian's Chromium): what a reader does with it, and what may not happen.

Skipped only where Chromium is missing. Screenshots are kept in build/screenshots.
"""

from __future__ import annotations

import json
import shutil
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from crawler.catalog import write_catalog_file
from crawler.config import Config, load_config
from crawler.demo import run_demo
from crawler.records import Catalog, Document, Entry, EntryKind, Mention, Role
from crawler.report.language import Language
from crawler.report.stale import stale_report
from tests.report.conftest import ALPACA, Nights, missing

CHROMIUM = shutil.which("chromium")
SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MILLISECONDS: Final = 90_000
WIDE, PHONE = (1280, 900), (390, 844)
HOSTILE = "</script><script>window.pwned=1</script><img src=x onerror=window.pwned=2>\u202e{{7*7}}"

pytestmark = [
    pytest.mark.browser,
    # With the demo and the browser to start, on a machine that does other things too.
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
]

OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Playwright gives every launch a fresh profile of its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """Four nights of the shipped catalog against the sandbox; all of it made up."""
    database = tmp_path_factory.mktemp("demo") / "demo.db"
    for _ in run_demo(database, nights=4):
        pass
    return load_config(database.with_suffix(".toml"))


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator[OpenPage]:
    """Write a report and open it; whatever the page asks for beyond its own file fails the test."""
    asked: list[str] = []
    said: list[str] = []
    contexts = []

    def open_(
        config: Config,
        language: Language | None = Language.EN,
        *,
        size: tuple[int, int] = WIDE,
        dark: bool = False,
        scripts: bool = True,
        document: str | None = None,
    ) -> Page:
        told = stale_report(config, "html", document=document, as_of=None, language=language)
        file = tmp_path / "report.html"
        file.write_text("".join(told or ()), encoding="utf-8")
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            java_script_enabled=scripts,
            permissions=["clipboard-read", "clipboard-write"],
        )
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(file.as_uri())
        return page

    yield open_
    for context in contexts:
        context.close()
    assert all(url == (tmp_path / "report.html").as_uri() for url in asked)
    assert said == []


def rows(page: Page) -> int:
    return page.locator("tr[data-topic]:visible").count()


def shoot(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")


@pytest.fixture(scope="module")
def axe(npm_package: Callable[[str], Path]) -> str:
    """The accessibility checker as its npm package has it."""
    with tarfile.open(npm_package("axe-core@4")) as archive:
        member = archive.extractfile("package/axe.min.js")
        assert member is not None
        return member.read().decode()


@pytest.mark.parametrize(
    ("language", "size", "dark"),
    [
        pytest.param(Language.EN, WIDE, False, id="light"),
        pytest.param(Language.ZH, PHONE, True, id="phone-dark-chinese"),
    ],
)
def test_nothing_keeps_anybody_out(
    demo: Config, open_page: OpenPage, axe: str, language: Language, size: tuple[int, int], dark: bool
) -> None:
    page = open_page(demo, language, size=size, dark=dark, document="chinese-llm-table")
    shoot(page, f"{language}-{size[0]}-{'dark' if dark else 'light'}")
    page.evaluate("() => document.querySelectorAll('details').forEach((each) => (each.open = true))")
    page.evaluate(axe)
    result: dict[str, Any] = page.evaluate("() => axe.run()")
    violations = [
        (each["id"], [node["html"][:200] for node in each["nodes"][:3]]) for each in result["violations"]
    ]
    assert violations == []
    assert len(result["passes"]) > 20
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_search_and_filters_narrow_the_list(demo: Config, open_page: OpenPage) -> None:
    page = open_page(demo)
    everything = rows(page)
    assert f"{everything} of {everything} shown" in page.locator(".shown").inner_text()
    page.select_option("#topic", "dead")
    dead = rows(page)
    assert 0 < dead < everything
    assert page.locator("tr[data-topic]:visible").first.get_attribute("data-topic") == "dead"
    page.select_option("#document", "chinese-llm-table")
    assert 0 < rows(page) < dead
    assert page.locator("section.document:visible").count() == 1
    page.select_option("#topic", "")
    page.select_option("#document", "")
    page.fill("#search", "HTTP 404 github")
    assert 0 < rows(page) < everything
    page.fill("#search", "nothing of the kind")
    assert rows(page) == 0
    assert page.locator(".shown").inner_text() == "Nothing here matches."
    page.fill("#search", "")
    assert rows(page) == everything


def test_a_column_sorts_up_and_down(demo: Config, open_page: OpenPage) -> None:
    page = open_page(demo, document="find-the-chatgpter")
    heads = page.get_by_role("button", name="Line", exact=True)

    def lines() -> list[int]:
        return [int(row.get_attribute("data-line") or 0) for row in page.locator("tr[data-topic]").all()]

    heads.click()
    assert lines() == sorted(lines())
    assert page.locator("th[aria-sort]").get_attribute("aria-sort") == "ascending"
    heads.click()
    assert lines() == sorted(lines(), reverse=True)
    assert page.locator("th[aria-sort]").get_attribute("aria-sort") == "descending"


def test_the_replacement_is_copied(demo: Config, open_page: OpenPage) -> None:
    page = open_page(demo)
    row = page.locator("tr[data-topic=moved]").first
    button = row.locator("button.copy")
    # It says so for a moment only, which a busy machine may miss: every word of it is noted. The page's own
    # rules allow no script to be evaluated while one waits, but a selector may be looked for.
    button.evaluate(
        "button => { document.body.dataset.said = '';"
        " const note = () => { document.body.dataset.said += button.textContent };"
        " new MutationObserver(note).observe(button, {childList: true}) }"
    )
    button.click()
    page.locator("body[data-said*=Copied]").wait_for(state="attached")
    assert page.evaluate("navigator.clipboard.readText()") == row.locator("td.fix code").inner_text()


def test_it_speaks_the_language_of_its_lists(demo: Config, open_page: OpenPage) -> None:
    page = open_page(demo, None, document="chinese-llm-table")
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    assert page.get_by_role("heading", name="待处理").is_visible()
    page = open_page(demo, Language.EN, document="chinese-llm-table")
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.get_by_role("heading", name="To look at").is_visible()


def test_dark_is_dark(demo: Config, open_page: OpenPage) -> None:
    def brightness(page: Page) -> int:
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(int(part) for part in colour.removeprefix("rgb(").rstrip(")").split(","))

    assert brightness(open_page(demo, dark=True)) < 150
    assert brightness(open_page(demo)) > 600


def test_charts_are_drawn_with_their_numbers(demo: Config, open_page: OpenPage) -> None:
    page = open_page(demo)
    assert page.get_by_role("img", name="Health, night by night").is_visible()
    assert page.locator(".chart-health svg rect.rect").count() > 5
    page.locator("#charts").scroll_into_view_if_needed()
    shoot(page, "charts")
    page.locator(".chart-health summary").click()
    assert page.locator(".chart-health table tbody tr").count() == 4


def test_it_prints(demo: Config, open_page: OpenPage) -> None:
    page = open_page(demo, document="chinese-llm-table", dark=True)
    page.emulate_media(media="print")
    assert page.locator(".tools").is_hidden()
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    printed = page.pdf(format="A4")
    assert printed.startswith(b"%PDF")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    (SCREENSHOTS / "report.pdf").write_bytes(printed)


def test_without_scripts_everything_is_there(demo: Config, open_page: OpenPage) -> None:
    page = open_page(demo, scripts=False, document="chinese-llm-table")
    assert page.locator(".tools").is_hidden()
    assert page.locator("button.copy:visible").count() == 0
    assert rows(page) > 5


def test_the_whole_catalog_fits(demo: Config) -> None:
    told = stale_report(demo, "html", document=None, as_of=None)
    assert len("".join(told or ()).encode()) < 1_000_000


@pytest.fixture
def hostile(nights: Nights) -> Config:
    """A list in which every text a stranger may choose is an attack."""
    document = Document("first", HOSTILE, "javascript:window.pwned=3")
    entry = Entry(
        "first/hostile",
        HOSTILE,
        EntryKind.MODEL,
        "first",
        mentions=(Mention(ALPACA, ALPACA, Role.PROJECT, 1),),
    )
    nights.catalog = Catalog((document,), (entry,))
    (nights.config.folder / "catalog" / "second.yaml").unlink()
    write_catalog_file(nights.config.folder / "catalog" / "first.yaml", document, [entry])
    nights.pass_night()
    copy = 'https://example.org/"><script>window.pwned=4</script>'
    for _ in range(4):
        nights.pass_night(missing(ALPACA), archived={ALPACA: copy})
    title = msgspec.structs.replace(nights.config.settings.report, title=HOSTILE)
    return msgspec.structs.replace(
        nights.config, settings=msgspec.structs.replace(nights.config.settings, report=title)
    )


def test_a_hostile_title_does_not_run(hostile: Config, open_page: OpenPage) -> None:
    page = open_page(hostile)
    page.fill("#search", HOSTILE[:20])
    page.get_by_role("button", name="Entry").click()
    assert rows(page) == 1
    assert page.evaluate("window.pwned") is None
    assert page.locator("h1").inner_text() == HOSTILE
    assert page.locator("img").count() == 0
    assert page.locator("a[href^='javascript']").count() == 0


def test_even_what_got_in_could_not_run(demo: Config, browser: Browser, tmp_path: Path) -> None:
    """The page's own policy: a script that escaped escaping is refused by the browser."""
    told = "".join(stale_report(demo, "html", document=None, as_of=None) or ())
    file = tmp_path / "attacked.html"
    attack = "<script>window.pwned=1</script><img src=x onerror=window.pwned=2></main>"
    file.write_text(told.replace("</main>", attack), encoding="utf-8")
    page = browser.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto(file.as_uri())
    assert page.evaluate("window.pwned") is None
    assert any("Content Security Policy" in text for text in refused), json.dumps(refused)
    assert page.locator(".tools").is_visible()
    page.close()
