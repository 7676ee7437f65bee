"""A city's halls at people's pace: how a desk, a kiosk and a board feel while something else loads the service.

Each command has a connection of its own, because a browser's has long been closed when a clerk is done with a visitor. Refuses to ask
again: what a desk or a kiosk is refused is the finding.
"""

import asyncio
import random
import time
from collections import Counter

import msgspec

from tests.benchmarks.load.felt import Waits
from tests.benchmarks.load.http import Answer, HttpConnection, new_key, post
from tests.benchmarks.load.jobs import Desk, Hall, HallJob, Kiosk
from tests.benchmarks.load.sockets import LiveSocket

LAST_CALLS_SECONDS = 5.0
"""How long a board has, at the end, to show the last calls; what comes later is lost to whoever was called."""
BUSY_PAUSES = (0.7, 1.3)
"""People are no clockwork: each pause is so many times the usual."""


class _Result(msgspec.Struct):
    code: str


class _Called(msgspec.Struct):
    number: str
    results: list[_Result] = []


class _Call(msgspec.Struct):
    ticket: str


class _Shown(msgspec.Struct):
    calls: list[_Call]


class _Board:
    """One office's board: when it first showed which ticket."""

    def __init__(self) -> None:
        self._shown: dict[str, float] = {}
        self.awaited: dict[str, float] = {}
        """Ticket and when its clerk asked for it."""
        self.waits = Waits()

    def heard(self, _: LiveSocket, message: bytes, now: float) -> None:
        for call in msgspec.json.decode(message, type=_Shown).calls:
            if self._shown.setdefault(call.ticket, now) == now and call.ticket in self.awaited:
                self.waits.add(now - self.awaited.pop(call.ticket))

    def expect(self, ticket: str, asked: float) -> None:
        """The board may have been faster than the clerk's own answer."""
        shown = self._shown.get(ticket)
        if shown is None:
            self.awaited[ticket] = asked
        else:
            self.waits.add(shown - asked)


class _City:
    def __init__(self, job: HallJob) -> None:
        self._job = job
        began = time.perf_counter()
        self._counts_from, self._until = began + job.warm_up, began + job.seconds
        self.boards = {office: _Board() for office in job.boards}
        self.desks, self.kiosks = Waits(), Waits()
        self.refused: Counter[str] = Counter()

    @property
    def goes_on(self) -> bool:
        return time.perf_counter() < self._until

    def _counts(self, asked: float) -> bool:
        """Neither while all that was cold gets warm, nor when the time is up and all desks finish their visits at one moment."""
        return self._counts_from <= asked < self._until

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds * random.uniform(*BUSY_PAUSES), max(0.0, self._until - time.perf_counter())))

    async def _ask(self, request: bytes, right: tuple[int, ...], waits: Waits) -> Answer | None:
        asked = time.perf_counter()
        try:
            connection = await HttpConnection.open(self._job.port)
            answer = await connection.ask(request)
            connection.close()
        except OSError as error:
            self.refused[type(error).__name__] += 1
            return None
        if self._counts(asked):
            waits.add(time.perf_counter() - asked)
        if answer.status not in right:
            self.refused[str(answer.status)] += 1
            return None
        return answer

    async def serve(self, desk: Desk) -> None:
        """Visitor after visitor; 204 means that nobody waits just now."""
        await asyncio.sleep(random.uniform(0, self._job.pause))
        while self.goes_on:
            asked = time.perf_counter()
            answer = await self._ask(post("/api/desk/call-next", desk.token), (200, 204), self.desks)
            if answer is not None and answer.status == 200:
                called = msgspec.json.decode(answer.body, type=_Called)
                if self._counts(asked):
                    self.boards[desk.office_id].expect(called.number, asked)
                await self._see(desk, called)
            await self.pause(self._job.pause)

    async def _see(self, desk: Desk, called: _Called) -> None:
        """From the call to the end of the visit, also when the time is up: the next run finds the desk free.

        The visitor walks as long as ever even then: a call that is over at once need not be on any board.
        """
        await asyncio.sleep(self._job.pause * random.uniform(*BUSY_PAUSES))
        await self._ask(post("/api/desk/start", desk.token), (200,), self.desks)
        await self.pause(self._job.pause)
        result = msgspec.json.encode({"result": called.results[0].code}) if called.results else b""
        await self._ask(post("/api/desk/finish", desk.token, result), (200,), self.desks)

    async def issue(self, kiosk: Kiosk) -> None:
        await asyncio.sleep(random.uniform(0, self._job.ticket_every))
        wish = msgspec.json.encode({"service": kiosk.service, "privilege": None, "needs": [], "language": "ru"})
        while self.goes_on:
            await self._ask(post("/api/kiosk/tickets", kiosk.token, wish, new_key()), (201,), self.kiosks)
            await self.pause(self._job.ticket_every)


async def play_hall(job: HallJob) -> Hall:
    city = _City(job)
    screens = [await LiveSocket.open(job.port, path, city.boards[office].heard) for office, path in job.boards.items()]
    await asyncio.gather(*(city.serve(desk) for desk in job.desks), *(city.issue(kiosk) for kiosk in job.kiosks))
    if any(board.awaited for board in city.boards.values()):
        await asyncio.sleep(LAST_CALLS_SECONDS)
    for screen in screens:
        screen.close()
    seen = Waits()
    for board in city.boards.values():
        seen.add_all(board.waits)
    return Hall(
        desks=city.desks.felt(),
        kiosks=city.kiosks.felt(),
        boards=seen.felt(),
        refused=dict(city.refused),
        unseen=sum(len(board.awaited) for board in city.boards.values()),
    )
