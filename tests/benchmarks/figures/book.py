"""Holding a slot through HTTP next to pgbench running the same statement: any free time in the city, and the last places of 50 times.

In the second everybody wants what one citizen per slot can have: nearly all answers say that it is taken and offer the nearest free
times instead. Refuses a run with any other answer, or in which an acknowledged hold has no part of a lane.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.benchmarks import pgbench
from tests.benchmarks.bookings import QUIET_DAY, starts_from, take
from tests.benchmarks.city import HORIZON_DAYS, STARTS_A_DAY, Office
from tests.benchmarks.errors import BenchmarkError
from tests.benchmarks.load.jobs import BookJob, Pace
from tests.benchmarks.results import HISTORY, KEPT, Results, Target
from tests.benchmarks.stage import Database, Past, Stage, loaded, say
from tests.benchmarks.statements import hold_floor

GROUP = "hold a slot"
SHARE = 0.15
CLIENTS = 32
HOT_SLOTS = 50
PROMISED = timedelta(minutes=5)
"""As the office's rule says by default."""
VISITS = 8
"""To each office before the window opens."""


@dataclass(frozen=True)
class Wish:
    """What all clients want."""

    offices: tuple[Office, ...]
    starts: list[datetime]
    warm_starts: list[datetime]
    """Wanted before the window opens."""
    least: float
    """Of the floor: the target."""

    @property
    def hot(self) -> bool:
        return len(self.offices) == 1

    def __str__(self) -> str:
        return f"{HOT_SLOTS} slots that everybody wants" if self.hot else f"{len(self.offices)} offices, any time"


async def measure(stage: Stage, results: Results) -> None:
    quiet = starts_from(QUIET_DAY, (HORIZON_DAYS - QUIET_DAY) * STARTS_A_DAY)
    crowded = stage.city.offices[1:2]  # nothing is taken there on quiet days
    wishes = (Wish(stage.city.offices, quiet, quiet, 0.4), Wish(crowded, quiet[:HOT_SLOTS], quiet[HOT_SLOTS:], 0.3))
    if stage.scale.old_tickets:
        await stage.service(1, Past.YEARS)  # years take a minute to write, and would leave no time for a second round
    for turn in stage.scale.turns(SHARE):
        say(f"{GROUP}, round {turn + 1}")
        for wish in wishes:
            floors = await stage.database("floor", Past.BOOKINGS)
            await _begin(floors, wish)
            floor = await pgbench.run(floors.url, hold_floor(wish.offices, wish.starts, PROMISED), CLIENTS, stage.scale.seconds)
            held = {past: await _hold(stage, wish, past) for past in stage.pasts(Past.BOOKINGS, turn)}
            pace = held[Past.BOOKINGS]
            target = Target("ratio", wish.least)
            results.figure(GROUP, f"{wish}, {CLIENTS} clients", "per second", "pgbench, the same statement", target).add_pace(pace, floor)
            if len(held) > 1:
                figure = results.figure(HISTORY, f"{GROUP}, {wish}", "per second", "no old tickets", Target("ratio", least=KEPT))
                figure.add(held[Past.YEARS].per_second, pace.per_second)


async def _hold(stage: Stage, wish: Wish, past: Past) -> Pace:
    service = await stage.service(1, past)
    await _begin(service.database, wish)
    pace = await loaded(
        BookJob(
            port=service.port,
            clients=CLIENTS,
            offices=tuple(office.slug for office in wish.offices),
            service=wish.offices[0].kiosk.service,
            starts=tuple(each.isoformat() for each in wish.starts),
            warm_starts=tuple(each.isoformat() for each in wish.warm_starts),
            workers=service.workers,
            seconds=stage.scale.seconds,
            warm_up=stage.scale.warm_up,
            warm_commands=VISITS * len(wish.offices),
        )
    )
    taken = pace.refused.pop("409", 0)
    if pace.refused or (taken and not wish.hot):
        raise BenchmarkError(f"{wish}: the service refused holds: {pace.refused}, taken: {taken}")
    if await service.database.holds_kept() < pace.done:
        raise BenchmarkError(f"{wish}: acknowledged holds are not in the database")
    return pace


async def _begin(database: Database, wish: Wish) -> None:
    await database.begin_booking()
    if wish.hot:  # one lane is left at each of them
        await take(database.connection, wish.offices[0], wish.offices[0].lanes[:-1], wish.starts)
