"""What tests of booking do again and again, each in one call; and what must be true of bookings at every moment."""

import itertools
import random
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import httpx

from queue_service.db import Connection, Database
from queue_service.limits.pressure import FULL
from tests.support.factories import FAR_FROM_MIDNIGHT, AnOffice, a_lane, an_office, booked_online
from tests.support.service import Api, Json, ServiceProcess, eventually
from tests.support.wire import Answer, Wire

_serial = itertools.count(1)


def asked_to_come_again(status: int, problem: Json) -> bool:
    """Nothing was done: the worker had no room. Whoever is told so asks again, as the pages do; a machine that stood still has no room."""
    return status == 503 and problem["detail"] in FULL.values()


class Citizen(Wire):
    """Comes again when asked to."""

    async def post(self, path: str, key: str | None = None, body: Json | None = None, method: str = "POST") -> Answer:
        while True:
            answer = await super().post(path, key, body, method)
            if answer.status != 503 or not asked_to_come_again(answer.status, answer.json()):
                return answer


async def _asked(api: Api, method: str, path: str, **what: Any) -> httpx.Response:
    while True:
        answer = await api.http.request(method, path, **what)
        if answer.status_code != 503 or not asked_to_come_again(answer.status_code, answer.json()):
            return answer


async def free_slots(api: Api, office: AnOffice, service: str = "passport", days: int = 3, first: date | None = None) -> list[str]:
    """Starts of the free slots from today (or `first`) on, as the service writes them."""
    params = {"service": service, "days": str(days), **({"from": first.isoformat()} if first else {})}
    answer = await _asked(api, "GET", f"/api/public/offices/{office.slug}/slots", params=params)
    assert answer.status_code == 200, answer.text
    return [slot["starts_at"] for day in answer.json()["days"] for slot in day["slots"]]


