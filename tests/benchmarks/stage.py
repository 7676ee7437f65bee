"""Where the figures are taken: one embedded PostgreSQL in a temporary folder, databases that are copies of one city, services on them.

Each service has a database of its own, or it would hear the notifications of the others' load and pay for them; floors run where
nobody listens, as pgbench alone would. Everything is made at first use and gone at the end, whatever happens.
"""

import asyncio
import atexit
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import asyncpg
import msgspec

from queue_service.embedded import EmbeddedServer
from queue_service.schema import upgrade
from tests.benchmarks import bookings, city, history
from tests.benchmarks.city import City
from tests.benchmarks.errors import BenchmarkError
from tests.benchmarks.load.jobs import (
    Audience,
    BookJob,
    CallJob,
    Crowd,
    CrowdJob,
    DayJob,
    Hall,
    HallJob,
    Job,
    LiveJob,
    LookJob,
    Looks,
    Pace,
    Played,
    TakeJob,
)
from tests.benchmarks.scale import Scale
from tests.support.postgres import renamed
from tests.support.service import ServiceProcess

MODEL = "model"
"""The database that the others are copied from."""
LOAD_SECONDS = 120.0
"""No job takes this long, or this much longer than it was told to; one that does hangs."""

Measured = TypeVar("Measured", Pace, Audience, Looks, Crowd, Hall, Played)


class Past(StrEnum):
    """What happened in the city before the figures are taken; each is a database that others are copied from, made at first use."""

    NOTHING = ""
    BOOKINGS = "booked"
    YEARS = "old"
    """Of tickets and of bookings, under what is booked now."""


_LAST = """
SELECT (SELECT coalesce(max(id), 0) FROM ticket) AS ticket, (SELECT coalesce(max(id), 0) FROM lane_taken) AS part,
       (SELECT coalesce(max(id), 0) FROM appointment) AS appointment
"""
"""Where the past ends."""


class Database:
    """A copy of the city and the connection that arranges it."""

    def __init__(self, url: str, connection: "asyncpg.Connection[asyncpg.Record]", last: asyncpg.Record) -> None:
        self.url = url
        self.connection = connection
        self._last = last

    @classmethod
    async def at(cls, url: str) -> "Database":
        connection = await asyncpg.connect(url)
        last = await connection.fetchrow(_LAST)
        assert last is not None
        return cls(url, connection, last)

    async def begin(self, waiting: dict[int, int]) -> list[str]:
        """As on a quiet morning, with so many waiting per office id; the secrets of those who wait."""
        await city.forget_since(self.connection, self._last["ticket"])
        return await city.let_wait(self.connection, waiting)

    async def tickets_taken(self, waiting: int) -> int:
        """Tickets issued since `begin` let so many wait."""
        issued = await self.connection.fetchval("SELECT count(*) FROM ticket WHERE id > $1", self._last["ticket"])
        return int(issued) - waiting

    async def begin_booking(self) -> None:
        """Nobody has booked anything since the city's past was written."""
        await bookings.forget_since(self.connection, self._last["part"], self._last["appointment"])

    async def holds_kept(self) -> int:
        """Appointments on hold that have their part of a lane, since `begin_booking`."""
        kept = await self.connection.fetchval(
            "SELECT count(*) FROM appointment JOIN lane_taken ON appointment_id = appointment.id WHERE state = 'held' AND kind = 'hold'"
        )
        return int(kept)

    async def wal_bytes(self) -> float:
        """Write-ahead log of the server so far; only one database works at a time."""
        return float(await self.connection.fetchval("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn"))


class Service:
    """A running `queue-service serve` and its database."""

    def __init__(self, process: ServiceProcess, database: Database) -> None:
        self.port = process.port
        self.process = process
        self.database = database

    async def restart(self) -> None:
        """Fresh processes on the same port."""
        self.process.kill()
        self.process.start()
        await self.process.ready()

    @property
    def workers(self) -> tuple[int, ...]:
        return tuple(self.process.worker_pids())


