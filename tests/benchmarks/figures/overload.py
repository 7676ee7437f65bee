"""One worker asked past its capacity by citizens, while desks, kiosks and boards go on: who feels it, and does memory stay flat?

The halls are played twice, first without the citizens and then among them, from a process of their own, so that what a desk waits for is
the service and not the crowd's own queue. Refuses a run in which a citizen was answered anything but what was asked for or 503 with
Retry-After; a refused desk or kiosk and an unseen call miss their target, because they are the finding.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta

import psutil  # type: ignore[import-untyped]  # comes with the embedded server, without types

from tests.benchmarks.bookings import MSK, QUIET_DAY, starts_from
from tests.benchmarks.city import HORIZON_DAYS, STARTS_A_DAY
from tests.benchmarks.errors import BenchmarkError
from tests.benchmarks.load.jobs import Crowd, CrowdJob, Felt, Hall, HallJob
from tests.benchmarks.results import Results, Target
from tests.benchmarks.stage import Past, Service, Stage, crowded, lived, say

READERS, BOOKERS = 800, 700
"""More than one worker lets in and lets wait of each (`limits.pressure.Capacity`), so that all the time some are asked to come again."""
CITIZENS = f"{READERS + BOOKERS:,} citizens who ask again at once, 1 worker"
HALL = "the halls among them"
WEIGHT = "the worker's resident memory among them"
DESKS_OF_AN_OFFICE = 1
PAUSE_SECONDS = 6.0
"""Between a desk's commands. A real visit takes ten minutes: 120 such desks give as many commands as 6,000 real ones."""
VISIT_SECONDS = 3 * PAUSE_SECONDS
WAITING = 50
"""In each hall when the run begins, so that chance never empties one."""
QUIET_SHARE = 0.5
"""Of the time with citizens: so long are the halls played without them."""
QUIET_MOST_SECONDS = 20.0
WARM_UP_SECONDS = 2.0
"""Until the crowd stands there and every statement is prepared."""
FELT_MS = 250.0
"""A person takes what comes within a quarter of a second for an answer to the press; a board's gong comes later than that anyway."""
WARMING_SECONDS = 10 * 60.0
"""What 60 offices have remembered, connections, prepared statements and the allocator's own stock take so long to settle: in an hour one
worker weighed 226 MB after five minutes, 239 after ten and 235 after sixty. A run that is too short for that is compared from its middle
on, which only shows that nothing runs away; whether memory stays, an hour says."""
COMPARED = 10
"""What is left is compared by the medians of its first and its last tenth, or of a few readings where that is less."""
FEWEST_READINGS = 3

Weight = tuple[float, float]
"""Seconds since the citizens came, and megabytes."""


async def measure(stage: Stage, results: Results) -> None:
    service = await stage.service(1, Past.BOOKINGS)
    await service.restart()
    await service.database.begin_booking()
    await service.database.begin({office.id: WAITING for office in stage.city.offices})
    seconds = stage.scale.overload_seconds
    say(f"the halls alone, then with {CITIZENS}, {seconds:.0f} s")
    alone = await lived(_halls(stage, service, min(QUIET_MOST_SECONDS, seconds * QUIET_SHARE)))
    async with _weighed(service, minutes=seconds >= 10 * 60) as weights:
        among, crowd = await asyncio.gather(lived(_halls(stage, service, seconds)), crowded(_crowd(stage, service, seconds)))
    if crowd.wrong:
        raise BenchmarkError(f"Citizens were answered wrongly: {crowd.wrong}")
    _note_citizens(results, crowd)
    _note_halls(results, alone, among)
    _note_weight(results, weights)


def _halls(stage: Stage, service: Service, seconds: float) -> HallJob:
    offices = stage.city.offices
    return HallJob(
        port=service.port,
        desks=tuple(desk for office in offices for desk in office.desks[:DESKS_OF_AN_OFFICE]),
        kiosks=tuple(office.kiosk for office in offices),
        boards={office.id: f"/live/board?office={office.slug}&token={office.display_token}" for office in offices},
        pause=PAUSE_SECONDS,
        ticket_every=VISIT_SECONDS / DESKS_OF_AN_OFFICE,
        warm_up=WARM_UP_SECONDS,
        seconds=seconds + WARM_UP_SECONDS,
    )


