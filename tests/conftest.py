"""Fixtures of the whole suite. Nothing is started before a test asks for it: a pure test needs no database."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

import queue_service.app
from queue_service import db
from queue_service.booking import calendar
from queue_service.db import Database, opened
from queue_service.devices import registry
from queue_service.live import hub, listener
from queue_service.offices import catalogue
from queue_service.settings import Settings
from queue_service.staff import provider, sessions
from tests.support.postgres import a_migrated_database, delete_everything
from tests.support.service import HASH_KEY, PATIENCE_SECONDS, SEAL_KEY, NoSender, Service, ServiceProcess, running

T = TypeVar("T")

# Two busy cores make single examples slow without being wrong, and CI must not depend on luck.
hypothesis_settings.register_profile("queue", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("queue")


def pytest_configure(config: pytest.Config) -> None:
    # Litestar 2 announces the syntax of Litestar 3, once per handler and argument; the lock file keeps us on 2.
    announced = "Inferred dependency|using deprecated|without a body marker|Deprecated .+ parameter|Reserved kwarg"
    config.addinivalue_line("filterwarnings", f"ignore:.*({announced})")


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_forgotten_by_age() -> Iterator[None]:
    """What a service remembers of people, devices and offices it learns anew when it is told, and no test may pass because time went by."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sessions, "REMEMBERED_SECONDS", 3600.0)
        patch.setattr(registry, "REMEMBERED_SECONDS", 3600.0)
        patch.setattr(catalogue, "REFRESHED_AFTER_SECONDS", 3600.0)
        patch.setattr(catalogue, "LONGEST_LIFE_SECONDS", 3600.0)
        patch.setattr(calendar, "LONGEST_LIFE_SECONDS", 3600.0)
        yield


@pytest.fixture(scope="session", autouse=True)
def _nobody_loses_patience_before_the_test() -> Iterator[None]:
    """A database or a provider that stands still for some seconds is no answer of theirs; whoever tests that patience ends sets it anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(db, "CONNECT_TIMEOUT_SECONDS", PATIENCE_SECONDS)
        patch.setattr(db, "COMMAND_TIMEOUT_SECONDS", PATIENCE_SECONDS)
        patch.setattr(listener, "HEARTBEAT_SECONDS", PATIENCE_SECONDS)
        patch.setattr(provider, "ANSWER_SECONDS", PATIENCE_SECONDS)
        yield


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    """A migrated PostgreSQL of this run."""
    with a_migrated_database() as url:
        yield url


@pytest.fixture(scope="session")
async def open_database(database_url: str) -> AsyncIterator[Database]:
    """The run's database without a reset: for Hypothesis, whose examples make an office each."""
    async with opened(database_url, hot_pool_size=20) as database:
        yield database


@pytest.fixture
async def database(open_database: Database) -> Database:
    """The run's database without a row in it."""
    await delete_everything(open_database)
    return open_database


@pytest.fixture(scope="session")
async def run_in_loop(open_database: Database) -> Callable[[Coroutine[Any, Any, T]], T]:
    """Runs a coroutine on the session's loop from a test that is not async (Hypothesis' state machines are not)."""
    return asyncio.get_running_loop().run_until_complete


async def for_ever(*_: object) -> None:
    """In place of a job that a test runs itself."""
    await asyncio.Event().wait()


@pytest.fixture(scope="session")
async def running_service(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """One service for the whole run; tests take `service`.

    Without a heartbeat: no test may pass because everything is read again every ten seconds anyway. And without a sender: what lies in
    the outbox is for the test to read, or for a sender of its own.
    """
    settings = Settings(
        database_url=database_url,
        rate_limits=False,
        second_factor="optional",
        log_level="error",
        data_dir=tmp_path_factory.mktemp("data"),
        seal_keys=(SEAL_KEY,),
        hash_key=HASH_KEY,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hub, "HEARTBEAT_SECONDS", 3600.0)
        patch.setattr(hub, "ESTIMATE_WAIT_SECONDS", PATIENCE_SECONDS)
        # Nor does it put right what a test has put into an odd state; terms and stranded tickets have tests of their own.
        patch.setattr(queue_service.app, "TIME_SECONDS", 3600.0)
        # Nor does its housekeeping take what a test has laid out for another, or write down whom it has seen.
        patch.setattr(queue_service.app, "_keep_house", for_ever)
        patch.setattr(queue_service.app, "keep_devices", for_ever)
        patch.setattr(queue_service.app, "Sender", NoSender)
        with running(settings) as (base_url, app, settings):
            async with Service(base_url, app, settings) as service:
                yield service


@pytest.fixture
async def service(database: Database, running_service: Service) -> Service:
    """The running service over an empty database."""
    return running_service


@pytest.fixture
async def service_process(database: Database, database_url: str, tmp_path: Path) -> AsyncIterator[Callable[..., Awaitable[ServiceProcess]]]:
    """Starts `queue-service serve` as real processes: `await service_process(workers=2)`."""
    async with AsyncExitStack() as stack:

        async def start(workers: int = 1, **environment: str) -> ServiceProcess:
            process = ServiceProcess({"QUEUE_DATABASE_URL": database_url, **environment}, workers, tmp_path)
            stack.push_async_callback(process.close)
            stack.callback(process.kill)
            process.start()
            await process.each_ready()
            return process

        yield start
