"""A million old tickets: years of a city's work, so that a cost that grows with history shows itself.

Each ticket has the journal that it would have (issued, called, finished); days, desks, services and numbers are spread as a real year
would. For every third there is a booking, whose person is forgotten when the office's days are over; which ticket it became is not
told. Written without firing the foreign keys' triggers: every value is taken from the tables it refers to.
"""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime, timedelta

import asyncpg

from queue_service.booking.hold import RANDOM_SIGNS
from queue_service.db import Connection
from tests.benchmarks.bookings import RECENT_DAYS
from tests.benchmarks.city import FIRST_HOUR, GRID_MINUTES
from tests.benchmarks.likeness import day_signs, key, secret

PER_DAY = 70
"""Tickets of one office a day: a million is then about eight months of 60 offices."""
BOOKED_OF = 3
"""One of so many had a booking."""

_SECRET = secret("signs", "decode(md5(n::text), 'hex')")
_KEY = key("issued", "decode(md5('key' || n), 'hex')")
_TICKETS = f"""
INSERT INTO ticket (office_id, local_date, service_id, letter, number, secret, state, source, language, needs, late, issued_at,
                    due_at, rank_at, rank_from, desk_id, clerk_id, called_at, calls, started_at, ended_at, idempotency_key)
SELECT office.id, issued::date, service.id, letter, seq % {PER_DAY} + 1, {_SECRET}, 'served', 'walk_in', 'ru', '{{}}',
       false, issued, issued + interval '15 minutes', issued + interval '15 minutes', issued, desk_id, account_id,
       issued + interval '9 minutes', 1, issued + interval '10 minutes', issued + interval '20 minutes', {_KEY}
  FROM generate_series($2::int, $3::int - 1) AS n
  JOIN LATERAL (SELECT n / 60 AS seq, n % 60 AS place) AS spread ON true
  JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM office) AS office USING (place)
  JOIN LATERAL (SELECT date_trunc('day', now()) - interval '1 day' * ($1::int / 60 / {PER_DAY} + 2 - seq / {PER_DAY})
                       + interval '9 hours' + interval '7 minutes' * (seq % {PER_DAY}) AS issued) AS visit ON true
  JOIN unnest($4::date[], $5::text[]) AS day (utc_date, signs) ON utc_date = (issued AT TIME ZONE 'UTC')::date
  JOIN (SELECT service.office_id, service.id, letter, row_number() OVER (PARTITION BY service.office_id ORDER BY service.id) - 1 AS nth,
               count(*) OVER (PARTITION BY service.office_id) AS services
          FROM service JOIN service_group ON service_group.id = group_id) AS service
    ON service.office_id = office.id AND nth = seq % services
  JOIN (SELECT office_id, desk_id, account_id, row_number() OVER (PARTITION BY office_id ORDER BY desk_id) - 1 AS at,
               count(*) OVER (PARTITION BY office_id) AS desks
          FROM shift WHERE closed_at IS NULL) AS shift
    ON shift.office_id = office.id AND at = seq % desks
 ORDER BY n
"""
_JOURNAL = """
INSERT INTO ticket_event (ticket_id, office_id, kind, at, desk_id, clerk_id, details)
SELECT ticket.id, office_id, kind, at, CASE WHEN kind <> 'issued' THEN desk_id END, CASE WHEN kind <> 'issued' THEN clerk_id END, details
  FROM ticket
  JOIN LATERAL (VALUES ('issued', issued_at, '{"via": "kiosk", "by": 1}'::jsonb),
                       ('called', called_at, '{"rule": "due", "waiting": 5}'),
                       ('finished', ended_at, jsonb_build_object('service', service_id, 'seconds', 600, 'occupied', 660))
               ) AS event (kind, at, details) ON true
 WHERE ticket.id > $1
 ORDER BY kind <> 'issued', ticket.id, at
"""
"""The smallest rows first: they fill the rests of the pages that VACUUM has found, as those of a real day do within hours."""
_BOOKED_AGO = timedelta(days=7)
_APPOINTMENT_SECRET = secret("signs", "decode(md5('appointment' || n), 'hex')", RANDOM_SIGNS)
_APPOINTMENT_KEY = key("created_at", "decode(md5('act' || n), 'hex')")
_APPOINTMENTS = f"""
INSERT INTO appointment (secret, reference, office_id, service_id, state, starts_at, ends_at, applications, language, created_at,
                         hold_expires_at, extended, moves, sequence, code_attempts, via, idempotency_key, erased_at, name_sealed,
                         contact_sealed, contact_hash, person)
SELECT CASE WHEN known THEN {_APPOINTMENT_SECRET} ELSE 'erased-' || encode(sha256(convert_to('secret' || n, 'UTF8')), 'hex') END,
       lpad((n * 6364137 % 10000000)::text, 7, '0') || '0', office_id, service_id, 'checked_in', starts_at,
       starts_at + interval '{GRID_MINUTES} minutes', 1, 'ru', created_at, created_at + interval '5 minutes', false, 0, 0, 0, 'citizen',
       CASE WHEN known THEN 'citizen ' || {_APPOINTMENT_KEY} END, CASE WHEN NOT known THEN starts_at + interval '31 days' END,
       CASE WHEN known THEN sha256(convert_to('name' || n, 'UTF8')) END, CASE WHEN known THEN sha256(convert_to('to' || n, 'UTF8')) END,
       CASE WHEN known THEN sha256(convert_to('whose' || n % 50000, 'UTF8')) END, CASE WHEN known THEN n END
  FROM (SELECT ticket.id AS n, office_id, service_id, issued_at AS starts_at, issued_at - $2::interval AS created_at,
               issued_at > now() - make_interval(days => retention_days) AS known
          FROM ticket JOIN office ON office.id = office_id
         WHERE ticket.id > $1 AND number % {BOOKED_OF} = 0) AS visit
  JOIN unnest($3::date[], $4::text[]) AS day (utc_date, signs) ON utc_date = (created_at AT TIME ZONE 'UTC')::date
 ORDER BY n
"""
_PARTS = f"""
INSERT INTO lane_taken (lane_id, during, kind, appointment_id)
SELECT lane.id, tstzrange(starts_at, starts_at + interval '{GRID_MINUTES} minutes'), 'booking', visit.id
  FROM (SELECT appointment.id, office_id, date_trunc('day', starts_at AT TIME ZONE time_zone) AS day,
               row_number() OVER (PARTITION BY office_id, date_trunc('day', starts_at AT TIME ZONE time_zone) ORDER BY starts_at) AS nth,
               time_zone
          FROM appointment JOIN office ON office.id = office_id
         WHERE starts_at < now() - interval '{RECENT_DAYS + 1} days') AS visit
  JOIN (SELECT id, office_id, row_number() OVER (PARTITION BY office_id ORDER BY id) AS place,
               count(*) OVER (PARTITION BY office_id) AS lanes
          FROM lane) AS lane ON lane.office_id = visit.office_id AND place = nth % lanes + 1
  JOIN LATERAL (SELECT (day + interval '{FIRST_HOUR} hours' + nth / lanes * interval '{GRID_MINUTES} minutes') AT TIME ZONE time_zone
                       AS starts_at) AS slot ON true
 ORDER BY visit.id
"""
"""Before the days whose parts `bookings` has written; a day's bookings from the morning on, one in each lane."""
_COUNTERS = """
INSERT INTO ticket_counter (office_id, local_date, letter, last_number)
SELECT office_id, local_date, letter, max(number) FROM ticket GROUP BY 1, 2, 3
"""
_SHIFTS = """
INSERT INTO shift (office_id, desk_id, account_id, opened_at, closed_at, served, serving_seconds)
SELECT office_id, desk_id, clerk_id, min(called_at), max(ended_at), count(*), 600 * count(*)
  FROM ticket GROUP BY office_id, local_date, desk_id, clerk_id ORDER BY min(called_at)
"""


