"""What is done every minute, and what somebody waits for, looks at today and not at the years before it.

Counted by PostgreSQL itself: the rows that each act reads, in an office with ten months of tickets and bookings behind it. A forgotten
index costs nothing in a test of ten rows, and a core in the second year.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg
import pytest

from queue_service.booking.availability import DayOfSlots, days_from, slots_of_days
from queue_service.booking.errors import NoSuchBooking
from queue_service.booking.housekeeping import keep_booking
from queue_service.booking.nearby import next_free
from queue_service.booking.office import Booking, Place
from queue_service.booking.queries import appointment_by_reference, appointment_by_secret, appointments_of_day
from queue_service.booking.retention import destroy_due
from queue_service.booking.rules import reference_of, spoken
from queue_service.booking.waitlist import offer_round
from queue_service.db import Connection, Database, opened
from queue_service.desks.call_next import call_next
from queue_service.desks.find import find
from queue_service.desks.housekeeping import end_days, keep_time
from queue_service.devices.pairing import forget_old_pairings
from queue_service.devices.queries import alarms_now
from queue_service.limits.limiter import Limiter
from queue_service.live.state import load_state
from queue_service.staff.housekeeping import keep_accounts
from queue_service.statistics.durations import LATEST, Durations
from queue_service.tickets.housekeeping import expire_forgotten
from queue_service.tickets.queries import ticket_by_secret, waiting_by_office
from tests.benchmarks import history
from tests.benchmarks.city import OFFICES
from tests.booking.scene import RING, a_booked_office, book, hold, means
from tests.support.factories import AnOffice, Queued, a_clerk_at, a_desk, a_kiosk, a_queue, a_service, a_ticket, an_office
from tests.support.postgres import delete_everything
from tests.support.service import eventually

DAYS = 300
FEW = LATEST + 200
"""Rows of a table. The longest look back is that at the latest visits, for an estimate; a day has some dozens, a table thousands."""

_READ = """
SELECT relname, seq_tup_read + coalesce(by_index, 0) AS rows
  FROM pg_stat_user_tables
  LEFT JOIN (SELECT relid, sum(idx_tup_read) AS by_index FROM pg_stat_user_indexes GROUP BY relid) AS read_by_index USING (relid)
