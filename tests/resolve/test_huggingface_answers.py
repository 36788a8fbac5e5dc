from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.fetch.failure import Failure
from crawler.records import Hop, Known, Outcome, Reason, TargetKind
from crawler.resolve.huggingface.answers import HubAnswer, Standing, read_owner, read_repository

MODEL = TargetKind.HUGGINGFACE_MODEL
ERROR = {"error": "made up"}
NOT_FOUND_CODE = {"x-error-code": "RepoNotFound"}
GATED_CODE = {"x-error-code": "GatedRepo"}
DISABLED = {"x-error-message": "Access to this resource is disabled."}
PAGE = {"content-type": "text/html; charset=utf-8"}
HOP = (Hop("https://huggingface.co/api/models/a/b", 307),)
NOTHING_SAID = {Outcome.SKIPPED, Outcome.FAILED, Outcome.THROTTLED}


def model(**fields: Any) -> HubAnswer:
    return HubAnswer(status=200, json={"_id": "1", "id": "a/b", **fields})


@pytest.mark.parametrize(
    ("answer", "outcome", "reason"),
    [
        pytest.param(model(), "alive", "ok", id="found"),
        pytest.param(model(gated="auto"), "alive", "gated", id="gated"),
        pytest.param(model(gated=False), "alive", "ok", id="not gated"),
        pytest.param(model(private=True), "alive", "ok", id="private and ours"),
        pytest.param(model(disabled=True), "restricted", "disabled", id="disabled but told of"),
        pytest.param(model(disabled=True, gated="auto"), "restricted", "disabled", id="disabled and gated"),
        pytest.param(model(id="A/B"), "alive", "ok", id="another case is no move"),
        pytest.param(model(id="c/d"), "moved", "renamed", id="moved"),
        pytest.param(model(id="c/d", disabled=True), "restricted", "disabled", id="moved and disabled"),
        pytest.param(HubAnswer(401, GATED_CODE, ERROR), "alive", "gated", id="gated, even its metadata"),
        pytest.param(
            HubAnswer(403, GATED_CODE, ERROR, standing=Standing.VALID),
            "alive",
            "gated",
            id="gated to a token",
        ),
        pytest.param(HubAnswer(403, DISABLED, ERROR), "restricted", "disabled", id="disabled by 403"),
        pytest.param(HubAnswer(403, PAGE), "restricted", "bot-wall", id="a wall"),
        pytest.param(HubAnswer(401, {}, ERROR), "not-found", "missing-or-private", id="bare 401"),
        pytest.param(HubAnswer(401), "not-found", "missing-or-private", id="bare 401 without a body"),
        pytest.param(HubAnswer(401, PAGE), "restricted", "login-required", id="a login page"),
        pytest.param(
            HubAnswer(401, {}, ERROR, standing=Standing.VALID),
            "skipped",
            "skipped",
            id="401 to a valid token",
        ),
        pytest.param(
            HubAnswer(401, {}, ERROR, standing=Standing.UNPROVEN), "skipped", "skipped", id="401 to any token"
        ),
        pytest.param(
            HubAnswer(404, NOT_FOUND_CODE, ERROR, standing=Standing.VALID),
            "not-found",
            "not-found",
            id="404 to a valid token",
        ),
        pytest.param(
            HubAnswer(404, NOT_FOUND_CODE, ERROR, standing=Standing.UNPROVEN),
            "skipped",
            "skipped",
            id="404 to a token nobody confirmed",
        ),
        pytest.param(
            HubAnswer(404, NOT_FOUND_CODE, ERROR), "not-found", "missing-or-private", id="404 to nobody"
        ),
        pytest.param(
            HubAnswer(404, PAGE, standing=Standing.VALID), "skipped", "skipped", id="404 page of a middlebox"
        ),
        pytest.param(
            HubAnswer(404, {"x-error-code": "RevisionNotFound"}, ERROR, standing=Standing.VALID),
            "skipped",
            "skipped",
            id="404 of something else",
        ),
        pytest.param(HubAnswer(410, {}, ERROR), "gone", "gone", id="410"),
        pytest.param(HubAnswer(451, {}, ERROR), "gone", "legal", id="451"),
        pytest.param(HubAnswer(410, PAGE), "skipped", "skipped", id="410 of a retired endpoint"),
        pytest.param(HubAnswer(451, PAGE), "skipped", "skipped", id="451 page of a middlebox"),
        pytest.param(HubAnswer(400, {}, ERROR), "skipped", "skipped", id="a question it does not understand"),
        pytest.param(HubAnswer(429), "throttled", "rate-limited", id="429"),
        pytest.param(HubAnswer(500, {}, ERROR), "failed", "server-error", id="500"),
        pytest.param(HubAnswer(503, PAGE), "failed", "server-error", id="503"),
        pytest.param(HubAnswer(307), "skipped", "skipped", id="a redirect to nowhere"),
        pytest.param(HubAnswer(204), "skipped", "skipped", id="204"),
        pytest.param(HubAnswer(200, PAGE), "failed", "server-error", id="a page with 200"),
        pytest.param(HubAnswer(200, {}, []), "failed", "server-error", id="a list"),
        pytest.param(HubAnswer(200, {}, {}), "failed", "server-error", id="no id"),
        pytest.param(HubAnswer(200, {}, {"id": 5}), "failed", "server-error", id="id of a wrong type"),
        pytest.param(HubAnswer(200, {}, {"id": "x y/../z"}), "failed", "server-error", id="id that is none"),
        pytest.param(
            HubAnswer(200, failure=Failure(Reason.TIMEOUT, "cut off")), "failed", "timeout", id="cut off"
        ),
        pytest.param(
            HubAnswer(failure=Failure(Reason.DNS_FAILURE, "no such host", temporary=True)),
            "failed",
            "dns-failure",
            id="the Hub out of reach",
        ),
        pytest.param(
            HubAnswer(failure=Failure(Reason.SKIPPED, "lane closed", temporary=True)),
            "skipped",
            "skipped",
            id="not asked",
        ),
    ],
)
def test_what_an_answer_says(answer: HubAnswer, outcome: str, reason: str) -> None:
    verdict = read_repository(MODEL, "a/b", answer, Known())
    assert (verdict.outcome, verdict.reason) == (outcome, reason)
    assert verdict.http_status == answer.status


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        (MODEL, "https://huggingface.co/c/d"),
        (TargetKind.HUGGINGFACE_DATASET, "https://huggingface.co/datasets/c/d"),
        (TargetKind.HUGGINGFACE_SPACE, "https://huggingface.co/spaces/c/d"),
    ],
    ids=str,
)
def test_a_move_suggests_the_page_and_takes_the_facts_along(kind: TargetKind, address: str) -> None:
    answer = HubAnswer(200, {}, {"_id": "1", "id": "c/d", "likes": 3}, hops=HOP)
    verdict = read_repository(kind, "a/b", answer, Known(host_id="1"))
    assert (verdict.suggested_url, verdict.final_url) == (address, address)
    assert verdict.facts["likes"] == 3
    assert verdict.hops == HOP


