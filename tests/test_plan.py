"""What is due, in which lane, in which order."""

from __future__ import annotations

import tracemalloc
import zlib
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.errors import UsageError
from crawler.links.classify import link_of
from crawler.plan import TOGETHER, Candidate, LaneName, Plan, lane_of, parse_lanes, plan_crawl
from crawler.records import Exclusion, State

NOW = datetime(2026, 11, 20, 2, 30, tzinfo=UTC)


def candidate(
    url: str,
    state: State = State.HEALTHY,
    *,
    since: datetime | None = None,
    last_checked_at: datetime | None = None,
    answered: bool = False,
    documents: tuple[str, ...] = ("001",),
    exclusion: Exclusion | None = None,
) -> Candidate:
    link = link_of(url)
    return Candidate(
        link_id=zlib.crc32(url.encode()),
        url=link.canonical_url,
        kind=link.target.kind,
        name=link.target.id,
        host=urlsplit(link.canonical_url).hostname or "",
        state=state,
        since=since,
        last_checked_at=last_checked_at,
        answered=answered,
        documents=documents,
        exclusion=exclusion,
    )


def urls(plan: Plan, lane: LaneName, candidates: Iterable[Candidate]) -> list[str]:
    by_id = {each.link_id: each.url for each in candidates}
    return [by_id[link_id] for wave in plan.waves for link_id in wave.get(lane, ())]


@pytest.mark.parametrize(
    ("url", "lane", "chosen_by"),
    [
        ("https://github.com/o/n", LaneName.GITHUB, LaneName.GITHUB),
        ("https://github.com/o/n/tree/main/x", LaneName.GITHUB, LaneName.GITHUB),
        ("https://github.com/o", LaneName.GITHUB, LaneName.GITHUB),
        ("https://github.com/features/actions", LaneName.WEB, LaneName.GITHUB),
        ("https://huggingface.co/o/n", LaneName.HUGGINGFACE, LaneName.HUGGINGFACE),
        ("https://huggingface.co/datasets/o/n", LaneName.HUGGINGFACE, LaneName.HUGGINGFACE),
        ("https://huggingface.co/blog/x", LaneName.WEB, LaneName.HUGGINGFACE),
        ("https://arxiv.org/abs/2305.15334", LaneName.ARXIV, LaneName.ARXIV),
        ("https://example.org/", LaneName.WEB, LaneName.WEB),
        ("https://gist.github.com/o/1", LaneName.WEB, LaneName.WEB),
    ],
)
def test_lanes(url: str, lane: LaneName, chosen_by: LaneName) -> None:
    assert lane_of(link_of(url)) is lane
    for only in LaneName:
        plan = plan_crawl([candidate(url)], NOW, only={only})
        assert len(plan) == (only is chosen_by)
        assert plan.not_chosen == (only is not chosen_by)


def test_the_most_urgent_come_first_and_hosts_take_turns() -> None:
    links = [
        candidate("https://a.example/1"),
        candidate("https://a.example/2"),
        candidate("https://a.example/3"),
        candidate("https://b.example/1", State.DEAD),
        candidate("https://b.example/2"),
        candidate("https://a.example/new", State.UNKNOWN),
        candidate("https://b.example/ill", State.SUSPECT),
    ]
    plan = plan_crawl(links, NOW)
    assert plan.hosts == {"a.example": 4, "b.example": 3}
    assert urls(plan, LaneName.WEB, links) == [
        "https://b.example/ill",
        "https://a.example/new",
        "https://a.example/1",
        "https://b.example/1",
        "https://a.example/2",
        "https://b.example/2",
        "https://a.example/3",
    ]


def test_a_limit_keeps_what_matters_and_counts_the_rest() -> None:
    links = [
        candidate("https://github.com/o/n"),
        candidate("https://a.example/"),
        candidate("https://b.example/", State.SUSPECT),
    ]
    plan = plan_crawl(links, NOW, limit=2)
    assert urls(plan, LaneName.WEB, links) == ["https://b.example/"]
    assert urls(plan, LaneName.GITHUB, links) == ["https://github.com/o/n"]
    assert plan.hosts == {"github.com": 1, "b.example": 1}
    assert (len(plan), plan.over_limit) == (2, 1)


