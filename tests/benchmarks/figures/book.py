"""Holding a slot through HTTP next to pgbench running the same statement: any free time in the city, and the last places of 50 times.

In the second everybody wants what one citizen per slot can have: nearly all answers say that it is taken and offer the nearest free
times instead. Refuses a run with any other answer, or in which an acknowledged hold has no part of a lane.
"""

from datetime import datetime, timedelta

from tests.benchmarks import pgbench
from tests.benchmarks.bookings import QUIET_DAY, starts_from, take
from tests.benchmarks.city import HORIZON_DAYS, STARTS_A_DAY, Office
from tests.benchmarks.errors import BenchmarkError
from tests.benchmarks.load.jobs import BookJob
from tests.benchmarks.results import Results, Target
from tests.benchmarks.stage import Database, Past, Stage, loaded, say
from tests.benchmarks.statements import hold_floor

GROUP = "hold a slot"
SHARE = 0.12
CLIENTS = 32
HOT_SLOTS = 50
PROMISED = timedelta(minutes=5)
"""As the office's rule says by default."""
VISITS = 8
"""To each office before the window opens."""


async def measure(stage: Stage, results: Results) -> None:
    quiet = starts_from(QUIET_DAY, (HORIZON_DAYS - QUIET_DAY) * STARTS_A_DAY)
    crowded = stage.city.offices[1:2]  # nothing is taken there on quiet days
    for turn in stage.scale.turns(SHARE):
        say(f"{GROUP}, round {turn + 1}")
        await _play(stage, results, stage.city.offices, quiet, quiet, 0.4)
        await _play(stage, results, crowded, quiet[:HOT_SLOTS], quiet[HOT_SLOTS:], 0.3)


async def _play(
    stage: Stage, results: Results, offices: tuple[Office, ...], starts: list[datetime], warm_starts: list[datetime], least: float
) -> None:
    hot = len(offices) == 1
    name = f"{HOT_SLOTS} slots that everybody wants" if hot else f"{len(offices)} offices, any time"
    floors, service = await stage.database("floor", Past.BOOKINGS), await stage.service(1, Past.BOOKINGS)
    await _begin(floors, offices[0], starts if hot else [])
    floor = await pgbench.run(floors.url, hold_floor(offices, starts, PROMISED), CLIENTS, stage.scale.seconds)
    await _begin(service.database, offices[0], starts if hot else [])
    pace = await loaded(
        BookJob(
            port=service.port,
            clients=CLIENTS,
            offices=tuple(office.slug for office in offices),
            service=offices[0].kiosk.service,
            starts=tuple(each.isoformat() for each in starts),
            warm_starts=tuple(each.isoformat() for each in warm_starts),
            workers=service.workers,
            seconds=stage.scale.seconds,
            warm_up=stage.scale.warm_up,
            warm_commands=VISITS * len(offices),
        )
    )
    taken = pace.refused.pop("409", 0)
    if pace.refused or (taken and not hot):
        raise BenchmarkError(f"{name}: the service refused holds: {pace.refused}, taken: {taken}")
    if await service.database.holds_kept() < pace.done:
        raise BenchmarkError(f"{name}: acknowledged holds are not in the database")
    target = Target("ratio", least)
    results.figure(GROUP, f"{name}, {CLIENTS} clients", "per second", "pgbench, the same statement", target).add_pace(pace, floor)


async def _begin(database: Database, office: Office, hot: list[datetime]) -> None:
    await database.begin_booking()
    if hot:  # one lane is left at each of them
        await take(database.connection, office, office.lanes[:-1], hot)
