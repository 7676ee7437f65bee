"""Taking a ticket through HTTP next to pgbench running the same statement: one office and sixty, few kiosks and many, with history.

All tickets of an office are of one service, so that all clients of one office meet at one number counter. Refuses a run in which an
answer was not 201, or in which the database holds fewer tickets than were acknowledged.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

from tests.benchmarks import pgbench
from tests.benchmarks.errors import BenchmarkError
from tests.benchmarks.load.jobs import Pace, TakeJob
from tests.benchmarks.pgbench import Floor
from tests.benchmarks.results import HISTORY, KEPT, Results, Target
from tests.benchmarks.stage import Past, Service, Stage, loaded, say
from tests.benchmarks.statements import take_floor

GROUP = "take a ticket"
SHARE, OTHERS_SHARE = 0.25, 0.15
"""Of the benchmark's time: what has a target is played more often."""
WAITING = 20
"""Visitors in each hall when a run begins: the estimate on the ticket plays them forward."""
VISITS = 8
"""To each office before the window opens, so that each worker has read each office's set-up, and each page that an office writes to is
in memory and in the log since the last checkpoint: a city pays for that once in five minutes, a window of two seconds must not."""


@dataclass(frozen=True)
class Point:
    offices: int
    clients: int
    workers: int = 1
    past: Past = Past.NOTHING
    screens: bool = False
    """A board and a kiosk page are open in every hall, as they are on a real day."""

    @property
    def where(self) -> str:
        return "one office" if self.offices == 1 else f"{self.offices} offices"

    def __str__(self) -> str:
        clients = "1 client" if self.clients == 1 else f"{self.clients} clients"
        workers = "1 worker" if self.workers == 1 else f"{self.workers} workers"
        return f"{self.where}, {clients}, {workers}" + ", old tickets" * (self.past is Past.YEARS) + ", screens on" * self.screens


def _target(point: Point) -> Target | None:
    if point.clients != 32 or point.past or point.screens or point.workers > 1:
        return None
    return Target("ratio", least=0.5 if point.offices > 1 else 1.0)


class _Played(NamedTuple):
    ours: Pace
    """Of the last point."""
    floor: Floor
    wal: float
    """Bytes of write-ahead log per ticket: unlike a pace it is the same on a busy machine."""


async def measure(stage: Stage, results: Results) -> None:
    if stage.scale.old_tickets:
        # A million tickets take a minute to write: done within the first round they would leave no time for a second one.
        await stage.database("floor", Past.YEARS)
        await stage.service(1, Past.YEARS)
    for turn in stage.scale.turns(SHARE):
        say(f"{GROUP}, round {turn + 1}")
        for offices in (60, 1):
            point = Point(offices, 32)
            played = {past: await _play(stage, results, [replace(point, past=past)]) for past in stage.pasts(Past.NOTHING, turn)}
            if len(played) > 1:
                _compare(results, point.where, played[Past.NOTHING], played[Past.YEARS])
    others = [(offices, clients) for offices in (60, 1) for clients in (1, 8, 32)] if stage.scale.complete else [(60, 32)]
    for turn in stage.scale.turns(OTHERS_SHARE):
        say(f"{GROUP}, other points, round {turn + 1}")
        for offices, clients in others:
            # By one worker 32 clients are played above; here its halls have their screens on. Few clients are no work for two workers.
            one, two = Point(offices, clients, screens=clients == 32), Point(offices, clients, workers=2)
            await _play(stage, results, [one, two] if stage.scale.complete and clients == 32 else [one])


def _compare(results: Results, where: str, empty: _Played, old: _Played) -> None:
    target = Target("ratio", least=KEPT)
    results.figure(HISTORY, f"{GROUP}, {where}", "per second", "no old tickets", target).add(old.ours.per_second, empty.ours.per_second)
    results.figure(HISTORY, f"{GROUP}, {where}, pgbench", "per second").add(old.floor.per_second, empty.floor.per_second)
    results.figure("the write-ahead log of a ticket", where, "bytes", "no old tickets").add(old.wal, empty.wal)


async def _play(stage: Stage, results: Results, points: list[Point]) -> _Played:
    """The floor and then each point, which differ in workers or screens only."""
    offices = stage.city.offices[: points[0].offices]
    waiting = {office.id: WAITING for office in offices}
    database = await stage.database("floor", points[0].past)
    await database.begin(waiting)
    script, clients = take_floor(offices), points[0].clients
    await pgbench.warm_up(database.url, script, clients, VISITS * len(offices))
    wal = await database.wal_bytes()
    floor = await pgbench.run(database.url, script, clients, stage.scale.seconds)
    wal = (await database.wal_bytes() - wal) / (floor.per_second * stage.scale.seconds)
    for point in points:
        service = await stage.service(point.workers, point.past)
        await service.database.begin(waiting)
        pace = await loaded(_job(stage, point, service))
        if pace.refused:
            raise BenchmarkError(f"{point}: the service refused tickets: {pace.refused}")
        if await service.database.tickets_taken(WAITING * len(offices)) < pace.done:
            raise BenchmarkError(f"{point}: acknowledged tickets are not in the database")
        results.figure(GROUP, str(point), "per second", "pgbench, the same statement", _target(point)).add_pace(pace, floor)
    return _Played(pace, floor, wal)


def _job(stage: Stage, point: Point, service: Service) -> TakeJob:
    offices = stage.city.offices[: point.offices]
    boards = [f"/live/board?office={office.slug}&token={office.display_token}" for office in offices]
    kiosks = [f"/live/kiosk?token={office.kiosk.token}" for office in offices]
    return TakeJob(
        port=service.port,
        clients=point.clients,
        kiosks=tuple(office.kiosk for office in offices),
        screens=(*boards, *kiosks) if point.screens else (),
        workers=service.workers,
        seconds=stage.scale.seconds,
        warm_up=stage.scale.warm_up,
        warm_commands=VISITS * point.offices,
    )
