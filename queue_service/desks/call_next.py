"""Calling the next visitor: one statement, so that two desks never get one visitor and nobody gets an error for losing a race.

Ordered walks of partial indexes give the best few candidates in the order of `tickets.rules.order_key`; the first of them that no
other desk is taking at this moment is locked and called. Refuses to sort the queue, however long it is.
"""

import asyncio
import uuid
from datetime import datetime
from typing import Any

import asyncpg

from queue_service.db import Pool, constraint_of
from queue_service.desks.queries import call_reason
from queue_service.errors import DeskBusy, ShiftClosed, ShiftPaused, Unavailable
from queue_service.offices.catalogue import Catalogue
from queue_service.tickets.queries import COLUMN_COUNT, COLUMNS, TicketNow, ticket_by_id

CANDIDATES = 32
"""More than the desks that can race for one office at one moment (hot pool × workers); fewer would mean looking again."""
TRIES = 5
"""When all candidates were being taken by others, look again: each try sees what the winners left."""
PAUSE_SECONDS = 0.005
"""A commit takes a few milliseconds; who looks again sooner finds the same candidates still being taken."""

_FREE_TO_ALL = """for_desk_id IS NULL AND for_clerk_id IS NULL
       AND NOT (needs && $6::text[] AND service_id = ANY ((SELECT services FROM reserved)::int[]))"""
"""`tickets.rules.may_call`, for tickets that were not sent to anybody."""

CALL_NEXT = f"""
WITH shift_now AS (      -- uq_shift_open_account; parents before children: this row serialises the commands of one desk
    SELECT id, desk_id, paused_at, last_call_key, last_call_ticket_id
      FROM shift WHERE account_id = $1 AND office_id = $2 AND closed_at IS NULL
       FOR UPDATE
), busy AS (             -- uq_ticket_at_desk
    SELECT id FROM ticket WHERE desk_id = (SELECT desk_id FROM shift_now) AND state IN ('called', 'serving')
), may_call AS (
    SELECT FROM shift_now
     WHERE paused_at IS NULL AND last_call_key IS DISTINCT FROM $5 AND NOT EXISTS (SELECT FROM busy)
), taken AS (            -- what this desk takes; pk_desk_service
    SELECT coalesce(array_agg(service_id) FILTER (WHERE NOT help_out), '{{}}') AS own,
           coalesce(array_agg(service_id) FILTER (WHERE help_out), '{{}}')     AS helped,
           coalesce(bool_or(help_out), false)                                  AS helps_out
      FROM desk_service WHERE desk_id = (SELECT desk_id FROM shift_now)
), reserved AS (         -- services whose visitors with such needs wait for an accessible desk: one is open, and not this one
    SELECT coalesce(array_agg(service_id), '{{}}') AS services
      FROM shift JOIN desk ON desk.id = shift.desk_id JOIN desk_service ON desk_service.desk_id = desk.id   -- ix_shift_open
     WHERE shift.office_id = $2 AND closed_at IS NULL AND accessible AND $6::text[] <> '{{}}'
       AND NOT (SELECT accessible FROM desk WHERE id = (SELECT desk_id FROM shift_now))
), directed AS (         -- ix_ticket_directed: sent to this desk or to this clerk; there are few
    SELECT id, xmin AS version, CASE WHEN rank_from <= $3 THEN rank_at ELSE due_at END AS key, 'directed' AS rule
      FROM ticket
     WHERE office_id = $2 AND state = 'waiting' AND (for_desk_id IS NOT NULL OR for_clerk_id IS NOT NULL)
       AND coalesce(for_desk_id = (SELECT desk_id FROM shift_now), true) AND coalesce(for_clerk_id = $1, true)
     ORDER BY key, id LIMIT {CANDIDATES}
), own AS (              -- ix_ticket_rank: head start in force, or none
    SELECT id, xmin AS version, rank_at AS key, CASE WHEN moved_by_hand THEN 'by_hand'
                                    WHEN rank_at = due_at            THEN 'due'
                                    WHEN privilege_id IS NOT NULL    THEN 'privilege'
                                    ELSE 'booked' END AS rule
      FROM ticket
     WHERE office_id = $2 AND state = 'waiting' AND rank_from <= $3 AND service_id = ANY ((SELECT own FROM taken)::int[])
       AND {_FREE_TO_ALL}
     ORDER BY rank_at, id LIMIT {CANDIDATES}
), own_early AS (        -- ix_ticket_early: head start not begun
    SELECT id, xmin AS version, due_at AS key, 'due' AS rule
      FROM ticket
     WHERE office_id = $2 AND state = 'waiting' AND rank_from > issued_at AND rank_from > $3
       AND service_id = ANY ((SELECT own FROM taken)::int[]) AND {_FREE_TO_ALL}
     ORDER BY due_at, id LIMIT {CANDIDATES}
), helped AS (           -- the same two walks for services that the desk only helps out with; without any it would walk to the end in vain
    SELECT id, xmin AS version, rank_at + $4::interval AS key, 'help_out' AS rule
      FROM ticket
     WHERE office_id = $2 AND state = 'waiting' AND rank_from <= $3 AND (SELECT helps_out FROM taken)
       AND service_id = ANY ((SELECT helped FROM taken)::int[])
       AND {_FREE_TO_ALL}
     ORDER BY rank_at, id LIMIT {CANDIDATES}
), helped_early AS (
    SELECT id, xmin AS version, due_at + $4::interval AS key, 'help_out' AS rule
      FROM ticket
     WHERE office_id = $2 AND state = 'waiting' AND rank_from > issued_at AND rank_from > $3
       AND (SELECT helps_out FROM taken) AND service_id = ANY ((SELECT helped FROM taken)::int[]) AND {_FREE_TO_ALL}
     ORDER BY due_at, id LIMIT {CANDIDATES}
), candidate AS MATERIALIZED (
    SELECT * FROM directed
     UNION ALL SELECT * FROM own UNION ALL SELECT * FROM own_early UNION ALL SELECT * FROM helped UNION ALL SELECT * FROM helped_early
), chosen AS (          -- pk_ticket, one candidate after the other: the first that nobody else is taking is locked, the rest untouched.
                        -- One that has changed since we looked, while this desk's lock was waited for, is looked at again by the next try
    SELECT free.id, best.rule, best.key
      FROM (SELECT * FROM candidate ORDER BY key, id) AS best
           CROSS JOIN LATERAL (SELECT id FROM ticket WHERE id = best.id AND xmin = best.version FOR UPDATE SKIP LOCKED) AS free
     WHERE EXISTS (SELECT FROM may_call)
     LIMIT 1
), called AS (
    UPDATE ticket
       SET state = 'called', desk_id = (SELECT desk_id FROM shift_now), clerk_id = $1, called_at = $3, calls = 1
      FROM chosen WHERE ticket.id = chosen.id
 RETURNING {COLUMNS}, jsonb_build_object('rule', chosen.rule, 'key', chosen.key, 'due', due_at, 'service', service_id,
                                        'waiting', (SELECT count(*) - 1 FROM candidate)) AS reason
), event AS (
    INSERT INTO ticket_event (ticket_id, office_id, kind, at, desk_id, clerk_id, details)
    SELECT id, $2, 'called', $3, desk_id, $1, reason FROM called
), remembered AS (
    UPDATE shift SET last_call_key = $5, last_call_ticket_id = called.id
      FROM called WHERE shift.id = (SELECT id FROM shift_now)
)
SELECT called.*, CASE WHEN called.id IS NOT NULL THEN pg_notify('office_changed', $2::text) END AS told,
       (SELECT last_call_ticket_id FROM shift_now WHERE last_call_key = $5) AS repeated,
       (SELECT count(*) FROM shift_now)                                     AS open_shifts,
       (SELECT count(*) FROM shift_now WHERE paused_at IS NOT NULL)         AS paused_shifts,
       (SELECT id FROM busy)                                                AS busy_with,
       (SELECT count(*) FROM candidate)                                     AS candidates
  FROM (VALUES (1)) AS always LEFT JOIN called ON true
"""


