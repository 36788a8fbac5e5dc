"""The sandbox's arXiv: the Atom query API, OAI-PMH in arXivRaw, and plain pages. All made up.

Every well-formed id is a paper invented from it, unless the state says otherwise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote
from xml.sax.saxutils import escape, quoteattr

from crawler.links.arxiv_id import canonical_arxiv_id
from crawler.sandbox.messages import Request, Response

if TYPE_CHECKING:
    from crawler.sandbox.world import World

LICENSES: Final = (
    "http://arxiv.org/licenses/nonexclusive-distrib/1.0/",
    "http://creativecommons.org/licenses/by/4.0/",
    "http://creativecommons.org/licenses/by-nc-sa/4.0/",
    "http://creativecommons.org/publicdomain/zero/1.0/",
)
CATEGORIES: Final = ("cs.CL", "cs.LG", "cs.AI", "cs.CV", "stat.ML")
DEFAULT_MAX_RESULTS: Final = 10
ATOM_TYPE: Final = ("Content-Type", "application/atom+xml; charset=utf-8")
XML_TYPE: Final = ("Content-Type", "text/xml; charset=utf-8")
PAPER_PAGE: Final = re.compile(r"/(?:abs|pdf|html)/(?P<id>.+?)(?:\.pdf)?")


@dataclass(slots=True)
class ArxivState:
    """What differs from the invented world, by canonical id."""

    unknown: set[str] = field(default_factory=set)
    """Well-formed ids that no paper has."""
    deleted: set[str] = field(default_factory=set)
    versions: dict[str, int] = field(default_factory=dict)
    withdrawn: set[str] = field(default_factory=set)
    """Papers whose latest version is a withdrawal."""
    licenses: dict[str, str | None] = field(default_factory=dict)
    """Licence address; None: a record without one."""
    titles: dict[str, str] = field(default_factory=dict)
    dois: dict[str, str] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)
    abstracts: dict[str, str] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    """Papers that the query API forgets and OAI knows."""
    poisonous: dict[str, int] = field(default_factory=dict)
    """Well-formed ids that spoil the whole answer of the query API, with a status."""
    busy_requests: int = 0
    """So many of the next requests are answered by 429."""


@dataclass(frozen=True, slots=True)
class _Paper:
    id: str
    version: int
    title: str
    authors: tuple[str, ...]
    category: str
    license: str | None
    published: datetime
    updated: datetime
    is_withdrawn: bool
    doi: str | None
    comment: str
    abstract: str


def answer(world: World, request: Request) -> Response:
    state: ArxivState = world.arxiv
    is_service = request.path in {"/api/query", "/oai", "/oai2"}
    if is_service and state.busy_requests > 0:
        state.busy_requests -= 1
        return Response(429, (("Content-Type", "text/plain"),), b"Rate exceeded.")
    match request.path:
        case "/api/query":
            return _answer_query(world, state, request)
        case "/oai" | "/oai2":
            return _answer_oai(world, state, request)
        case _:
            return _answer_page(world, state, request)


# --- the query API -------------------------------------------------------------------------------


def _answer_query(world: World, state: ArxivState, request: Request) -> Response:
    asked = [part.strip() for part in ",".join(request.query.get("id_list", [])).split(",") if part.strip()]
    malformed = next((text for text in asked if canonical_arxiv_id(text) is None), None)
    if malformed is not None:
        name = escape(malformed)
        entry = (
            f"<entry><id>https://arxiv.org/api/errors#incorrect_id_format_for_{name}</id>"
            f"<title>Error</title><summary>incorrect id format for {name}</summary>"
            "<author><name>arXiv api core</name></author></entry>"
        )
        return _feed([entry], total=1, start=0, length=1, status=400)
    for text in asked:
        if text in state.poisonous:
            return Response.of_html("<title>Error</title>", state.poisonous[text])
    absent = state.unknown | state.deleted | state.hidden
    found = [paper_id for text in asked if (paper_id := canonical_arxiv_id(text)) and paper_id not in absent]
    start = int(request.query.get("start", ["0"])[0])
    length = int(request.query.get("max_results", [str(DEFAULT_MAX_RESULTS)])[0])
    entries = [_entry(_invent(world, state, paper_id)) for paper_id in found[start : start + length]]
    return _feed(entries, total=len(found), start=start, length=length)


def _feed(entries: list[str], *, total: int, start: int, length: int, status: int = 200) -> Response:
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<feed xmlns="http://www.w3.org/2005/Atom"'
        ' xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/"'
        ' xmlns:arxiv="http://arxiv.org/schemas/atom">'
        "<id>https://arxiv.org/api/made-up</id><title>made up by the sandbox</title>"
        f"<opensearch:itemsPerPage>{length}</opensearch:itemsPerPage>"
        f"<opensearch:totalResults>{total}</opensearch:totalResults>"
        f"<opensearch:startIndex>{start}</opensearch:startIndex>"
        f"{''.join(entries)}</feed>\n"
    )
    return Response(status, (ATOM_TYPE,), text.encode())


def _entry(paper: _Paper) -> str:
    authors = "".join(f"<author><name>{escape(author)}</name></author>" for author in paper.authors)
    doi = f"<arxiv:doi>{escape(paper.doi)}</arxiv:doi>" if paper.doi else ""
    # Long lines are wrapped as the real service does.
    title = escape(paper.title).replace(" (", "\n  (")
    return (
        f"<entry><id>http://arxiv.org/abs/{paper.id}v{paper.version}</id><title>{title}</title>"
        f"<updated>{_time(paper.updated)}</updated><published>{_time(paper.published)}</published>"
        f"<link href={quoteattr(f'https://arxiv.org/abs/{paper.id}v{paper.version}')} rel='alternate'/>"
        f"<summary>{escape(paper.abstract)}</summary><category term='{paper.category}'/>"
        f"<arxiv:comment>{escape(paper.comment)}</arxiv:comment>{doi}"
        f"<arxiv:primary_category term='{paper.category}'/>{authors}</entry>"
    )


# --- OAI-PMH -------------------------------------------------------------------------------------


def _answer_oai(world: World, state: ArxivState, request: Request) -> Response:
    verb = request.query.get("verb", [""])[0]
    if verb != "GetRecord":
        return _oai_error("badVerb", "Illegal OAI verb")
    if request.query.get("metadataPrefix", [""])[0] != "arXivRaw":
        return _oai_error("cannotDisseminateFormat", "the sandbox has arXivRaw only")
    identifier = request.query.get("identifier", [""])[0]
    paper_id = canonical_arxiv_id(identifier.removeprefix("oai:arXiv.org:"))
    if paper_id is None or paper_id in state.unknown:
        return _oai_error("idDoesNotExist", f"Nothing found for this id: {identifier}")
    header = f"<identifier>{escape(identifier)}</identifier><datestamp>2026-11-01</datestamp>"
    if paper_id in state.deleted:
        return _oai(f"<GetRecord><record><header status='deleted'>{header}</header></record></GetRecord>")
    record = _raw_record(_invent(world, state, paper_id))
    return _oai(
        f"<GetRecord><record><header>{header}<setSpec>cs:cs:CL</setSpec></header>"
        f"<metadata>{record}</metadata></record></GetRecord>"
    )


def _raw_record(paper: _Paper) -> str:
    versions = []
    for number in range(1, paper.version + 1):
        is_empty = paper.is_withdrawn and number == paper.version
        date = paper.published if number == 1 else paper.updated
        versions.append(
            f'<version version="v{number}"><date>{date:%a, %d %b %Y %H:%M:%S} GMT</date>'
            f"<size>{'0kb' if is_empty else '412kb'}</size>"
            f"<source_type>{'I' if is_empty else 'D'}</source_type></version>"
        )
    license_element = f"<license>{escape(paper.license)}</license>" if paper.license else ""
    return (
        '<arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/">'
        f"<id>{paper.id}</id><submitter>Made-up Submitter</submitter>{''.join(versions)}"
        f"<title>{escape(paper.title)}</title><authors>{escape(', '.join(paper.authors))}</authors>"
        f"<categories>{paper.category} cs.CY</categories>{license_element}"
        "<abstract>Made up by the sandbox.</abstract></arXivRaw>"
    )


def _oai_error(code: str, message: str) -> Response:
    return _oai(f'<error code="{code}">{escape(message)}</error>')


def _oai(content: str) -> Response:
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
        "<responseDate>2026-11-02T02:30:00Z</responseDate>"
        f"<request>http://oaipmh.arxiv.org/oai</request>{content}</OAI-PMH>\n"
    )
    return Response(200, (XML_TYPE,), text.encode())


# --- pages and papers ----------------------------------------------------------------------------


def _answer_page(world: World, state: ArxivState, request: Request) -> Response:
    path = unquote(request.path)
    if match := PAPER_PAGE.fullmatch(path):
        paper_id = canonical_arxiv_id(match["id"])
        if paper_id is None or paper_id in state.unknown:
            return Response.of_html("<title>Article not found</title>", 404)
        title = _invent(world, state, paper_id).title
    else:
        title = f"{path.strip('/') or 'arXiv'} (made up)"
    return Response.of_html(f"<!doctype html><title>{escape(title)}</title><h1>{escape(title)}</h1>")


def _invent(world: World, state: ArxivState, paper_id: str) -> _Paper:
    def pick(what: str, below: int) -> int:
        return world.number("arxiv", paper_id, what, below=below)

    published = datetime(2023, 1, 1, 12, tzinfo=UTC) + timedelta(minutes=pick("published", 1_000_000))
    version = state.versions.get(paper_id, 1 + pick("versions", 3))
    # A withdrawal is a version of its own.
    version += paper_id in state.withdrawn
    comment = (
        "This paper has been withdrawn by the authors" if paper_id in state.withdrawn else "12 pages, made up"
    )
    names = tuple(f"Made-up Author {number}" for number in range(1, 2 + pick("authors", 5)))
    return _Paper(
        id=paper_id,
        version=version,
        title=state.titles.get(paper_id, f"On {paper_id} and Other Numbers (made up)"),
        authors=names,
        category=CATEGORIES[pick("category", len(CATEGORIES))],
        license=state.licenses.get(paper_id, LICENSES[pick("license", len(LICENSES))]),
        published=published,
        updated=published + timedelta(days=30 * (version - 1)),
        is_withdrawn=paper_id in state.withdrawn,
        doi=state.dois.get(paper_id),
        comment=state.comments.get(paper_id, comment),
        abstract=state.abstracts.get(paper_id, "Made up\n  by the sandbox."),
    )


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
