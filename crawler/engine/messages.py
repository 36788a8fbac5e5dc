"""What the run and its workers say to each other, as msgpack: `Orders` go out, a `Report` comes back.

Questions and observations are the records themselves. Nothing here is ever pickled or run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from crawler.fetch.environment import NetworkEnvironment
from crawler.plan import LaneName
from crawler.records import Observation, Question, Sibling
from crawler.settings import Settings


class LaneState(Struct, frozen=True, array_like=True):
    """What is to be known elsewhere of a politeness lane; the words are `Lane`'s. Times are UTC.

    `waited` are the seconds waited since the last such word.
    """

    name: str
    closed: str | None = None
    throttled: bool = False
    hold_until: datetime | None = None
    kept_until: datetime | None = None
    why_waiting: str | None = None
    quota: str | None = None
    waited: float = 0.0


class ShardOrder(Struct, array_like=True):
    """One shard to resolve. `hosts` are its own meanwhile; `lanes` what is known of those that others asked
    before; `probe` web hosts to be asked for a page that cannot exist. `questions` are packed."""

    number: int
    questions: msgspec.Raw
    hosts: list[str]
    lanes: list[LaneState]
    probe: list[str]


class Start(Struct, array_like=True):
    """What a worker needs once. Without `environment` it reads its own: tokens go through no scheduler."""

    version: str
    settings: Settings
    lease_seconds: float
    log_level: int
    environment: NetworkEnvironment | None = None


class Loan(Struct, frozen=True, array_like=True):
    """One turn at a host that another worker owns, for a redirect that leads there."""

    number: int
    host: str


class Refusal(Struct, frozen=True, array_like=True):
    """That host takes no more requests in this run."""

    number: int
    reason: str
    throttled: bool


class Orders(Struct, array_like=True):
    """To a worker. `wait_seconds` is how long it may gather before it reports; `number` counts from 1.

    `lend` and `taken_back` concern hosts of its own, `granted` and `refused` what it asked to borrow, `drop`
    shards that nobody wants to know of any more.
    """

    number: int
    wait_seconds: float
    start: Start | None = None
    shards: list[ShardOrder] = []
    lend: list[Loan] = []
    taken_back: list[int] = []
    granted: list[int] = []
    refused: list[Refusal] = []
    lanes: list[LaneState] = []
    drop: list[int] = []


class Seen(Struct, frozen=True, array_like=True):
    """One look. `vouches`: an answer in it is its host's own word, so the worker's network stands."""

    shard: int
    vouches: bool
    observation: Observation


class Failed(Struct, frozen=True, array_like=True):
    """A shard that ended before all its links were told of. `exit_code` of a CrawlerError, else None."""

    shard: int
    message: str
    exit_code: int | None = None
    where: str | None = None
    hint: str | None = None


class LogLine(Struct, frozen=True, array_like=True):
    """What the worker has to say; its secrets are hidden before it leaves."""

    level: int
    logger: str
    text: str


class Report(Struct, array_like=True):
    """From a worker: everything since its last one."""

    seen: list[Seen] = []
    finished: list[int] = []
    failed: list[Failed] = []
    requests: dict[str, int] = {}
    bytes: dict[str, int] = {}
    lanes: list[LaneState] = []
    siblings: dict[str, Sibling] = {}
    log: list[LogLine] = []
    borrow: list[Loan] = []
    returned: list[int] = []
    lent: list[int] = []
    refused: list[Refusal] = []


_encoder: Final = msgspec.msgpack.Encoder()
_orders: Final = msgspec.msgpack.Decoder(Orders)
_report: Final = msgspec.msgpack.Decoder(Report)
_questions: Final = msgspec.msgpack.Decoder(dict[LaneName, list[Question]])

UNENCODABLE: Final = (ValueError, OverflowError, TypeError)
"""What encoding raises for words of a host that cannot travel."""


def encode(message: Orders | Report) -> bytes:
    return _encoder.encode(message)


def decode_orders(data: bytes) -> Orders:
    return _orders.decode(data)


def decode_report(data: bytes) -> Report:
    return _report.decode(data)


def pack(questions: Mapping[LaneName, Sequence[Question]]) -> msgspec.Raw:
    """Encoded once for all; raises UNENCODABLE where one of them cannot travel."""
    return msgspec.Raw(_encoder.encode(questions))


def unpack(questions: msgspec.Raw) -> dict[LaneName, list[Question]]:
    return _questions.decode(questions)


def is_encodable(record: Observation | Question) -> bool:
    """Whether it can travel: not with half a character or a number beyond 64 bits in what a host said."""
    try:
        _encoder.encode(record)
    except UNENCODABLE:
        return False
    return True
