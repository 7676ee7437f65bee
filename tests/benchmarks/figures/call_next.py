"""Calling the next visitor through HTTP next to pgbench running the same statement: sixteen desks, queues from short to absurd.

Both put every called visitor back by SQL, so a queue keeps its length and its order; the pairs are counted. Three offices hold the
three queues, so nothing is refilled between rounds.
"""

from tests.benchmarks import pgbench
from tests.benchmarks.city import Office
from tests.benchmarks.errors import BenchmarkError
from tests.benchmarks.load.jobs import CallJob, Pace
from tests.benchmarks.results import HISTORY, KEPT, Results, Target
from tests.benchmarks.stage import Database, Past, Stage, loaded, say
from tests.benchmarks.statements import PUT_BACK, call_floor

GROUP = "call the next visitor and put them back, 16 desks"
SHARE = 0.17
QUEUES = (100, 1_000, 10_000)
WITH_HISTORY = 1_000
VISITS = 8
"""Calls of each desk before the window opens."""


async def measure(stage: Stage, results: Results) -> None:
    queues = QUEUES if stage.scale.complete else (1_000,)
    halls = dict(zip(queues, stage.city.offices, strict=False))
    begun: set[str] = set()
    for turn in stage.scale.turns(SHARE):
        say(f"{GROUP}, round {turn + 1}")
        for waiting in queues:
            pasts = stage.pasts(Past.NOTHING, turn) if waiting == WITH_HISTORY else [Past.NOTHING]
            played = {past: await _play(stage, results, halls, waiting, begun, past) for past in pasts}
            if len(played) > 1:
                figure = results.figure(
                    HISTORY, f"call next, {waiting:,} waiting", "per second", "no old tickets", Target("ratio", least=KEPT)
                )
                figure.add(played[Past.YEARS].per_second, played[Past.NOTHING].per_second)


async def _play(stage: Stage, results: Results, halls: dict[int, Office], waiting: int, begun: set[str], past: Past) -> Pace:
    floors, service = await stage.database("floor", past), await stage.service(1, past)
    for database in (floors, service.database):
        await _arrange(database, halls, begun)
    office = halls[waiting]
    floor = await pgbench.run(floors.url, call_floor(office), len(office.desks), stage.scale.seconds)
    pace = await loaded(
        CallJob(
            port=service.port,
            desks=office.desks,
            database_url=service.database.url,
            put_back=PUT_BACK,
            workers=service.workers,
            seconds=stage.scale.seconds,
            warm_up=stage.scale.warm_up,
            warm_commands=VISITS * len(office.desks),
        )
    )
    if pace.refused:
        raise BenchmarkError(f"{waiting:,} waiting: the service refused calls: {pace.refused}")
    name = f"{waiting:,} waiting" + (", old tickets" if past else "")
    target = None if past else Target("ratio", least=0.4)
    results.figure(GROUP, name, "pairs per second", "pgbench, the same statements", target).add_pace(pace, floor)
    return pace


async def _arrange(database: Database, halls: dict[int, Office], begun: set[str]) -> None:
    """Fills the queues the first time; afterwards only sweeps what thousands of calls left in the indexes."""
    if database.url in begun:
        await database.connection.execute("VACUUM (ANALYZE) ticket")
        return
    begun.add(database.url)
    await database.begin({office.id: waiting for waiting, office in halls.items()})
