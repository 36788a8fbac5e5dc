"""Pages in the shapes that web hosts really send, content made up: sound ones, walls, graves, parked ones.

Shapes after pages and reports seen in public, 2024-2026: Weixin answers 200 for articles that are gone and
for its verification page, Zhihu 403 with a script challenge, Cloudflare 403 with `cf-mitigated`.
"""

from __future__ import annotations

from enum import StrEnum
from html import escape
from typing import Final

from crawler.sandbox.messages import Request, Response


class Fate(StrEnum):
    """What the asked URL shows."""

    SOUND = "sound"
    SOUND_GBK = "sound-gbk"
    NOT_FOUND = "not-found"
    GONE = "gone"
    LEGAL = "legal"
    MOVED = "moved"
    MOVED_308 = "moved-308"
    FOUND_ELSEWHERE = "found-elsewhere"
    UPGRADED_TO_HTTPS = "upgraded-to-https"
    SENT_TO_ROOT = "sent-to-root"
    REDIRECT_LOOP = "redirect-loop"
    SOFT_404 = "soft-404"
    SOFT_404_CHINESE = "soft-404-chinese"
    LOGIN_PAGE = "login-page"
    LOGIN_REDIRECT = "login-redirect"
    UNAUTHORISED = "unauthorised"
    FORBIDDEN = "forbidden"
    CHALLENGE = "challenge"
    DENIED_999 = "denied-999"
    PARKED = "parked"
    WEIXIN_DELETED = "weixin-deleted"
    WEIXIN_VIOLATION = "weixin-violation"
    WEIXIN_WALL = "weixin-wall"
    WEIXIN_WALL_REDIRECT = "weixin-wall-redirect"
    ZHIHU_WALL = "zhihu-wall"
    ZHIHU_WALL_JSON = "zhihu-wall-json"
    SERVER_ERROR = "server-error"
    UNAVAILABLE = "unavailable"
    RATE_LIMITED = "rate-limited"
    TIMEOUT = "timeout"
    RESET = "reset"


NEW_HOME: Final = "/made-up-new-home"
PRESENT_PLACE: Final = "/made-up-present-place"
LOGIN_PATH: Final = "/made-up-login"
WEIXIN_CAPTCHA_PATH: Final = "/mp/wappoc_appmsgcaptcha"

_IMAGE_HOSTS: Final = frozenset(("img.shields.io", "camo.githubusercontent.com", "contrib.rocks"))
_PIXEL: Final = bytes.fromhex(
    "47494638396101000100800000ffffff00000021f90401000000002c00000000010001000002024401003b"
)
_FILLER: Final = "".join(
    f"<p>Made-up paragraph {number}. Nothing on this page is true.</p>\n" for number in range(12)
)


