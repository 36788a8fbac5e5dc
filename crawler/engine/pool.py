"""The run's side of its workers: hands shards out, takes observations in, takes care when a worker is lost.

A host has one owner at a time: a worker, until it has told that the shard is finished or its lease is over.
Whose failures are believed is vouching.py's to say. No link is judged by the loss of a worker.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from itertools import count
from types import TracebackType
from typing import Any, Final, Self

import msgspec

from crawler import __version__
from crawler.clock import Clock
from crawler.engine.engine import WorkerGone, Workforce
from crawler.engine.leases import adopt, states_for, steady_seconds
from crawler.engine.loans import Loans
from crawler.engine.members import HOSTS_PER_PLACE, Check, Job, Member, Piece, share_fairly
from crawler.engine.messages import (
    Failed,
    LaneState,
    Orders,
    Report,
    Seen,
    ShardOrder,
    Start,
    decode_report,
    encode,
)
from crawler.engine.shards import Shard, by_lane, make_shards
from crawler.engine.vouching import Vouching
from crawler.errors import UnableError, UsageError
from crawler.hosts import Hosts
from crawler.links.hostname import host_of
from crawler.plan import LaneName
from crawler.recorder import Recorder
from crawler.records import Observation, Outcome, Question, Reason
from crawler.resolve.web.catch_all import choose_hosts
from crawler.settings import Settings
from crawler.witness import Witness

REPORT_SECONDS: Final = 0.1
"""How long a worker gathers observations; with the recorder's half second they are written within one."""
LEASE_MARGIN: Final = 1.05
"""Two clocks that should count the same seconds."""
TICKS: Final = 20
START_SECONDS: Final = 60.0
"""A worker that has no hosts yet may take its time to begin."""
MAX_TRIES: Final = 3
"""Workers that may be lost with a shard; what is left of it then is due in the next run."""
ROUNDS: Final = 3
LOST_TOO_OFTEN: Final = "every worker that asked was lost"
UNSENDABLE: Final = "what is known of it cannot be passed on to a worker"
WENT_AWAY: Final = "no worker reaches any host any more: what was told is kept, the failures judge nothing"
HINT: Final = "check the network of the workers"

log = logging.getLogger("crawler.engine")


