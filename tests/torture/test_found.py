"""What torture has found and was mended since, each reduced to the least that showed it."""

from pathlib import Path

import asyncpg
from litestar.testing import AsyncTestClient

from queue_service.app import create_app
from queue_service.db import Database
from queue_service.errors import Unavailable
from queue_service.problems import domain_error
from queue_service.settings import Settings
from tests.support.factories import a_clerk_at, a_desk, a_kiosk, a_service, an_office
from tests.support.service import HASH_KEY, SEAL_KEY, Service


async def test_a_kiosk_that_repeats_its_key_gets_its_ticket_also_when_that_has_been_sent_on_meanwhile(
    service: Service, database: Database
) -> None:
    """The first answer was lost, a desk called the visitor at once and sent them to another service."""
    office = await an_office(database, a_service("passport"), a_service("benefit", "В"), desks=[a_desk("1"), a_desk("2")])
    kiosk, clerk = await a_kiosk(database, office), await a_clerk_at(database, office, "1")
    taken = (await service.take(kiosk, key="lost")).json()
    await service.called(clerk)
    assert (await service.desk(clerk, "transfer", service="benefit")).status_code == 200
    again = await service.take(kiosk, key="lost")
    assert (again.status_code, again.json().get("id")) == (201, taken["id"])


async def test_a_worker_that_starts_while_the_database_is_away_waits_for_it(tmp_path: Path) -> None:
    """A worker was killed, PostgreSQL was restarted, and the one that took its place ended the whole service."""
    nowhere = f"postgresql://postgres@/queue?host={tmp_path}"
    settings = Settings(database_url=nowhere, log_level="critical", data_dir=tmp_path, seal_keys=(SEAL_KEY,), hash_key=HASH_KEY)
    async with AsyncTestClient(create_app(settings)) as client:
        assert (await client.get("/health/live")).status_code == 200
        assert (await client.get("/health/ready")).status_code == 503


def test_a_database_that_goes_away_in_the_middle_of_a_request_and_of_its_rollback_is_no_failure_of_ours() -> None:
    """PostgreSQL was restarted under a visitor's `leave`: the framework hands on the error and that of the rollback as one group, and the
    visitor was told of an internal error instead of to try again."""
    away = asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
    assert isinstance(domain_error(ExceptionGroup("unhandled errors", [away, away])), Unavailable)
