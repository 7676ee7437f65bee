"""Brings a database to the newest schema, from nothing or from any earlier version, and says what the service itself may do there.

Several processes may start at once: an advisory lock lets one migrate while the others wait. Where the service's login owns nothing
(QUEUE_OWNER_URL names who does), the owner migrates and the login only checks. Refuses to downgrade a city's data.
"""

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from queue_service.db import SERVICE_ROLE
from queue_service.errors import SettingsError
from queue_service.settings import CHECKOUT

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = CHECKOUT / "migrations"
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


def newest_revision() -> str:
    """What the last migration brings the schema to, by the numbers that the files begin with."""
    return max(path.name for path in MIGRATIONS.glob("versions/*.py")).partition("_")[0]


def alembic_config(connection: Connection | None = None) -> "Config":
    # Every worker imports the command line, and where nothing is to migrate nobody needs alembic: it weighs 9 MB.
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _engine(url: str) -> AsyncEngine:
    return create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1))


async def prepare(url: str, owner_url: str | None) -> None:
    """Upgrades as the owner; a service whose login owns nothing is told when somebody else has to.

    SettingsError where the schema is not the newest and nobody here may change it, or where the service could not work as its role.
    """
    if owner_url is not None:
        login = await _login(url)
        await upgrade(owner_url, login=login)
        await _check_login(url)
    elif await _may_migrate(url):
        await upgrade(url)
    else:
        await _check_newest(url)
        await _check_login(url)


_VERSIONED = "SELECT to_regclass('public.alembic_version') IS NOT NULL"


async def upgrade(url: str, revision: str = "head", login: str | None = None) -> None:
    """Upgrades the database at `url`; returns when it is at `revision`. `login`: who besides the owner works as the service's role."""
    engine = _engine(url)

    def run(connection: Connection) -> None:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        if revision != "head" or _revision(connection) != newest_revision():
            _migrate(connection, revision)
        if revision == "head":
            _grant(connection)
            if login is not None:
                _admit(connection, login)

    try:
        async with engine.begin() as connection:
            await connection.run_sync(run)
    finally:
        await engine.dispose()


def _revision(connection: Connection) -> str | None:
    """What the schema is at; None where there is none."""
    if not connection.execute(text(_VERSIONED)).scalar():
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _migrate(connection: Connection, revision: str) -> None:
    from alembic import command

    command.upgrade(alembic_config(connection), revision)


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
        f"REVOKE UPDATE, DELETE, TRUNCATE ON {only_added} FROM {SERVICE_ROLE}",
        f"REVOKE UPDATE ON {JOURNAL} FROM {SERVICE_ROLE}",
        f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {SERVICE_ROLE}",
    ):
        connection.execute(text(statement))


_MEMBER = f"SELECT pg_has_role(:login, '{SERVICE_ROLE}', 'MEMBER')"


def _admit(connection: Connection, login: str) -> None:
    """Lets the service's login work as its role. SettingsError where the owner may not say so."""
    if connection.execute(text(_MEMBER), {"login": login}).scalar():
        return
    quoted = connection.dialect.identifier_preparer.quote(login)
    try:
        with connection.begin_nested():
            connection.execute(text(f"GRANT {SERVICE_ROLE} TO {quoted}"))
    except ProgrammingError as error:
        raise SettingsError(
            "У учётной записи из QUEUE_OWNER_URL нет права дать роль сервису. "
            f"Выполните от имени администратора базы: GRANT {SERVICE_ROLE} TO {quoted};"
        ) from error


async def _asked(url: str, question: str) -> Any:
    engine = _engine(url)
    try:
        async with engine.connect() as connection:
            return (await connection.execute(text(question))).scalar()
    finally:
        await engine.dispose()


async def _login(url: str) -> str:
    return str(await _asked(url, "SELECT current_user"))


_MAY_MIGRATE = """
SELECT coalesce((SELECT pg_has_role(relowner, 'MEMBER') FROM pg_class WHERE oid = to_regclass('public.alembic_version')),
                has_schema_privilege('public', 'CREATE'))
"""


async def _may_migrate(url: str) -> bool:
    """Whether the login owns the tables, or could make them where there are none."""
    return bool(await _asked(url, _MAY_MIGRATE))


async def _check_newest(url: str) -> None:
    """Raises SettingsError."""
    known = await _asked(url, _VERSIONED)
    if not known or await _asked(url, "SELECT version_num FROM alembic_version") != newest_revision():
        raise SettingsError(
            "Схема базы не последняя, а учётная запись из QUEUE_DATABASE_URL ею не владеет. "
            "Выполните queue-service migrate с адресом владельца в QUEUE_OWNER_URL."
        )


async def _check_login(url: str) -> None:
    """Raises SettingsError for a login that is not a member of the service's role."""
    if not await _asked(url, f"SELECT pg_has_role('{SERVICE_ROLE}', 'MEMBER')"):
        raise SettingsError(f"Учётной записи из QUEUE_DATABASE_URL нужна роль: GRANT {SERVICE_ROLE} TO <учётная запись сервиса>.")


def upgrade_now(url: str, owner_url: str | None = None) -> None:
    asyncio.run(prepare(url, owner_url))
