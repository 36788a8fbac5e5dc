"""What a heading, list item, cell or paragraph is called: the words a reader would use for the entry."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from crawler.links.plain import plain_text

LONGEST_NAME: Final = 120

_DATE_NOTE = re.compile(
    r"\s*[（(]\s*(?:更新于|更新|发布于|updated?|last updated|added|released?)[^（）()]*[）)]\s*$",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"\s*https?://[^\s，。）)]+")
_NUMBERING = re.compile(
    r"^(?:\d+(?:\.\d+)+(?:[.、)]\s*|\s+|(?![A-Za-z.\d]))|\d+[.)]\s+|\d+、\s*|[（(]\d+[）)]\s*)(?=\S)"
)
_STAR = re.compile(r"^[*•·#>\-–—]+\s*(?=\S)")
_TAG = re.compile(r"^(?:【[^】]{1,6}】|\[(?:P\d|NEW|new|New)\]|🔥|⭐|🆕|✨|💥)\s*(?=\S)")
_WHOLE_BRACKET = re.compile(r"^【([^【】]+)】$")
_BRACKETED = re.compile(r"【([^】]{2,60})】$")
_ORIGIN = re.compile(r"^https?://(?:www\.)?")
_BRACKET_PAIRS: Final = ("()", "（）", "[]", "【】", "「」", "《》", "“”")
_BRACKET = re.compile(r"[()（）\[\]【】「」《》“”]")
_TRAILING_MARKS = " \t:：,，;；、-–—|·=→>~～"

# Words that say what a link is and name nothing themselves.
_LABEL_WORDS = (
    r"papers?|codes?|source|repo(?:sitory)?|git\s?hub|gitee|project|page|site|website|homepage|home|official|demo|"
    r"online|playground|try|blog|post|article|news|doc(?:s|ument(?:ation)?)?|model|models|weights?|checkpoints?|ckpts?|"
    r"hugging\s?face|hf|modelscope|data|datasets?|arxiv|pdf|link|links|url|here|video|slides?|poster|license|api|colab|"
    r"notebook|download|read\s?me|wiki|report|tech(?:nical)?|card|space|spaces|twitter|discord|wechat|english|chinese|"
    r"en|zh|cn|zh-cn|v\d+(?:\.\d+)*|abs|bibtex|leaderboard|implementation|pytorch|tensorflow|jax|gguf|gptq|awq|"
    r"base|chat|instruct|\d+(?:\.\d+)?[bkm]|"
    r"论文|代码|源码|项目|地址|仓库|主页|官网|网站|网址|链接|演示|体验|试用|在线|博客|文章|文档|教程|模型|权重|数据|数据集|"
    r"开源|下载|镜像|技术报告|报告|中文|英文|简体中文|中国台湾繁体|繁体中文|详见|详情|在线体验|原文|解读|视频|榜单|评估集|介绍|推荐阅读|参考"
)
_LABEL = re.compile(
    rf"(?:(?:{_LABEL_WORDS}|的|该|其|是|为|在|：|:|/|&|和|与|[\s|,，、()（）\[\].:：*_·•+~-])+)",
    re.IGNORECASE,
)

_NAME_BREAK = re.compile(
    r"[，。；！？：]|[,;!?](?=\s|[\u3400-\u9fff])|:(?=\s|$|https?:)|\s[-–—|·]+\s|\s?——|\s?→|\.(?=\s+[A-Z\u3400-\u9fff])|"
    r"(?<=[A-Za-z0-9])\s(?=[是在为由基从将对可的][\u3400-\u9fffA-Za-z\s\d])|https?:/|$"
)
_NAME_PARTICLE = re.compile(r"(?<=[A-Za-z0-9）)])(?:是|由|基于)[\u3400-\u9fff]")


def heading_name(markup: str) -> str:
    """The name an entry heading gives: without numbering, update notes and marks around it."""
    text = plain_text(markup)
    name = strip_marks(_ADDRESS.sub("", text)) or text
    previous = None
    while previous != name:
        previous = name
        name = _DATE_NOTE.sub("", name)
        name = _STAR.sub("", _NUMBERING.sub("", name)).strip()
        if whole := _WHOLE_BRACKET.match(name):
            name = whole[1].strip()
    return _shorten(name)


def has_date_note(markup: str) -> bool:
    return _DATE_NOTE.search(plain_text(markup)) is not None


def strip_marks(text: str) -> str:
    """Without variation selectors and emoji at the borders."""
    text = "".join(c for c in text if unicodedata.category(c) not in {"Cf", "Mn"})
    return text.strip().strip("\ufe0f\u20e3 ")


def cell_name(markup: str) -> str:
    return _shorten(heading_name(markup))


def is_label(text: str) -> bool:
    """Whether words only say what a link is (`Paper`, `代码`, `项目地址：`), and name nothing."""
    text = text.strip()
    return not text or _LABEL.fullmatch(text) is not None


def lead_name(text: str) -> str:
    """The name a list item or paragraph begins with: up to the first mark that ends it."""
    text = strip_marks(text)
    while tag := _TAG.match(text):
        text = text[tag.end() :]
    text = _STAR.sub("", text)
    if whole := _BRACKETED.match(text):
        return _shorten(whole[1])
    end = len(text)
    for mark in _NAME_BREAK.finditer(text):
        if mark.start() > 0:
            end = mark.start()
            break
    name = text[:end]
    if particle := _NAME_PARTICLE.search(name):
        name = name[: particle.start()]
    return _shorten(_DATE_NOTE.sub("", name))


def _shorten(name: str) -> str:
    name = name.strip().rstrip(_TRAILING_MARKS).strip()
    for opening, closing in _BRACKET_PAIRS if _BRACKET.search(name) else ():
        if name.startswith(opening) and name.endswith(closing) and name.count(opening) == 1:
            name = name[1:-1].strip()
        if name.endswith(opening):
            name = name[:-1].rstrip()
    if len(name) > LONGEST_NAME:
        name = name[:LONGEST_NAME].rsplit(" ", 1)[0] if " " in name[60:LONGEST_NAME] else name[:LONGEST_NAME]
    return name


def name_from_url(canonical_url: str) -> str:
    """What an address alone is called: its repository or last path part, else its host."""
    path = _ORIGIN.sub("", canonical_url).split("?")[0].split("#")[0].strip("/")
    parts = path.split("/")
    if len(parts) == 1:
        return parts[0]
    if parts[0] in {"github.com", "huggingface.co", "gitee.com"}:
        skip = 2 if parts[1] in {"datasets", "spaces"} and len(parts) > 2 else 1
        return parts[min(skip + 1, len(parts) - 1)]
    return parts[-1]
