"""Looking at thirty days of slots, computed and remembered, and at the next free time of all offices at once.

Computed: a part of a lane is taken before each request, so that the service must ask the database; an answer that does not know of it
was remembered and ends the benchmark. Beside it the statement alone, with the parameters that the service gives it. Remembered: readers
ask for the same list while fifty bookings a second land in it; the oldest answer is told from the holds that it does not know of.
"""

import asyncio
import statistics
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

from queue_service.booking.availability import days_from, slots_of_days
from queue_service.booking.calendar import Calendars
from queue_service.booking.nearby import next_free
from queue_service.booking.office import Place
from queue_service.db import Connection, Database, opened
from queue_service.offices.catalogue import Catalogues
from tests.benchmarks.bookings import MSK, starts_from, take
from tests.benchmarks.city import GRID_MINUTES, Office
from tests.benchmarks.errors import BenchmarkError
from tests.benchmarks.load.http import Answer, HttpConnection, get
from tests.benchmarks.load.jobs import LookJob
from tests.benchmarks.results import HISTORY, KEPT, Results, Target
from tests.benchmarks.stage import Past, Service, Stage, looked, say

GROUP = "30 days of slots, one office with 20 lanes, half full, computed"
REMEMBERED = "30 days of slots, one office with 20 lanes, remembered, 50 bookings a second"
NEXT_FREE = "the next free time of 60 offices for one service"
SHARE = 0.1
DAYS = 30
REQUESTS, QUESTIONS = 9, 27
"""A round, of the list and of the next free time; the median counts."""
BREATH_SECONDS = 0.25
"""Longer than the service's own pace, so that it reads at once what it was told of."""
READERS = 16
BOOKINGS_PER_SECOND = 50
MANY = 1_000
"""Looks before the window opens."""


async def measure(stage: Stage, results: Results) -> None:
    office = stage.city.offices[0]
    services = [await stage.service(1, past) for past in stage.pasts(Past.BOOKINGS, 0)]
    for turn in stage.scale.turns(SHARE):
        say(f"free slots, round {turn + 1}")
        async with AsyncExitStack() as stack:
            sides = [await _Side.of(stack, office, service) for service in services]
            # Each in its turn: a machine that grows slower for a while does so to all of them.
            for nth, start in enumerate(starts_from(2, REQUESTS)):
                for side in sides:
                    await side.compute(nth, start)
            for _ in range(QUESTIONS):
                for side in sides:
                    await side.ask_for_next_free()
        _note(results, *sides)
        await _remembered(stage, services[0], results)


def _note(results: Results, empty: "_Side", *old: "_Side") -> None:
    request, statement, next_free_ = empty.request.ms, empty.statement.ms, empty.next_free.ms
    results.figure(GROUP, "the request", "ms", "the statement", Target("ratio", most=1.4)).add(request, statement)
    results.figure(GROUP, "the statement", "ms", target=Target("ours", most=15.0)).add(statement)
    results.figure(NEXT_FREE, "today or tomorrow in all of them", "ms", target=Target("ours", most=60.0)).add(next_free_)
    for each in old:
        for name, took, took_empty in (
            ("30 days of slots, computed", each.request.ms, request),
            (NEXT_FREE, each.next_free.ms, next_free_),
        ):
            results.figure(HISTORY, name, "per second", "no old tickets", Target("ratio", least=KEPT)).add(1000 / took, 1000 / took_empty)


class _Watch:
    """Times of one thing; the first are left out, because they prepare statements."""

    def __init__(self) -> None:
        self._took: list[float] = []

    @contextmanager
    def __call__(self) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self._took.append(time.perf_counter() - began)

    @property
    def ms(self) -> float:
        return 1000 * statistics.median(self._took[2:])