def test_what_this_run_was_told_is_not_asked_again() -> None:
    links = [candidate("https://a.example/", answered=True), candidate("https://b.example/")]
    plan = plan_crawl(links, NOW)
    assert urls(plan, LaneName.WEB, links) == ["https://b.example/"]
    assert plan.already_answered == 1
    assert plan.answered_before == link_of("https://a.example/")


@pytest.mark.parametrize(
    ("until", "due"),
    [
        pytest.param(None, False, id="for good"),
        pytest.param(date(2026, 11, 21), False, id="until tomorrow"),
        pytest.param(date(2026, 11, 20), True, id="until today"),
    ],
)
def test_an_exclusion_is_kept_and_counted_by_its_reason(until: date | None, due: bool) -> None:
    exclusion = Exclusion("https://a.example/", "its owner asked", until)
    plan = plan_crawl([candidate("https://a.example/", exclusion=exclusion)], NOW)
    assert len(plan) == due
    counted = [] if due else [f"its owner asked{f' (until {until})' if until else ''}"]
    assert list(plan.excluded) == counted


def test_one_document_only() -> None:
    links = [
        candidate("https://a.example/", documents=("001", "002")),
        candidate("https://b.example/", documents=("003",)),
    ]
    plan = plan_crawl(links, NOW, document="002")
    assert urls(plan, LaneName.WEB, links) == ["https://a.example/"]


def test_suspects_only() -> None:
    links = [candidate("https://a.example/"), candidate("https://b.example/", State.SUSPECT)]
    plan = plan_crawl(links, NOW, suspects_only=True)
    assert urls(plan, LaneName.WEB, links) == ["https://b.example/"]


def test_nothing_due_is_an_empty_plan() -> None:
    plan = plan_crawl([], NOW)
    assert not plan
    assert (plan.waves, plan.hosts) == ((), {})


PAGES = st.builds("https://{}.example/{}".format, st.sampled_from("abc"), st.integers(0, 40))
REPOSITORIES = st.builds("https://github.com/{}/{}".format, st.sampled_from("xyz"), st.integers(0, 20))
PAPERS = st.builds("https://arxiv.org/abs/2305.{:05}".format, st.integers(0, 40))
LINKS = st.dictionaries(st.one_of(PAGES, REPOSITORIES, PAPERS), st.sampled_from(State), max_size=60)


def test_a_plan_is_numbers_only() -> None:
    links = [candidate(f"https://host-{n % 400}.example/{n}") for n in range(10_000)]
    tracemalloc.start()
    plan = plan_crawl(links, NOW)
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(plan) == len(links)
    assert held / len(links) < 20
    assert peak / len(links) < 100


@given(LINKS, st.integers(1, 70), st.none() | st.integers(1, 60))
def test_waves_ask_exactly_what_one_wave_would(
    states: dict[str, State], wave_links: int, limit: int | None
) -> None:
    links = [candidate(url, state) for url, state in states.items()]
    whole = plan_crawl(links, NOW, limit=limit)
    cut = plan_crawl(links, NOW, limit=limit, wave_links=wave_links)
    assert (len(cut), cut.hosts) == (len(whole), whole.hosts)
    assert len(whole.waves) <= 1
    urgency = {each.link_id: {State.SUSPECT: 0, State.UNKNOWN: 1}.get(each.state, 2) for each in links}
    for lane in LaneName:
        in_order = [link_id for wave in whole.waves for link_id in wave.get(lane, ())]
        shares = [list(wave.get(lane, ())) for wave in cut.waves]
        assert sorted(link_id for share in shares for link_id in share) == sorted(in_order)
        for share in shares:
            assert share == sorted(share, key=in_order.index)
        waited = [urgency[link_id] for share in shares for link_id in share]
        assert waited == sorted(waited), "the urgent first"


