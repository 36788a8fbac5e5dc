"""Sharding: every question once, every host wholly in one shard at a time, APIs by themselves."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from crawler.clock import SystemClock
from crawler.engine.shards import MOST_OF_ONE_HOST, Shard, api_hosts, by_lane, make_shards
from crawler.fetch.politeness import Politeness
from crawler.links.classify import link_of
from crawler.plan import LaneName
from crawler.records import Question
from crawler.settings import Settings

SETTINGS = Settings()
POLITENESS = Politeness(SETTINGS, SystemClock())
HOSTS = st.sampled_from(
    ["a.example", "www.a.example", "b.example", "c.example", "github.com", "arxiv.org", "huggingface.co"]
    + [f"host{number}.example" for number in range(30)]
)
URLS = st.one_of(
    st.builds("https://{}/{}".format, HOSTS, st.integers(0, 400)),
    st.builds("https://github.com/{}/{}".format, st.sampled_from("abc"), st.sampled_from("defg")),
    st.builds("https://github.com/features/{}".format, st.integers(0, 9)),
    st.builds("https://huggingface.co/{}/{}".format, st.sampled_from("abc"), st.sampled_from("defg")),
    st.builds("https://arxiv.org/abs/2305.{:05d}".format, st.integers(0, 50)),
    st.builds("https://web.archive.org/web/{}".format, st.integers(0, 9)),
)


def cut(urls: list[str], workers: int = 2) -> list[Shard]:
    questions = [Question(link_of(url)) for url in urls]
    return make_shards(by_lane(questions), SETTINGS, POLITENESS.lane_name_for, workers)


@given(st.lists(URLS, max_size=600, unique=True), st.integers(1, 8))
def test_every_question_is_in_one_shard_in_its_lane(urls: list[str], workers: int) -> None:
    links = [link_of(url) for url in urls]
    shards = cut(urls, workers)
    asked = Counter(question.link for shard in shards for question in shard.questions())
    assert asked == Counter(links)
    for shard in shards:
        assert by_lane(shard.questions()) == {lane: list(each) for lane, each in shard.lanes.items()}


@given(st.lists(URLS, max_size=600, unique=True), st.integers(1, 8))
def test_shards_have_all_their_hosts_in_common_or_none(urls: list[str], workers: int) -> None:
    shards = cut(urls, workers)
    for shard in shards:
        for question in shard.questions():
            lane = POLITENESS.lane_name_for(question.link.canonical_url)
            assert lane in shard.hosts or shard.is_api
        for other in shards:
            assert shard.hosts == other.hosts or not shard.hosts & other.hosts


@given(st.lists(URLS, max_size=300, unique=True))
def test_what_an_api_is_asked_for_and_its_web_pages_are_together(urls: list[str]) -> None:
    shards = cut(urls)
    apis = api_hosts(SETTINGS, POLITENESS.lane_name_for)
    for lane, hosts in apis.items():
        holders = [
            shard
            for shard in shards
            if shard.lanes.get(lane)
            or any(
                POLITENESS.lane_name_for(question.link.canonical_url) in hosts
                for question in shard.questions()
            )
        ]
        assert len(holders) <= 1
        assert all(shard.is_api and shard.hosts >= hosts for shard in holders)


def test_web_hosts_are_spread_evenly() -> None:
    shards = cut([f"https://host{number % 400}.example/{number}" for number in range(20_000)], workers=2)
    sizes = sorted(map(len, shards))
    assert len(sizes) >= 20
    assert sizes[0] >= 0.8 * sizes[-1]


def test_a_host_with_very_many_links_comes_in_parts_in_order() -> None:
    urls = [f"https://big.example/{number}" for number in range(2 * MOST_OF_ONE_HOST + 1)]
    shards = cut([*urls, "https://small.example/"])
    parts = [shard for shard in shards if "big.example" in shard.hosts]
    assert [len(part) for part in parts] == [MOST_OF_ONE_HOST, MOST_OF_ONE_HOST, 1]
    assert [question.link.canonical_url for part in parts for question in part.questions()] == urls


def test_one_mirror_for_all_apis_is_one_shard() -> None:
    root = "http://127.0.0.1:8000"
    settings = Settings(
        github=type(SETTINGS.github)(api_url=f"{root}/api.github.com", web_url=f"{root}/github.com"),
        huggingface=type(SETTINGS.huggingface)(endpoint=f"{root}/huggingface.co"),
    )
    politeness = Politeness(settings, SystemClock())
    urls = ["https://github.com/a/b", "https://huggingface.co/a/b", "https://a.example/"]
    lanes = by_lane(Question(link_of(url)) for url in urls)
    shards = make_shards(lanes, settings, politeness.lane_name_for, 2)
    assert [set(shard.lanes) for shard in shards] == [
        {LaneName.GITHUB, LaneName.HUGGINGFACE},
        {LaneName.WEB},
    ]
