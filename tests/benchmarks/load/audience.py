"""Boards and phones that watch an office while its desks call: when does each of them have the call?

Calls by SQL give the time above the commit, because the caller knows when the database answered; calls through HTTP give what the
clerk and the hall feel. After each call the audience is left to settle, so that one call's wave never hides in another's.
"""

import asyncio
import statistics
import time
import uuid
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import asyncpg
import psutil  # type: ignore[import-untyped]  # comes with the embedded server, without types

from tests.benchmarks.errors import BenchmarkError
from tests.benchmarks.load.http import HttpConnection, post
from tests.benchmarks.load.jobs import Audience, Desk, LiveJob, Spread
from tests.benchmarks.load.sockets import LiveSocket

AT_ONCE = 50
"""Sockets that connect at the same time: a hall's screens after a power cut, not an attack."""
FIRST = 10
"""Boards that connect before memory is read: what the first socket makes the worker load is not the socket's weight."""
PATIENCE_SECONDS = 10.0
"""For all sockets to hear of one call. Longer is not slow but broken."""
SETTLED_SECONDS = 0.15
"""Silence that ends a wave: three times the shortest interval between two readings of an office."""


class _Watchers:
    """Sockets of one kind and when each first heard what is awaited."""

    def __init__(self) -> None:
        self.sockets: list[LiveSocket] = []
        self.heard_at: dict[LiveSocket, float] = {}
        self._awaited = b""
        self._expected = 0
        self._all = asyncio.Event()
        self.latest = 0.0

    def heard(self, socket: LiveSocket, message: bytes, now: float) -> None:
        self.latest = now
        if socket not in self.heard_at and self._awaited in message:
            self.heard_at[socket] = now
            if len(self.heard_at) == self._expected:
                self._all.set()

    async def connect(self, port: int, paths: list[str]) -> None:
        for start in range(0, len(paths), AT_ONCE):
            batch = paths[start : start + AT_ONCE]
            self.expect(b"", len(batch))
            opened = await asyncio.gather(*(LiveSocket.open(port, path, self.heard) for path in batch))
            await self.all_heard()
            self.sockets += opened

    def expect(self, awaited: bytes, sockets: int | None = None) -> None:
        """From now on counts who hears a message with these bytes in it; all sockets should, unless told how many."""
        self._awaited = awaited
        self._expected = len(self.sockets) if sockets is None else sockets
        self.heard_at.clear()
        self._all.clear()

    async def all_heard(self) -> None:
        if not self._expected:
            return
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._all.wait()
        except TimeoutError:
            raise BenchmarkError(f"Only {len(self.heard_at)} of {self._expected} sockets heard what they should.") from None

    async def settled(self) -> None:
        while True:
            silent = time.perf_counter() - self.latest
            if silent >= SETTLED_SECONDS:
                return
            await asyncio.sleep(SETTLED_SECONDS - silent)

    def close(self) -> None:
        for socket in self.sockets:
            socket.close()


