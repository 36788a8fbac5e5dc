"""Signatures on pages of real shape: every one is met, and what lives beside them is left alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.resources import files
from urllib.parse import urlsplit

import pytest

from crawler.records import Reason
from crawler.resolve.web.page import read_page
from crawler.resolve.web.soft_404 import (
    WALLS,
    Page,
    Signature,
    match_signature,
    parse_signatures,
    title_parts,
)

SIGNATURES = parse_signatures((files("crawler.resolve.web") / "signatures.toml").read_text("utf-8"))
PARAGRAPH = "<p>A paragraph of a real article that goes on for a while about one thing and another.</p>"


@dataclass(frozen=True)
class Case:
    name: str | None
    html: str
    url: str = "https://pages.example.org/deep"
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    is_elsewhere: bool = False

    def match(self) -> Signature | None:
        page = read_page(self.html.encode(), "text/html; charset=utf-8")
        return match_signature(
            Page(
                url=self.url,
                host=urlsplit(self.url).hostname or "",
                status=self.status,
                headers=dict(self.headers),
                title=page.title,
                heading=page.heading,
                text=page.text,
                html=page.html,
                has_password_form=page.has_password_form,
                is_elsewhere=self.is_elsewhere,
            ),
            SIGNATURES,
        )


def titled(title: str, body: str = "") -> str:
    return f"<!doctype html><html><head><title>{title}</title></head><body>{body}</body></html>"


def weixin(message: str) -> str:
    return titled("", f'<div class="weui-msg"><div class="weui-msg__title warn">{message}</div></div>')


LOGIN_FORM = '<form><input name="user"><input type="password"><button>Go</button></form>'
WEIXIN = "https://mp.weixin.qq.com/s/made-up"
ZHIHU = "https://zhuanlan.zhihu.com/p/1"

CASES = [
    Case("cloudflare-challenge", "", status=403, headers=(("cf-mitigated", "challenge"),)),
    Case(
        "cloudflare-challenge-page",
        titled("Un momento…", "<script>window._cf_chl_opt={}</script>"),
        status=403,
    ),
    Case(
        "cloudflare-block",
        titled(
            "Attention Required! | Cloudflare",
            '<div id="cf-wrapper"><h1>Sorry, you have been blocked</h1></div>',
        ),
        status=403,
    ),
    Case("vercel-challenge", "", status=429, headers=(("x-vercel-mitigated", "challenge"),)),
    Case("aws-waf", "", status=202, headers=(("x-amzn-waf-action", "challenge"),)),
    Case("aws-waf-page", titled("", "<script>window.gokuProps = {}</script>"), status=202),
    Case(
        "datadome",
        titled("site.example", '<script src="https://ct.captcha-delivery.com/c.js"></script>'),
        status=403,
    ),
    Case("akamai-challenge", titled("", '<div id="sec-if-cpt-container"></div>'), status=428),
    Case(
        "akamai-denied",
        titled("Access Denied", "<h1>Access Denied</h1>Reference https://errors.edgesuite.net/18.made.up"),
        status=403,
    ),
    Case("imperva", titled("", '<iframe src="/_Incapsula_Resource?made=up"></iframe>')),
    Case(
        "perimeterx", titled("Access to this page has been denied", '<div id="px-captcha"></div>'), status=403
    ),
    Case("aliyun-waf", titled("", '<meta name="aliyun_waf_aa" content="x"><script>/**/</script>')),
    Case(
        "aliyun-waf",
        "<script>var arg1='0123456789ABCDEF0123456789ABCDEF01234567';var n='acw_sc__v2';</script>",
    ),
    Case("sucuri", titled("You are being redirected...", "<script>sucuri_cloudproxy_js='';</script>")),
    Case(
        "ddos-guard",
        titled("DDoS-Guard", '<script src="/.well-known/ddos-guard/js-challenge"></script>'),
        status=403,
    ),
    Case(
        "anubis",
        titled("Making sure you're not a bot!", '<img src="/.within.website/x/cmd/anubis/static/img.webp">'),
    ),
    Case("baidu-verification", titled("百度安全验证"), url="https://wappass.baidu.com/static/captcha/"),
    Case(
        "google-sorry",
        titled("https://scholar.google.com/"),
        url="https://www.google.com/sorry/index?continue=x",
    ),
    Case("consent-page", titled("Before you continue"), url="https://consent.youtube.com/m?continue=x"),
    Case("verification-page", titled("人机验证", "<p>请拖动滑块</p>")),
    Case("verification-page", titled("Just a moment...", "<p>Enable JavaScript and cookies to continue</p>")),
    Case(
        "weixin-verification", titled("x"), url="https://mp.weixin.qq.com/mp/wappoc_appmsgcaptcha?poc_token=x"
    ),
    Case(
        "weixin-environment-abnormal",
        weixin("环境异常</div><p>当前环境异常，完成验证后即可继续访问。</p><div>"),
        WEIXIN,
    ),
    Case("weixin-author-privacy", weixin("根据作者隐私设置，无法查看该内容"), WEIXIN),
    Case("zhihu-wall", titled("知乎", '<meta id="zh-zse-ck" content="x">'), ZHIHU, status=403),
    Case("zhihu-verification", titled("安全中心"), "https://www.zhihu.com/account/unhuman?type=x"),
    Case("login-page", titled("Sign in · Example", LOGIN_FORM)),
    Case("login-page", titled("统一身份认证平台", LOGIN_FORM)),
    Case("login-page", titled("用户登录 - 某某网", LOGIN_FORM)),
    Case("account-suspended", titled("Account Suspended", "<p>Contact your hosting provider.</p>")),
    Case("icp-filing-missing", titled("", "<p>网站暂时无法进行访问：该网站未根据工信部相关法规进行备案</p>")),
    Case("weixin-temporary-error", weixin("参数错误"), WEIXIN),
    Case("weixin-deleted-by-author", weixin("该内容已被发布者删除"), WEIXIN),
    Case("weixin-violation", weixin("此内容因违规无法查看"), WEIXIN),
    Case("weixin-violation", weixin("此帐号已被屏蔽, 内容无法查看"), WEIXIN),
    Case(
        "zhihu-not-found", titled("知乎 - 有问题，就会有答案", "<p>你似乎来到了没有知识存在的荒原</p>"), ZHIHU
    ),
    Case("error-title", titled("404")),
    Case("error-title", titled("404 Not Found", "<center><h1>404 Not Found</h1></center>")),
    Case("error-title", titled("Error 404 (Not Found)!!1")),
    Case("error-title", titled("Example Site | Page Not Found", "<p>Go home.</p>")),
    Case("error-title", titled("Page not found – Example")),
    Case("error-title", titled("Oops! That page can’t be found.")),
    Case("error-title", titled("Sorry, this page is not found")),
    Case("error-title", titled("页面不存在 - 某某网")),
    Case("error-title", titled("抱歉，您访问的页面不存在")),
    Case("error-title", titled("404错误页面")),
    Case("error-title", titled("找不到页面_某某网")),
    Case("error-sentence", titled("Example", "<p>The page you are looking for doesn't exist.</p>")),
    Case(
        "error-sentence",
        titled("Example", "<h2>Oops</h2><p>The page you were looking for could not be found.</p>"),
    ),
    Case("error-sentence", titled("某某网", "<p>抱歉，您访问的页面不存在或已被删除。</p>")),
    Case("no-site-configured", titled("Welcome to nginx!", "<h1>Welcome to nginx!</h1>")),
    Case("error-title", titled("没有找到站点")),
    Case("no-site-configured", titled("IIS Windows Server")),
    Case(
        "parking-service",
        titled("example.org", '<script src="https://www.sedoparking.com/frmpark/x.js"></script>'),
    ),
    Case(
        "domain-market", titled("example.org"), url="https://www.hugedomains.com/x.cfm?d=x", is_elsewhere=True
    ),
    Case("domain-for-sale", titled("example.org", "<p>The domain name example.org is for sale.</p>")),
    Case("domain-for-sale", titled("example.cn", "<p>您访问的域名正在出售</p>")),
]


@pytest.mark.parametrize("case", CASES, ids=[f"{case.name}-{number}" for number, case in enumerate(CASES)])
def test_signature(case: Case) -> None:
    signature = case.match()
    assert (signature.name if signature else None) == case.name


LIVING = [
    Case(None, titled("How to fix 404 Not Found errors", PARAGRAPH * 20)),
    Case(None, titled("404 Not Found - HTTP | Reference", "<h1>404 Not Found</h1>" + PARAGRAPH * 20)),
    Case(None, titled("The best 404 pages of the year")),
    Case(None, titled("404 Media", "<p>News.</p>")),
    Case(None, titled("Paper not found? Ask the authors", PARAGRAPH)),
    Case(None, titled("Lost and found")),
    Case(None, titled("Area 404: a game")),
    Case(None, titled("为什么会出现页面不存在的提示", PARAGRAPH)),
    Case(
        None,
        titled(
            "网页错误大全：您访问的页面不存在怎么办", "<p>您访问的页面不存在是常见提示。</p>" + PARAGRAPH * 8
        ),
    ),
    Case(None, titled("Just a moment of silence", PARAGRAPH)),
    Case(None, titled("Login to the future: an essay", PARAGRAPH)),
    Case(None, titled("Sign in · Example", PARAGRAPH)),
    Case(None, titled("Example Shop", LOGIN_FORM + PARAGRAPH)),
    Case(
        None,
        titled(
            "Example",
            f"<script>__CF$cv$params={{}};s.src='/cdn-cgi/challenge-platform/scripts/jsd/main.js'</script>{PARAGRAPH}",
        ),
    ),
    Case(
        None, titled("Example", f"<script src='https://x.token.awswaf.com/challenge.js'></script>{PARAGRAPH}")
    ),
    Case(None, titled("Example"), headers=(("cf-mitigated", ""), ("x-datadome", "protected"))),
    Case(None, titled("", f"<p>window.gokuProps explained</p>{PARAGRAPH * 12}")),
    Case(None, titled("", '<div id="js_content">该内容已被发布者删除 was written here</div>'), WEIXIN),
    Case(None, titled("环境异常 怎么办", '<div id="js_content"><p>环境异常</p></div>'), WEIXIN),
    Case(None, titled("该内容已被发布者删除", "<p>A page elsewhere that quotes Weixin.</p>")),
    Case(None, titled("参数错误排查", PARAGRAPH)),
    Case(None, titled("知乎专栏", PARAGRAPH), ZHIHU),
    Case(None, titled("Domains for sale: how the market works", PARAGRAPH * 12)),
    Case(None, titled("HugeDomains"), url="https://www.hugedomains.com/"),
    Case(None, titled("Parking in Paris", PARAGRAPH)),
    Case(None, titled("Nginx tutorial: Welcome to nginx! and beyond", PARAGRAPH)),
    Case(None, titled("", "")),
    Case(None, ""),
    Case(
        None,
        titled("", '<div id="root"></div><script src="/app.js"></script>'),
    ),
]


@pytest.mark.parametrize(
    "case", LIVING, ids=[f"{case.html[40:80]}-{number}" for number, case in enumerate(LIVING)]
)
def test_a_living_page_matches_nothing(case: Case) -> None:
    assert case.match() is None


def test_every_signature_is_met_by_a_case() -> None:
    assert {case.name for case in CASES} == {signature.name for signature in SIGNATURES}


def test_every_signature_has_a_source_and_a_reason_that_fits() -> None:
    assert len({signature.name for signature in SIGNATURES}) == len(SIGNATURES)
    for signature in SIGNATURES:
        assert signature.source
        assert signature.date.year >= 2026
        assert signature.reason in {*WALLS, Reason.SOFT_404, Reason.PARKED, Reason.SERVER_ERROR}
        marks = (signature.url, signature.headers, signature.title, signature.text, signature.html)
        assert any(marks), f"{signature.name} would match any page"
        if signature.reason in {Reason.SOFT_404, Reason.PARKED} and not signature.url:
            assert signature.max_text_characters is not None, f"{signature.name} may strike a long page"


MARKED = {signature.name: signature for signature in SIGNATURES}


@pytest.mark.parametrize("case", CASES, ids=[f"{case.name}-{number}" for number, case in enumerate(CASES)])
def test_its_living_look_alike(case: Case) -> None:
    """The same page as a long article, on another host, or without its header is not taken for it."""
    signature = MARKED[case.name or ""]
    look_alikes = []
    if signature.max_text_characters is not None:
        look_alikes.append(replace(case, html=case.html + PARAGRAPH * 60))
    if signature.hosts:
        look_alikes.append(replace(case, url="https://weixin.qq.com.example.org/zhihu.com/baidu.com"))
    if signature.headers:
        look_alikes.append(replace(case, headers=()))
    if signature.url:
        look_alikes.append(replace(case, url="https://pages.example.org/?u=" + case.url))
    if signature.without:
        look_alikes.append(replace(case, html=case.html + '<p id="js_content"></p>'))
    if signature.password_form:
        look_alikes.append(replace(case, html=case.html.replace("password", "text")))
    assert look_alikes, f"nothing keeps {signature.name} from living pages"
    for look_alike in look_alikes:
        found = look_alike.match()
        assert found is None or found.name != signature.name


def test_walls_come_before_strikes() -> None:
    page = Case(None, titled("404 Not Found"), status=403, headers=(("cf-mitigated", "challenge"),))
    signature = page.match()
    assert signature is not None
    assert signature.reason is Reason.BOT_WALL


@pytest.mark.parametrize(
    ("title", "part"),
    [
        ("Page not found | Example", "Page not found"),
        ("Example — Page not found", "Page not found"),
        ("🙈 404 :: Example", "404"),
        ("找不到页面_某某网", "找不到页面"),
        ("re-usable things", "re-usable things"),
    ],
)
def test_title_parts(title: str, part: str) -> None:
    assert part in title_parts(title)
