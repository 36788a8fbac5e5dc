"""Secrets in addresses and in the environment stand in nothing that a person sees."""

from __future__ import annotations

from crawler.sandbox.demo_world import DEMO_TOKENS
from crawler.sandbox.web_pages import Fate
from crawler.sandbox.world import World
from tests.crawl.conftest import Place

PASSWORD = "opensesame-password"
QUERY_TOKEN = "opensesame-token"
SHAPED_TOKEN = "ghp_madeUpButOfTheShape0123456789abcdef"
SIGNED = f"https://signed.example.org/file?access_token={QUERY_TOKEN}&page=2"
LOOP = f"https://loop.example.org/file?access_token={QUERY_TOKEN}"
LOOK_ALIKE = "https://\u0430\u0440\u0440\u04cf\u0435.example/page"
"""`apple` in Cyrillic letters."""
PAGES = {
    "Login": f"https://someone:{PASSWORD}@private.example.org/page",
    "Shaped": f"https://private.example.org/page?x={SHAPED_TOKEN}",
    "Signed": SIGNED,
    "Loop": LOOP,
    "Look-alike": LOOK_ALIKE,
}
SHOWN = [
    ["status"],
    ["explain", SIGNED],
    ["explain", LOOP],
    ["report"],
    ["report", "--format", "markdown"],
    ["validate"],
]
EXPORTED = [["export"], ["export", "--format", "jsonl"], ["export", "--format", "csv"]]


def test_no_secret_is_shown(place: Place, world: World) -> None:
    place.write_catalog(PAGES)
    world.web.fates[SIGNED] = Fate.NOT_FOUND
    world.web.fates[LOOP] = Fate.REDIRECT_LOOP
    said: list[str] = []
    for arguments in [["-v", "run", "--json"], ["run"], *SHOWN]:
        ran = place.run(*arguments)
        said += [ran.stdout, ran.stderr]
    exported = [place.run(*arguments).stdout for arguments in EXPORTED]
    for text in [*said, *exported]:
        for secret in (PASSWORD, SHAPED_TOKEN, *DEMO_TOKENS.values()):
            assert secret not in text, secret
    for text in said:
        # An export keeps a query, which is part of what the link is; nothing made for people shows it.
        assert QUERY_TOKEN not in text, text
    stored = [str(row) for row in place.ask("SELECT * FROM observations")]
    stored += [str(row) for row in place.ask("SELECT * FROM runs")]
    assert not any(token in row for row in stored for token in DEMO_TOKENS.values())


def test_a_look_alike_shows_its_punycode(place: Place, world: World) -> None:
    place.write_catalog({"Look-alike": LOOK_ALIKE})
    world.web.fates["https://xn--80ak6aa92e.example/page"] = Fate.NOT_FOUND
    place.run("run")
    for arguments in (["report"], ["report", "--format", "markdown"], ["export"], ["explain", LOOK_ALIKE]):
        shown = place.run(*arguments).stdout
        assert "xn--80ak6aa92e.example" in shown, arguments
    assert [request.host for request in world.requests][:1] == ["xn--80ak6aa92e.example"]
