"""Citizens who book: some hold slots, some only look at what is free.

A list is judged by what it does not know: a hold that was acknowledged before the list was asked for, and is not in it, makes the list
at least that old.
"""

import asyncio
import random
import time
from functools import partial

import msgspec

from tests.benchmarks.errors import BenchmarkError
from tests.benchmarks.load.commands import Run
from tests.benchmarks.load.http import HttpConnection, get, new_key, post
from tests.benchmarks.load.jobs import BookJob, LookJob, Looks, Pace

BOOKERS = 8
"""Connections that the looked-at office's bookings come through: at their pace one would do on a quiet machine."""
COMPARED = 4
"""Latest lists that an answer is compared with, before it counts as a new one: a worker has one at a time, and a change of list is not
sharp, because answers overtake each other."""


def _hold(office: str, service: str, starts_at: str) -> bytes:
    body = msgspec.json.encode({"office": office, "service": service, "starts_at": starts_at})
    return post("/api/public/appointments", "", body, new_key())


async def play_book(job: BookJob) -> Pace:
    connections = [await HttpConnection.open(job.port) for _ in range(job.clients)]
    run = Run(job)

    async def hold(connection: HttpConnection) -> int:
        starts = job.starts if run.open else job.warm_starts
        answer = await connection.ask(_hold(random.choice(job.offices), job.service, random.choice(starts)))
        if answer.status == 409 and b'"alternatives":[{' not in answer.body:
            raise BenchmarkError(f"Refused without alternatives: {answer.body!r}")
        return answer.status

    await asyncio.gather(*(run.keep_going(partial(hold, each)) for each in connections))
    for connection in connections:
        connection.close()
    return run.pace(expected=201)


class _Slot(msgspec.Struct):
    starts_at: str
    free: int


class _Day(msgspec.Struct):
    slots: list[_Slot]


class _List(msgspec.Struct):
    days: list[_Day]

    def free(self) -> dict[str, int]:
        return {slot.starts_at: slot.free for day in self.days for slot in day.slots}


class _Seen:
    """Different lists in the order of their coming, and when each was asked for last."""

    def __init__(self) -> None:
        self.lists: list[tuple[bytes, float]] = []

    def saw(self, body: bytes, asked: float) -> None:
        for place in range(len(self.lists) - 1, max(-1, len(self.lists) - 1 - COMPARED), -1):
            known, last = self.lists[place]
            if known == body:
                self.lists[place] = known, max(last, asked)
                return
        self.lists.append((body, asked))

    def oldest(self, before: dict[str, int], held: list[tuple[str, float]]) -> float:
        """Seconds; each hold took a start of its own, so that its lane is missing there from the first list that knows of it."""
        oldest = 0.0
        for body, asked in self.lists:
            free = msgspec.json.decode(body, type=_List).free()
            unknown = [asked - acknowledged for start, acknowledged in held if free.get(start, 0) >= before[start]]
            oldest = max(oldest, *unknown, 0.0)
        return oldest


async def play_look(job: LookJob) -> Looks:
    readers = [await HttpConnection.open(job.port) for _ in range(job.readers)]
    bookers = [await HttpConnection.open(job.port) for _ in range(BOOKERS)]
    request = get(job.path)
    before = msgspec.json.decode((await readers[0].ask(request)).body, type=_List).free()
    starts, held, seen = list(before), list[tuple[str, float]](), _Seen()
    random.shuffle(starts)
    run = Run(job)

    async def look(connection: HttpConnection) -> int:
        asked = time.perf_counter()
        answer = await connection.ask(request)
        if answer.status == 200:
            seen.saw(answer.body, asked)
        return answer.status

    async def book() -> None:
        starts_at, connection = starts.pop(), bookers.pop()
        answer = await connection.ask(_hold(job.office, job.service, starts_at))
        if answer.status != 201:
            raise BenchmarkError(f"A booking failed while others looked: {answer.body!r}")
        held.append((starts_at, time.perf_counter()))
        bookers.append(connection)

    async def keep_booking() -> None:
        async with asyncio.TaskGroup() as bookings:
            for nth in range(len(starts)):
                await asyncio.sleep(began + nth / job.bookings_per_second - time.perf_counter())
                if bookers:
                    bookings.create_task(book())

    began = time.perf_counter()
    booking = asyncio.create_task(keep_booking())
    await asyncio.gather(*(run.keep_going(partial(look, each)) for each in readers))
    took = time.perf_counter() - began
    pace, booked = run.pace(expected=200), len(held) / took
    if booking.done():
        await booking
        raise BenchmarkError("The list ran out of slots to book.")
    booking.cancel()
    await asyncio.wait([booking])
    for connection in (*readers, *bookers):
        connection.close()
    return Looks(pace, booked, 1000 * seen.oldest(before, held), len(seen.lists))
