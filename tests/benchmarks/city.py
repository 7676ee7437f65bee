"""The city that the figures are taken in: 60 offices of the demo city's catalogue, open day and night, 16 desks and 20 lanes in each.

Open at any hour, so that a benchmark at midnight measures the same as one at noon; no daily limits, so that none is reached. Visits are
booked from nine to six on all days, and one service like the other, so that thirty days are thirty days.
The first office goes through the same loader as a real city's; its 59 copies, people and devices are written as rows, because a
quick look has no time for thousands of statements and a thousand passwords.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

import asyncpg
import msgspec

from queue_service.booking.loading import load_city
from queue_service.db import Connection, opened
from queue_service.demo import CITY_FILE
from queue_service.devices.models import DeviceKind
from queue_service.devices.registry import add_device
from queue_service.offices import configuration as file
from queue_service.offices.configuration import Configuration, parse_configuration
from tests.benchmarks.errors import BenchmarkError
from tests.benchmarks.likeness import day_signs, key, secret
from tests.benchmarks.load.jobs import Desk, Kiosk

OFFICES = 60
DESKS = 16
LANES = 20
BOOKED = 5
"""Services that are booked, in all lanes: as many as one kind of lane of a real office takes."""
FIRST_HOUR, LAST_HOUR = 9, 18
GRID_MINUTES: Final = 15
STARTS_A_DAY = (LAST_HOUR - FIRST_HOUR) * 60 // GRID_MINUTES
HORIZON_DAYS = 31
"""A request for thirty days that begins tomorrow ends within it."""

ID_STEP = 1_000
"""Between the ids of the same service in neighbouring offices; more than an office has of anything."""
_COPIES = {
    "office": "'id', id + n, 'slug', 'office-' || n + 1, 'position', n",
    "opening_hours": "'office_id', office_id + n",
    "zone": "'id', id + n * {step}, 'office_id', office_id + n",
    "service_group": "'id', id + n * {step}, 'office_id', office_id + n",
    "service": "'id', id + n * {step}, 'office_id', office_id + n, 'group_id', group_id + n * {step}",
    "desk": "'id', id + n * {step}, 'office_id', office_id + n, 'zone_id', zone_id + n * {step}",
    "desk_service": "'desk_id', desk_id + n * {step}, 'service_id', service_id + n * {step}, 'office_id', office_id + n",
    "office_booking": "'office_id', office_id + n",
    "booking_policy": "'service_id', service_id + n * {step}",
    "lane": "'id', id + n * {step}, 'office_id', office_id + n",
    "lane_hours": "'lane_id', lane_id + n * {step}",
    "lane_service": "'lane_id', lane_id + n * {step}, 'service_id', service_id + n * {step}, 'office_id', office_id + n",
}
"""What differs in a copy of a row of the first office, table by table, parents first; every other column is taken as it is."""
_COPY = """
INSERT INTO {table}
SELECT (jsonb_populate_record(NULL::{table}, to_jsonb({table}) || jsonb_build_object({changes}))).*
  FROM {table}, generate_series(1, {offices} - 1) AS n
 ORDER BY n
"""
_CLERKS = f"""
INSERT INTO account (login, name, password_hash, role, office_id, active)
SELECT slug || '-' || place, 'Смирнова Анна', 'nobody signs in', 'clerk', office.id, true
  FROM office, generate_series(1, {DESKS}) AS place
 ORDER BY office.id, place
"""
_SESSIONS = """
INSERT INTO staff_session (token_hash, account_id, created_at, expires_at)
SELECT sha256(convert_to('clerk-' || id, 'UTF8')), id, now(), now() + interval '1 day' FROM account
"""
_SHIFTS = """
INSERT INTO shift (office_id, desk_id, account_id, opened_at, served, serving_seconds)
SELECT desk.office_id, desk.id, account.id, now(), 0, 0
  FROM desk JOIN office ON office.id = desk.office_id JOIN account ON account.login = slug || '-' || number
"""
_KIOSKS = """
SELECT office.id, service.id, code, letter
  FROM office
  JOIN LATERAL (SELECT service.id, service.code, letter
                  FROM service JOIN service_group ON service_group.id = group_id
                 WHERE service.office_id = office.id AND walk_in ORDER BY service.id LIMIT 1) AS service ON true
 ORDER BY office.id
"""
_DESKS = """
SELECT account.id, desk.id, desk.office_id, number
  FROM desk JOIN office ON office.id = desk.office_id JOIN account ON account.login = slug || '-' || number
 ORDER BY desk.office_id, number::int
"""
RULES = file.ServiceBooking(
    grid_minutes=GRID_MINUTES, duration_minutes=GRID_MINUTES, per_application_minutes=0, lead_minutes=60, horizon_days=HORIZON_DAYS
)


@dataclass(frozen=True)
class Office:
    id: int
    slug: str
    letter: str
    """Of the service that its kiosk asks for: all tickets of the office share one number counter, the worst case."""
    service_id: int
    kiosk: Kiosk
    display_token: str
    desks: tuple[Desk, ...]
    lanes: tuple[int, ...]
    """All for the same services; the kiosk's is one of them, and the one that the booking figures book."""


@dataclass(frozen=True)
class City:
    """The same in every database of the benchmark, because all are copies of one."""

    offices: tuple[Office, ...]


