"""The migrations make exactly the tables that the models describe, from nothing and from data of any earlier version."""

import ast
import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import SQLModel

from queue_service.db import SERVICE_ROLE
from queue_service.schema import alembic_config, load_tables, newest_revision, upgrade
from queue_service.settings import CHECKOUT
from tests.support.postgres import a_database_on

SHAPE = """
SELECT 'column', table_name, column_name, data_type || coalesce(character_maximum_length::text, '') || is_nullable || is_identity
       || coalesce(column_default, '')
  FROM information_schema.columns WHERE table_schema = 'public'
 UNION ALL
SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
 UNION ALL
SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
"""
"""Everything that a table promises, the checks and the conditions of indexes too, which alembic does not compare."""

DATA_OF_0001 = """
INSERT INTO office (id, slug, position, name, district, address, phone, time_zone, ticker, no_show_min_calls, no_show_min_seconds,
                    return_limit_minutes, privilege_head_start_minutes, booked_head_start_minutes, late_grace_minutes,
                    help_out_penalty_minutes)
VALUES (1, 'nevsky', 0, '{"ru": "МФЦ"}', '{"ru": "Невский район"}', '{"ru": "Невский, 1"}', NULL, 'Europe/Moscow', '[]', 2, 20, 30, 120,
        60, 15, 10);
INSERT INTO privilege (id, code, name, basis, document, valid_from, valid_to, position)
VALUES (1, 'veteran', '{"ru": "Ветеран"}', 'Закон', '{"ru": "Удостоверение"}', '2020-01-01', NULL, 0);
INSERT INTO setup_revision (source, digest, loaded_at) VALUES ('city.yaml', 'abc', '2026-01-10 06:00Z');
INSERT INTO account (id, login, name, password_hash, role, office_id, active) VALUES (1, 'anna', 'Анна', 'x', 'clerk', 1, true);
INSERT INTO closure (office_id, local_date, opens, closes, reason) VALUES (1, '2026-01-01', NULL, NULL, '{"ru": "праздник"}');
INSERT INTO opening_hours (office_id, weekday, opens, closes) VALUES (1, 1, 540, 1200);
INSERT INTO service_group (id, office_id, code, letter, name, position) VALUES (1, 1, 'papers', 'А', '{"ru": "Документы"}', 0);
INSERT INTO zone (id, office_id, code, name) VALUES (1, 1, 'hall', '{"ru": "Зал"}');
INSERT INTO device (id, office_id, kind, name, zone_id, token_hash, settings, health, seen_at, revoked_at)
VALUES (1, 1, 'kiosk', 'Терминал 1', NULL, '\\x01', '{}', NULL, NULL, NULL);
INSERT INTO service (id, office_id, group_id, code, name, goal, documents, typical_minutes, wait_norm_minutes, booking_norm_minutes,
                     daily_limit, walk_in, active, position)
VALUES (1, 1, 1, 'passport', '{"ru": "Паспорт"}', 'submit', '[]', 10, 15, 5, 100, true, true, 0);
INSERT INTO staff_session (token_hash, account_id, created_at, expires_at) VALUES ('\\x02', 1, '2026-01-12 06:00Z', '2026-01-12 18:00Z');
INSERT INTO desk (id, office_id, zone_id, number, place, accessible, active) VALUES (1, 1, 1, '5', NULL, true, true);
INSERT INTO desk_service (desk_id, service_id, office_id, help_out) VALUES (1, 1, 1, false);
INSERT INTO service_day (service_id, local_date, issued) VALUES (1, '2026-01-12', 2);
INSERT INTO ticket_counter (office_id, local_date, letter, last_number) VALUES (1, '2026-01-12', 'А', 2);
INSERT INTO shift (office_id, desk_id, account_id, opened_at, closed_at, paused_at, pause_reason, pause_note, served, serving_seconds)
VALUES (1, 1, 1, '2026-01-12 06:00Z', NULL, NULL, NULL, NULL, 1, 300);
INSERT INTO shift_event (shift_id, kind, at) SELECT id, 'opened', opened_at FROM shift;
INSERT INTO ticket (secret, office_id, local_date, letter, number, service_id, state, source, language, needs, privilege_id,
                    privilege_state, late, issued_at, due_at, rank_at, rank_from, desk_id, clerk_id, called_at, calls, started_at,
                    ended_at, idempotency_key)
VALUES ('one', 1, '2026-01-12', 'А', 1, 1, 'served', 'walk_in', 'ru', '{}', NULL, NULL, false, '2026-01-12 07:00Z', '2026-01-12 07:15Z',
        '2026-01-12 07:15Z', '2026-01-12 07:00Z', 1, 1, '2026-01-12 07:05Z', 1, '2026-01-12 07:06Z', '2026-01-12 07:11Z', 'a'),
       ('two', 1, '2026-01-12', 'А', 2, 1, 'waiting', 'walk_in', 'ru', '{hearing}', 1, 'claimed', false, '2026-01-12 07:01Z',
        '2026-01-12 07:16Z', '2026-01-12 05:16Z', '2026-01-12 07:01Z', NULL, NULL, NULL, 0, NULL, NULL, 'b');
INSERT INTO ticket_event (ticket_id, office_id, kind, at, details) SELECT id, 1, 'issued', issued_at, '{}' FROM ticket;
"""
"""A hall at work as version 0001 wrote it. Never changed: a later version adds its own beside it."""


