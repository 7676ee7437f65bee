"""Brings a database to the newest schema, from nothing or from any earlier version, and says what the service itself may do there.

Several processes may start at once: an advisory lock lets one migrate while the others wait. Refuses to downgrade a city's data.
"""

import asyncio
from importlib import import_module

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import create_async_engine

from queue_service.db import SERVICE_ROLE
from queue_service.errors import SettingsError
from queue_service.settings import CHECKOUT

MIGRATION_LOCK = 7_465_201
"""Any number, as long as every process takes the same one."""

APPEND_ONLY = ("audit_record", "destruction", "policy_change")
"""The service adds to them and reads them. Only the database's owner could change or remove a row."""
JOURNAL = "ticket_event"
"""Never updated either, but removed when its retention is over."""

TABLE_MODULES = ("limits", "audit", "offices", "staff", "devices", "notifications", "booking", "tickets", "desks")


def load_tables() -> None:
    """Imports every module that declares tables, so that the metadata is whole."""
    for domain in TABLE_MODULES:
        import_module(f"queue_service.{domain}.models")


def alembic_config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(CHECKOUT / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


async def upgrade(url: str, revision: str = "head") -> None:
    """Upgrades the database at `url`; returns when it is at `revision`."""
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1))

    def run(connection: Connection) -> None:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        command.upgrade(alembic_config(connection), revision)
        if revision == "head":
            _grant(connection)

    try:
        async with engine.begin() as connection:
            await connection.run_sync(run)
    finally:
        await engine.dispose()


def _grant(connection: Connection) -> None:
    """Makes the service's role where it is missing and tells it what it may do; again at every start, so that new tables are not forgotten.

    SettingsError where the migrating role may not make it.
    """
    known = connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": SERVICE_ROLE}).scalar()
    member = known and connection.execute(text(f"SELECT pg_has_role(current_user, '{SERVICE_ROLE}', 'MEMBER')")).scalar()
    if not member:
        try:
            with connection.begin_nested():
                if not known:
                    connection.execute(text(f"CREATE ROLE {SERVICE_ROLE} NOLOGIN"))
                connection.execute(text(f"GRANT {SERVICE_ROLE} TO CURRENT_USER"))
        except ProgrammingError as error:
            raise SettingsError(
                f"В базе нет роли {SERVICE_ROLE}, от имени которой работает сервис, и у этой учётной записи нет права её создать. "
                f"Выполните от имени администратора базы: CREATE ROLE {SERVICE_ROLE}; GRANT {SERVICE_ROLE} TO <учётная запись сервиса>;"
            ) from error
    only_added = ", ".join(APPEND_ONLY)
    for statement in (
        f"GRANT USAGE ON SCHEMA public TO {SERVICE_ROLE}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {SERVICE_ROLE}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {SERVICE_ROLE}",
        f"REVOKE UPDATE, DELETE ON {only_added} FROM {SERVICE_ROLE}",
        f"REVOKE UPDATE ON {JOURNAL} FROM {SERVICE_ROLE}",
        f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {SERVICE_ROLE}",
    ):
        connection.execute(text(statement))


def upgrade_now(url: str) -> None:
    asyncio.run(upgrade(url))