def make_page(fate: Fate, request: Request) -> Response:
    """The response for one fate; TIMEOUT and RESET are faults, here they are sound pages."""
    if request.path == LOGIN_PATH:
        fate = Fate.LOGIN_PAGE
    if request.path == WEIXIN_CAPTCHA_PATH:
        fate = Fate.WEIXIN_WALL
    match fate:
        case Fate.NOT_FOUND:
            return _page("404 Not Found", "<h1>Not Found</h1>", 404)
        case Fate.GONE:
            return _page("410 Gone", "<h1>Gone</h1>", 410)
        case Fate.LEGAL:
            return _page("451 Unavailable For Legal Reasons", "<h1>Unavailable</h1>", 451)
        case Fate.MOVED:
            return _redirect(301, request.link(request.host, NEW_HOME + request.path, request.scheme))
        case Fate.MOVED_308:
            return _redirect(308, request.link(request.host, NEW_HOME + request.path, request.scheme))
        case Fate.FOUND_ELSEWHERE:
            return _redirect(302, request.link(request.host, PRESENT_PLACE + request.path, request.scheme))
        case Fate.UPGRADED_TO_HTTPS if request.scheme == "http":
            return _redirect(301, request.url.replace("http://", "https://", 1))
        case Fate.SENT_TO_ROOT if request.path != "/":
            return _redirect(302, request.link(request.host, "/", request.scheme))
        case Fate.REDIRECT_LOOP:
            return _redirect(302, request.link(request.host, request.path, request.scheme))
        case Fate.SOFT_404:
            return _page("Page not found", "<h1>Oops!</h1><p>The page you are looking for doesn't exist.</p>")
        case Fate.SOFT_404_CHINESE:
            return _page("页面不存在", "<h1>404</h1><p>抱歉，您访问的页面不存在或已被删除。</p>")
        case Fate.LOGIN_PAGE:
            return _page("Sign in", _LOGIN_FORM)
        case Fate.LOGIN_REDIRECT:
            target = request.link(request.host, f"{LOGIN_PATH}?next={request.path}", request.scheme)
            return _redirect(302, target)
        case Fate.UNAUTHORISED:
            return _page("401", "", 401, (("WWW-Authenticate", 'Basic realm="made up"'),))
        case Fate.FORBIDDEN:
            return _page("403 Forbidden", "<center><h1>403 Forbidden</h1></center><hr>nginx", 403)
        case Fate.CHALLENGE:
            return _page("Just a moment...", _CHALLENGE, 403, _CHALLENGE_HEADERS)
        case Fate.DENIED_999:
            return _page("", "<script>/* made-up authwall */</script>", 999)
        case Fate.PARKED:
            return _parked(request.host)
        case Fate.WEIXIN_DELETED:
            return _weixin_message("该内容已被发布者删除")
        case Fate.WEIXIN_VIOLATION:
            return _weixin_message("此内容因违规无法查看")
        case Fate.WEIXIN_WALL:
            return _weixin_wall()
        case Fate.WEIXIN_WALL_REDIRECT:
            query = "poc_token=made-up&target_url=made-up"
            return _redirect(302, request.link(request.host, f"{WEIXIN_CAPTCHA_PATH}?{query}"))
        case Fate.ZHIHU_WALL:
            return Response.of_html(_ZHIHU_CHALLENGE, 403)
        case Fate.ZHIHU_WALL_JSON:
            return Response.of_json({"error": {"message": _ZHIHU_MESSAGE, "code": 40362}}, 403)
        case Fate.SERVER_ERROR:
            return _page("500 Internal Server Error", "<h1>Internal Server Error</h1>", 500)
        case Fate.UNAVAILABLE:
            return _page("503", "<h1>Service Unavailable</h1>", 503, (("Retry-After", "120"),))
        case Fate.RATE_LIMITED:
            return _page("429", "<h1>Too Many Requests</h1>", 429, (("Retry-After", "60"),))
        case Fate.SOUND_GBK:
            return _sound_gbk(request)
        case _:
            return _sound(request)


# --- sound pages ---------------------------------------------------------------------------------


def made_up_title(host: str, path: str) -> str:
    """Titles say what they are: nobody shall take one for the real page's."""
    return f"Made-up page of {host}{path}"


def _sound(request: Request) -> Response:
    path, host = request.path.lower(), request.host
    if host in _IMAGE_HOSTS or path.endswith((".svg", ".png", ".jpg", ".jpeg", ".gif")):
        return Response(200, (("Content-Type", "image/gif"),), _PIXEL)
    if path.endswith(".pdf"):
        return Response(200, (("Content-Type", "application/pdf"),), b"%PDF-1.4\n% made up\n%%EOF\n")
    if path.endswith((".json", ".txt", ".yaml", ".csv")):
        return Response(200, (("Content-Type", "text/plain; charset=utf-8"),), b"made up\n")
    title = escape(made_up_title(host, request.path))
    if host == "mp.weixin.qq.com":
        return Response.of_html(_WEIXIN_ARTICLE.format(title=title))
    return _page(title, f"<h1>{title}</h1>\n{_FILLER}")


