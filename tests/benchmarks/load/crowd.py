"""Citizens past capacity: each connection asks, and asks again at once, whatever it was told.

That is worse than people and than programs that read Retry-After. Refuses to forgive: an answer that is neither what was asked for nor a
503 with Retry-After is counted as wrong, and a connection that is cut ends the run.
"""

import asyncio
import random
import time
from collections import Counter, defaultdict

import msgspec

from tests.benchmarks.load.felt import Waits
from tests.benchmarks.load.http import Answer, HttpConnection, get, post
from tests.benchmarks.load.jobs import Crowd, CrowdJob

LOOK_DAYS = 7
"""What the page of a service shows at once."""
AT_ONCE = 100
"""Connections that are opened at the same time; the service's queue of unaccepted ones is longer."""
RIGHT = {"a list of slots": (200,), "a hold": (201, 409), "a confirmation": (200,), "a cancellation": (200,)}
"""409: somebody else has that time, and here are others."""


class _Held(msgspec.Struct):
    secret: str


class _Citizens:
    """What all of them share."""

    def __init__(self, job: CrowdJob) -> None:
        self._job = job
        self._until = time.perf_counter() + job.seconds
        self.done: dict[str, Waits] = defaultdict(Waits)
        self.turned_away = Waits()
        self.wrong: Counter[str] = Counter()
        self.contacts = (f"citizen-{nth}@mail.ru" for nth in range(10**9))

    @property
    def goes_on(self) -> bool:
        return time.perf_counter() < self._until

    async def ask(self, connection: HttpConnection, what: str, request: bytes) -> Answer | None:
        """Until it is answered rightly; None when the time is up before that, or the answer was wrong."""
        while self.goes_on:
            asked = time.perf_counter()
            answer = await connection.ask(request)
            took = time.perf_counter() - asked
            if answer.status in RIGHT[what]:
                self.done[what].add(took)
                return answer
            if not answer.retry_after:
                self.wrong[f"{what}: {answer.status} {answer.body[:200]!r}"] += 1
                return None
            self.turned_away.add(took)
        return None

    async def read(self, connection: HttpConnection) -> None:
        job = self._job
        lists = [
            get(f"/api/public/offices/{office}/slots?service={job.service}&from={job.first_day}&days={LOOK_DAYS}") for office in job.offices
        ]
        while self.goes_on:
            await self.ask(connection, "a list of slots", random.choice(lists))

    async def book(self, connection: HttpConnection) -> None:
        """Cancels what was booked, so that an hour leaves the city as free as it found it."""
        job = self._job
        while self.goes_on:
            wish = {"office": random.choice(job.offices), "service": job.service, "starts_at": random.choice(job.starts)}
            held = await self.ask(connection, "a hold", _form("/api/public/appointments", wish))
            if held is None or held.status != 201:
                continue
            place = f"/api/public/appointments/{msgspec.json.decode(held.body, type=_Held).secret}"
            person = {"name": "Анна Смирнова", "contact": next(self.contacts)}
            if await self.ask(connection, "a confirmation", _form(f"{place}/confirm", person)):
                await self.ask(connection, "a cancellation", _form(f"{place}/cancel", None))


def _form(path: str, content: object) -> bytes:
    return post(path, "", msgspec.json.encode(content) if content is not None else b"")


async def play_crowd(job: CrowdJob) -> Crowd:
    connections = await _opened(job.port, job.readers + job.bookers)
    citizens = _Citizens(job)
    began = time.perf_counter()
    readers, bookers = connections[: job.readers], connections[job.readers :]
    await asyncio.gather(*(citizens.read(each) for each in readers), *(citizens.book(each) for each in bookers))
    took = time.perf_counter() - began
    for connection in connections:
        connection.close()
    done = {what: waits.felt() for what, waits in citizens.done.items()}
    return Crowd(took, done, citizens.turned_away.felt(), dict(citizens.wrong.most_common(10)))


async def _opened(port: int, count: int) -> list[HttpConnection]:
    opened: list[HttpConnection] = []
    while len(opened) < count:
        opened += await asyncio.gather(*(HttpConnection.open(port) for _ in range(min(AT_ONCE, count - len(opened)))))
    return opened