@pytest.mark.parametrize(
    ("hops", "served", "reason"),
    [
        pytest.param((), "a/b", "ok", id="recreated under the same name"),
        pytest.param(HOP, "c/d", "redirected", id="redirected to somebody else's"),
    ],
)
def test_a_stranger_lends_no_facts(hops: tuple[Hop, ...], served: str, reason: str) -> None:
    answer = HubAnswer(200, {}, {"_id": "new", "id": served, "likes": 3, "gated": "auto"}, hops=hops)
    verdict = read_repository(MODEL, "a/b", answer, Known(host_id="old"))
    assert (verdict.outcome, verdict.reason) == (Outcome.ALIVE, reason)
    assert verdict.stranger == f"{served} (id new)"
    assert verdict.facts == {}
    assert verdict.host_id == "new"
    assert verdict.suggested_url is None


@pytest.mark.parametrize(
    ("answer", "outcome", "reason", "suggested"),
    [
        pytest.param(HubAnswer(200, {}, {"name": "Org"}), "alive", "ok", None, id="organization, other case"),
        pytest.param(HubAnswer(200, {}, {"user": "org"}), "alive", "ok", None, id="user"),
        pytest.param(
            HubAnswer(200, {}, {"name": "new-org"}),
            "moved",
            "renamed",
            "https://huggingface.co/new-org",
            id="renamed",
        ),
        pytest.param(HubAnswer(200, {}, {}), "failed", "server-error", None, id="no name"),
        pytest.param(HubAnswer(200, {}, ["org"]), "failed", "server-error", None, id="a list"),
        pytest.param(HubAnswer(502), "failed", "server-error", None, id="502"),
    ],
)
def test_owners(answer: HubAnswer, outcome: str, reason: str, suggested: str | None) -> None:
    verdict = read_owner("org", answer, Known())
    assert (verdict.outcome, verdict.reason, verdict.suggested_url) == (outcome, reason, suggested)


HEADERS = st.dictionaries(
    st.sampled_from(["x-error-code", "x-error-message", "content-type"]),
    st.sampled_from(["RepoNotFound", "GatedRepo", "text/html", "Access to this resource is disabled.", ""]),
)
BODIES: st.SearchStrategy[Any] = st.sampled_from(
    [None, [], {}, {"id": None}, {"id": 5}, {"id": ""}, {"error": "x"}, "text", 7]
)


@given(st.integers(100, 599), HEADERS, BODIES, st.sampled_from(Standing))
def test_only_the_hubs_own_word_speaks_against_a_link(
    status: int, headers: dict[str, str], body: Any, standing: Standing
) -> None:
    verdict = read_repository(MODEL, "a/b", HubAnswer(status, headers, body, standing=standing), Known())
    if verdict.reason is Reason.NOT_FOUND:
        assert (status, standing) == (404, Standing.VALID)
    elif verdict.reason is Reason.MISSING_OR_PRIVATE:
        assert (status in {401, 404}, standing) == (True, Standing.ANONYMOUS)
    elif status not in {401, 403, 410, 451}:
        assert verdict.outcome in NOTHING_SAID
    assert verdict.facts == {}
