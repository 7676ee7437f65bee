"""Looking at thirty days of slots, computed and remembered, and at the next free time of all offices at once.

Computed: a part of a lane is taken before each request, so that the service must ask the database; an answer that does not know of it
was remembered and ends the benchmark. Beside it the statement alone, with the parameters that the service gives it. Remembered: readers
ask for the same list while fifty bookings a second land in it; the oldest answer is told from the holds that it does not know of.
"""

import asyncio
import statistics
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple, cast

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
REQUESTS, QUESTIONS = 7, 25
"""A round, of the list and of the next free time; the median counts."""
BREATH_SECONDS = 0.25
"""Longer than the service's own pace, so that it reads at once what it was told of."""
READERS = 16
BOOKINGS_PER_SECOND = 50
MANY = 1_000
"""Looks before the window opens."""


async def measure(stage: Stage, results: Results) -> None:
    service = await stage.service(1, Past.BOOKINGS)
    old = await stage.service(1, Past.YEARS) if stage.scale.old_tickets else None
    for turn in stage.scale.turns(SHARE):
        say(f"free slots, round {turn + 1}")
        looked = await _looked_in(stage.city.offices[0], service)
        results.figure(GROUP, "the request", "ms", "the statement", Target("ratio", most=1.4)).add(looked.request, looked.statement)
        results.figure(GROUP, "the statement", "ms", target=Target("ours", most=15.0)).add(looked.statement)
        results.figure(NEXT_FREE, "today or tomorrow in all of them", "ms", target=Target("ours", most=60.0)).add(looked.next_free)
        if old is not None:
            _compare(results, await _looked_in(stage.city.offices[0], old), looked)
        await _remembered(stage, service, results)


class _Looked(NamedTuple):
    """Medians, ms."""

    request: float
    statement: float
    next_free: float


async def _looked_in(office: Office, service: Service) -> _Looked:
    await service.database.begin_booking()
    async with opened(service.database.url) as database:
        places = await _places(database, datetime.now(UTC))
        return _Looked(*await _computed(office, service, database, places[0]), await _next_free(office.kiosk.service, database, places))


def _compare(results: Results, old: _Looked, empty: _Looked) -> None:
    for name, took, took_empty in (("30 days of slots, computed", old.request, empty.request), (NEXT_FREE, old.next_free, empty.next_free)):
        results.figure(HISTORY, name, "per second", "no old tickets", Target("ratio", least=KEPT)).add(1000 / took, 1000 / took_empty)


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


async def _computed(office: Office, service: Service, database: Database, place: Place) -> tuple[float, float]:
    """The request and the statement alone."""
    alone, whole = [], []
    request = get(_path(office))
    http = await HttpConnection.open(service.port)
    try:
        # The first two prepare the statement on both sides.
        for nth, start in enumerate(starts_from(2, REQUESTS + 2)):
            await take(service.database.connection, office, office.lanes, [start])
            await asyncio.sleep(BREATH_SECONDS)
            async with database.hot.acquire() as connection:
                statement = await _statement(place, office.kiosk.service, datetime.now(UTC))
                began = time.perf_counter()
                await connection.fetchrow(*statement)
                alone.append(time.perf_counter() - began)
            began = time.perf_counter()
            answer = await http.ask(request)
            whole.append(time.perf_counter() - began)
            _check(answer, start, nth)
    finally:
        http.close()
    return 1000 * statistics.median(whole[2:]), 1000 * statistics.median(alone[2:])


def _check(answer: Answer, taken: datetime, nth: int) -> None:
    """The answer knows what was taken a moment ago, and offers what is taken next."""
    following = taken + timedelta(minutes=GRID_MINUTES)
    if answer.status != 200 or _written(taken) in answer.body or _written(following) not in answer.body:
        raise BenchmarkError(f"Request {nth}: the list was not computed anew: {answer.status}, {answer.body[:200]!r}")


def _written(moment: datetime) -> bytes:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}".encode()


async def _next_free(service: str, database: Database, places: list[Place]) -> float:
    """As the page that lists the offices calls it."""
    took = []
    for _ in range(QUESTIONS + 2):
        now = datetime.now(UTC)
        began = time.perf_counter()
        found = await next_free(database.hot, [(place, place.wanted(service)) for place in places], now)
        took.append(time.perf_counter() - began)
        if len(found) != len(places) or None in found.values():
            raise BenchmarkError("Not every office has something free; the figure would be of another thing.")
    return 1000 * statistics.median(took[2:])


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
