"""From a call to the screens: how long after the commit does the last board, the last phone have it, and what does a socket weigh?

One worker serves one office's audience: the hardest case, because everybody is told by one process at once. Beside it a bare LISTEN
connection hears of the same commits. The worker is a fresh one for every crowd, or the memory of the crowd before would hide this one's.
"""

import resource
from dataclasses import dataclass

from queue_service.desks.call_next import CALL_NEXT
from tests.benchmarks.load.jobs import Audience, LiveJob
from tests.benchmarks.results import HISTORY, KEPT, Results, Target
from tests.benchmarks.stage import Past, Stage, say, watched
from tests.benchmarks.statements import PUT_BACK

GROUP = "from the commit of a call to a screen"
SHARE = 0.15
COMPARISONS = 3
"""Of a small crowd with history and without, a round."""
CALLS = 20
"""Of each kind a round: with ten boards and three rounds 600 arrivals, so that a p99 is not one of them."""
QUICK_CALLS = 6
MANY = 1_000
"""Sockets in a crowd that stands for a whole city's: below that, memory per socket is noise."""


@dataclass(frozen=True)
class Crowd:
    boards: int
    phones: int = 0
    elsewhere: int = 0
    """Phones of tickets in the other offices."""

    @property
    def many(self) -> bool:
        return self.boards + self.phones >= MANY

    def __str__(self) -> str:
        parts = [f"{self.boards:,} boards"]
        if self.phones:
            parts.append(f"{self.phones:,} phones")
        if self.elsewhere:
            parts.append(f"{self.elsewhere:,} elsewhere")
        return ", ".join(parts)


CROWDS = (Crowd(10), Crowd(1_000), Crowd(10, 1_000))
CITY = Crowd(10, 1_000, 9_000)
DESCRIPTORS = 11_000
"""Open files that the whole city's phones take in one process."""


async def measure(stage: Stage, results: Results) -> None:
    for turn in stage.scale.turns(SHARE):
        say(f"{GROUP}, round {turn + 1}")
        for crowd in CROWDS if stage.scale.complete else CROWDS[::2]:
            times = COMPARISONS if stage.scale.old_tickets and not crowd.many else 1
            for each in range(times):
                pasts = stage.pasts(Past.NOTHING, each) if times > 1 else [Past.NOTHING]
                seen = {past: await _round(stage, crowd, past) for past in pasts}
                _note(results, crowd, seen[Past.NOTHING])
                if len(seen) > 1:
                    _compare(results, crowd, seen[Past.YEARS], seen[Past.NOTHING])
    if stage.scale.complete and not stage.scale.over():
        say(f"{GROUP}, {CITY}")
        if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < DESCRIPTORS:
            results.remarks.append(f"Left out: {CITY}, because a process may not open {DESCRIPTORS:,} files here (ulimit -n).")
        else:
            _note(results, CITY, await _round(stage, CITY, Past.NOTHING))


async def _round(stage: Stage, crowd: Crowd, past: Past) -> Audience:
    service = await stage.service(1, past)
    await service.restart()
    office = stage.city.offices[0]
    others = stage.city.offices[1:]
    waiting = {office.id: max(crowd.phones, 100)} | {other.id: -(-crowd.elsewhere // len(others)) for other in others}
    secrets = await service.database.begin(waiting)
    job = LiveJob(
        port=service.port,
        database_url=service.database.url,
        office=office.slug,
        display_token=office.display_token,
        boards=crowd.boards,
        phones=tuple(secrets[: crowd.phones]),
        bystanders=tuple(secrets[waiting[office.id] :][: crowd.elsewhere]),
        desks=office.desks,
        call_next=CALL_NEXT,
        put_back=PUT_BACK,
        calls=CALLS if stage.scale.complete else QUICK_CALLS,
        worker=service.process.worker_pids()[0],
    )
    return await watched(job)


def _compare(results: Results, crowd: Crowd, old: Audience, empty: Audience) -> None:
    if old.boards is not None and empty.boards is not None:
        figure = results.figure(HISTORY, f"{GROUP}, {crowd}", "per second", "no old tickets", Target("ratio", least=KEPT))
        figure.add(1000 / old.boards.p50, 1000 / empty.boards.p50)


def _note(results: Results, crowd: Crowd, seen: Audience) -> None:
    many = crowd.many
    for who, spread in (("boards", seen.boards), ("phones", seen.phones)):
        if spread is not None and seen.notified is not None:
            target = Target("ours", most=100.0) if many else None
            figure = results.figure(GROUP, f"{crowd}: the last of the {who}", "ms", target=target)
            figure.add(spread.last, p50=spread.p50, p99=spread.p99, listener_p50=seen.notified.p50, listener_p99=seen.notified.p99)
    if seen.boards is not None and not many:
        results.figure(GROUP, f"{crowd}: p99", "ms", target=Target("ours", most=30.0)).add(seen.boards.p99)
    if seen.pressed is not None:
        figure = results.figure("from the clerk's request to the boards", str(crowd), "ms", "the call statement alone")
        figure.add(seen.pressed.p50, seen.database_ms, p99=seen.pressed.p99, last=seen.pressed.last)
    if many:
        weight = results.figure("a socket's memory", str(crowd), "KB", target=Target("ours", most=30.0))
        weight.add(seen.socket_kb, worker_mb=seen.worker_mb)
    results.figure("what a message costs the worker", str(crowd), "µs").add(seen.send_us)