def one_office() -> Configuration:
    """The demo city with a single office, which has 16 equal desks and 20 equal lanes."""
    demo = parse_configuration(CITY_FILE.read_text(encoding="utf-8"))
    services = [msgspec.structs.replace(service, daily_limit=None, walk_in=True, booking=RULES) for service in demo.catalogue.services]
    catalogue = msgspec.structs.replace(demo.catalogue, services=services)
    codes = [service.code for service in services]
    model = demo.offices[0]
    zone = model.zones[0]
    office = msgspec.structs.replace(
        model,
        slug="office-1",
        opening_hours=[file.OpeningHours(days=list(range(1, 8)), opens="00:00", closes="24:00")],
        public_holidays=None,
        closures=[],
        zones=[zone],
        desks=[file.Desk(number=str(number), zone=zone.code, services=codes) for number in range(1, DESKS + 1)],
        services="all",
        overrides={},
        displays=[],
        lanes=[
            file.Lane(
                name="Линия",
                count=LANES,
                services=codes[:BOOKED],
                hours=[file.OpeningHours(days=list(range(1, 8)), opens=f"{FIRST_HOUR:02}:00", closes=f"{LAST_HOUR}:00")],
            )
        ],
    )
    return msgspec.structs.replace(demo, catalogue=catalogue, offices=[office])


async def build(url: str) -> City:
    """Fills the migrated, empty database at `url`."""
    async with opened(url) as database:
        async with database.session() as db:
            await load_city(db, one_office(), "benchmark", "", datetime.now(UTC))
        for table, changes in _COPIES.items():
            await database.hot.execute(_COPY.format(table=table, changes=changes.format(step=ID_STEP), offices=OFFICES))
        async with database.session() as db:
            slugs = {row["id"]: row["slug"] for row in await database.hot.fetch("SELECT id, slug FROM office ORDER BY id")}
            kiosks = {office: await add_device(db, office, DeviceKind.KIOSK, "Терминал") for office in slugs}
            displays = {office: await add_device(db, office, DeviceKind.DISPLAY, "Табло") for office in slugs}
        async with database.hot.acquire() as connection:
            for statement in (_CLERKS, _SESSIONS, _SHIFTS):
                await connection.execute(statement)
            desks = [
                Desk(f"clerk-{account}", account, desk, office, number) for account, desk, office, number in await connection.fetch(_DESKS)
            ]
            lanes = await connection.fetch("SELECT id, office_id FROM lane ORDER BY office_id, id")
            rows: list[asyncpg.Record] = await connection.fetch(_KIOSKS)
    return City(
        tuple(
            Office(
                id=office,
                slug=slugs[office],
                letter=letter,
                service_id=service_id,
                kiosk=Kiosk(kiosks[office], code),
                display_token=displays[office],
                desks=tuple(desk for desk in desks if desk.office_id == office),
                lanes=tuple(lane["id"] for lane in lanes if lane["office_id"] == office),
            )
            for office, service_id, code, letter in rows
        )
    )


def step(values: list[int]) -> int:
    """The constant difference of neighbours: pgbench knows arithmetic only, so it must be able to compute ids."""
    if len(values) == 1:
        return 0
    steps = {after - before for before, after in pairwise(values)}
    if len(steps) != 1:
        raise BenchmarkError("The loader no longer gives equal offices equally spaced ids; pgbench cannot compute them.")
    return steps.pop()


# Numbers far above those that the counter will hand out today.
_WAIT = f"""
INSERT INTO ticket (office_id, local_date, service_id, letter, number, secret, state, source, language, needs, privilege_id,
                    privilege_state, late, issued_at, due_at, rank_at, rank_from, calls, idempotency_key)
SELECT $1, (now() AT TIME ZONE 'Europe/Moscow')::date, service.id, letter, 500000 + n, {secret("$3")},
       'waiting', 'walk_in', 'ru', '{{}}', privilege, CASE WHEN privilege IS NOT NULL THEN 'claimed' END, false,
       issued, issued + interval '15 minutes',
       issued + interval '15 minutes' - CASE WHEN privilege IS NOT NULL THEN interval '2 hours' ELSE '0' END, issued,
       0, {key("issued")}
  FROM generate_series(1, $2::int) AS n
  JOIN LATERAL (SELECT now() - make_interval(secs => ($2 - n) * 3600.0 / $2) AS issued,
                       CASE WHEN n % 20 = 0 THEN (SELECT min(id) FROM privilege) END AS privilege) AS visitor ON true
  JOIN (SELECT service.id, letter, row_number() OVER (ORDER BY service.id) - 1 AS place, count(*) OVER () AS services
          FROM service JOIN service_group ON service_group.id = group_id
         WHERE service.office_id = $1) AS service ON place = n % services
 ORDER BY n
RETURNING secret
"""


async def forget_since(connection: Connection, ticket_id: int) -> None:
    """Takes away the tickets of earlier runs, so that each run finds the same tables, and tells the service's screens."""
    await connection.execute("DELETE FROM ticket_event WHERE ticket_id > $1", ticket_id)
    await connection.execute("DELETE FROM ticket WHERE id > $1", ticket_id)
    await connection.execute("DELETE FROM ticket_counter WHERE local_date >= current_date - 1")
    await connection.execute("SELECT pg_notify('office_changed', id::text) FROM office")
    await connection.execute("VACUUM (ANALYZE) ticket, ticket_event, ticket_counter")


async def let_wait(connection: Connection, waiting: dict[int, int]) -> list[str]:
    """So many visitors in each office (id -> number), over the last hour, of all services, one of twenty privileged; their secrets."""
    secrets: list[str] = []
    today = day_signs(datetime.now(UTC))
    for office, number in waiting.items():
        secrets += [row["secret"] for row in await connection.fetch(_WAIT, office, number, today)]
        await connection.execute("SELECT pg_notify('office_changed', $1)", str(office))
    await connection.execute("VACUUM (ANALYZE) ticket")
    return secrets
