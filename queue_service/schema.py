"""Brings a database to the newest schema, from nothing or from any earlier version.

Several processes may start at once: an advisory lock lets one migrate while the others wait. Refuses to downgrade a city's data.
"""

import asyncio
from importlib import import_module

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from queue_service.settings import CHECKOUT

MIGRATION_LOCK = 7_465_201
"""Any number, as long as every process takes the same one."""

TABLE_MODULES = ("limits", "offices", "staff", "devices", "notifications", "booking", "tickets", "desks")


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

    try:
        async with engine.begin() as connection:
            await connection.run_sync(run)
    finally:
        await engine.dispose()


def upgrade_now(url: str) -> None:
    asyncio.run(upgrade(url))
