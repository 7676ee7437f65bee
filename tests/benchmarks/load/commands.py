"""Clients that give command after command for a fixed time: visitors at kiosks, clerks at desks."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial

import asyncpg
import msgspec
import psutil  # type: ignore[import-untyped]  # comes with the embedded server, without types

from tests.benchmarks.load.http import HttpConnection, new_key, post
from tests.benchmarks.load.jobs import BookJob, CallJob, LookJob, Pace, TakeJob
from tests.benchmarks.load.sockets import LiveSocket

PUT_BACK_CONNECTIONS = 8
"""Enough that no desk waits for another's put-back; the service's own pool has as many."""

LONGEST_WARM_UP_SECONDS = 15.0
"""Then the window opens all the same; what was still cold shows as slow, never as a hang."""

Command = Callable[[], Awaitable[int]]
"""Gives one command and returns the answer's status."""


class Run:
    """Lets clients give commands; what is answered between the end of the warm-up and the end of the run counts."""

    def __init__(self, job: TakeJob | CallJob | BookJob | LookJob) -> None:
        self._job = job
        self._warm_until = time.perf_counter() + job.warm_up
        self._cold_until = time.perf_counter() + LONGEST_WARM_UP_SECONDS
        self._opened: float | None = None
        self._took: list[float] = []
        self._after_opening = 0
        self._statuses: Counter[int] = Counter()
        self._workers = [psutil.Process(pid) for pid in job.workers]
        self._service_cpu = self._load_cpu = 0.0

    @property
    def open(self) -> bool:
        return self._opened is not None

    async def keep_going(self, command: Command) -> None:
        asked = time.perf_counter()
        while self._opened is None or asked < self._opened + self._job.seconds:
            status = await command()
            answered = time.perf_counter()
            self._statuses[status] += 1
            if self._opened is None:
                self._open_when_warm(answered)
            else:
                self._after_opening += 1
                if answered < self._opened + self._job.seconds:
                    self._took.append(answered - asked)
            asked = answered

    def _open_when_warm(self, now: float) -> None:
        warm = now >= self._warm_until and self._statuses.total() >= self._job.warm_commands
        if warm or now >= self._cold_until:
            self._opened = now
            self._service_cpu, self._load_cpu = self._cpu_of_workers(), time.process_time()

    def _cpu_of_workers(self) -> float:
        times = [worker.cpu_times() for worker in self._workers]
        return float(sum(each.user + each.system for each in times))

    def pace(self, expected: int) -> Pace:
        took = sorted(self._took)
        counted = max(1, self._after_opening)
        return Pace(
            per_second=len(took) / self._job.seconds,
            p50_ms=1000 * took[len(took) // 2] if took else 0.0,
            p99_ms=1000 * took[len(took) * 99 // 100] if took else 0.0,
            done=self._statuses[expected],
            refused={str(status): number for status, number in self._statuses.items() if status != expected},
            service_cpu_us=1e6 * (self._cpu_of_workers() - self._service_cpu) / counted,
            load_cpu_us=1e6 * (time.process_time() - self._load_cpu) / counted,
        )


async def play_take(job: TakeJob) -> Pace:
    requests = [
        (kiosk.token, msgspec.json.encode({"service": kiosk.service, "privilege": None, "needs": [], "language": "ru"}))
        for kiosk in job.kiosks
    ]
    connections = [await HttpConnection.open(job.port) for _ in range(job.clients)]

    async def take(connection: HttpConnection) -> int:
        token, body = random.choice(requests)
        answer = await connection.ask(post("/api/kiosk/tickets", token, body, new_key()))
        return answer.status

    screens = [await LiveSocket.open(job.port, path, lambda *_: None) for path in job.screens]
    run = Run(job)
    await asyncio.gather(*(run.keep_going(partial(take, each)) for each in connections))
    for connection in connections:
        connection.close()
    for screen in screens:
        screen.close()
    return run.pace(expected=201)


async def play_call(job: CallJob) -> Pace:
    """The window's times are those of call and put-back together, as in the floor."""
    pool = await asyncpg.create_pool(job.database_url, min_size=PUT_BACK_CONNECTIONS, max_size=PUT_BACK_CONNECTIONS)
    connections = [await HttpConnection.open(job.port) for _ in job.desks]

    async def call(connection: HttpConnection, request: bytes, desk_id: int) -> int:
        answer = await connection.ask(request)
        await pool.execute(job.put_back, desk_id)
        return answer.status

    run = Run(job)
    turns = []
    for connection, desk in zip(connections, job.desks, strict=True):
        request = post("/api/desk/call-next", desk.token)
        turns.append(run.keep_going(partial(call, connection, request, desk.desk_id)))
    await asyncio.gather(*turns)
    for connection in connections:
        connection.close()
    await pool.close()
    return run.pace(expected=200)
