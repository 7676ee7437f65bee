"""Taking a ticket through HTTP next to pgbench running the same statement: one office and sixty, few kiosks and many, with history.

All tickets of an office are of one service, so that all clients of one office meet at one number counter. Refuses a run in which an
answer was not 201, or in which the database holds fewer tickets than were acknowledged.
"""

from dataclasses import dataclass

from tests.benchmarks import pgbench
from tests.benchmarks.city import Office
from tests.benchmarks.errors import BenchmarkError
from tests.benchmarks.load.jobs import Pace, TakeJob
from tests.benchmarks.pgbench import Floor
from tests.benchmarks.results import Results, Target
from tests.benchmarks.stage import Stage, loaded, say
from tests.benchmarks.statements import take_floor

GROUP = "take a ticket"
SHARE = 0.42
"""Of the benchmark's time: the most combinations."""
WAITING = 20
"""Visitors in each hall when a run begins: the estimate on the ticket plays them forward."""
VISITS = 8
"""To each office before the window opens, so that each worker has read each office's set-up."""


@dataclass(frozen=True)
class Point:
    offices: int
    clients: int
    old: bool = False

    def __str__(self) -> str:
        where = "one office" if self.offices == 1 else f"{self.offices} offices"
        who = "1 client" if self.clients == 1 else f"{self.clients} clients"
        return f"{where}, {who}" + (", old tickets" if self.old else "")


def _points(stage: Stage) -> list[tuple[Point, tuple[int, ...]]]:
    """What is played, and by how many workers."""
    if not stage.scale.complete:
        return [(Point(60, 32), (1, 2)), (Point(1, 32), (1,))]
    points = [(Point(offices, clients), (1, 2)) for offices in (60, 1) for clients in (1, 8, 32)]
    return points + [(Point(offices, 32, old=True), (1,)) for offices in (60, 1) if stage.scale.old_tickets]


async def measure(stage: Stage, results: Results) -> None:
    for turn in stage.scale.turns(SHARE):
        say(f"{GROUP}, round {turn + 1}")
        paces: dict[tuple[Point, int], float] = {}
        for point, workers in _points(stage):
            offices = stage.city.offices[: point.offices]
            floor = await _floor(stage, point, offices)
            for count in workers:
                pace, cpu_us = await _ours(stage, point, offices, count)
                name = f"{point}, {'1 worker' if count == 1 else f'{count} workers'}"
                figure = results.figure(GROUP, name, "per second", "pgbench, the same statement", _target(point, count))
                figure.add_pace(pace, floor, service_cpu_us=cpu_us)
                paces[point, count] = pace.per_second
        _compare_with_history(results, paces)


def _target(point: Point, workers: int) -> Target | None:
    if point.clients != 32 or point.old or workers > 1:
        return None
    return Target("ratio", least=0.5 if point.offices > 1 else 1.0)


def _compare_with_history(results: Results, paces: dict[tuple[Point, int], float]) -> None:
    for (point, workers), pace in paces.items():
        if point.old:
            empty = paces[Point(point.offices, point.clients), workers]
            figure = results.figure("the cost of history", f"{GROUP}, {point}", "per second", "no old tickets", Target("ratio", least=0.9))
            figure.add(pace, empty)


async def _floor(stage: Stage, point: Point, offices: tuple[Office, ...]) -> Floor:
    database = await stage.database("floor", point.old)
    await database.begin({office.id: WAITING for office in offices})
    return await pgbench.run(database.url, take_floor(offices), point.clients, stage.scale.seconds)


async def _ours(stage: Stage, point: Point, offices: tuple[Office, ...], workers: int) -> tuple[Pace, float]:
    """The pace and the workers' processor time per ticket."""
    service = await stage.service(workers, point.old)
    await service.database.begin({office.id: WAITING for office in offices})
    kiosks = tuple(office.kiosk for office in offices)
    cpu = service.cpu_seconds()
    pace = await loaded(TakeJob(service.port, point.clients, kiosks, stage.scale.seconds, stage.scale.warm_up, VISITS * len(kiosks)))
    cpu = service.cpu_seconds() - cpu
    if pace.refused:
        raise BenchmarkError(f"{point}: the service refused tickets: {pace.refused}")
    if await service.database.tickets_taken(WAITING * len(offices)) < pace.done:
        raise BenchmarkError(f"{point}: acknowledged tickets are not in the database")
    return pace, 1e6 * cpu / pace.done
