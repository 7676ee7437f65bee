"""Two ways to PostgreSQL, chosen by heat: `hot`, an asyncpg pool for the one-statement commands, and `session`, the SQLModel unit of work.

`provide_db` is the only generator dependency of the service: it commits before the answer is sent, so a failed commit is an error
answer and never a lie. Refuses to hold anything at import: a `Database` is made in the application's lifespan.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

import asyncpg
from litestar.datastructures import State
from sqlalchemy import DateTime, Enum, MetaData
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

CONNECT_TIMEOUT_SECONDS = 5.0
"""Longer than a restart of PostgreSQL on a healthy disk would be a lie to a waiting visitor; they get 503 and retry."""
START_SECONDS = 30.0
"""Before the service serves nobody waits for its answer: a machine that stands still while everything starts must not end it."""
COMMAND_TIMEOUT_SECONDS = 15.0
"""No command of ours takes a second; what takes fifteen is stuck, and a stuck connection must come back to the pool."""

SERVICE_ROLE = "queue_service"
"""What every connection of the service works as, whoever it signed in as: this role may not change what is only ever added to
(`schema.APPEND_ONLY`), nor any table's form."""

HOT_SETTINGS = {"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off", "enable_bitmapscan": "off", "jit": "off"}
"""Hot statements are planned once per connection and walk the indexes made for them, in their order: a plan made while a table was still
empty must not turn into a scan of a year's tickets, nor a walk of the first few into a reading and sorting of the whole queue."""

SQLModel.metadata.naming_convention = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
).naming_convention


TICKET_ISSUED = "ticket_issued"
"""NOTIFY channel with an office's id: somebody joined the queue, and nothing else changed."""
OFFICE_CHANGED = "office_changed"
"""NOTIFY channel and the key in a session's `info`: which offices its transaction changes."""


class Instant(DateTime):
    """timestamptz: every moment in the database is an instant, local time is derived where an office's zone is named."""

    def __init__(self) -> None:
        super().__init__(timezone=True)


def words(enum: type[StrEnum]) -> Any:
    """A text column that reads back as its enum; the table's own check constraint says which words it admits."""
    return Enum(
        enum,
        native_enum=False,
        create_constraint=False,
        length=32,
        values_callable=lambda words: [word.value for word in words],
    )


if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
else:  # generic for the type checker only
    Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
    Pool = asyncpg.Pool


async def _prepare_connection(connection: Connection) -> None:
    await connection.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")


async def _keep_as_is(connection: Connection) -> None:
    """asyncpg's default reset is a round trip per release (performance.md); ours never change a connection's state."""


class Database:
    """The engine and the pool of one process."""

    def __init__(self, url: str, hot_pool_size: int) -> None:
        self.url = url
        """A libpq URL, `postgresql://…`."""
        self._hot_pool_size = hot_pool_size
        self.engine: AsyncEngine = create_async_engine(
            url.replace("postgresql://", "postgresql+asyncpg://", 1),
            pool_size=5,
            max_overflow=10,
            pool_pre_ping=True,
            hide_parameters=True,  # a failed statement must not repeat somebody's words in the log
            connect_args={
                "timeout": CONNECT_TIMEOUT_SECONDS,
                "command_timeout": COMMAND_TIMEOUT_SECONDS,
                "server_settings": {"role": SERVICE_ROLE},
            },
        )
        self.hot: Pool

    async def open(self) -> None:
        self.hot = await asyncpg.create_pool(
            self.url,
            min_size=0,  # a worker that starts while PostgreSQL restarts waits for it like any other
            max_inactive_connection_lifetime=0,
            max_size=self._hot_pool_size,
            timeout=CONNECT_TIMEOUT_SECONDS,
            command_timeout=COMMAND_TIMEOUT_SECONDS,
            init=_prepare_connection,
            server_settings={"role": SERVICE_ROLE, **HOT_SETTINGS},
            reset=_keep_as_is,
        )

    async def close(self) -> None:
        await self.hot.close()
        await self.engine.dispose()

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """One transaction: commits at the end, rolls back on any error."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session, session.begin():
            yield session


@asynccontextmanager
async def opened(url: str, hot_pool_size: int = 2) -> AsyncIterator[Database]:
    """A database for a program's lifetime: command line, tests, simulator."""
    database = Database(url, hot_pool_size)
    await database.open()
    try:
        yield database
    finally:
        await database.close()


async def provide_db(state: State) -> AsyncIterator[AsyncSession]:
    database: Database = state.database
    async with database.session() as session:
        yield session
    for office_id in session.info.get(OFFICE_CHANGED, ()):
        state.heard_office(office_id)


async def raw_connection(db: AsyncSession) -> Connection:
    """The driver's connection under the session, in its transaction: for statements that are written for it."""
    connection: Any = (await (await db.connection()).get_raw_connection()).driver_connection
    return cast("Connection", connection)


def constraint_of(error: BaseException) -> str | None:
    """The name of the violated constraint, through SQLAlchemy's wrapping or straight from asyncpg."""
    cause: Any = error
    while cause is not None:
        name = getattr(cause, "constraint_name", None)
        if isinstance(name, str):
            return name
        cause = getattr(cause, "orig", None) or cause.__cause__
    return None


def utc(moment: datetime) -> str:
    """ISO 8601 with Z and seconds, the one spelling of instants that we send."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