"""


@dataclass(frozen=True)
class Years:
    office: AnOffice
    url: str
    owner: Connection
    """Sees what others have read, as soon as they are gone."""

    async def read(self) -> dict[str, int]:
        return {row["relname"]: int(row["rows"]) for row in await self.owner.fetch(_READ)}

    async def connected(self) -> set[int]:
        rows = await self.owner.fetch("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'")
        return {row["pid"] for row in rows}

    async def read_by(self, act: Callable[[Database], Awaitable[object]]) -> dict[str, int]:
        """Rows of each table; a connection reports what it has read at its end."""
        before, others = await self.read(), await self.connected()
        async with opened(self.url) as database:
            await act(database)

        async def has_reported() -> bool:
            return await self.connected() <= others

        await eventually(has_reported)
        return {table: rows - before[table] for table, rows in (await self.read()).items() if rows > before[table]}


@dataclass(frozen=True)
class Worker:
    """What a worker of the service has at hand."""

    database: Database
    booking: Booking
    place: Place
    now: datetime

    async def slots(self, days: int) -> list[DayOfSlots]:
        calendar = self.place.calendar
        wanted = self.place.wanted("passport")
        return await slots_of_days(self.database.hot, calendar, wanted, days_from(calendar.today(self.now), days), self.now)

    async def hold(self, office: AnOffice) -> None:
        await hold(self.booking, office, await self.first_free(), self.now)

    async def first_free(self) -> datetime:
        return next(slot.starts_at for day in await self.slots(2) for slot in day.slots)


async def a_worker(database: Database, office: AnOffice) -> Worker:
    booking, now = means(database), datetime.now(UTC)
    return Worker(database, booking, await booking.at_id(office.id, now), now)


@pytest.fixture(scope="module")
async def years(open_database: Database, database_url: str) -> AsyncIterator[Years]:
    """An office that is open today and has been for ten months."""
    await delete_everything(open_database)
    office = await a_booked_office(open_database, lanes=3)
    await a_clerk_at(open_database, office, "1")
    await a_kiosk(open_database, office)
    owner = await asyncpg.connect(database_url)
    try:
        await history.write(database_url, DAYS * OFFICES * history.PER_DAY)
        await a_ticket(open_database, office)
        worker = await a_worker(open_database, office)
        await book(open_database, worker.booking, office, await worker.first_free(), now=worker.now)
        await owner.execute("VACUUM (ANALYZE)")
        await owner.execute("SELECT pg_stat_force_next_flush()")  # what this has read is not what an act reads
        yield Years(office, database_url, owner)
    finally:
        await owner.close()
        await delete_everything(open_database)


Act = Callable[[Worker, AnOffice], Awaitable[object]]


async def an_unknown_link(worker: Worker, _: AnOffice) -> None:
    with pytest.raises(NoSuchBooking):
        await appointment_by_secret(worker.database.hot, "AA0123456789012345")


async def a_ticket_by_its_link(worker: Worker, _: AnOffice) -> None:
    secret = await worker.database.hot.fetchval("SELECT secret FROM ticket WHERE id = (SELECT max(id) FROM ticket)")
    await ticket_by_secret(worker.database.hot, secret)


async def the_state_of_the_hall(worker: Worker, _: AnOffice) -> None:
    catalogue = worker.place.catalogue
    durations = await Durations(worker.database.hot).of(catalogue)
    await load_state(worker.database.hot, catalogue, worker.place.calendar, durations, 1, worker.now)


ACTS: dict[str, Act] = {
    "terms end": lambda worker, _: keep_time(worker.database.hot, worker.now),
    "yesterday's tickets expire": lambda worker, _: expire_forgotten(worker.database.hot, worker.now),
    "days end": lambda worker, _: end_days(worker.database.hot, worker.now),
    "holds lapse and bookings are missed": lambda worker, _: keep_booking(worker.database.hot, worker.now.replace(minute=0)),
    "names are destroyed": lambda worker, _: destroy_due(worker.database.hot, worker.now),
    "counts of requests are forgotten": lambda worker, _: Limiter(worker.database.hot, RING).forget(worker.now),
    "links of staff are forgotten": lambda worker, _: keep_accounts(worker.database.hot, worker.now),
    "codes of devices are forgotten": lambda worker, _: forget_old_pairings(worker.database.hot, worker.now),
    "alarms of devices are counted": lambda worker, _: alarms_now(worker.database.hot, worker.now),
    "the waitlist is walked": lambda worker, _: offer_round(worker.database, worker.booking, worker.now),
    "a hall is read": the_state_of_the_hall,
    "who waits in the city is counted": lambda worker, _: waiting_by_office(worker.database.hot),
    "a ticket's page is opened": a_ticket_by_its_link,
    "thirty days of slots are read": lambda worker, _: worker.slots(30),
    "the next free time is read": lambda worker, _: next_free(
        worker.database.hot, [(worker.place, worker.place.wanted("passport"))], worker.now
    ),
    "a slot is held": lambda worker, office: worker.hold(office),
    "a link is looked up": an_unknown_link,
    "a code is looked up": lambda worker, _: appointment_by_reference(worker.database.hot, reference_of(1)),
    "a day's bookings are listed": lambda worker, _: appointments_of_day(
        worker.database.hot, worker.place.calendar, worker.place.calendar.today(worker.now)
    ),
    "a ticket is looked for": lambda worker, _: find(worker.booking, worker.place, "А001", worker.now),
    "a booking is looked for": lambda worker, _: find(worker.booking, worker.place, spoken(reference_of(1)), worker.now),
    "a person is looked for": lambda worker, _: find(worker.booking, worker.place, "Смирнова", worker.now),
}


@pytest.mark.parametrize("name", ACTS)
async def test_the_past_is_not_read(years: Years, name: str) -> None:
    async def act(database: Database) -> None:
        await ACTS[name](await a_worker(database, years.office), years.office)

    read = await years.read_by(act)
    assert read, "it has read something at least"
    assert {table: rows for table, rows in read.items() if rows > FEW} == {}


async def test_the_office_has_a_past(years: Years) -> None:
    for table in ("ticket", "ticket_event", "appointment", "lane_taken"):
        assert await years.owner.fetchval(f"SELECT count(*) FROM {table}") > 5 * FEW, table
    known = await years.owner.fetchrow(
        "SELECT count(*) FILTER (WHERE erased_at IS NULL) AS now, count(erased_at) AS before FROM appointment"
    )
    assert known is not None
    assert 0 < known["now"] < known["before"] / 5


@pytest.mark.parametrize("helps_out", [False, True])
async def test_a_call_walks_to_the_first_of_the_queue_and_not_to_its_end(years: Years, open_database: Database, helps_out: bool) -> None:
    """The queue is read in its order by an index, however little the planner expects of it, and never sorted."""
    waiting = 2_000
    passport, cards = a_service("passport"), a_service("cards")
    own = ("passport",) if helps_out else ("passport", "cards")
    desks = (a_desk("1", services=own, help_out=("cards",) if helps_out else ()),)
    office = await an_office(open_database, passport, cards, desks=desks)
    clerk = await a_clerk_at(open_database, office, "1")
    await a_queue(open_database, office, [Queued("cards" if nth % 2 else "passport") for nth in range(waiting)])
    await years.owner.execute("VACUUM (ANALYZE) ticket")
    await years.owner.execute("SELECT pg_stat_force_next_flush()")

    async def call(database: Database) -> None:
        now = datetime.now(UTC)
        assert await call_next(database.hot, await office.catalogue(database, now), clerk.account_id, None, now) is not None

    read = await years.read_by(call)
    await open_database.hot.execute("DELETE FROM ticket_event WHERE office_id = $1", office.id)
    await open_database.hot.execute("DELETE FROM ticket WHERE office_id = $1", office.id)
    assert read["ticket"] < waiting / 5
