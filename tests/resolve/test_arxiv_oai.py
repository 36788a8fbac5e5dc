from __future__ import annotations

import pytest

from crawler.resolve.arxiv.oai import Presence, parse_record
from crawler.resolve.arxiv.xml import UnreadableAnswer


def version(number: int, source_type: str = "D") -> str:
    size = "0kb" if source_type == "I" else "312kb"
    return (
        f'<version version="v{number}"><date>Mon, 14 Apr 2008 21:18:17 GMT</date>'
        f"<size>{size}</size><source_type>{source_type}</source_type></version>"
    )


def answer(content: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
        f"<responseDate>2026-11-02T02:30:00Z</responseDate>{content}</OAI-PMH>"
    ).encode()


def record(versions: str, *, paper_id: str = "2305.14314", extra: str = "", header: str = "") -> bytes:
    return answer(
        f"<GetRecord><record><header{header}><identifier>oai:arXiv.org:{paper_id}</identifier></header>"
        f'<metadata><arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>{paper_id}</id>{versions}'
        f"<title>Made\n up</title><categories>cs.CL cs.LG</categories>{extra}</arXivRaw></metadata>"
        "</record></GetRecord>"
    )


LICENSE = "<license>http://creativecommons.org/licenses/by/4.0/</license>"


def test_a_record_tells_license_version_and_withdrawal() -> None:
    told = parse_record(record(version(1) + version(2), extra=LICENSE), "2305.14314")
    assert (told.presence, told.version, told.withdrawn) == (Presence.FOUND, 2, False)
    assert told.facts == {
        "title": "Made up",
        "version": 2,
        "withdrawn": False,
        "license": "CC-BY-4.0",
        "primary_category": "cs.CL",
    }


@pytest.mark.parametrize(
    ("versions", "withdrawn"),
    [
        pytest.param(version(1) + version(2, "I"), True, id="the latest is empty"),
        pytest.param(version(1, "I") + version(2), False, id="put back"),
        pytest.param(version(2) + version(10, "I") + version(9), True, id="by number, not by order"),
        pytest.param(version(1, "D") + version(2, "DI"), True, id="one flag of several"),
        pytest.param('<version version="v1"/>', False, id="nothing told"),
    ],
)
def test_withdrawn_is_a_matter_of_the_latest_version(versions: str, withdrawn: bool) -> None:
    assert parse_record(record(versions, extra=LICENSE), "2305.14314").withdrawn is withdrawn


@pytest.mark.parametrize(
    ("paper_id", "expected"),
    [
        ("hep-th/9901001", "LicenseRef-arXiv-assumed-1991-2003"),
        ("math/0309136", "LicenseRef-arXiv-assumed-1991-2003"),
        ("math/0609136", None),
        ("2305.14314", None),
    ],
)
def test_papers_without_a_license(paper_id: str, expected: str | None) -> None:
    facts = parse_record(record(version(1), paper_id=paper_id), paper_id).facts
    assert facts is not None
    assert facts.get("license") == expected


def test_a_paper_that_is_not_there() -> None:
    body = answer('<error code="idDoesNotExist">made up</error>')
    assert parse_record(body, "2305.14314").presence is Presence.UNKNOWN_ID


def test_a_paper_that_was_deleted() -> None:
    body = record("", header=' status="deleted"')
    assert parse_record(body, "2305.14314").presence is Presence.DELETED


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<!doctype html><title>x</title>", id="page"),
        pytest.param(answer(""), id="nothing in it"),
        pytest.param(answer('<error code="badArgument"/>'), id="another error"),
        pytest.param(answer("<error>idDoesNotExist</error>"), id="error without a code"),
        pytest.param(
            answer('<error code="idDoesNotExist"/><error code="badVerb"/>'), id="errors that disagree"
        ),
        pytest.param(record(version(1), paper_id="2305.99999"), id="another paper"),
        pytest.param(record(""), id="no version"),
        pytest.param(record(version(1))[:300], id="cut off"),
        pytest.param(record(version(1)).replace(b"arXivRaw", b"arXiv"), id="another format"),
    ],
)
def test_what_says_nothing(body: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        parse_record(body, "2305.14314")
