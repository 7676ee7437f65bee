"""kill -9 in the middle of load: what was acknowledged is there, nothing is there twice, and no number is missing."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from queue_service.db import Database
from tests.support.factories import AnOffice, a_clerk_at, a_desk, a_kiosk, an_office
from tests.support.service import ServiceProcess
from tests.support.wire import Answer, ConnectionLost, Wire

pytestmark = pytest.mark.alone

KIOSKS = 24
DESKS = 6
BEFORE, AFTER = 150, 150
"""Tickets acknowledged before the kill and after it."""

Start = Callable[..., Awaitable[ServiceProcess]]


@dataclass
class Book:
    """What the clients were told, as they would remember it."""

    tickets: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Idempotency key -> the ticket of the acknowledged issue."""
    calls: dict[str, int] = field(default_factory=dict)
    """Idempotency key -> id of the ticket of the acknowledged call."""
    lost: int = 0
    """Answers that never came."""
    surprises: list[str] = field(default_factory=list)
    wanted: int = BEFORE
    enough: asyncio.Event = field(default_factory=asyncio.Event)
    """As many tickets as wanted have been acknowledged, or something unexpected was."""
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    def want(self, tickets: int) -> None:
        self.wanted = tickets
        self.enough.clear()
        self.note()

    def note(self, surprise: str | None = None) -> None:
        if surprise:
            self.surprises.append(surprise)
        if len(self.tickets) >= self.wanted or self.surprises:
            self.enough.set()


async def insist(book: Book, wire: Wire, path: str, key: str, body: dict[str, Any] | None = None) -> Answer:
    """Repeats under the same key until there is an answer, as a kiosk or a desk does."""
    while True:
        try:
            answer = await wire.post(path, key, body)
        except ConnectionLost:
            book.lost += 1
            await asyncio.sleep(0.05)
            continue
        if answer.status != 503:
            return answer


async def visitors(book: Book, wire: Wire) -> None:
    while not book.stop.is_set():
        key = uuid.uuid4().hex
        answer = await insist(book, wire, "/api/kiosk/tickets", key, {"service": "passport"})
        if answer.status != 201:
            book.note(f"issue {answer.status}: {answer.body!r}")
            return
        book.tickets[key] = answer.json()
        book.note()


async def a_clerk_works(book: Book, wire: Wire) -> None:
    while not book.stop.is_set():
        key = uuid.uuid4().hex
        answer = await insist(book, wire, "/api/desk/call-next", key)
        if answer.status == 200:
            book.calls[key] = answer.json()["id"]
            # The answer to these may be lost too; then the second time says that it was done.
            for action, repeated in (("start", "wrong_state"), ("finish", "no_current_ticket")):
                done = await insist(book, wire, f"/api/desk/{action}", key)
                if done.status != 200 and done.json().get("code") != repeated:
                    book.note(f"{action} {done.status}: {done.body!r}")
                    return
        elif answer.status != 204:
            book.note(f"call-next {answer.status}: {answer.body!r}")
            return


async def load_with_a_kill(service: ServiceProcess, database: Database, kill: Callable[[], Awaitable[None]]) -> tuple[AnOffice, Book]:
    """Kiosks and desks work; in the middle of it something dies; they go on until as much again has been done."""
    office = await an_office(database, desks=[a_desk(str(number)) for number in range(1, DESKS + 1)])
    kiosks = [Wire(service.base_url, await a_kiosk(database, office)) for _ in range(KIOSKS)]
    clerks = [Wire(service.base_url, (await a_clerk_at(database, office, str(number))).token) for number in range(1, DESKS + 1)]
    await service.spread([*kiosks, *clerks])
    book = Book()
    async with asyncio.TaskGroup() as hall:
        for kiosk in kiosks:
            hall.create_task(visitors(book, kiosk))
        for clerk in clerks:
            hall.create_task(a_clerk_works(book, clerk))
        await book.enough.wait()
        await kill()
        book.want(len(book.tickets) + AFTER)
        await book.enough.wait()
        book.stop.set()
    for wire in (*kiosks, *clerks):
        wire.close()
    return office, book


async def check(service: ServiceProcess, database: Database, office: AnOffice, book: Book) -> None:
    assert book.surprises == []
    rows = await database.hot.fetch(
        "SELECT id, idempotency_key, letter, number, secret, state FROM ticket WHERE office_id = $1 ORDER BY number", office.id
    )
    # None lost and none doubled: the tickets in the database are those that somebody holds, no more and no fewer.
    assert {row["idempotency_key"]: (row["id"], row["secret"], f"{row['letter']}{row['number']:03d}") for row in rows} == {
        key: (ticket["id"], ticket["secret"], ticket["number"]) for key, ticket in book.tickets.items()
    }
    assert [row["number"] for row in rows] == list(range(1, len(rows) + 1)), "a number is missing or doubled"

    journal = await database.hot.fetch("SELECT kind, ticket_id FROM ticket_event WHERE office_id = $1", office.id)
    issued = [event["ticket_id"] for event in journal if event["kind"] == "issued"]
    called = [event["ticket_id"] for event in journal if event["kind"] == "called"]
    finished = [event["ticket_id"] for event in journal if event["kind"] == "finished"]
    assert sorted(issued) == sorted(row["id"] for row in rows)
    assert len(called) == len(set(called)), "somebody was called twice"
    assert sorted(called) == sorted(book.calls.values()), "a call is lost or doubled"
    assert sorted(finished) == sorted(row["id"] for row in rows if row["state"] == "served") == sorted(called)

    # Whoever still repeats an old request gets the old answer.
    kiosk = await a_kiosk(database, office)
    for key, ticket in list(book.tickets.items())[:: max(1, len(book.tickets) // 20)]:
        again = (await service.take(kiosk, key=key)).json()
        assert (again["id"], again["number"], again["secret"]) == (ticket["id"], ticket["number"], ticket["secret"])


@pytest.mark.timeout(240)
async def test_the_service_is_killed_in_the_middle_of_load(service_process: Start, database: Database) -> None:
    service = await service_process(workers=1)

    async def kill() -> None:
        service.kill()
        service.start()
        await service.ready()

    office, book = await load_with_a_kill(service, database, kill)
    assert book.lost > 0, "nothing was in flight: this proves nothing"
    await check(service, database, office, book)


@pytest.mark.timeout(240)
async def test_one_of_two_workers_is_killed_in_the_middle_of_load(service_process: Start, database: Database) -> None:
    """The other one goes on, and a new one takes its place."""
    service = await service_process(workers=2)
    before = service.worker_pids()

    async def kill() -> None:
        service.kill_worker()

    office, book = await load_with_a_kill(service, database, kill)
    assert book.lost > 0, "nothing was in flight: this proves nothing"
    await check(service, database, office, book)
    await service.ready()
    after = service.worker_pids()
    assert len(after) == 2
    assert len(set(before) & set(after)) == 1