def _crowd(stage: Stage, service: Service, seconds: float) -> CrowdJob:
    first = QUIET_DAY
    return CrowdJob(
        port=service.port,
        readers=READERS,
        bookers=BOOKERS,
        offices=tuple(office.slug for office in stage.city.offices),
        service=stage.city.offices[0].kiosk.service,
        first_day=str(_day(first)),
        starts=tuple(each.isoformat() for each in starts_from(first, (HORIZON_DAYS - first) * STARTS_A_DAY)),
        seconds=seconds + WARM_UP_SECONDS,
    )


def _day(ahead: int) -> date:
    return (datetime.now(MSK) + timedelta(days=ahead)).date()


@asynccontextmanager
async def _weighed(service: Service, *, minutes: bool) -> AsyncIterator[list[Weight]]:
    """Megabytes of the worker each second, or each minute and told at once, while the block runs."""
    worker, weights = psutil.Process(service.workers[0]), list[Weight]()
    began = time.monotonic()

    def read() -> None:
        weights.append((time.monotonic() - began, worker.memory_info().rss / 2**20))

    async def weigh() -> None:
        while True:
            read()
            if minutes:
                say(f"{weights[-1][0] / 60:.0f} min: {weights[-1][1]:.1f} MB")
            await asyncio.sleep(60.0 if minutes else 1.0)

    weighing = asyncio.create_task(weigh())
    try:
        yield weights
    finally:
        weighing.cancel()
        await asyncio.wait([weighing])
        read()


def _note_citizens(results: Results, crowd: Crowd) -> None:
    for what, felt in (*sorted(crowd.done.items()), ("503 with Retry-After", crowd.turned_away)):
        results.figure(CITIZENS, what, "per second").add(felt.count / crowd.seconds, p50=felt.p50, p99=felt.p99)


def _note_halls(results: Results, alone: Hall, among: Hall) -> None:
    def note(name: str, ours: Felt, floor: Felt) -> None:
        figure = results.figure(HALL, f"{name}, p99", "ms", "without them", Target("ours", most=FELT_MS))
        figure.add(ours.p99, floor.p99, p50=ours.p50, floor_p50=floor.p50, longest=ours.longest, floor_longest=floor.longest, n=ours.count)

    note("desks' commands", among.desks, alone.desks)
    note("kiosks' tickets", among.kiosks, alone.kiosks)
    note("from the press to the board", among.boards, alone.boards)
    for name, count in (("refused to desks and kiosks", sum(among.refused.values())), ("calls that no board showed", among.unseen)):
        results.figure(HALL, name, "ms", target=Target("ours", most=0.0)).add(count)
    for when, hall in (("without citizens", alone), ("among citizens", among)):
        if hall.refused:
            results.remarks.append(f"Refused to desks and kiosks {when}: {hall.refused}.")


def _note_weight(results: Results, weights: list[Weight]) -> None:
    figure = results.figure(WEIGHT, "all the time", "MB")
    for _, weight in weights:
        figure.add(weight)
    results.figure(WEIGHT, "at the beginning", "MB").add(weights[0][1])
    results.figure(WEIGHT, "in the middle", "MB").add(weights[len(weights) // 2][1])
    results.figure(WEIGHT, "at the end", "MB").add(weights[-1][1])
    warm, percent = growth(weights)
    results.figure(WEIGHT, f"growth after the first {warm:.0f} s, %", "MB", target=Target("ours", most=5.0)).add(percent)


def growth(weights: list[Weight]) -> tuple[float, float]:
    """After how many seconds it is counted, and how many per cent it is from then to the end."""
    warm = min(WARMING_SECONDS, weights[-1][0] / 2)
    after = [weight for seconds, weight in weights if seconds >= warm]
    few = max(min(FEWEST_READINGS, len(after)), len(after) // COMPARED)
    return warm, 100 * (statistics.median(after[-few:]) / statistics.median(after[:few]) - 1)