class Stage:
    def __init__(self, scale: Scale, folder: Path, server: EmbeddedServer) -> None:
        self.scale = scale
        self.folder = folder
        self.server = server
        self.city: City
        self._databases: dict[str, Database] = {}
        self._services: dict[tuple[int, Past], Service] = {}

    async def build(self) -> None:
        await self._execute("postgres", f"CREATE DATABASE {MODEL}")
        url = self.url(MODEL)
        await upgrade(url)
        self.city = await city.build(url)
        # As autovacuum would leave it: else whoever first reads a page of a copy marks its rows as committed, and writes the page whole.
        await self._execute(MODEL, "VACUUM (ANALYZE)")

    def url(self, name: str) -> str:
        return renamed(self.server.url, name)

    def pasts(self, without: Past, turn: int) -> list[Past]:
        """What is compared, in this round's order: a machine that grows slower while both are played favours the first."""
        pasts = [without, Past.YEARS] if self.scale.old_tickets else [without]
        return pasts[:: -1 if turn % 2 else 1]

    async def _execute(self, name: str, statement: str) -> None:
        connection = await asyncpg.connect(self.url(name))
        try:
            await connection.execute(statement, timeout=300)
        finally:
            await connection.close()

    async def database(self, name: str, past: Past = Past.NOTHING) -> Database:
        """The copy of that name, with that past."""
        full = f"{name}_{past}" if past else name
        if full not in self._databases:
            model = await self._model_with(past) if past else MODEL
            await self._execute("postgres", f"CREATE DATABASE {full} TEMPLATE {model} STRATEGY FILE_COPY")
            self._databases[full] = await Database.at(self.url(full))
        return self._databases[full]

    async def _model_with(self, past: Past) -> str:
        name = f"{MODEL}_{past}"
        connection = await asyncpg.connect(self.url("postgres"))
        known = await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name)
        await connection.close()
        if not known:
            before = await self._model_with(Past.BOOKINGS) if past is Past.YEARS else MODEL
            await self._execute("postgres", f"CREATE DATABASE {name} TEMPLATE {before}")
            if past is Past.YEARS:
                say(f"writing {self.scale.old_tickets:,} old tickets and the bookings of that time")
                await history.write(self.url(name), self.scale.old_tickets)
            else:
                say(f"writing {bookings.PARTS:,} parts of lanes")
                await bookings.write(self.url(name))
        return name

    async def service(self, workers: int = 1, past: Past = Past.NOTHING) -> Service:
        """A running service on its own copy."""
        if (workers, past) not in self._services:
            database = await self.database(f"served_by_{workers}", past)
            process = ServiceProcess({"QUEUE_DATABASE_URL": database.url, "QUEUE_LOG_LEVEL": "warning"}, workers, self.folder)
            self._services[workers, past] = Service(process, database)
            process.start()
            await process.ready()
        return self._services[workers, past]

    async def close(self) -> None:
        for service in self._services.values():
            service.process.kill()
            await service.process.close()
        for database in self._databases.values():
            await database.connection.close()


@asynccontextmanager
async def stage(scale: Scale) -> AsyncIterator[Stage]:
    # Short: the server's socket lies inside, and a socket's path may have 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="queue-bench-"))
    # Besides the removal below: the server's package comes back when the interpreter ends and leaves its lock file once more.
    # What is registered before the server starts runs after that.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    server = EmbeddedServer(folder)
    try:
        await asyncio.to_thread(server.start)
        made = Stage(scale, folder, server)
        try:
            await made.build()
            yield made
        finally:
            await made.close()
    finally:
        await asyncio.to_thread(server.stop)
        shutil.rmtree(folder, ignore_errors=True)


async def loaded(job: TakeJob | CallJob | BookJob) -> Pace:
    return await _played(job, Pace)


async def watched(job: LiveJob) -> Audience:
    return await _played(job, Audience)


async def looked(job: LookJob) -> Looks:
    return await _played(job, Looks)


async def crowded(job: CrowdJob) -> Crowd:
    return await _played(job, Crowd, job.seconds)


async def lived(job: HallJob) -> Hall:
    return await _played(job, Hall, job.seconds)


async def simulated(job: DayJob) -> Played:
    return await _played(job, Played)


async def _played(job: Job, answer: type[Measured], seconds: float = 0.0) -> Measured:
    """Runs the load process with this job; a job that cannot be played ends the benchmark with what it said."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.benchmarks.load"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, errors = await asyncio.wait_for(process.communicate(msgspec.json.encode(job)), seconds + LOAD_SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise BenchmarkError(f"The load process failed:\n{errors.decode(errors='replace')[-3000:]}")
    return msgspec.json.decode(output, type=answer)


def say(sentence: str) -> None:
    """What takes time is named while it takes it."""
    print(f"  … {sentence}", file=sys.stderr, flush=True)