def _sound_gbk(request: Request) -> Response:
    title = f"虚构的网页 {escape(request.host)}"
    page = (
        f'<html><head><meta http-equiv="Content-Type" content="text/html; charset=gb2312"><title>{title}'
        f"</title></head>\n<body><h1>{title}</h1><p>本页内容纯属虚构。</p></body></html>"
    )
    return Response(200, (("Content-Type", "text/html"),), page.encode("gbk"))


def _page(title: str, body: str, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    return Response.of_html(
        f'<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="generator" content="crawler sandbox, made up"></head>\n<body>{body}</body></html>\n',
        status,
        headers,
    )


def _redirect(status: int, location: str) -> Response:
    return Response(status, (("Location", location), ("Content-Type", "text/html")), b"<html>made up</html>")


_WEIXIN_ARTICLE: Final = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><title></title>
<meta property="og:title" content="{title}" /><meta property="og:type" content="article" /></head>
<body id="activity-detail"><div id="js_article" class="rich_media">
<h1 class="rich_media_title" id="activity-name">
  {title}
</h1><div class="rich_media_content" id="js_content" style="visibility: hidden;">
<p>虚构的文章。</p></div></div>
<script>var msg_title = '{title}'.html(false);</script></body></html>
"""


# --- walls ---------------------------------------------------------------------------------------

_LOGIN_FORM: Final = (
    '<form method="post" action="/session"><input name="login"><input type="password" name="password">'
    "<button>Sign in</button></form>"
)
_CHALLENGE: Final = (
    "<noscript>Enable JavaScript and cookies to continue</noscript>"
    "<script>window._cf_chl_opt={cType:'managed'};var a=document.createElement('script');"
    "a.src='/cdn-cgi/challenge-platform/h/b/orchestrate/chl_page/v1';</script>"
)
_CHALLENGE_HEADERS: Final = (("Server", "cloudflare"), ("cf-mitigated", "challenge"), ("CF-RAY", "0-made-up"))
_ZHIHU_MESSAGE: Final = (
    "您当前请求存在异常，暂时限制本次访问。如有疑问，您可以通过手机摇一摇或登录后私信知乎小管家反馈。"
)
_ZHIHU_CHALLENGE: Final = """<!DOCTYPE html>
<html lang="en"><head><meta charset="UTF-8"><meta id="zh-zse-ck" content="made-up">
<title>知乎，让每一次点击都充满意义</title>
</head><body><div>知乎，让每一次点击都充满意义 —— 欢迎来到知乎，发现问题背后的世界。</div>
<script src="https://static.zhihu.com/zse-ck/v4/made-up.js"></script></body></html>
"""


def _weixin_message(message: str) -> Response:
    return Response.of_html(
        '<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title></title></head>\n'
        '<body id="activity-detail" class="zh_CN mm_appmsg"><div class="weui-msg">'
        '<div class="weui-msg__icon-area"><i class="weui-icon-warn weui-icon_msg"></i></div>'
        f'<div class="weui-msg__text-area"><div class="weui-msg__title warn">{message}</div></div>'
        "</div></body></html>\n"
    )


def _weixin_wall() -> Response:
    return Response.of_html(
        '<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>Weixin Official Accounts Platform</title>'
        '</head>\n<body><div class="weui-msg"><div class="weui-msg__text-area">'
        '<h2 class="weui-msg__title">环境异常</h2>'
        '<p class="weui-msg__desc">当前环境异常，完成验证后即可继续访问。</p></div>'
        '<div class="weui-msg__opr-area"><a class="weui-btn weui-btn_primary" id="js_verify">去验证</a></div>'
        "</div></body></html>\n"
    )


def _parked(host: str) -> Response:
    return _page(
        escape(host),
        f"<h1>The domain {escape(host)} is for sale!</h1>"
        f'<a href="https://www.sedo.com/search/details/?domain={escape(host)}">Buy this domain</a>'
        '<script src="https://www.sedoparking.com/frmpark/made-up.js"></script>',
    )
