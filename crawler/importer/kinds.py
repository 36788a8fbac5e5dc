"""What kind of thing an entry is: by its name, the table or section it stands in, and what it links to."""

from __future__ import annotations

import re
from typing import Final

from crawler.importer.drafts import Draft
from crawler.links.classify import link_of
from crawler.records import EntryKind, Role, TargetKind

_BY_NAME: Final = (
    (
        EntryKind.BENCHMARK,
        re.compile(r"leaderboard|benchmark|榜|评测(?!方法)|测试集|\beval\b|-eval\b|eval$", re.IGNORECASE),
    ),
    (EntryKind.DATASET, re.compile(r"数据集|语料|dataset|corpus", re.IGNORECASE)),
)
_BY_SECTION: Final = (
    (EntryKind.BENCHMARK, re.compile(r"榜单|评测|benchmark|leaderboard|evaluation", re.IGNORECASE)),
    (
        EntryKind.ARTICLE,
        re.compile(
            r"资料|文章|博客|教程|参考|article|blog|tutorial|reading|reference|post|news", re.IGNORECASE
        ),
    ),
    (EntryKind.DATASET, re.compile(r"语料|数据|指令集|dataset|corpus|corpora|\bdata\b", re.IGNORECASE)),
    (
        EntryKind.TOOL,
        re.compile(
            r"工具|框架|训练|部署|推理|tools?\b|framework|librar|inference|serving|training|deploy|\bagents?\b|智能体|通向AGI",
            re.IGNORECASE,
        ),
    ),
    (EntryKind.PRODUCT, re.compile(r"产品|product", re.IGNORECASE)),
    (EntryKind.PAPER, re.compile(r"论文|papers?\b", re.IGNORECASE)),
    (EntryKind.MODEL, re.compile(r"模型|models?\b|llms?\b", re.IGNORECASE)),
)
_SIZE = re.compile(r"(?<![\d.])\d+(?:\.\d+)?[BM]\b(?!-\d)")


def decide_kind(draft: Draft) -> EntryKind:
    """The kind of an entry; `other` where nothing speaks for one."""
    if draft.owner is None:
        return EntryKind.PAGE
    roles = {mention.role for mention in draft.mentions} - {Role.IMAGE, Role.BADGE}
    targets = {link_of(mention.url).target.kind for mention in draft.mentions}
    if roles == {Role.ARTICLE}:
        return EntryKind.ARTICLE
    column = _by_section(draft.columns[0]) if draft.columns else None
    if column is not None:
        return column
    for kind, pattern in _BY_NAME:
        if pattern.search(draft.name):
            return kind
    if roles == {Role.PAPER}:
        return EntryKind.PAPER
    if targets & {TargetKind.HUGGINGFACE_DATASET} and TargetKind.HUGGINGFACE_MODEL not in targets:
        projects = {
            link_of(mention.url).target.kind for mention in draft.mentions if mention.role is Role.PROJECT
        }
        if projects <= {TargetKind.HUGGINGFACE_DATASET}:
            return EntryKind.DATASET
    section = _by_sections(draft.section)
    if section is EntryKind.ARTICLE and Role.PROJECT in roles and Role.ARTICLE not in roles:
        section = None
    if section in {None, EntryKind.TOOL} and (
        _SIZE.search(draft.name) or TargetKind.HUGGINGFACE_MODEL in targets
    ):
        return EntryKind.MODEL
    return section or (EntryKind.OTHER if not roles & {Role.PROJECT} else EntryKind.MODEL)


def _by_sections(section: str) -> EntryKind | None:
    """The innermost heading that says something."""
    for heading in reversed(section.split(" > ")):
        kind = _by_section(heading)
        if kind is not None:
            return kind
    return None


def _by_section(words: str) -> EntryKind | None:
    for kind, pattern in _BY_SECTION:
        if pattern.search(words):
            return kind
    return None
