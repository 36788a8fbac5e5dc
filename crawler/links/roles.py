"""What a link is to the entry it stands at: decided from its target, its words, its column and its host."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from crawler.links.inline import LinkForm
from crawler.records import Role, Target, TargetKind

_BADGE_HOST = re.compile(
    r"(?:^|\.)(?:shields\.io|badge\.fury\.io|badgen\.net|travis-ci\.(?:org|com)|codecov\.io|coveralls\.io|"
    r"awesome\.re|zenodo\.org/badge|visitor-badge.*|hits\.\w+\.com|camo\.githubusercontent\.com|star-history\.com|"
    r"contrib\.rocks|readthedocs\.org/projects/.*/badge|forthebadge\.com|circleci\.com|app\.travis-ci\.com|"
    r"komarev\.com|githubusercontent\.com/.*badge|trendshift\.io)$"
)
_BADGE_PATH = re.compile(r"badge|shield|/actions/workflows/.*\.svg|status\.svg", re.IGNORECASE)
_BADGE_WORDS = re.compile(r"\bbadges?\b|open in colab|^build\b|stars?$|license$|\bci\b", re.IGNORECASE)
_IMAGE_PATH = re.compile(r"\.(?:png|jpe?g|gif|svg|webp|bmp|ico)$", re.IGNORECASE)
_LICENSE_WORDS = re.compile(
    r"licen[cs]e|许可|协议|^(?:apache|mit|gpl|lgpl|agpl|bsd|cc[- ]by|openrail|mpl)\b", re.IGNORECASE
)
_LICENSE_PATH = re.compile(
    r"/(?:un)?licen[cs]es?(?:[._-][\w.-]*)?/?$|/copying(?:\.\w+)?$|^creativecommons\.org/|^choosealicense\.com/|"
    r"^(?:www\.)?opensource\.org/licenses?/|^spdx\.org/licenses/|^www\.apache\.org/licenses/|[?&]license=|"
    r"^www\.gnu\.org/licenses/|license=license|/model_?licen[cs]e|licen[cs]e[\w.-]*\.(?:md|txt|pdf)$",
    re.IGNORECASE,
)
_PAPER_HOST = re.compile(
    r"(?:^|\.)(?:arxiv\.org|alphaxiv\.org|aclanthology\.org|aclweb\.org|openreview\.net|doi\.org|biorxiv\.org|medrxiv\.org|"
    r"semanticscholar\.org|paperswithcode\.com|dl\.acm\.org|ieeexplore\.ieee\.org|papers\.nips\.cc|neurips\.cc|"
    r"proceedings\.mlr\.press|openaccess\.thecvf\.com|jmlr\.org|ar5iv\.org|ssrn\.com)$"
)
_PAPER_WORDS = re.compile(r"\bpapers?\b|论文|\barxiv\b|技术报告|tech(?:nical)? report", re.IGNORECASE)
_ARTICLE_HOST = re.compile(
    r"(?:^|\.)(?:mp\.weixin\.qq\.com|zhuanlan\.zhihu\.com|zhihu\.com|medium\.com|substack\.com|towardsdatascience\.com|"
    r"kexue\.fm|csdn\.net|juejin\.cn|cnblogs\.com|jianshu\.com|segmentfault\.com|toutiao\.com|36kr\.com|"
    r"(?<!sota\.)jiqizhixin\.com|infoq\.(?:cn|com)|philschmid\.de|lilianweng\.github\.io|googleblog\.com|techcrunch\.com|"
    r"venturebeat\.com|wired\.com|nytimes\.com|theverge\.com|dev\.to|hackernoon\.com|my\.oschina\.net|twitter\.com|x\.com|"
    r"bilibili\.com|youtube\.com|youtu\.be)$"
)
_ARTICLE_PATH = re.compile(
    r"/(?:blogs?|news|posts?|articles?|research/blog|press|index/[\w-]+)/|/(?:blog|news)$|/\d{4}/\d{2}/",
    re.IGNORECASE,
)
_ARTICLE_WORDS = re.compile(
    r"\bblog\b|\bpost\b|\barticle\b|\bnews\b|博客|文章|解读|新闻|报道|视频|教程", re.IGNORECASE
)
_DEMO_HOST = re.compile(
    r"(?:^|\.)(?:colab\.research\.google\.com|gradio\.(?:live|app)|streamlit\.app|replicate\.com|ngrok\.(?:io|app)|"
    r"hf\.space|chat\.[\w.-]+|vercel\.app|mybinder\.org|kaggle\.com|demo\.[\w.-]+|playground\.[\w.-]+)$"
)
_DEMO_WORDS = re.compile(
    r"\bdemo\b|\bplayground\b|\btry it\b|\bonline\b|体验|试用|演示|在线|\bcolab\b", re.IGNORECASE
)
_DEMO_PATH = re.compile(r"/(?:demo|playground|chat)/?$", re.IGNORECASE)
_DATA_WORDS = re.compile(r"\bdata(?:sets?)?\b|数据|语料|\bcorpus\b|评估集", re.IGNORECASE)
_DATA_PATH = re.compile(
    r"\.(?:jsonl?|csv|tsv|parquet|zip|tar\.gz)$|/datasets?(?:/|$)|/data(?:/|$)|datasetdetail", re.IGNORECASE
)
_ORG_COLUMN = re.compile(
    r"^(?:org(?:ani[sz]ations?)?|institut\w*|company|developers?|authors?|team|affiliations?|creators?|publisher|maintainers?|"
    r"机.|组织|公司|单位|作者|团队|开发者|研发机构|发布方|来源|厂商)$",
    re.IGNORECASE,
)
_LICENSE_COLUMN = re.compile(r"licen[cs]e|许可|协议|授权", re.IGNORECASE)
_DATA_COLUMN = re.compile(r"^(?:training )?data(?:sets?)?$|数.集|训练数据|语料|^数据$", re.IGNORECASE)
_PAPER_COLUMN = re.compile(r"paper|论文|publication", re.IGNORECASE)
_DEMO_COLUMN = re.compile(r"demo|playground|体验|演示|试用", re.IGNORECASE)
_PROJECT_COLUMN = re.compile(
    r"^(?:code|repo(?:sitory)?|git\s?hub|project|links?|url|model|name|home\s?page|website|checkpoints?|weights|项目|代码|地址|链接|模型|名称|开源地址|项目地址|github地址|主页)$",
    re.IGNORECASE,
)
_ADDRESS_WORDS = re.compile(
    r"地址|链接|详见|榜单|github|项目|官网|主页|网址|\bcode\b|\brepo|\bproject\b|\bhomepage\b|\bwebsite\b|模型",
    re.IGNORECASE,
)


_CLAUSE_END = re.compile(r"[。；;！!？?\n]|(?<=\w)\.\s")
_LABEL_CHARACTERS: Final = 24
_FRONT_PATH = re.compile(r"/?(?:zh|en|cn|zh-cn|en-us|home|index\.html?)?/?", re.IGNORECASE)
_MODEL_HOST = re.compile(
    r"^(?:modelscope\.cn/(?:models|studios)|gitee\.com/[^/]+/|gitlab\.com/[^/]+/|openi\.pcl\.ac\.cn/)"
)


def is_badge(url: str, words: str = "") -> bool:
    """Whether an image is a badge: a small sign with a state or a number."""
    host, path = _split(url)
    return bool(
        _BADGE_HOST.search(host)
        or _BADGE_PATH.search(path.partition("?")[0])
        or (words and _BADGE_WORDS.search(words))
    )


def decide_role(
    url: str,
    target: Target,
    form: LinkForm,
    *,
    words: str,
    before: str,
    column: str | None,
    is_name: bool,
    around_image: bool,
) -> Role:
    """`words` are the link's own, `before` stands before it on its line, `column` is the name of its column.

    `is_name`: the link is (in) the name of its entry.
    """
    host, path = _split(url)
    before = _CLAUSE_END.split(before)[-1][-_LABEL_CHARACTERS:]
    if form is LinkForm.IMAGE:
        return Role.BADGE if is_badge(url, words) else Role.IMAGE
    if form is not LinkForm.LINK and _IMAGE_PATH.search(path.split("?")[0]) and "/blob/" not in path:
        return Role.IMAGE
    if around_image:
        return _role_around_image(host, target, words)
    if (
        column
        and (role := _role_by_column(column, target)) is not None
        and not (is_name and role is Role.DATA)
    ):
        return Role.PROJECT if is_name and role is not Role.LICENSE else role
    if _LICENSE_PATH.search(host + path) or (
        _LICENSE_WORDS.search(words) and len(words) < 60 and not is_name
    ):
        return Role.LICENSE
    label = f"{words} {before}"
    if target.kind is TargetKind.ARXIV_PAPER or _PAPER_HOST.search(host):
        return Role.PAPER
    if path.lower().endswith(".pdf") or (_PAPER_WORDS.search(words) and not is_name and len(words) < 40):
        return Role.PAPER
    if target.kind in {TargetKind.GITHUB_OWNER, TargetKind.HUGGINGFACE_OWNER}:
        return Role.PROJECT if is_name else Role.ORG
    if not is_name and (target.kind is TargetKind.HUGGINGFACE_SPACE or _is_demo(host, path, words, before)):
        return Role.DEMO
    if _ARTICLE_HOST.search(host) or _is_blog(host, path):
        return Role.ARTICLE
    if target.kind is TargetKind.HUGGINGFACE_DATASET:
        return Role.DATA
    if target.kind in {TargetKind.GITHUB_REPO, TargetKind.HUGGINGFACE_MODEL}:
        return Role.DATA if not is_name and _DATA_WORDS.search(words) else Role.PROJECT
    if target.kind is TargetKind.GITHUB_PATH:
        return Role.DATA if _DATA_PATH.search(path) else Role.PROJECT
    if target.kind is TargetKind.GITHUB_OTHER:
        return Role.OTHER
    if is_name or _MODEL_HOST.match(host + path):
        return Role.PROJECT
    if _DATA_PATH.search(path) or _DATA_WORDS.search(words):
        return Role.DATA
    if _ARTICLE_WORDS.search(words):
        return Role.ARTICLE
    if _FRONT_PATH.fullmatch(path) or host.endswith(".github.io") or _ADDRESS_WORDS.search(label):
        return Role.PROJECT
    return Role.OTHER


def _split(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
        return (parts.hostname or "").removeprefix("www."), parts.path + (
            f"?{parts.query}" if parts.query else ""
        )
    except ValueError:
        return "", ""


def _is_demo(host: str, path: str, words: str, before: str) -> bool:
    return bool(
        _DEMO_HOST.search(host)
        or _DEMO_PATH.search(path)
        or _DEMO_WORDS.search(words)
        or _DEMO_WORDS.search(before)
    )


def _is_blog(host: str, path: str) -> bool:
    return (
        host.startswith(("blog.", "news.", "ai.googleblog")) or _ARTICLE_PATH.search(path + "/") is not None
    )


def _role_around_image(host: str, target: Target, words: str) -> Role:
    """A link that a reader follows by clicking on an image."""
    if _DEMO_HOST.search(host) or target.kind is TargetKind.HUGGINGFACE_SPACE:
        return Role.DEMO
    if target.kind is TargetKind.ARXIV_PAPER:
        return Role.PAPER
    if target.kind in {TargetKind.GITHUB_REPO, TargetKind.HUGGINGFACE_MODEL} and not _BADGE_WORDS.search(
        words
    ):
        return Role.PROJECT
    return Role.BADGE


def _role_by_column(column: str, target: Target) -> Role | None:
    column = column.strip()
    if _LICENSE_COLUMN.search(column):
        return Role.LICENSE
    if _ORG_COLUMN.search(column):
        return Role.ORG
    if _DATA_COLUMN.search(column):
        return Role.DATA
    if _PAPER_COLUMN.search(column):
        return Role.PAPER
    if _DEMO_COLUMN.search(column):
        return Role.DEMO
    if _PROJECT_COLUMN.match(column) and target.kind in {
        TargetKind.GITHUB_REPO,
        TargetKind.GITHUB_PATH,
        TargetKind.HUGGINGFACE_MODEL,
        TargetKind.HUGGINGFACE_DATASET,
    }:
        return Role.PROJECT
    return None
