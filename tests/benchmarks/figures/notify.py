"""What telling the screens costs inside the hot statement: PostgreSQL lets transactions with NOTIFY commit one after another.

The floor of `take a ticket` has NOTIFY in it, as the service has; here is what that floor itself gives away, because transactions
that commit one by one cannot share a write to the disk. Decides whether commands of one process should share a transaction
(micro-batch): only if the statement without NOTIFY is much faster under many clients. Nobody listens here; what a listening worker
pays is part of the other figures.
"""

from tests.benchmarks import pgbench
from tests.benchmarks.errors import BenchmarkError
from tests.benchmarks.pgbench import Floor
from tests.benchmarks.results import Results
from tests.benchmarks.stage import Stage, say
from tests.benchmarks.statements import ONE_TICKET, take_floor, without_notify

GROUP = "take a ticket, the statement alone"
SHARE = 0.08
POINTS = ((60, 1), (60, 8), (60, 32), (1, 32))
"""Offices and clients."""


async def measure(stage: Stage, results: Results) -> None:
    try:
        silent = without_notify(ONE_TICKET)
    except BenchmarkError as error:
        results.remarks.append(str(error))
        return
    for turn in stage.scale.turns(SHARE):
        say(f"{GROUP}, round {turn + 1}")
        for offices, clients in POINTS if stage.scale.complete else POINTS[2:3]:
            name = f"{'one office' if offices == 1 else f'{offices} offices'}, {clients} client{'s' if clients > 1 else ''}"
            figure = results.figure(GROUP, name, "per second", "without NOTIFY")
            without = await _played(stage, silent, offices, clients)
            told = await _played(stage, ONE_TICKET, offices, clients)
            figure.add(
                told.per_second, without.per_second, p50=told.p50_ms, p99=told.p99_ms, floor_p50=without.p50_ms, floor_p99=without.p99_ms
            )


async def _played(stage: Stage, statement: str, offices: int, clients: int) -> Floor:
    database = await stage.database("floor")
    await database.begin({})
    return await pgbench.run(database.url, take_floor(stage.city.offices[:offices], statement), clients, stage.scale.seconds)