def test_what_is_best_asked_together_stays_in_one_wave() -> None:
    few = [candidate(f"https://host-{n % 100}.example/{n}") for n in range(1000)]
    models = [candidate(f"https://huggingface.co/owner-{n % 50}/{n}") for n in range(1000)]
    many = [candidate(f"https://big.example/{n}") for n in range(1000)]
    plan = plan_crawl([*few, *models, *many], NOW, wave_links=500)
    assert len(plan.waves) == 6 < 1000 / TOGETHER
    together = {each.link_id: each.host for each in few}
    together |= {each.link_id: each.name.partition("/")[0] for each in models}
    waves_of: dict[str, set[int]] = defaultdict(set)
    of_big_host = [0] * len(plan.waves)
    for number, wave in enumerate(plan.waves):
        for link_id in (each for ids in wave.values() for each in ids):
            if link_id in together:
                waves_of[together[link_id]].add(number)
            else:
                of_big_host[number] += 1
    assert {len(waves) for waves in waves_of.values()} == {1}
    assert max(of_big_host) - min(of_big_host) <= 1, "its share of each wave is the same"


def test_a_wave_has_links_that_came_one_after_the_other() -> None:
    """So that what the database reads and writes of them lies together."""
    links = [
        each._replace(link_id=number)
        for number, each in enumerate(
            candidate(url)
            for n in range(300)
            for url in (f"https://github.com/owner-{n % 7}/{n}", f"https://host-{n // 5}.example/{n}")
        )
    ]
    plan = plan_crawl(links, NOW, wave_links=100)
    whole = [[link_id for ids in wave.values() for link_id in ids] for wave in plan.waves]
    assert [len(ids) for ids in whole] == [100] * 6
    assert all(max(ids) - min(ids) < 110 for ids in whole)


def test_lanes_are_read_from_a_list() -> None:
    assert parse_lanes("github, arxiv") == {LaneName.GITHUB, LaneName.ARXIV}


@pytest.mark.parametrize("text", ["githb", "github,web,x", "", ","])
def test_an_unknown_lane_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="github,huggingface,arxiv,web"):
        parse_lanes(text)


def rested(state: State, for_days: float, asked_days_ago: float, steady_rest_days: int = 0) -> bool:
    link = candidate(
        "https://a.example/",
        state,
        since=NOW - timedelta(days=for_days),
        last_checked_at=NOW - timedelta(days=asked_days_ago),
    )
    plan = plan_crawl([link], NOW, steady_rest_days=steady_rest_days)
    assert len(plan) + sum(plan.resting.values()) == 1
    return len(plan) == 0


@pytest.mark.parametrize(
    ("state", "for_days", "asked_days_ago", "rests"),
    [
        pytest.param(State.DEAD, 10, 1, False, id="newly dead"),
        pytest.param(State.DEAD, 31, 1, True, id="long dead"),
        pytest.param(State.DEAD, 31, 6.4, True, id="long dead, not yet a week"),
        pytest.param(State.DEAD, 31, 6.9, False, id="long dead, a week less some minutes"),
        pytest.param(State.DEAD, 181, 8, True, id="very long dead"),
        pytest.param(State.DEAD, 181, 30, False, id="very long dead, after a month"),
        pytest.param(State.SUSPECT, 400, 1, False, id="suspect"),
        pytest.param(State.HEALTHY, 400, 1, False, id="steady: every run by default"),
        pytest.param(State.RESTRICTED, 400, 1, False, id="restricted"),
    ],
)
def test_what_is_long_dead_rests(state: State, for_days: float, asked_days_ago: float, rests: bool) -> None:
    assert rested(state, for_days, asked_days_ago) is rests


def test_steady_links_rest_where_the_config_lets_them_each_on_its_own_day() -> None:
    asked: dict[int, int] = {}
    for number in range(200):
        link = candidate(
            f"https://a.example/{number}",
            since=NOW - timedelta(days=60),
            last_checked_at=NOW - timedelta(hours=24),
        )
        for day in range(7):
            plan = plan_crawl([link], NOW + timedelta(days=day), steady_rest_days=7)
            if len(plan):
                asked[day] = asked.get(day, 0) + 1
                break
    assert sum(asked.values()) == 200, "each within a week"
    assert max(asked.values()) < 60, "no night asks them all"
    assert not rested(State.HEALTHY, 10, 1, steady_rest_days=7), "fine for too short a time"
    assert not rested(State.HEALTHY, 60, 7, steady_rest_days=7), "overdue"


def test_nothing_rests_that_was_never_asked() -> None:
    plan = plan_crawl([candidate("https://a.example/", State.DEAD)], NOW)
    assert len(plan) == 1
