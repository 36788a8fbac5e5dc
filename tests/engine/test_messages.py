"""What travels between a run and its workers arrives as it was."""

from datetime import UTC, datetime

import pytest

from crawler.engine.agent import Agent, OutOfOrderError, _encode_safely
from crawler.engine.members import Job, Piece
from crawler.engine.messages import (
    Orders,
    Report,
    Seen,
    ShardOrder,
    Start,
    decode_orders,
    decode_report,
    encode,
    is_encodable,
    pack,
    unpack,
)
from crawler.engine.shards import Shard
from crawler.fetch.environment import NetworkEnvironment
from crawler.links.classify import link_of
from crawler.plan import LaneName
from crawler.records import Hop, Known, Observation, Outcome, Question, Reason, Sibling
from crawler.settings import Settings

NOW = datetime(2026, 11, 2, 2, 30, 0, 123456, tzinfo=UTC)
LINK = link_of("https://github.com/someone/repository")
LOOK = Observation(
    LINK,
    NOW,
    Outcome.MOVED,
    Reason.RENAMED,
    301,
    final_url="https://github.com/other/repository",
    redirect_chain=(Hop("https://github.com/someone/repository", 301),),
    facts={"stars": 2**53 + 1, "topics": ["a", "ü"], "license": None, "gated": False, "share": 0.1},
    validators={"etag": '"x"'},
    pointers={"github-homepage": ("https://a.example/",)},
    elapsed_seconds=0.25,
)


def test_questions_and_observations_travel_whole() -> None:
    known = Known(
        host_id="R_1", validators={"etag": "x"}, facts={"stars": 1}, sibling=Sibling(NOW, "title", "text")
    )
    questions = {LaneName.GITHUB: [Question(LINK, known)]}
    shard = ShardOrder(7, pack(questions), ["github.com"], [], ["a.example"])
    orders = Orders(3, 0.1, start=Start("1", Settings(), 20.0, 20), shards=[shard])
    arrived = decode_orders(encode(orders))
    assert [unpack(each.questions) for each in arrived.shards] == [questions]
    assert encode(arrived) == encode(orders)
    report = Report(seen=[Seen(7, True, LOOK)], finished=[7], siblings={"a.example": Sibling(NOW)})
    assert decode_report(encode(report)) == report


@pytest.mark.parametrize(
    "facts",
    [pytest.param({"stars": 2**70}, id="a number"), pytest.param({"title": "\ud800"}, id="half a character")],
)
def test_what_cannot_be_encoded_costs_no_other_its_word(facts: dict[str, object]) -> None:
    odd = Observation(link_of("https://odd.example/"), NOW, Outcome.ALIVE, Reason.OK, 200, facts=facts)
    assert not is_encodable(odd)
    seen = decode_report(_encode_safely(Report(seen=[Seen(1, True, odd), Seen(1, True, LOOK)]))).seen
    assert [each.observation.outcome for each in seen] == [Outcome.SKIPPED, Outcome.MOVED]
    assert seen[1].observation == LOOK


def test_a_question_that_cannot_be_encoded_keeps_no_other_back() -> None:
    odd = Question(link_of("https://odd.example/"), Known(facts={"title": "\ud800"}))
    fine = Question(LINK)
    questions = {each.link.canonical_url: each for each in (odd, fine)}
    piece = Piece(Shard({}, frozenset()), Job(2, lambda _: None), questions)
    packed, unsendable = piece.pack()
    assert unpack(packed) == {LaneName.GITHUB: [fine]}
    assert unsendable == [odd]
    assert list(piece.untold.values()) == [fine]


def test_an_environment_shows_no_token_in_what_is_printed() -> None:
    environment = NetworkEnvironment(github_tokens=("ghp_secret",), hugging_face_token="hf_secret")
    assert "secret" not in repr(Orders(1, 0.0, start=Start("1", Settings(), 20.0, 20, environment)))


async def exchange(agent: Agent, orders: Orders) -> Report:
    return decode_report(await agent.exchange(encode(orders)))


def test_orders_sent_twice_are_obeyed_once_and_orders_for_another_never() -> None:
    import asyncio

    async def main() -> None:
        agent = Agent({})
        try:
            start = Orders(1, 0.0, start=Start("0.0-other", Settings(), 20.0, 20))
            first = await agent.exchange(encode(start))
            assert await agent.exchange(encode(start)) == first
            (failed,) = decode_report(first).failed
            assert failed.exit_code == 2
            assert "this worker has crawler" in failed.message
            with pytest.raises(OutOfOrderError):
                await exchange(agent, Orders(3, 0.0))
        finally:
            await agent.close()

    asyncio.run(main())