async def held(api: Api, office: AnOffice, starts_at: str, service: str = "passport") -> Json:
    """A hold."""
    body = {"office": office.slug, "service": service, "starts_at": starts_at}
    answer = await _asked(api, "POST", "/api/public/appointments", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def booked(
    api: Api, office: AnOffice, starts_at: str, service: str = "passport", contact: str | None = None, name: str = "Анна Смирнова"
) -> Json:
    """A booking of somebody new."""
    hold = await held(api, office, starts_at, service)
    person = {"name": name, "contact": contact or a_contact()}
    answer = await _asked(api, "POST", f"/api/public/appointments/{hold['secret']}/confirm", json=person)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def a_contact() -> str:
    """Of somebody who has no booking yet."""
    return f"anna-{next(_serial)}@mail.ru"


def day_after(days: int) -> date:
    """So many days from today, on the clock of the offices that factories make."""
    return (datetime.now(UTC).astimezone(ZoneInfo(FAR_FROM_MIDNIGHT)) + timedelta(days=days)).date()


@dataclass(frozen=True)
class Contested:
    """An office with 20 places on the next day and room for everybody on the day after."""

    office: AnOffice
    day: date
    slots: Sequence[str]
    """Five of the next day, four lanes each."""
    elsewhere: Sequence[str]
    """Of the day after, each with four lanes too."""

    @property
    def places(self) -> list[str]:
        return [slot for slot in self.slots for _ in range(LANES)]


LANES = 4
NINE = 9 * 60


async def a_contested_day(api: Api, database: Database, **rules: Any) -> Contested:
    """Four lanes of five visits are twenty places."""
    office = await an_office(database)
    await booked_online(database, office, **rules)
    hours = [(day_after(1), NINE, NINE + 5 * 15), (day_after(2), NINE, NINE + 32 * 15)]
    for _ in range(LANES):
        await a_lane(database, office, hours=(), exceptions=hours)
    slots = await free_slots(api, office, days=1, first=day_after(1))
    elsewhere = await free_slots(api, office, days=1, first=day_after(2))
    assert (len(slots), len(elsewhere)) == (5, 32)
    return Contested(office, day_after(1), slots, elsewhere)


def in_any_order(slots: Iterable[str]) -> list[str]:
    return random.sample(list(slots), len(list(slots)))


async def hold(wire: Wire, office: AnOffice, starts_at: str, key: str | None = None, service: str = "passport") -> Answer:
    return await wire.post("/api/public/appointments", key, {"office": office.slug, "service": service, "starts_at": starts_at})


async def confirm(wire: Wire, secret: str, contact: str | None = None, name: str = "Пётр Ильин") -> Answer:
    return await wire.post(f"/api/public/appointments/{secret}/confirm", body={"name": name, "contact": contact or a_contact()})


async def act(wire: Wire, secret: str, action: str, **body: str) -> Answer:
    return await wire.post(f"/api/public/appointments/{secret}/{action}", body=body or None)


async def lapse(database: Database, *secrets: str) -> None:
    """These holds were made so long ago that they are over."""
    await database.hot.execute(
        """
        WITH mine AS (
            SELECT id FROM appointment WHERE secret = ANY ($1::text[]) AND state IN ('held', 'offered', 'unverified') FOR UPDATE
        ), over AS (
            UPDATE lane_taken SET expires_at = now() - interval '2 minutes'
              FROM mine WHERE appointment_id = mine.id AND kind = 'hold'
        )
        UPDATE appointment SET hold_expires_at = now() - interval '2 minutes' FROM mine WHERE appointment.id = mine.id
        """,
        list(secrets),
    )


BROKEN = """
WITH part AS (           -- what each appointment has of lanes
    SELECT appointment_id AS id, count(*) AS parts, min(kind) AS kind, min(lower(during)) AS starts_at, max(upper(during)) AS ends_at
      FROM lane_taken WHERE appointment_id IS NOT NULL GROUP BY appointment_id
), said AS (             -- what each appointment's citizen was or will be told
    SELECT appointment_id AS id,
           count(*) FILTER (WHERE kind = 'confirmation') AS confirmations,
           count(*) FILTER (WHERE kind = 'change')       AS changes,
           count(*) FILTER (WHERE kind = 'cancellation') AS cancellations,
           count(*) FILTER (WHERE kind LIKE 'reminder%' AND state = 'pending') AS reminders
      FROM outbox_message WHERE appointment_id IS NOT NULL GROUP BY appointment_id
), whole AS (
    SELECT appointment.*, coalesce(parts, 0) AS parts, part.kind, part.starts_at AS from_at, part.ends_at AS to_at,
           coalesce(confirmations, 0) AS confirmations, coalesce(changes, 0) AS changes,
           coalesce(cancellations, 0) AS cancellations, coalesce(reminders, 0) AS reminders
      FROM appointment LEFT JOIN part USING (id) LEFT JOIN said USING (id)
)
SELECT 'has ' || parts || ' parts of lanes' AS wrong, id, state FROM whole
 WHERE parts <> (state IN ('held', 'offered', 'unverified', 'booked', 'checked_in'))::int
 UNION ALL
SELECT 'has a part of another time', id, state FROM whole WHERE parts > 0 AND (from_at, to_at) <> (starts_at, ends_at)
 UNION ALL
SELECT 'has a part by ' || kind, id, state FROM whole
 WHERE parts > 0 AND kind <> CASE WHEN state IN ('booked', 'checked_in') THEN 'booking' ELSE 'hold' END
 UNION ALL
SELECT 'has ' || confirmations || ' confirmations', id, state FROM whole
 WHERE confirmations <> CASE WHEN state = 'cancelled' THEN cancellations ELSE (state IN ('booked', 'checked_in'))::int END
 UNION ALL
SELECT 'has ' || changes || ' letters of ' || moves || ' moves', id, state FROM whole WHERE changes <> moves
 UNION ALL
SELECT 'has ' || cancellations || ' cancellations', id, state FROM whole WHERE cancellations > (state = 'cancelled')::int
 UNION ALL
SELECT 'is cancelled and will be reminded', id, state FROM whole WHERE reminders > 0 AND state = 'cancelled'
 UNION ALL
SELECT 'is checked in with ' || count(ticket.id) || ' tickets', whole.id, whole.state
  FROM whole LEFT JOIN ticket ON ticket.appointment_id = whole.id
 GROUP BY whole.id, whole.state HAVING count(ticket.id) <> (whole.state = 'checked_in')::int
 UNION ALL
SELECT 'overlaps in lane ' || one.lane_id, one.appointment_id, other.kind
  FROM lane_taken AS one JOIN lane_taken AS other ON one.lane_id = other.lane_id AND one.id < other.id AND one.during && other.during
 UNION ALL
SELECT 'belongs to nobody', id, kind FROM lane_taken WHERE (appointment_id IS NULL) <> (kind = 'freed')
"""
"""Every way in which an appointment, its part of a lane, its messages and its ticket can disagree. Everybody here left a contact."""


async def broken_promises(database: Database) -> list[str]:
    """Empty, or something is half done or done twice."""
    return [f"{row['id']} ({row['state']}) {row['wrong']}" for row in await database.hot.fetch(BROKEN)]


async def places_of(database: Database, race: Contested) -> dict[str, int]:
    """What the contested day's places are taken by: kind -> how many, however long ago a hold lapsed."""
    rows = await database.hot.fetch(
        """
        SELECT kind, count(*)::int AS places FROM lane_taken JOIN lane ON lane.id = lane_id
         WHERE office_id = $1 AND lower(during) = ANY ($2::timestamptz[]) GROUP BY kind
        """,
        race.office.id,
        [datetime.fromisoformat(slot) for slot in race.slots],
    )
    return {row["kind"]: row["places"] for row in rows}


@contextmanager
def no_deadlock_in(service: ServiceProcess) -> Iterator[None]:
    """The service's log says so at once, and for background work too; the server's own counter only after a while."""
    before = len(service.log.read_text())
    yield
    said = service.log.read_text()[before:]
    assert "deadlock" not in said.lower(), said[-3000:]


@asynccontextmanager
async def somebody_busy(database: Database) -> AsyncIterator[Connection]:
    """A transaction of the test's own, with whatever it locks; undone at the end unless the test commits it."""
    connection = await asyncpg.connect(database.url)
    try:
        await connection.execute("BEGIN")
        yield connection
    finally:
        await connection.close()


async def wait_in_line(database: Database, people: int) -> None:
    """Until so many transactions wait for somebody's lock."""

    async def enough() -> bool:
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        return bool(await database.hot.fetchval(waiting) >= people)

    await eventually(enough)