class _Side:
    """A city with its past, and how long it took to look at it."""

    def __init__(self, office: Office, service: Service, database: Database, places: list[Place], http: HttpConnection) -> None:
        self._office = office
        self._service = service
        self._database = database
        self._places = places
        self._http = http
        self.request, self.statement, self.next_free = _Watch(), _Watch(), _Watch()

    @classmethod
    async def of(cls, stack: AsyncExitStack, office: Office, service: Service) -> "_Side":
        await service.database.begin_booking()
        database = await stack.enter_async_context(opened(service.database.url))
        http = await HttpConnection.open(service.port)
        stack.callback(http.close)
        return cls(office, service, database, await _places(database, datetime.now(UTC)), http)

    async def compute(self, nth: int, start: datetime) -> None:
        """The list after this start was taken: the statement alone, and the whole request."""
        await take(self._service.database.connection, self._office, self._office.lanes, [start])
        await asyncio.sleep(BREATH_SECONDS)
        async with self._database.hot.acquire() as connection:
            statement = await _statement(self._places[0], self._office.kiosk.service, datetime.now(UTC))
            with self.statement():
                await connection.fetchrow(*statement)
        with self.request():
            answer = await self._http.ask(get(_path(self._office)))
        _check(answer, start, nth)

    async def ask_for_next_free(self) -> None:
        """As the page that lists the offices asks."""
        now, service = datetime.now(UTC), self._office.kiosk.service
        with self.next_free():
            found = await next_free(self._database.hot, [(place, place.wanted(service)) for place in self._places], now)
        if len(found) != len(self._places) or None in found.values():
            raise BenchmarkError("Not every office has something free; the figure would be of another thing.")


def _path(office: Office) -> str:
    return f"/api/public/offices/{office.slug}/slots?service={office.kiosk.service}&from={_tomorrow()}&days={DAYS}"


def _tomorrow() -> date:
    return datetime.now(MSK).date() + timedelta(days=1)


async def _places(database: Database, now: datetime) -> list[Place]:
    calendars = Calendars(database.hot)
    return [Place(each, await calendars.of(each, now)) for each in await Catalogues(database.hot).all(now)]


class _Overheard:
    """Stands where a connection stands, to learn what the service would ask it."""

    arguments: tuple[Any, ...] = ()

    async def fetchrow(self, *arguments: Any) -> tuple[None, None]:
        self.arguments = arguments
        return None, None


async def _statement(place: Place, service: str, now: datetime) -> tuple[Any, ...]:
    """FREE_SLOTS and its parameters, as the request has them."""
    overheard = _Overheard()
    await slots_of_days(cast("Connection", overheard), place.calendar, place.wanted(service), days_from(_tomorrow(), DAYS), now)
    return overheard.arguments


def _check(answer: Answer, taken: datetime, nth: int) -> None:
    """The answer knows what was taken a moment ago, and offers what is taken next."""
    following = taken + timedelta(minutes=GRID_MINUTES)
    if answer.status != 200 or _written(taken) in answer.body or _written(following) not in answer.body:
        raise BenchmarkError(f"Request {nth}: the list was not computed anew: {answer.status}, {answer.body[:200]!r}")


def _written(moment: datetime) -> bytes:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}".encode()


async def _remembered(stage: Stage, service: Service, results: Results) -> None:
    office = stage.city.offices[0]
    await service.database.begin_booking()
    looks = await looked(
        LookJob(
            port=service.port,
            readers=READERS,
            path=_path(office),
            office=office.slug,
            service=office.kiosk.service,
            bookings_per_second=BOOKINGS_PER_SECOND,
            workers=service.workers,
            seconds=stage.scale.seconds,
            warm_up=stage.scale.warm_up,
            warm_commands=MANY,
        )
    )
    pace = looks.pace
    if pace.refused:
        raise BenchmarkError(f"The service refused lists: {pace.refused}")
    group = REMEMBERED
    results.figure(group, f"{READERS} readers, 1 worker", "per second", target=Target("ours", least=1_500.0)).add(
        pace.per_second,
        p50=pace.p50_ms,
        p99=pace.p99_ms,
        service_cpu_us=pace.service_cpu_us,
        load_cpu_us=pace.load_cpu_us,
        booked_per_second=looks.booked_per_second,
        lists=looks.lists,
    )
    results.figure(group, "p99, ms", "ms", target=Target("ours", most=30.0)).add(pace.p99_ms)
    results.figure(group, "the oldest list, ms", "ms", target=Target("ours", most=250.0)).add(looks.oldest_ms)
