"""Whether a listed project is a joke or an empty shell, by what its owner says of it. Pure.

Only plain words of the owner's count: nobody is called a joke by a guess.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from crawler.records import Facts, TargetKind
from crawler.verdicts.counts import parse_stated_counts
from crawler.verdicts.parameters import read_measured_count
from crawler.verdicts.verdict import Standing, Verdict

JOKE: Final = re.compile(
    r"\b(?:this is a joke|just a joke|joke (?:project|repo(?:sitory)?|model)|april fools?'? joke|"
    r"parody (?:project|model|of)|satirical (?:project|model))\b|愚人节|恶搞项目|整活项目|纯属玩笑|开个玩笑",
    re.IGNORECASE,
)
JOKE_TOPICS: Final = frozenset({"joke", "parody", "april-fools", "satire", "shitpost", "meme-project"})
STUB: Final = re.compile(
    r"\b(?:(?:code|model|weights|release|repo(?:sitory)?|everything)?\s*(?:is |are |will be )?coming soon|"
    r"placeholder(?: repo(?:sitory)?)?|work in progress: nothing here|nothing here yet|empty repo(?:sitory)?|"
    r"to be released)\b|敬请期待|即将开源|即将发布|空仓库",
    re.IGNORECASE,
)
TEST_MODEL: Final = re.compile(
    r"(?:^|[-_/])(?:tiny-random|dummy|hf-internal-testing)(?:[-_/]|$)", re.IGNORECASE
)
SMALL: Final = 5_000_000
"""Parameters below which a model whose name says that it is random or a dummy is believed to be."""
EMPTY_BYTES: Final = 1_000_000
"""All that a repository without weights takes: a card, a configuration, a tokeniser."""
STATED_FROM: Final = 100_000_000
REPOSITORIES: Final = frozenset({TargetKind.GITHUB_REPO})


def judge_seriousness(kind: TargetKind, name: str, facts: Facts, sizes: Sequence[str] = ()) -> Verdict:
    """CONFLICTS for a joke or a stub; nothing is ever called serious. `sizes`: stated parameter counts."""
    if kind in REPOSITORIES:
        return _judge_repository(facts)
    if kind is TargetKind.HUGGINGFACE_MODEL:
        return _judge_model(str(facts.get("full_name") or name), facts, sizes)
    return Verdict(Standing.OPEN, "description")


def _judge_repository(facts: Facts) -> Verdict:
    description = facts.get("description")
    text = description if isinstance(description, str) else ""
    topics = JOKE_TOPICS.intersection(facts.get("topics") or ())
    if topics:
        return _found("topics", ", ".join(sorted(topics)), "its own topics call it a joke")
    if JOKE.search(text):
        return _found("description", text, "its own description calls it a joke")
    # A project that promises and also holds code is one in the making.
    if STUB.search(text) and facts.get("language") is None:
        return _found("description", text, "its description promises, and it holds no code")
    return Verdict(Standing.OPEN, "description")


def _judge_model(name: str, facts: Facts, sizes: Sequence[str]) -> Verdict:
    count = read_measured_count(facts)
    if TEST_MODEL.search(name) and count is not None and count < SMALL:
        return _found("full_name", name, f"a test model of {count:,} parameters")
    stored = facts.get("used_storage")
    is_large = any(size.low >= STATED_FROM for text in sizes for size in parse_stated_counts(text))
    if is_large and count is None and isinstance(stored, int) and stored < EMPTY_BYTES:
        observed = f"{stored:,} bytes"
        return _found("used_storage", observed, "no weights of the stated size fit in", ", ".join(sizes))
    return Verdict(Standing.OPEN, "full_name")


def _found(field: str, observed: str, reason: str, stated: str = "") -> Verdict:
    return Verdict(Standing.CONFLICTS, field, stated, observed, reason)
