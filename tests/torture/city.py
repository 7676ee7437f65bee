"""What a run is played on: a database that may be restarted, a small city in it, and everybody's tokens.

Two offices, so that one's load must not leak into the other. The first has everything that makes order hard: services that desks only help
out with, an accessible desk, privileges, a chain, few lanes. Refuses to know faults.
"""

import asyncio
import atexit
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psutil  # type: ignore[import-untyped]  # comes with the embedded server, without types

from queue_service.db import Database, opened
from queue_service.embedded import EmbeddedServer
from queue_service.schema import upgrade
from queue_service.staff.models import Role
from tests.support.factories import (
    AnOffice,
    a_clerk,
    a_desk,
    a_display,
    a_kiosk,
    a_lane,
    a_privilege,
    a_service,
    an_office,
    booked_online,
)
from tests.torture.clients.base import Place
from tests.torture.plan import Crowd

SERVICES = (
    a_service("passport", "А", norm=15),
    a_service("benefit", "В", norm=25, chain=["question"]),
    a_service("question", "Г", norm=5, limit=100_000),
)
SMALL = (a_service("passport", "А", norm=15), a_service("question", "А", norm=5))
LANES = 3
"""Few enough that everybody wants the same ones."""
SMALL_DESKS = 2


class Server(Protocol):
    """The run's PostgreSQL."""

    url: str

    async def restart(self, *, immediate: bool) -> None: ...


@dataclass
class Borrowed:
    """Somebody else's server: nobody restarts it."""

    url: str

    async def restart(self, *, immediate: bool) -> None:
        raise AssertionError(f"this server is not ours to restart (immediate: {immediate})")


class Own:
    """An embedded server of the run's own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = EmbeddedServer(folder)
        self.url = ""

    async def start(self) -> None:
        self.url = await asyncio.to_thread(self._server.start)

    async def restart(self, *, immediate: bool) -> None:
        pid = int((self._folder / "postgres" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGQUIT if immediate else signal.SIGINT)
        await asyncio.to_thread(_wait_for_end, pid)
        await asyncio.to_thread(self._server.start)

    async def stop(self) -> None:
        await asyncio.to_thread(self._server.stop)


def _wait_for_end(pid: int) -> None:
    try:
        psutil.Process(pid).wait(30)
    except psutil.NoSuchProcess:
        return


@asynccontextmanager
async def own_server() -> AsyncIterator[Own]:
    # Short: the server's socket lies inside, and a socket's path may have 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="queue-fire-"))
    # The server's package comes back at exit and leaves its lock file once more; what is registered before it starts runs after that.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    server = Own(folder)
    try:
        await server.start()
        await upgrade(server.url)
        yield server
    finally:
        await server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Person:
    place: Place
    token: str
    account: int | None = None


@dataclass(frozen=True)
class People:
    kiosks: Sequence[Person]
    clerks: Sequence[Person]
    citizens: Sequence[Person]
    administrators: Sequence[Person]
    displays: Sequence[Person]
    phones: Sequence[Person]


async def build(url: str, crowd: Crowd) -> People:
    """The city and its people; every fourth of them belongs to the second office."""
    async with opened(url) as database:
        await a_privilege(database)
        policy: dict[str, Any] = {"no_show_min_calls": 2, "no_show_min_seconds": 1}
        codes = [service.code for service in SERVICES]
        desks = [
            a_desk(str(number), _own(codes, number), help_out=_helps(codes, number), accessible=number % 5 == 0)
            for number in range(1, crowd.desks + 2)
        ]
        first = await an_office(database, *SERVICES, desks=desks, **policy)
        second = await an_office(database, *SMALL, desks=[a_desk(str(number)) for number in range(1, SMALL_DESKS + 1)], **policy)
        await booked_online(database, first, check_in_opens_minutes=720, hold_minutes=1, freed_delay_minutes=1, active_limit=5)
        for number in range(LANES):
            await a_lane(database, first, hours=[(day, 0, 1440) if number else (day, 60, 1380) for day in range(1, 8)])
        await booked_online(database, second, "question", check_in_opens_minutes=720, hold_minutes=1, freed_delay_minutes=0)
        await a_lane(database, second)
        places = [
            Place(first.id, first.slug, tuple(codes), tuple(first.desks), "passport"),
            Place(second.id, second.slug, tuple(each.code for each in SMALL), tuple(second.desks), "question"),
        ]
        return await _people(database, crowd, [first, second], places)


def _own(codes: Sequence[str], number: int) -> list[str]:
    first, second, third = (codes[(number + step) % 3] for step in range(3))
    return [first, second, third] if number % 3 == 0 else [first, second] if number % 2 else [first]


def _helps(codes: Sequence[str], number: int) -> list[str]:
    return [] if number % 3 == 0 or number % 4 == 0 else [codes[(number + 2) % 3]]


async def _people(database: Database, crowd: Crowd, offices: Sequence[AnOffice], places: Sequence[Place]) -> People:
    def houses(people: int) -> list[int]:
        return [int(number % 4 == 3) for number in range(people)]

    async def staff(house: int, role: Role) -> Person:
        account = await a_clerk(database, offices[house], role=role)
        return Person(places[house], account.token, account.account_id)

    return People(
        kiosks=[Person(places[house], await a_kiosk(database, offices[house])) for house in houses(crowd.kiosks)],
        clerks=[await staff(house, Role.CLERK) for house in houses(crowd.desks)],
        citizens=[Person(places[house], "citizen") for house in houses(crowd.citizens)],
        administrators=[await staff(house, Role.HALL_ADMINISTRATOR) for house in houses(crowd.administrators)],
        displays=[Person(places[house], await a_display(database, offices[house])) for house in houses(crowd.displays)],
        phones=[Person(places[house], "phone") for house in houses(crowd.phones)],
    )
