"""Plain web hosts of the sandbox: fates, chance, validators."""

from __future__ import annotations

from collections import Counter

import httpx
import pytest

from crawler.sandbox import web
from crawler.sandbox.faults import Trouble
from crawler.sandbox.messages import Request, Response
from crawler.sandbox.server import Sandbox
from crawler.sandbox.web_pages import Fate
from crawler.sandbox.world import World


def ask(world: World, url: str, **headers: str) -> Response:
    return world.answer(request_for(url, **headers))


def request_for(url: str, **headers: str) -> Request:
    parts = httpx.URL(url)
    return Request(
        method="GET",
        scheme=parts.scheme,
        host=parts.host,
        path=parts.raw_path.decode().partition("?")[0],
        query_string=parts.query.decode(),
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


def header(response: Response, name: str) -> str | None:
    return dict(response.headers).get(name)


@pytest.mark.parametrize(
    ("fate", "status", "sign"),
    [
        pytest.param(Fate.SOUND, 200, "Made-up page of example.cn/a/b", id="sound"),
        pytest.param(Fate.NOT_FOUND, 404, "Not Found", id="404"),
        pytest.param(Fate.GONE, 410, "Gone", id="410"),
        pytest.param(Fate.LEGAL, 451, "Unavailable", id="451"),
        pytest.param(Fate.SOFT_404, 200, "Page not found", id="soft 404"),
        pytest.param(Fate.SOFT_404_CHINESE, 200, "页面不存在", id="Chinese soft 404"),
        pytest.param(Fate.LOGIN_PAGE, 200, 'type="password"', id="login form"),
        pytest.param(Fate.UNAUTHORISED, 401, "401", id="401"),
        pytest.param(Fate.FORBIDDEN, 403, "403 Forbidden", id="403"),
        pytest.param(Fate.CHALLENGE, 403, "Just a moment...", id="Cloudflare"),
        pytest.param(Fate.DENIED_999, 999, "authwall", id="999"),
        pytest.param(Fate.PARKED, 200, "is for sale", id="parked"),
        pytest.param(Fate.WEIXIN_DELETED, 200, "该内容已被发布者删除", id="Weixin deleted"),
        pytest.param(Fate.WEIXIN_VIOLATION, 200, "此内容因违规无法查看", id="Weixin violation"),
        pytest.param(Fate.WEIXIN_WALL, 200, "环境异常", id="Weixin wall"),
        pytest.param(Fate.ZHIHU_WALL, 403, "zh-zse-ck", id="Zhihu script"),
        pytest.param(Fate.ZHIHU_WALL_JSON, 403, "40362", id="Zhihu JSON"),
        pytest.param(Fate.SERVER_ERROR, 500, "Internal Server Error", id="500"),
        pytest.param(Fate.UNAVAILABLE, 503, "Unavailable", id="503"),
        pytest.param(Fate.RATE_LIMITED, 429, "Too Many", id="429"),
    ],
)
def test_fates_have_their_shape(world: World, fate: Fate, status: int, sign: str) -> None:
    world.web.fates["https://example.cn/a/b"] = fate
    response = ask(world, "https://example.cn/a/b")
    assert response.status == status
    assert sign in response.body.decode()


@pytest.mark.parametrize(
    ("fate", "url", "status", "location"),
    [
        (Fate.MOVED, "https://a.cn/x", 301, "https://a.cn/made-up-new-home/x"),
        (Fate.MOVED_308, "https://a.cn/x", 308, "https://a.cn/made-up-new-home/x"),
        (Fate.FOUND_ELSEWHERE, "http://a.cn/x", 302, "http://a.cn/made-up-present-place/x"),
        (Fate.UPGRADED_TO_HTTPS, "http://a.cn/x?y=http://z", 301, "https://a.cn/x?y=http://z"),
        (Fate.SENT_TO_ROOT, "https://a.cn/x", 302, "https://a.cn/"),
        (Fate.REDIRECT_LOOP, "https://a.cn/x", 302, "https://a.cn/x"),
        (Fate.LOGIN_REDIRECT, "https://a.cn/x", 302, "https://a.cn/made-up-login?next=/x"),
    ],
    ids=lambda value: str(value) if isinstance(value, Fate) else "",
)
def test_fates_that_lead_elsewhere(world: World, fate: Fate, url: str, status: int, location: str) -> None:
    world.web.fates[url] = fate
    response = ask(world, url)
    assert (response.status, header(response, "Location")) == (status, location)


@pytest.mark.parametrize(
    ("fate", "sign"),
    [
        (Fate.MOVED, "Made-up page of example.org/made-up-new-home/x"),
        (Fate.LOGIN_REDIRECT, 'type="password"'),
        (Fate.SENT_TO_ROOT, "Made-up page of example.org/"),
        (Fate.WEIXIN_WALL_REDIRECT, "环境异常"),
        (Fate.UPGRADED_TO_HTTPS, "Made-up page of example.org/x"),
    ],
)
def test_redirects_stay_inside_the_origin(sandbox: Sandbox, world: World, fate: Fate, sign: str) -> None:
    world.web.fates["https://example.org/x"] = fate
    response = httpx.get(f"{sandbox.url}/example.org/x", follow_redirects=True, trust_env=False)
    assert sign in response.text


def test_gbk_page_needs_its_own_encoding(world: World) -> None:
    world.web.fates["https://example.cn/"] = Fate.SOUND_GBK
    assert "虚构的网页" in ask(world, "https://example.cn/").body.decode("gbk")


def test_weixin_article_has_its_title_elsewhere(world: World) -> None:
    page = ask(world, "https://mp.weixin.qq.com/s/abc").body.decode()
    assert "<title></title>" in page
    assert '<meta property="og:title" content="Made-up page of mp.weixin.qq.com/s/abc" />' in page


def test_zhihu_keeps_everybody_out(world: World) -> None:
    assert ask(world, "https://zhuanlan.zhihu.com/p/1").status == 403


@pytest.mark.parametrize(
    ("path", "content_type"),
    [("/a.pdf", "application/pdf"), ("/a.PNG", "image/gif"), ("/a.txt", "text/plain; charset=utf-8")],
)
def test_not_everything_is_a_page(world: World, path: str, content_type: str) -> None:
    assert header(ask(world, f"https://example.org{path}"), "Content-Type") == content_type


def test_pages_can_be_given(world: World) -> None:
    world.web.pages["https://a.cn/1"] = Response.of_html("given")
    world.web.pages["https://a.cn/2?x"] = lambda world, request: Response.of_html(f"night {world.night}")
    assert ask(world, "http://a.cn/1").body == b"given"
    world.next_night()
    assert ask(world, "https://a.cn/2?x").body == b"night 2"
    assert ask(world, "https://a.cn/2").status == 200


# --- validators ----------------------------------------------------------------------------------


def test_known_pages_are_not_sent_again(world: World) -> None:
    first = ask(world, "https://example.org/x")
    etag, date = header(first, "ETag"), header(first, "Last-Modified")
    assert etag is not None
    assert date is not None
    again = ask(world, "https://example.org/x", if_none_match=f'"other", W/{etag}')
    assert (again.status, again.body, header(again, "ETag")) == (304, b"", etag)
    assert ask(world, "https://example.org/x", if_modified_since=date).status == 304
    changed = ask(world, "https://example.org/x", if_none_match='"other"', if_modified_since=date)
    assert changed.status == 200


def test_not_modified_has_no_body_on_the_wire(sandbox: Sandbox) -> None:
    url = f"{sandbox.url}/example.org/x"
    with httpx.Client(trust_env=False) as client:
        first = client.get(url)
        for _ in range(2):
            again = client.get(url, headers={"If-None-Match": first.headers["ETag"]})
            assert (again.status_code, again.content) == (304, b"")
        assert client.head(url).headers["Content-Length"] == first.headers["Content-Length"]
        assert client.get(url).content == first.content


def test_errors_carry_no_validators(world: World) -> None:
    world.web.fates["https://example.org/x"] = Fate.NOT_FOUND
    assert header(ask(world, "https://example.org/x"), "ETag") is None


# --- chance --------------------------------------------------------------------------------------


def fates(seed: int, night: int, host: str = "example.org") -> list[Fate]:
    world = World(seed, natural=True)
    world.night = night
    return [web.fate_of(world, request_for(f"https://{host}/{number}")) for number in range(2000)]


def test_all_is_well_unless_the_world_is_natural() -> None:
    world = World()
    drawn = {web.fate_of(world, request_for(f"https://example.org/{number}")) for number in range(2000)}
    assert drawn == {Fate.SOUND}


def test_chance_is_the_same_every_time() -> None:
    assert fates(7, 1) == fates(7, 1)
    assert fates(7, 1) != fates(8, 1)


def test_the_dead_stay_dead_and_some_come_back() -> None:
    first, second, fifth = (fates(0, night) for night in (1, 2, 5))
    dead_from_start = {place for place, fate in enumerate(first) if fate is Fate.NOT_FOUND}
    assert dead_from_start <= {place for place, fate in enumerate(fifth) if fate is Fate.NOT_FOUND}
    assert [f for f in zip(first, second, strict=True) if f == (Fate.SOUND, Fate.NOT_FOUND)]
    assert [f for f in zip(second, fifth, strict=True) if f == (Fate.NOT_FOUND, Fate.SOUND)]


def test_shares_are_about_as_said() -> None:
    drawn = Counter(fates(0, 1))
    assert drawn[Fate.SOUND] > 1400
    assert 30 <= drawn[Fate.MOVED] <= 90
    weixin = Counter(fates(0, 1, "mp.weixin.qq.com"))
    assert 160 <= weixin[Fate.WEIXIN_DELETED] <= 320


def test_shares_fit_into_the_whole() -> None:
    for table in (web.NATURAL_FATES, web.WEIXIN_FATES, web.NATURAL_HOST_FAULTS):
        assert sum(row[0] for row in table) < 1000


def test_some_hosts_vanish_whole() -> None:
    world = World(natural=True)
    hosts = [f"host-{number}.example" for number in range(2000)]
    assert {world.connection_fault(host) for host in hosts} == {None}
    world.next_night()
    world.next_night()
    troubles = Counter(fault.trouble for host in hosts if (fault := world.connection_fault(host)))
    assert set(troubles) == {Trouble.NO_SUCH_HOST, Trouble.REFUSED, Trouble.BAD_CERTIFICATE}
    assert 60 < sum(troubles.values()) < 260
    assert world.connection_fault("api.github.com") is None
