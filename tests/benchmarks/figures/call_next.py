"""Calling the next visitor through HTTP next to pgbench running the same statement: sixteen desks, queues from short to absurd.

Both put every called visitor back by SQL, so a queue keeps its length and its order; the pairs are counted. Three offices hold the
three queues, so nothing is refilled between rounds.
"""

from tests.benchmarks import pgbench
from tests.benchmarks.city import Office
from tests.benchmarks.errors import BenchmarkError
from tests.benchmarks.load.jobs import CallJob, Pace
from tests.benchmarks.results import Results, Target
from tests.benchmarks.stage import Database, Stage, loaded, say
from tests.benchmarks.statements import PUT_BACK, call_floor

GROUP = "call the next visitor and put them back, 16 desks"
SHARE = 0.2
QUEUES = (100, 1_000, 10_000)
WITH_HISTORY = 1_000


async def measure(stage: Stage, results: Results) -> None:
    queues = QUEUES if stage.scale.complete else (1_000,)
    halls = dict(zip(queues, stage.city.offices, strict=False))
    begun: set[int] = set()
    for turn in stage.scale.turns(SHARE):
        say(f"{GROUP}, round {turn + 1}")
        for waiting, office in halls.items():
            ours = await _round(stage, results, halls, begun, waiting, office, old=False)
            if waiting == WITH_HISTORY and stage.scale.old_tickets:
                old = await _round(stage, results, halls, begun, waiting, office, old=True)
                name = f"call next, {waiting:,} waiting, old tickets"
                results.figure("the cost of history", name, "per second", "no old tickets", Target("ratio", least=0.9)).add(
                    old.per_second, ours.per_second
                )


async def _round(
    stage: Stage, results: Results, halls: dict[int, Office], begun: set[int], waiting: int, office: Office, old: bool
) -> Pace:
    floors = await stage.database("floor", old)
    service = await stage.service(1, old)
    for database in (floors, service.database):
        await _arrange(database, halls, begun)
    floor = await pgbench.run(floors.url, call_floor(office), len(office.desks), stage.scale.seconds)
    cpu = service.cpu_seconds()
    pace = await loaded(
        CallJob(service.port, office.desks, service.database.url, PUT_BACK, stage.scale.seconds, stage.scale.warm_up, 8 * len(office.desks))
    )
    if pace.refused:
        raise BenchmarkError(f"{waiting:,} waiting: the service refused calls: {pace.refused}")
    name = f"{waiting:,} waiting" + (", old tickets" if old else "")
    figure = results.figure(GROUP, name, "pairs per second", "pgbench, the same statements", None if old else Target("ratio", least=0.4))
    figure.add_pace(pace, floor, service_cpu_us=1e6 * (service.cpu_seconds() - cpu) / pace.done)
    return pace


async def _arrange(database: Database, halls: dict[int, Office], begun: set[int]) -> None:
    """Fills the queues the first time; afterwards only sweeps what thousands of calls left in the indexes."""
    if id(database) in begun:
        await database.connection.execute("VACUUM (ANALYZE) ticket")
        return
    begun.add(id(database))
    await database.begin({office.id: waiting for waiting, office in halls.items()})
