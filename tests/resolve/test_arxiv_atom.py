from __future__ import annotations

import pytest

from crawler.resolve.arxiv.atom import parse_feed
from crawler.resolve.arxiv.xml import UnreadableAnswer

# The shape of a real answer, its element order shuffled; values made up.
FEED = """<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/"
      xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns="http://www.w3.org/2005/Atom">
  <opensearch:itemsPerPage>2</opensearch:itemsPerPage>
  <opensearch:totalResults>{total}</opensearch:totalResults>
  <entry>
    <arxiv:primary_category term="cs.CL"/>
    <title>Made-up: a Title
  That is Wrapped &amp; Long</title>
    <id>http://arxiv.org/abs/2305.14314v2</id>
    <updated>2023-05-24T17:05:34Z</updated>
    <published>2023-05-23T17:50:33Z</published>
    <arxiv:doi>10.1000/made.up</arxiv:doi>
    <summary>…</summary>
    <author><name>A. Author</name></author>
    <author><name>B.
      Author</name><arxiv:affiliation>Nowhere</arxiv:affiliation></author>
    <arxiv:comment>This paper has been withdrawn by the authors</arxiv:comment>
    <category term="cs.LG"/>
  </entry>
  <entry>
    <id>https://arxiv.org/abs/math.GT/0309136v1</id>
    <title>Old</title>
  </entry>
</feed>
"""
ERROR = """<feed xmlns="http://www.w3.org/2005/Atom"><entry>
<id>https://arxiv.org/api/errors#incorrect_id_format_for_abc</id><title>Error</title>
<summary>incorrect id format for abc</summary></entry></feed>"""


def test_papers_with_all_that_is_told() -> None:
    feed = parse_feed(FEED.format(total=2).encode())
    assert feed.is_whole
    paper, old = feed.papers
    assert (paper.id, paper.version) == ("2305.14314", 2)
    assert paper.facts == {
        "title": "Made-up: a Title That is Wrapped & Long",
        "authors": ["A. Author", "B. Author"],
        "published_at": "2023-05-23T17:50:33Z",
        "updated_at": "2023-05-24T17:05:34Z",
        "version": 2,
        "primary_category": "cs.CL",
        "doi": "10.1000/made.up",
    }
    assert (old.id, old.version, old.facts) == ("math/0309136", 1, {"title": "Old", "version": 1})


@pytest.mark.parametrize(
    ("total", "is_whole"), [("2", True), ("3", False), ("1", False), ("", False), ("x", False)]
)
def test_a_feed_is_whole_when_it_counts_what_it_shows(total: str, is_whole: bool) -> None:
    assert parse_feed(FEED.format(total=total).encode()).is_whole is is_whole


def test_an_error_entry_is_no_paper() -> None:
    feed = parse_feed(ERROR.encode())
    assert (feed.papers, feed.error, feed.is_whole) == ((), "incorrect id format for abc", False)


BOMB = """<?xml version="1.0"?><!DOCTYPE feed [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;">]>
<feed xmlns="http://www.w3.org/2005/Atom"><title>&b;</title></feed>"""


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"Rate exceeded.", id="text"),
        pytest.param(b"<!doctype html><title>x</title>", id="page"),
        pytest.param(b"<html xmlns='http://www.w3.org/1999/xhtml'/>", id="xhtml"),
        pytest.param(b"<feed/>", id="no namespace"),
        pytest.param(b"<feed xmlns='http://purl.org/atom/ns#'/>", id="another Atom"),
        pytest.param(FEED.format(total=2).encode()[:700], id="cut off"),
        pytest.param(FEED.format(total=2).encode() + b"<more/>", id="too much"),
        pytest.param(
            FEED.format(total=2).replace("http://arxiv.org/abs/2305.14314v2", "x").encode(), id="no id"
        ),
        pytest.param(BOMB.encode(), id="entities"),
        pytest.param(BOMB.encode("utf-16"), id="entities in UTF-16"),
        pytest.param(b'<!DOCTYPE feed SYSTEM "file:///etc/passwd"><feed/>', id="external"),
        pytest.param(b'<?xml version="1.0" encoding="klingon"?><feed/>', id="unknown encoding"),
        pytest.param(b"\xff\xfe\xff", id="bytes"),
    ],
)
def test_what_is_no_feed(body: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        parse_feed(body)
