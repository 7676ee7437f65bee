"""A ring of keys, a mail server and a gateway per test."""

from collections.abc import Iterator

import pytest
from sqlmodel import SQLModel

from queue_service.db import Database
from queue_service.sealing import KeyRing
from tests.notifications.scene import Gateway, MailServer, a_gateway, a_mail_server
from tests.support.postgres import delete_everything


@pytest.fixture
async def database(open_database: Database) -> Database:
    """The run's database without a row in it, and with our table even before its migration has come."""
    async with open_database.engine.begin() as connection:
        await connection.run_sync(SQLModel.metadata.tables["outbox_message"].create, checkfirst=True)
    await delete_everything(open_database)
    return open_database


@pytest.fixture
def ring() -> KeyRing:
    return KeyRing.throwaway()


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with a_mail_server() as server:
        yield server


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with a_gateway() as gateway:
        yield gateway