class Pool:
    """The engine of several workers."""

    def __init__(
        self, workforce: Workforce, hosts: Hosts, recorder: Recorder, settings: Settings, clock: Clock
    ) -> None:
        self._workforce = workforce
        self._hosts = hosts
        self._recorder = recorder
        self._settings = settings
        self._clock = clock
        self._lease_seconds = settings.engine.lease_seconds
        self._members: set[Member] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._numbers = count(1)
        self._waiting: deque[Piece] = deque()
        self._owners: dict[str, Member] = {}
        self._keepers: dict[frozenset[str], Member] = {}
        """Who asked an API's hosts last: it knows what the tokens have left."""
        self._loans = Loans(hosts.politeness, self._owners.get)
        self._vouching = Vouching(recorder, lambda: next(self._numbers), settings.network.pause_seconds)
        self._considered: set[str] = set()
        self._probes: set[str] = set()
        network = workforce.settings_of_one(settings).network
        self._wanted_hosts = HOSTS_PER_PLACE * -(-network.concurrency // network.per_host_concurrency)

    async def __aenter__(self) -> Self:
        await self._workforce.__aenter__()
        self._hosts.probe(())
        self._start(self._welcome_all())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._loans.close()
        await asyncio.gather(*(member.remote.close() for member in self._members), return_exceptions=True)
        await self._workforce.__aexit__(kind, error, traceback)
        if self._broken.done():
            self._broken.exception()
        else:
            self._broken.cancel()

    # --- what a run asks of its engine ----------------------------------------------------------

    async def ask(
        self, lanes: Mapping[LaneName, Sequence[Question]], record: Callable[[Observation], None], /
    ) -> None:
        """Ask all lanes, by whichever workers there are. Raises CrawlerError when that cannot go on."""
        self._choose_probes(lanes.get(LaneName.WEB, ()))
        shards = make_shards(
            lanes, self._settings, self._hosts.politeness.lane_name_for, self._workforce.expected
        )
        job = Job(sum(map(len, shards)), record)
        if job.left == 0:
            return
        self._waiting.extend(Piece(shard, job) for shard in shards)
        told = asyncio.create_task(job.done.wait())
        either: set[asyncio.Future[Any]] = {told, self._broken}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            told.cancel()
            if not job.done.is_set():
                self._drop(job)
        if self._broken.done():
            self._broken.result()

    async def settle(self) -> None:
        """Let every worker show that its network stands, and ask again what none could vouch for."""
        for _ in range(ROUNDS):
            await self._check_everybody()
            questions = self._vouching.take_again()
            if not questions:
                return
            log.info("asking %d links again that failed where nobody vouched for the network", len(questions))
            await self.ask(by_lane(questions), self._recorder.record)
        await self._check_everybody()
        await self._hosts.ask(by_lane(self._vouching.take_again()), self._recorder.record)

    async def _check_everybody(self) -> None:
        for member in list(self._members):
            self._vouching.begin_check_if_needed(member)
        while any(member.is_undecided for member in self._members):
            if self._broken.done():
                self._broken.result()
            await asyncio.sleep(REPORT_SECONDS / 2)

    # --- workers come and go --------------------------------------------------------------------

    async def _welcome_all(self) -> None:
        async for remote in self._workforce.arrivals():
            start = Start(
                __version__,
                self._workforce.settings_of_one(self._settings),
                self._lease_seconds,
                logging.getLogger("crawler").getEffectiveLevel(),
                self._workforce.environment,
            )
            member = Member(remote, Orders(1, 0.0, start=start), steady_seconds())
            self._members.add(member)
            self._start(self._serve(member))

    async def _serve(self, member: Member) -> None:
        try:
            while True:
                await self._talk(member)
        except WorkerGone as gone:
            log.warning("worker %s is lost: %s", member.remote.name, gone.why)
            await self._lose(member, gone)

    async def _talk(self, member: Member) -> None:
        self._give_work(member)
        orders, member.orders = member.orders, Orders(member.orders.number + 1, REPORT_SECONDS)
        call = asyncio.create_task(member.remote.exchange(encode(orders)))
        try:
            # Counted in ticks: while this process itself is held up, nobody else is to blame for silence.
            patience = START_SECONDS if orders.start else self._lease_seconds
            for _ in range(TICKS):
                if (await asyncio.wait({call}, timeout=patience / TICKS))[0]:
                    break
            else:
                raise WorkerGone(f"no word for {patience:g} s", is_dead=False)
        finally:
            call.cancel()
        report = decode_report(call.result())
        member.heard_at = steady_seconds()
        self._take(member, report)

    async def _lose(self, member: Member, gone: WorkerGone) -> None:
        """Its hosts go to others as soon as it surely asks nobody any more."""
        member.is_gone = True
        self._workforce.miss(member.remote)
        await member.remote.close()
        if not gone.is_dead:
            left = member.heard_at + self._lease_seconds * LEASE_MARGIN - steady_seconds()
            await asyncio.sleep(max(0.0, left))
        self._members.discard(member)
        self._vouching.put_off(member)
        pieces, member.pieces = member.pieces, {}
        for piece in pieces.values():
            self._free(member, piece)
            self._ask_rest(piece)
        self._loans.forget(member)

    # --- work out -------------------------------------------------------------------------------

    def _give_work(self, member: Member) -> None:
        """One piece at most: the next worker shall have the next one."""
        if member.check is not None or self._vouching.begin_check_if_due(member):
            return
        if self._vouching.doubts(member):
            return
        piece = self._choose_piece(member)
        if piece is not None:
            self._hand(member, piece)
            member.orders.wait_seconds = 0.0

    def _choose_piece(self, member: Member) -> Piece | None:
        share = share_fairly(self._waiting, self._members, self._workforce.expected)
        has_room = member.has_room(self._wanted_hosts, share)
        for place, piece in enumerate(self._waiting):
            shard = piece.shard
            keeper = self._keepers.get(shard.hosts)
            is_kept = keeper not in {None, member} and keeper in self._members and not keeper.is_sick
            is_free = not is_kept and not any(host in self._owners for host in shard.hosts)
            if is_free and (has_room or shard.is_api):
                del self._waiting[place]
                return piece
        return None

    def _hand(self, member: Member, piece: Piece) -> None:
        number, shard = next(self._numbers), piece.shard
        piece.untold = {question.link.canonical_url: question for question in shard.questions()}
        questions, unsendable = piece.pack()
        for question in unsendable:
            self._leave_due(piece, question, UNSENDABLE)
        member.pieces[number] = piece
        for host in shard.hosts:
            self._owners[host] = member
        if shard.is_api:
            self._keepers[shard.hosts] = member
        self._loans.hand_over(shard.hosts, member)
        names = {host_of(url) for url in piece.untold}
        member.orders.shards.append(
            ShardOrder(
                number,
                questions,
                sorted(shard.hosts),
                states_for(self._hosts.politeness, shard.hosts, all_asked=shard.tries > 0),
                sorted(names & self._probes),
            )
        )

    def _choose_probes(self, questions: Iterable[Question]) -> None:
        """Web hosts whose turn it is, out of all that were not yet thought of in this run."""
        known = {
            host: question.known.sibling
            for question in questions
            if (host := host_of(question.link.canonical_url)) not in self._considered
        }
        self._considered |= known.keys()
        self._probes |= choose_hosts(known, self._clock.now())

    # --- word in --------------------------------------------------------------------------------

    def _take(self, member: Member, report: Report) -> None:
        for line in report.log:
            logging.getLogger(line.logger).log(line.level, "%s", line.text)
        self._hosts.meter.add(report.requests, report.bytes)
        self._hosts.remember_siblings(report.siblings)
        for state in report.lanes:
            self._learn(member, state)
        for seen in report.seen:
            self._hear(member, seen)
        for number in report.finished:
            self._finish(member, number)
        for failed in report.failed:
            self._fail(member, failed)
        for loan in report.borrow:
            self._loans.ask(member, loan)
        for number in report.lent:
            self._loans.granted(number)
        for refusal in report.refused:
            self._loans.refused(refusal)
        for number in report.returned:
            self._loans.returned(member, number)

    def _hear(self, member: Member, seen: Seen) -> None:
        observation = seen.observation
        if member.check is not None and seen.shard == member.check_number:
            self._vouching.hear_check(member, member.check, seen)
            return
        piece = member.pieces.get(seen.shard)
        if piece is None or piece.untold.pop(observation.link.canonical_url, None) is None:
            return
        self._vouching.hear(member, seen)
        piece.job.count_told(1)

    def _learn(self, member: Member, state: LaneState) -> None:
        lane = self._hosts.politeness.lane(state.name)
        if state.closed and not state.throttled and (member.seems_cut_off or not member.answers):
            # It found nobody there, as it may nowhere: that is no news of the host.
            state = msgspec.structs.replace(state, closed=None)
        adopt(lane, state, self._clock.now())
        lane.quota = state.quota or lane.quota
        lane.seconds_waited += state.waited
        owner = self._owners.get(state.name)
        if owner is not None and owner is not member and (state.throttled or state.hold_until):
            owner.orders.lanes.append(state)

    def _finish(self, member: Member, number: int) -> None:
        if member.check is not None and number == member.check_number:
            self._end_check(member, member.check)
            return
        piece = member.pieces.pop(number, None)
        if piece is not None:
            self._free(member, piece)
            self._ask_rest(piece)

    def _end_check(self, member: Member, check: Check) -> None:
        self._vouching.end_check(member, check)
        if all(each.failed_checks > 1 for each in self._members if not each.is_gone):
            self._break(UnableError(WENT_AWAY, hint=HINT))

    def _fail(self, member: Member, failed: Failed) -> None:
        if failed.exit_code is not None:
            kind = UsageError if failed.exit_code == UsageError.exit_code else UnableError
            where = f"{member.remote.name}: {failed.where}" if failed.where else member.remote.name
            self._break(kind(failed.message, where=where, hint=failed.hint))
        self._finish(member, failed.shard)

    def _free(self, member: Member, piece: Piece) -> None:
        politeness = self._hosts.politeness
        for host in piece.shard.hosts:
            if self._owners.get(host) is member:
                del self._owners[host]
            if piece.shard.is_api or host in politeness.lanes():
                politeness.lane(host).rest()

    def _ask_rest(self, piece: Piece) -> None:
        """What is left of a piece goes to the next worker; after too many, to the next run."""
        rest = list(piece.untold.values())
        if not rest or piece.job.done.is_set():
            return
        tries = piece.shard.tries + 1
        if tries >= MAX_TRIES:
            for question in rest:
                self._leave_due(piece, question, LOST_TOO_OFTEN)
            return
        again = Shard(by_lane(rest), piece.shard.hosts, piece.shard.is_api, tries)
        self._waiting.appendleft(Piece(again, piece.job))

    def _leave_due(self, piece: Piece, question: Question, why: str) -> None:
        piece.job.record(
            Observation(question.link, self._clock.now(), Outcome.SKIPPED, Reason.SKIPPED, detail=why)
        )
        piece.job.count_told(1)

    def _drop(self, job: Job) -> None:
        """Nobody waits for it any more."""
        self._waiting = deque(piece for piece in self._waiting if piece.job is not job)
        job.done.set()
        for member in self._members:
            member.orders.drop += [number for number, piece in member.pieces.items() if piece.job is job]
            member.witness = Witness()
            member.in_vain.clear()

    # --- the rest -------------------------------------------------------------------------------

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        """In the background; a failure there ends whoever waits for answers."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)

        def ended(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            if not task.cancelled() and (error := task.exception()) is not None:
                self._break(error)

        task.add_done_callback(ended)

    def _break(self, error: BaseException) -> None:
        if not self._broken.done():
            self._broken.set_exception(error)
