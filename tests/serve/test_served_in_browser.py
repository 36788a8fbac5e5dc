"""The served pages in a real browser; a stranger's text runs nowhere. Skipped only without Chromium."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, sync_playwright

from crawler.store.published import table_columns
from tests.report.test_page_in_browser import ARGUMENTS, CHROMIUM, PATIENCE_MILLISECONDS, WIDE, shoot
from tests.serve.conftest import Served

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
]
pytest.importorskip("datasette")


@pytest.fixture(scope="module")
def page(served: Served) -> Iterator[Page]:
    """One page that fails the module's tests when it asks anybody else or its scripts complain."""
    asked: list[str] = []
    said: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=list(ARGUMENTS))
        page = browser.new_page(viewport={"width": WIDE[0], "height": WIDE[1]})
        page.set_default_timeout(PATIENCE_MILLISECONDS)
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: said.append(str(error)))
        yield page
        browser.close()
    assert all(url.startswith(served.origin) for url in asked)
    assert said == []


def test_from_the_home_page_to_what_is_broken(served: Served, page: Page) -> None:
    page.goto(served.origin)
    shoot(page, "serve-home")
    assert page.get_by_role("heading", name="To look at").is_visible()
    page.get_by_role("link", name="What is broken, and where it stands").click()
    page.locator("table.rows-and-columns").wait_for()
    assert page.locator("table.rows-and-columns tbody tr").count() == 2
    shoot(page, "serve-broken")


def test_a_search_in_chinese(served: Served, page: Page) -> None:
    page.goto(served.origin)
    page.get_by_role("link", name="Search", exact=True).click()
    page.locator("input[name=words]").fill("微调")
    page.locator("input[type=submit]").first.click()
    page.get_by_role("cell", name="lm-sys/vicuna", exact=True).wait_for()


def test_a_table_with_its_facets(served: Served, page: Page) -> None:
    page.goto(f"{served.origin}/crawler/dead_links")
    assert page.locator(".facet-info").count() == 3
    assert page.locator("dl.column-descriptions dt").count() == len(table_columns()["dead_links"])
    table = page.locator("table.rows-and-columns").bounding_box()
    assert table is not None
    assert table["y"] < WIDE[1], "the table itself is off the screen"
    shoot(page, "serve-table")


@pytest.mark.parametrize("path", ["/", "/crawler/latest_facts", "/crawler/search?words=pwned"])
def test_a_strangers_text_runs_nowhere(served: Served, page: Page, path: str) -> None:
    page.goto(served.origin + path)
    assert page.evaluate("window.pwned") is None
