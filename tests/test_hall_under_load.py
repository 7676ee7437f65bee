"""A whole city at one office's door: what must hold when everybody taps at once, through HTTP, on two real workers."""

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from queue_service.db import Database
from queue_service.tickets.rules import Rank, Source, order_key
from tests.support.factories import AClerk, AnOffice, Queued, a_clerk_at, a_desk, a_kiosk, a_privilege, a_queue, a_service, an_office
from tests.support.service import ServiceProcess
from tests.support.wire import Answer, Wire

pytestmark = pytest.mark.alone

KIOSKS = 64
TICKETS = 2_000
DESKS = 16
QUEUED = 240


@pytest.fixture(scope="module")
async def two_workers(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ServiceProcess]:
    async with ServiceProcess({"QUEUE_DATABASE_URL": database_url}, 2, tmp_path_factory.mktemp("service")) as process:
        try:
            process.start()
            await process.each_ready()
            yield process
        finally:
            process.kill()


@pytest.fixture
async def service(database: Database, two_workers: ServiceProcess) -> ServiceProcess:
    """Two workers over an empty database."""
    return two_workers


@asynccontextmanager
async def wires_to(service: ServiceProcess, tokens: list[str]) -> AsyncIterator[list[Wire]]:
    """A connection for each, spread over the workers."""
    wires = [Wire(service.base_url, token) for token in tokens]
    await service.spread(wires)
    yield wires
    for wire in wires:
        wire.close()


async def numbers_of(database: Database, office: AnOffice) -> list[int]:
    rows = await database.hot.fetch("SELECT number FROM ticket WHERE office_id = $1 ORDER BY number", office.id)
    return [row["number"] for row in rows]


async def test_64_kiosks_take_2000_tickets_numbered_once_each(service: ServiceProcess, database: Database) -> None:
    office = await an_office(database)
    kiosks = [await a_kiosk(database, office) for _ in range(KIOSKS)]
    still = iter(range(TICKETS))

    async def tap(kiosk: Wire) -> list[Answer]:
        return [await kiosk.post("/api/kiosk/tickets", f"tap-{number}", {"service": "passport"}) for number in still]

    async with wires_to(service, kiosks) as wires:
        answers = list(itertools.chain(*await asyncio.gather(*(tap(kiosk) for kiosk in wires))))

    assert Counter(answer.status for answer in answers) == {201: TICKETS}
    assert {answer.json()["number"] for answer in answers} == {f"А{number:03d}" for number in range(1, TICKETS + 1)}
    assert await numbers_of(database, office) == list(range(1, TICKETS + 1))


async def test_2000_taps_that_are_each_sent_twice_at_once_are_2000_tickets(service: ServiceProcess, database: Database) -> None:
    office = await an_office(database)
    kiosks = [await a_kiosk(database, office) for _ in range(KIOSKS)]
    still = iter(range(TICKETS))

    async def tap_twice(*connections: Wire) -> list[tuple[Answer, Answer]]:
        async def twice(number: int) -> tuple[Answer, Answer]:
            first, second = (each.post("/api/kiosk/tickets", f"tap-{number}", {"service": "passport"}) for each in connections)
            return await asyncio.gather(first, second)

        return [await twice(number) for number in still]

    async with wires_to(service, kiosks * 2) as wires:
        pairs = list(itertools.chain(*await asyncio.gather(*map(tap_twice, wires[:KIOSKS], wires[KIOSKS:]))))

    assert Counter(answer.status for pair in pairs for answer in pair) == {201: 2 * TICKETS}
    same = ("id", "secret", "number", "issued_at", "due_at", "url")
    assert [pair for pair in pairs if any(pair[0].json()[name] != pair[1].json()[name] for name in same)] == []
    assert len({first.json()["id"] for first, _ in pairs}) == TICKETS
    assert await numbers_of(database, office) == list(range(1, TICKETS + 1))


@dataclass(frozen=True)
class Call:
    """A journal row of a call, with what the order depends on."""

    ticket: int
    desk: int
    at: datetime
    service: int
    rank: Rank


async def calls_of(database: Database, office: AnOffice) -> list[Call]:
    rows = await database.hot.fetch(
        """
        SELECT ticket_id, ticket_event.desk_id, at, service_id, due_at, rank_at, rank_from
          FROM ticket_event JOIN ticket ON ticket.id = ticket_id
         WHERE ticket_event.office_id = $1 AND kind = 'called' ORDER BY ticket_event.id
        """,
        office.id,
    )
    return [
        Call(row["ticket_id"], row["desk_id"], row["at"], row["service_id"], Rank(row["due_at"], row["rank_at"], row["rank_from"]))
        for row in rows
    ]


