"""What time does to a hall: postponed visitors return, nobody waits for a closed desk alone, days end.

Any number of workers run it; locked rows are skipped, and an office's day is ended by whoever writes its row first. Refuses to end a day
before its office's own hour, and the day of an office that never closes.
"""

from datetime import date, datetime, timedelta

from queue_service.db import Connection, Pool
from queue_service.offices.hours import OfficeHours, hours_of_all
from queue_service.offices.rules import Schedule

_RESUME = """
WITH due AS (            -- ix_ticket_postponed
    SELECT id FROM ticket WHERE state = 'postponed' AND postponed_until <= $1 FOR UPDATE SKIP LOCKED
), resumed AS (
    UPDATE ticket
       SET state = 'waiting', desk_id = NULL, clerk_id = NULL, called_at = NULL, started_at = NULL, ended_at = NULL, calls = 0,
           postponed_until = NULL, postpone_reason = NULL
      FROM due WHERE ticket.id = due.id
 RETURNING ticket.id, office_id
), event AS (
    INSERT INTO ticket_event (ticket_id, office_id, kind, at, details) SELECT id, office_id, 'resumed', $1, '{"by": "term"}' FROM resumed
)
SELECT pg_notify('office_changed', office_id::text), count(*) FROM resumed GROUP BY office_id
"""

_RELEASE = """
WITH stranded AS (       -- ix_ticket_directed
    SELECT id FROM ticket
     WHERE state = 'waiting' AND (for_desk_id IS NOT NULL OR for_clerk_id IS NOT NULL)
       AND NOT EXISTS (SELECT FROM shift WHERE closed_at IS NULL AND office_id = ticket.office_id
                          AND shift.desk_id = coalesce(for_desk_id, shift.desk_id)
                          AND shift.account_id = coalesce(for_clerk_id, shift.account_id))
       FOR UPDATE SKIP LOCKED
), released AS (
    UPDATE ticket SET for_desk_id = NULL, for_clerk_id = NULL FROM stranded WHERE ticket.id = stranded.id
 RETURNING ticket.id, office_id
), event AS (
    INSERT INTO ticket_event (ticket_id, office_id, kind, at, details) SELECT id, office_id, 'undirected', $1, '{}' FROM released
)
SELECT pg_notify('office_changed', office_id::text), count(*) FROM released GROUP BY office_id
"""


async def keep_time(pool: Pool, now: datetime) -> None:
    """Every few seconds."""
    await pool.execute(_RESUME, now)
    await pool.execute(_RELEASE, now)


def day_over_at(schedule: Schedule, day_ends: timedelta, day: date) -> datetime | None:
    """When the office's day is ended: so long after its last closing time; None for a day without hours or one that runs into the next."""
    intervals = schedule.intervals(day)
    if not intervals:
        return None
    closes = max(closes for _, closes in intervals)
    following = schedule.intervals(day + timedelta(days=1))
    if following and following[0][0] <= closes:
        return None
    return closes + day_ends


async def end_days(pool: Pool, now: datetime) -> list[str]:
    """Ends the days that are over, each exactly once; slugs of their offices."""
    ended = []
    for office in await hours_of_all(pool, now):
        today = office.schedule.local_date(now)
        for day in (today - timedelta(days=1), today):
            over_at = day_over_at(office.schedule, office.day_ends, day)
            if over_at is not None and over_at <= now < over_at + timedelta(days=1):
                async with pool.acquire() as connection, connection.transaction():
                    if await _end_day(connection, office, day, over_at, now):
                        ended.append(office.slug)
    return ended


async def _end_day(connection: Connection, office: OfficeHours, day: date, over_at: datetime, now: datetime) -> bool:
    """False where somebody has ended it before. Shifts are locked before tickets, as by every command of a desk."""
    first = await connection.fetchval(
        "INSERT INTO office_day (office_id, local_date, ended_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING 1",
        office.id,
        day,
        now,
    )
    if first is None:
        return False
    shifts = await connection.fetch(
        "SELECT id, desk_id, account_id FROM shift WHERE office_id = $1 AND closed_at IS NULL AND opened_at < $2 ORDER BY id FOR UPDATE",
        office.id,
        over_at,
    )
    desks = [shift["desk_id"] for shift in shifts]
    for statement in (_END_SERVING, _END_CALLED):
        await connection.execute(statement, office.id, now, desks)
    await connection.execute(_END_WAITING, office.id, now, over_at)
    await connection.execute(
        "UPDATE shift SET closed_at = $2, paused_at = NULL, pause_reason = NULL, pause_note = NULL, pause_until = NULL"
        " WHERE id = ANY ($1::bigint[])",
        [shift["id"] for shift in shifts],
        now,
    )
    await connection.execute(
        "INSERT INTO shift_event (shift_id, kind, at, reason) SELECT id, 'closed', $2, 'end_of_day' FROM unnest($1::bigint[]) AS id",
        [shift["id"] for shift in shifts],
        now,
    )
    await connection.execute("SELECT pg_notify('office_changed', $1)", str(office.id))
    return True


_END_SERVING = """
WITH open AS (           -- uq_ticket_at_desk
    SELECT id FROM ticket WHERE office_id = $1 AND state = 'serving' AND desk_id = ANY ($3::int[]) FOR UPDATE
), ended AS (
    UPDATE ticket SET state = 'served', ended_at = $2, inaccurate = true FROM open WHERE ticket.id = open.id
 RETURNING ticket.id, desk_id, clerk_id, service_id, started_at, called_at
)
INSERT INTO ticket_event (ticket_id, office_id, kind, at, desk_id, clerk_id, details)
SELECT id, $1, 'finished', $2, desk_id, clerk_id,
       jsonb_build_object('service', service_id, 'seconds', extract(epoch FROM $2 - started_at)::int,
                          'occupied', extract(epoch FROM $2 - called_at)::int, 'inaccurate', true, 'by', 'end_of_day')
  FROM ended
"""
_END_CALLED = """
WITH open AS (
    SELECT id FROM ticket WHERE office_id = $1 AND state = 'called' AND desk_id = ANY ($3::int[]) FOR UPDATE
), ended AS (
    UPDATE ticket SET state = 'no_show', ended_at = $2 FROM open WHERE ticket.id = open.id RETURNING ticket.id, desk_id, clerk_id
)
INSERT INTO ticket_event (ticket_id, office_id, kind, at, desk_id, clerk_id, details)
SELECT id, $1, 'no_show', $2, desk_id, clerk_id, '{"by": "end_of_day"}' FROM ended
"""
_END_WAITING = """
WITH open AS (           -- ix_ticket_rank, ix_ticket_postponed
    SELECT id FROM ticket WHERE office_id = $1 AND state IN ('waiting', 'postponed') AND issued_at < $3 FOR UPDATE
), ended AS (
    UPDATE ticket SET state = 'expired', ended_at = $2, postponed_until = NULL, postpone_reason = NULL
      FROM open WHERE ticket.id = open.id RETURNING ticket.id
)
INSERT INTO ticket_event (ticket_id, office_id, kind, at, details) SELECT id, $1, 'expired', $2, '{"by": "end_of_day"}' FROM ended
"""