async def call_next(
    pool: Pool, catalogue: Catalogue, account_id: int, key: str | None, now: datetime
) -> tuple[TicketNow, dict[str, Any]] | None:
    """The ticket called to the clerk's desk and why it was next; None when nobody waits for it.

    A repeated `key` returns the ticket that it called before, whatever has become of it. Raises ShiftClosed, ShiftPaused, DeskBusy.
    """
    key = key or uuid.uuid4().hex
    lost, needs = CANDIDATES, sorted(catalogue.policy.accessible_needs)
    for _ in range(TRIES):
        try:
            row: Any = await pool.fetchrow(CALL_NEXT, account_id, catalogue.id, now, catalogue.policy.help_out_penalty, key, needs)
        except asyncpg.UniqueViolationError as error:
            if constraint_of(error) != "uq_ticket_at_desk":
                raise
            continue  # this desk's other request won; the next look finds the desk busy, or the key repeated
        if row["id"] is not None:
            return TicketNow(*tuple(row)[:COLUMN_COUNT]), row["reason"]
        if row["repeated"] is not None:
            return await ticket_by_id(pool, row["repeated"]), await call_reason(pool, row["repeated"])
        _check_desk(row)
        lost = row["candidates"]
        if not lost:
            return None
        await asyncio.sleep(PAUSE_SECONDS)
    if lost < CANDIDATES:
        return None  # all who wait are being taken by others, and there are no more behind them
    raise Unavailable(retry_after=1)


def _check_desk(row: Any) -> None:
    """Raises what keeps this desk from calling anybody."""
    if not row["open_shifts"]:
        raise ShiftClosed
    if row["busy_with"] is not None:
        raise DeskBusy
    if row["paused_shifts"]:
        raise ShiftPaused
