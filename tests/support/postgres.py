"""A PostgreSQL for one test run: embedded in a temporary folder, or a database of its own on the server that QUEUE_DATABASE_URL names.

Tests are reset by DELETE, never by rolling back: NOTIFY, locks and commits are what most of them are about.
"""

import asyncio
import atexit
import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from sqlmodel import SQLModel

from queue_service.db import SERVICE_ROLE, Connection, Database
from queue_service.embedded import EmbeddedServer
from queue_service.schema import load_tables, upgrade_now

_folders: list[Path] = []


@atexit.register
def _leave_nothing_behind() -> None:
    """Once more at exit, last of all: the package's own handlers make a folder anew for their lock."""
    for folder in _folders:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def a_server() -> Iterator[EmbeddedServer]:
    """An embedded server of the test's own, to stop and start as it likes; gone afterwards."""
    # Not pytest's tmp_path: the server's socket lies inside, and a socket's path may have 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="queue-tests-"))
    _folders.append(folder)
    server = EmbeddedServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def no_new_connections(url: str) -> AsyncIterator[Connection]:
    """Whoever loses the connection cannot get another until the block ends; yields a connection that is open already."""
    database = urlsplit(url).path.removeprefix("/")
    keeper = await asyncpg.connect(renamed(url, "postgres"))
    inside = await asyncpg.connect(url)
    await keeper.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
    try:
        yield inside
    finally:
        await keeper.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")
        await inside.close()
        await keeper.close()


def renamed(url: str, database: str) -> str:
    """The same server, another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@contextmanager
def a_database_on(url: str, name: str) -> Iterator[str]:
    """An empty database with a name of its own beside the one at `url`, dropped afterwards whoever is still connected."""
    own = f"{name}_{secrets.token_hex(4)}"
    asyncio.run(_execute(url, f"CREATE DATABASE {own}"))
    try:
        yield renamed(url, own)
    finally:
        asyncio.run(_execute(url, f"DROP DATABASE {own} WITH (FORCE)"))


def _migrate(url: str) -> None:
    """And lets the tests, which work as the service does, see who waits for whom and (from PostgreSQL 17 on) have the tables counted."""
    upgrade_now(url)
    asyncio.run(_execute(url, f"GRANT pg_read_all_stats TO {SERVICE_ROLE}"))
    with contextlib.suppress(asyncpg.PostgresSyntaxError):
        asyncio.run(_execute(url, f"GRANT MAINTAIN ON ALL TABLES IN SCHEMA public TO {SERVICE_ROLE}"))


@contextmanager
def a_migrated_database() -> Iterator[str]:
    """The URL of the run's database."""
    given = os.environ.get("QUEUE_DATABASE_URL")
    if given:
        with a_database_on(given, "queue_tests") as url:
            _migrate(url)
            yield url
    else:
        with a_server() as server:
            _migrate(server.url)
            yield server.url


async def execute_as_owner(database: Database, statement: str, *arguments: object) -> Any:
    """What the service itself has no right to do; the first value of the first row."""
    connection = await asyncpg.connect(database.url)
    try:
        return await connection.fetchval(statement, *arguments)
    finally:
        await connection.close()


SWEEPS = 5
_owners: dict[str, Connection] = {}
"""The owner's connection to each swept database: what the service only adds to is not the service's to sweep."""


async def delete_everything(database: Database) -> None:
    """Back to a migrated database without a row; identities go on counting, so nothing remembered by id is ever wrong."""
    owner = _owners.get(database.url)
    if owner is None or owner.is_closed():
        owner = _owners[database.url] = await asyncpg.connect(database.url)
    load_tables()
    sweep = ";".join(f"DELETE FROM {table.name}" for table in reversed(SQLModel.metadata.sorted_tables))
    for _ in range(SWEEPS):
        # The housekeeping of a service that still runs may add to an office while it is swept away, or want the same rows.
        with contextlib.suppress(asyncpg.ForeignKeyViolationError, asyncpg.DeadlockDetectedError):
            await owner.execute(sweep)
            return
    await owner.execute(sweep)