def overtaken(calls: list[Call], index: int, own: dict[int, set[int]], helped: dict[int, set[int]], penalty: timedelta) -> list[Call]:
    """Tickets called after this call although its desk should have preferred them."""
    call = calls[index]

    def key(other: Call) -> tuple[datetime, int]:
        return order_key(other.rank, call.at, penalty * (other.service not in own[call.desk])), other.ticket

    takes = own[call.desk] | helped[call.desk]
    return [other for other in calls[index + 1 :] if other.service in takes and key(other) < key(call)]


async def a_mixed_hall(database: Database) -> tuple[AnOffice, list[AClerk]]:
    """Three services, 16 desks that take some and help out with others, 240 people with privileges and bookings among them."""
    services = [a_service("passport", "А", norm=15), a_service("benefit", "В", norm=25), a_service("question", "Г", norm=5)]
    codes = [service.code for service in services]
    desks = []
    for number in range(1, DESKS + 1):
        first, second, third = (codes[(number + step) % 3] for step in range(3))
        desks.append(a_desk(str(number), [first, second] if number % 2 else [first], help_out=[third] if number % 4 else []))
    office = await an_office(database, *services, desks=desks)
    clerks = [await a_clerk_at(database, office, desk.number) for desk in desks]
    privilege = await a_privilege(database)
    chance = random.Random(2026)
    now = datetime.now(UTC)
    queue = []
    for _ in range(QUEUED):
        issued_at = now - timedelta(minutes=chance.randrange(60))
        due_at = issued_at + timedelta(minutes=chance.choice([5, 15, 25]))
        match chance.randrange(4):
            case 0:
                queue.append(Queued(chance.choice(codes), Rank(due_at, due_at - timedelta(hours=2), issued_at), issued_at, privilege))
            case 1:
                booked = now + timedelta(minutes=chance.randrange(-30, 30))
                due_at = booked + timedelta(minutes=5)
                rank = Rank(due_at, due_at - timedelta(hours=1), booked)
                queue.append(Queued(chance.choice(codes), rank, issued_at, source=Source.BOOKED))
            case _:
                queue.append(Queued(chance.choice(codes), Rank(due_at, due_at, issued_at), issued_at))
    await a_queue(database, office, queue)
    return office, clerks


async def test_16_desks_empty_the_queue_in_due_order_each_ticket_to_one_desk(service: ServiceProcess, database: Database) -> None:
    """Due order under concurrency: a desk may pass over a better ticket only because another desk was taking it at that moment.

    By the journal that is exact. Whoever was being taken has its call written after ours, and as the very next call of the desk that
    was taking it, because a desk does one thing at a time.
    """
    office, clerks = await a_mixed_hall(database)

    async def work(desk: Wire) -> list[Answer]:
        answers: list[Answer] = []
        while not answers or answers[-1].status == 200:
            answers.append(await desk.post("/api/desk/call-next"))
            if answers[-1].status == 200:
                assert (await desk.post("/api/desk/start")).status == 200
                assert (await desk.post("/api/desk/finish")).status == 200
        return answers

    async with wires_to(service, [clerk.token for clerk in clerks]) as wires:
        answers = list(itertools.chain(*await asyncio.gather(*map(work, wires))))

    assert Counter(answer.status for answer in answers) == {200: QUEUED, 204: DESKS}
    assert len({answer.json()["id"] for answer in answers if answer.status == 200}) == QUEUED
    states = await database.hot.fetch("SELECT state, count(*) FROM ticket WHERE office_id = $1 GROUP BY state", office.id)
    assert [tuple(row) for row in states] == [("served", QUEUED)]
    calls = await calls_of(database, office)
    assert len(calls) == len({call.ticket for call in calls}) == QUEUED

    catalogue = await office.catalogue(database)
    own = {desk.id: set(desk.services) for desk in catalogue.desks_by_id.values()}
    helped = {desk.id: set(desk.help_out) for desk in catalogue.desks_by_id.values()}
    for index, call in enumerate(calls):
        next_of: dict[int, int] = {}
        for later in calls[index + 1 :]:
            next_of.setdefault(later.desk, later.ticket)
        for better in overtaken(calls, index, own, helped, catalogue.policy.help_out_penalty):
            assert better.desk != call.desk
            assert next_of[better.desk] == better.ticket, f"{call} was called before {better}"


async def test_nobody_gets_an_error_for_losing_the_race_for_the_last_visitor(service: ServiceProcess, database: Database) -> None:
    desks = [a_desk(str(number)) for number in range(1, DESKS + 1)]
    office = await an_office(database, desks=desks)
    clerks = [await a_clerk_at(database, office, desk.number) for desk in desks]
    async with wires_to(service, [clerk.token for clerk in clerks]) as wires:
        for _ in range(20):
            await a_queue(database, office, [Queued()])
            answers = await asyncio.gather(*(wire.post("/api/desk/call-next") for wire in wires))
            assert Counter(answer.status for answer in answers) == {200: 1, 204: DESKS - 1}
            winner = next(wire for wire, answer in zip(wires, answers, strict=True) if answer.status == 200)
            await winner.post("/api/desk/start")
            await winner.post("/api/desk/finish")