RECENT = 0.1
"""What has come since VACUUM first looked, and has filled the rests of the older pages. If nothing had, each row of a figure would go to
the rest of another old page, and bring that page into the log after each checkpoint."""


async def write(url: str, tickets: int) -> None:
    """So many served tickets before today, and the bookings beside them by a connection of their own."""
    async with AsyncExitStack() as stack:
        connection, beside = [await asyncpg.connect(url) for _ in range(2)]
        for each in (connection, beside):
            stack.push_async_callback(each.close)
            await each.execute("SET session_replication_role = replica")
        await _write(connection, beside, tickets)


async def _write(connection: Connection, beside: Connection, tickets: int) -> None:
    before = round(tickets * (1 - RECENT))
    await _write_some(connection, beside, tickets, 0, before)
    await connection.execute("VACUUM (ANALYZE)", timeout=300)
    await _write_some(connection, beside, tickets, before, tickets)
    await asyncio.gather(beside.execute(_PARTS, timeout=300), connection.execute(_COUNTERS, timeout=300))
    await connection.execute(_SHIFTS, timeout=300)
    # What autovacuum would do in the middle of a figure is done before it.
    await connection.execute("VACUUM (ANALYZE)", timeout=300)
    await connection.execute("CHECKPOINT", timeout=300)


async def _write_some(connection: Connection, beside: Connection, tickets: int, first: int, end: int) -> None:
    """Of so many tickets those from the `first` until before the `end`."""
    written = await connection.fetchval("SELECT coalesce(max(id), 0) FROM ticket")
    signs = _signs_of_days(tickets)
    await connection.execute(_TICKETS, tickets, first, end, *signs, timeout=300)
    await asyncio.gather(
        connection.execute(_JOURNAL, written, timeout=300), beside.execute(_APPOINTMENTS, written, _BOOKED_AGO, *signs, timeout=300)
    )


def _signs_of_days(tickets: int) -> tuple[list[date], list[str]]:
    """The days of so many tickets, from those of their bookings on, with a day to spare at either end; what their secrets begin with."""
    now = datetime.now(UTC)
    days = [now - timedelta(days=ago) for ago in range(tickets // 60 // PER_DAY + 4 + _BOOKED_AGO.days)]
    return [day.date() for day in days], [day_signs(day) for day in days]