@pytest.fixture
def empty(database_url: str) -> Iterator[str]:
    """An empty database."""
    with a_database_on(database_url, "empty") as url:
        yield url


@pytest.fixture
def another(database_url: str) -> Iterator[str]:
    with a_database_on(database_url, "another") as url:
        yield url


async def fetch(url: str, statement: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(statement)]
    finally:
        await connection.close()


async def execute(url: str, statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statements)
    finally:
        await connection.close()


def revisions() -> list[str]:
    """From the first to the head."""
    return [each.revision for each in ScriptDirectory.from_config(alembic_config()).walk_revisions()][::-1]


def test_there_is_one_head_and_one_way_to_it() -> None:
    scripts = ScriptDirectory.from_config(alembic_config())
    assert len(scripts.get_heads()) == 1
    assert len(scripts.get_bases()) == 1
    assert newest_revision() == scripts.get_current_head(), "the names of the files say so too"
    assert len(revisions()) == len(list((CHECKOUT / "migrations" / "versions").glob("*.py")))


def versions() -> list[Path]:
    return sorted((CHECKOUT / "migrations" / "versions").glob("*.py"))


@pytest.mark.parametrize("path", versions(), ids=lambda path: path.stem)
def test_a_migration_says_what_it_does_and_needs_nothing_that_may_change(path: Path) -> None:
    """It imports none of our code: the models of today are not those of its day."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    sources = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    sources += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    assert not [source for source in sources if source.startswith("queue_service")]


async def test_the_migrations_make_what_the_models_describe(empty: str, another: str) -> None:
    load_tables()
    await upgrade(empty)
    engine = create_async_engine(another.replace("postgresql://", "postgresql+asyncpg://", 1))
    async with engine.begin() as connection:
        await connection.run_sync(SQLModel.metadata.create_all)
    await engine.dispose()
    migrated = {row for row in await fetch(empty, SHAPE) if row[1] != "alembic_version"}
    assert migrated == set(await fetch(another, SHAPE))
    assert len(migrated) > 100


async def test_alembic_finds_nothing_to_add(empty: str) -> None:
    load_tables()
    await upgrade(empty)

    def difference(connection: Connection) -> object:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return compare_metadata(context, SQLModel.metadata)

    engine = create_async_engine(empty.replace("postgresql://", "postgresql+asyncpg://", 1))
    async with engine.connect() as connection:
        assert await connection.run_sync(difference) == []
    await engine.dispose()


async def test_every_constraint_has_a_name_of_ours(empty: str) -> None:
    """A name is what an error is recognised by; PostgreSQL's own would change with the columns."""
    await upgrade(empty)
    names = await fetch(empty, "SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'")
    assert [name for (name,) in names if not str(name).startswith(("pk_", "fk_", "uq_", "ck_", "ex_", "alembic_"))] == []


async def test_an_upgrade_from_any_version_keeps_its_data(empty: str) -> None:
    first, *later = revisions()
    await upgrade(empty, first)
    await execute(empty, DATA_OF_0001)
    tables = [str(name) for (name,) in await fetch(empty, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    before = {table: len(await fetch(empty, f"SELECT FROM {table}")) for table in tables}
    assert min(before.values()) >= 1, "a table of version 0001 is not in its data"
    for revision in later:
        await upgrade(empty, revision)
    await upgrade(empty)
    assert await fetch(empty, "SELECT version_num FROM alembic_version") == [(revisions()[-1],)]
    assert await fetch(empty, "SELECT secret, letter, number, state FROM ticket ORDER BY id") == [
        ("one", "А", 1, "served"),
        ("two", "А", 2, "waiting"),
    ]
    assert await fetch(empty, "SELECT count(*) FROM ticket_event") == [(2,)]


async def test_processes_that_start_at_once_migrate_once(empty: str) -> None:
    await asyncio.gather(*(upgrade(empty) for _ in range(4)))
    assert await fetch(empty, "SELECT count(*) FROM alembic_version") == [(1,)]


async def test_a_start_with_nothing_to_migrate_renews_what_the_service_may_do_and_leaves_alembic_aside(empty: str) -> None:
    """It weighs 9 MB, and with one worker the process that looks is the one that serves."""
    await upgrade(empty)
    await execute(empty, f"REVOKE SELECT ON office FROM {SERVICE_ROLE}")
    start = "import sys; from queue_service.schema import upgrade_now; upgrade_now(sys.argv[1]); print('alembic' in sys.modules)"
    ran = await asyncio.create_subprocess_exec(sys.executable, "-c", start, empty, stdout=asyncio.subprocess.PIPE)
    printed, _ = await ran.communicate()
    assert printed == b"False\n"
    assert await fetch(empty, f"SELECT has_table_privilege('{SERVICE_ROLE}', 'office', 'SELECT')") == [(True,)]


async def test_a_failed_upgrade_leaves_nothing_half_done(empty: str) -> None:
    """The whole way is one transaction."""
    await execute(empty, "CREATE TABLE shift_event (id int)")
    with pytest.raises(Exception, match="already exists"):
        await upgrade(empty)
    assert await fetch(empty, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == [("shift_event",)]
