"""What was written down stays: the service's own connections may not change, remove or empty its records, nor give themselves the right.

In a database of its own, because the run's one lets tests sweep. Where the login owns the tables (embedded, one URL for everything) it
could step back to itself with SET ROLE NONE: that limit is shown here too, and QUEUE_OWNER_URL takes it away.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from sqlalchemy import text

from queue_service.audit.journal import SYSTEM, Act, record
from queue_service.db import SERVICE_ROLE, Database, opened
from queue_service.errors import SettingsError
from queue_service.schema import APPEND_ONLY, prepare, upgrade_now
from queue_service.settings import Settings
from tests.support.postgres import a_database_on

NOW = datetime(2031, 3, 12, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def own_url(database_url: str) -> Iterator[str]:
    with a_database_on(database_url, "rights") as url:
        upgrade_now(url)
        yield url


@pytest.fixture
async def own(own_url: str) -> AsyncIterator[Database]:
    async with opened(own_url) as database:
        yield database


FORBIDDEN = [
    *(f"UPDATE {table} SET id = id" for table in APPEND_ONLY),
    *(f"DELETE FROM {table}" for table in APPEND_ONLY),
    *(f"TRUNCATE {table}" for table in APPEND_ONLY),
    *(f"DROP TABLE {table}" for table in APPEND_ONLY),
    *(f"ALTER TABLE {table} DISABLE TRIGGER ALL" for table in APPEND_ONLY),
    f"ALTER TABLE audit_record OWNER TO {SERVICE_ROLE}",
    "CREATE RULE silent AS ON INSERT TO audit_record DO INSTEAD NOTHING",
    "UPDATE ticket_event SET kind = 'forged'",
    "TRUNCATE ticket_event",
    "ALTER TABLE ticket_event DISABLE TRIGGER journal_is_append_only",
    "DROP TRIGGER journal_is_append_only ON ticket_event",
    "DROP TRIGGER policy_change_is_append_only ON policy_change",
    "CREATE OR REPLACE FUNCTION refuse_journal_update() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "CREATE TABLE audit_record_2 (id int)",
    "INSERT INTO audit_record (id, at, actor, act, subject) OVERRIDING SYSTEM VALUE VALUES (1, now(), 'a', 'b', 'c')"
    " ON CONFLICT (id) DO UPDATE SET actor = 'b'",
]


@pytest.mark.parametrize("statement", FORBIDDEN)
async def test_neither_way_to_the_database_can_rewrite_a_record(own: Database, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await own.hot.execute(statement)
    with pytest.raises(Exception, match=r"permission denied|must be owner"):
        async with own.session() as db:
            await (await db.connection()).execute(text(statement))


async def test_a_right_that_the_service_gives_itself_is_none(own: Database) -> None:
    await own.hot.execute(f"GRANT UPDATE, DELETE ON audit_record TO {SERVICE_ROLE}")  # PostgreSQL only warns that nothing was granted
    assert not await own.hot.fetchval(
        "SELECT has_table_privilege('audit_record', 'UPDATE') OR has_table_privilege('audit_record', 'DELETE')"
    )


async def test_the_service_can_add_to_the_record_and_read_it(own: Database) -> None:
    async with own.session() as db:
        record(db, SYSTEM, Act("office.changed", "office:1"), NOW)
    assert await own.hot.fetchval("SELECT count(*) FROM audit_record WHERE act = 'office.changed'") == 1


async def test_an_owner_that_signs_in_as_the_service_could_step_back_to_itself(own: Database) -> None:
    """The documented limit of one URL for everything: the role is put on, and whoever holds the login can take it off."""
    async with own.hot.acquire() as connection, connection.transaction():
        await connection.execute("RESET ROLE")  # the role came with the connection, so this is no way
        assert await connection.fetchval("SELECT current_user") == SERVICE_ROLE
        await connection.execute("SET ROLE NONE")
        await connection.execute("UPDATE audit_record SET reason = reason")
        await connection.execute(f"SET ROLE {SERVICE_ROLE}")


def as_login(url: str, name: str, password: str) -> str:
    """The same database for another login; over the server's socket the name is enough."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{name}:{password}@{host}"))


@pytest.fixture
def login(database_url: str) -> Iterator[tuple[str, str, str]]:
    """A database that nobody has migrated, its owner's address, and that of a login which owns nothing."""
    name, password = f"service_{secrets.token_hex(4)}", secrets.token_hex(8)

    async def on(url: str, statement: str) -> None:
        connection = await asyncpg.connect(url)
        await connection.execute(statement)
        await connection.close()

    with a_database_on(database_url, "apart") as url:
        asyncio.run(on(url, f"CREATE ROLE {name} LOGIN PASSWORD '{password}'"))
        try:
            yield url, as_login(url, name, password), name
        finally:
            asyncio.run(on(url, f"DROP OWNED BY {name}; DROP ROLE {name}"))


async def test_with_an_owner_apart_the_service_has_nothing_to_step_back_to(login: tuple[str, str, str]) -> None:
    owner_url, url, name = login
    with pytest.raises(SettingsError, match="QUEUE_OWNER_URL"):
        await prepare(url, None)
    await prepare(url, owner_url)
    await prepare(url, None)  # a start without the owner's address, once the schema is the newest
    async with opened(url) as database:
        async with database.session() as db:
            record(db, SYSTEM, Act("office.changed", "office:1"), NOW)
        for begun in ("", "RESET ROLE; ", "SET ROLE NONE; ", f"SET ROLE {name}; "):
            for statement in ("UPDATE audit_record SET reason = 'forged'", "DELETE FROM audit_record", "TRUNCATE audit_record"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await database.hot.execute(begun + statement)
        assert await database.hot.fetchval("SELECT reason FROM audit_record") is None


async def test_a_login_without_the_services_role_is_told_so(login: tuple[str, str, str]) -> None:
    owner_url, url, name = login
    await prepare(url, owner_url)
    connection = await asyncpg.connect(owner_url)
    await connection.execute(f"REVOKE {SERVICE_ROLE} FROM {name}; GRANT SELECT ON alembic_version TO {name}")
    await connection.close()
    with pytest.raises(SettingsError, match=f"GRANT {SERVICE_ROLE}"):
        await prepare(url, None)


def test_the_owners_address_needs_the_services_own() -> None:
    with pytest.raises(SettingsError, match="QUEUE_OWNER_URL"):
        Settings.from_environment({"QUEUE_OWNER_URL": "postgresql://owner@localhost/queue"})
    with pytest.raises(SettingsError, match="QUEUE_OWNER_URL"):
        Settings.from_environment({"QUEUE_OWNER_URL": "mysql://owner", "QUEUE_DATABASE_URL": "postgresql://queue@localhost/queue"})
