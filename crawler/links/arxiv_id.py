"""arXiv identifiers: which texts are one, and the one spelling of each. Pure."""

from __future__ import annotations

import re

# Schemes and their change-over months: https://info.arxiv.org/help/arxiv_identifier.html
NEW_ID = re.compile(r"(?P<yymm>\d\d(?:0[1-9]|1[0-2]))\.(?P<number>\d{4,5})(?:v[1-9]\d*)?", re.ASCII)
OLD_ID = re.compile(
    r"(?P<archive>[a-z]+(?:-[a-z]+)?)(?:\.[a-z]{2})?/(?P<number>\d\d(?:0[1-9]|1[0-2])\d{3})(?:v[1-9]\d*)?",
    re.ASCII | re.IGNORECASE,
)
FIRST_NEW_MONTH = "0704"
FIRST_FIVE_DIGIT_MONTH = "1501"
FILE_SUFFIX = re.compile(r"\.(?:pdf|ps|ps\.gz|tar\.gz|gz)$", re.IGNORECASE)
PREFIX = re.compile(r"arxiv:\s*", re.IGNORECASE)


def canonical_arxiv_id(text: str) -> str | None:
    """`2305.14314`, `math/0309136`: without prefix, version, subject class or file suffix; None if malformed.

    Strict on purpose: one malformed id in a batch makes the whole answer of the arXiv API useless.
    """
    bare = PREFIX.sub("", text.strip(), count=1)
    bare = FILE_SUFFIX.sub("", bare)
    if match := NEW_ID.fullmatch(bare):
        yymm, number = match["yymm"], match["number"]
        digits = 5 if yymm >= FIRST_FIVE_DIGIT_MONTH else 4
        if yymm < FIRST_NEW_MONTH or len(number) != digits:
            return None
        return f"{yymm}.{number}"
    if match := OLD_ID.fullmatch(bare):
        return f"{match['archive'].lower()}/{match['number']}"
    return None