class _Waves:
    """Times of all calls so far, in milliseconds after a moment that the caller names."""

    def __init__(self) -> None:
        self._each: list[float] = []
        self._last: list[float] = []

    def add(self, moments: Collection[float], since: float) -> None:
        if moments:
            took = [1000 * (moment - since) for moment in moments]
            self._each += took
            self._last.append(max(took))

    def spread(self) -> Spread | None:
        if not self._each:
            return None
        ordered = sorted(self._each)
        return Spread(p50=statistics.median(ordered), p99=ordered[len(ordered) * 99 // 100], last=statistics.median(self._last))


class _Hall:
    """The office, its two kinds of watchers, and the ways to call a visitor."""

    def __init__(self, job: LiveJob, database: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._job = job
        self._database = database
        self.boards, self.phones, self.bystanders = _Watchers(), _Watchers(), _Watchers()
        self.notified_at: list[float] = []

    def messages(self) -> int:
        return sum(socket.messages for socket in (*self.boards.sockets, *self.phones.sockets))

    def expect(self, desk: Desk) -> None:
        """Boards must show some ticket at that desk; of a phone any news is news of this call, since all was quiet before."""
        self.boards.expect(b'"desk":"%s"' % desk.number.encode())
        self.phones.expect(b"")
        self.notified_at.clear()

    def notified(self, *_: object) -> None:
        self.notified_at.append(time.perf_counter())

    async def call_by_sql(self, desk: Desk) -> tuple[float, float]:
        """Moments of asking and of the database's answer."""
        asked = time.perf_counter()
        arguments = (desk.account_id, desk.office_id, datetime.now(UTC), timedelta(minutes=10), uuid.uuid4().hex, ["wheelchair"])
        row = await self._database.fetchrow(self._job.call_next, *arguments)
        answered = time.perf_counter()
        if row is None or row["id"] is None:
            raise BenchmarkError("Nobody waits in the office that the audience watches.")
        return asked, answered

    async def call_by_http(self, desk: Desk) -> float:
        """Moment of asking, on a fresh connection: the service closes one that was quiet for as long as a wave takes."""
        http = await HttpConnection.open(self._job.port)
        asked = time.perf_counter()
        answer = await http.ask(post("/api/desk/call-next", desk.token))
        http.close()
        if answer.status != 200:
            raise BenchmarkError("The service refused a call.")
        return asked

    async def put_back(self, desk: Desk) -> None:
        """Everybody hears of it, so that the next call is news again."""
        await self._database.execute(self._job.put_back, desk.desk_id)
        self.expect(desk)
        self.boards.expect(b"")
        await self._database.execute("SELECT pg_notify('office_changed', $1)", str(desk.office_id))
        await self.all_heard()
        await self.boards.settled()
        await self.phones.settled()

    async def all_heard(self) -> None:
        await self.boards.all_heard()
        await self.phones.all_heard()

    def close(self) -> None:
        self.boards.close()
        self.phones.close()
        self.bystanders.close()


class _Measures:
    """What the calls so far have shown."""

    def __init__(self) -> None:
        self.boards, self.phones, self.pressed, self.notified = _Waves(), _Waves(), _Waves(), _Waves()
        self.database_ms: list[float] = []

    async def call_by_sql(self, hall: _Hall, desk: Desk) -> None:
        asked, answered = await hall.call_by_sql(desk)
        await hall.all_heard()
        self.database_ms.append(1000 * (answered - asked))
        self.boards.add(hall.boards.heard_at.values(), answered)
        self.phones.add(hall.phones.heard_at.values(), answered)
        self.notified.add(hall.notified_at[:1], answered)

    async def call_by_http(self, hall: _Hall, desk: Desk) -> None:
        asked = await hall.call_by_http(desk)
        await hall.all_heard()
        self.pressed.add(hall.boards.heard_at.values(), asked)


async def play_live(job: LiveJob) -> Audience:
    database, listener = await asyncpg.connect(job.database_url), await asyncpg.connect(job.database_url)
    hall = _Hall(job, database)
    await listener.add_listener("office_changed", hall.notified)
    worker = psutil.Process(job.worker)
    try:
        board = f"/live/board?office={job.office}&token={job.display_token}"
        await hall.boards.connect(job.port, [board] * FIRST)
        await asyncio.sleep(SETTLED_SECONDS)
        before = worker.memory_info().rss
        await hall.boards.connect(job.port, [board] * (job.boards - FIRST))
        await hall.phones.connect(job.port, [f"/live/ticket/{secret}" for secret in job.phones])
        await hall.bystanders.connect(job.port, [f"/live/ticket/{secret}" for secret in job.bystanders])
        await asyncio.sleep(SETTLED_SECONDS)
        rss = worker.memory_info().rss
        messages, cpu = hall.messages(), _cpu(worker)
        measures = _Measures()
        for number in range(2 * job.calls):
            desk = job.desks[number % len(job.desks)]
            hall.expect(desk)
            await (measures.call_by_http if number % 2 else measures.call_by_sql)(hall, desk)
            await hall.put_back(desk)
        return Audience(
            boards=measures.boards.spread(),
            phones=measures.phones.spread(),
            notified=measures.notified.spread(),
            database_ms=statistics.median(measures.database_ms),
            pressed=measures.pressed.spread(),
            socket_kb=(rss - before) / 1024 / max(1, job.boards + len(job.phones) + len(job.bystanders) - FIRST),
            worker_mb=rss / 2**20,
            send_us=1e6 * (_cpu(worker) - cpu) / max(1, hall.messages() - messages),
        )
    finally:
        hall.close()
        await database.close()
        await listener.close()


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
