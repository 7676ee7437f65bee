"""Yesterday's waiting and postponed tickets expire, so that a morning starts with an empty queue.

Every worker runs it; locked rows are skipped, so each ticket expires once whoever comes first. Refuses to end visits that are at a
desk: a person decides about those.
"""

from datetime import datetime

from queue_service.db import Pool
from queue_service.tickets.rules import State

_EXPIRE = """
WITH stale AS (          -- ix_ticket_rank holds only those who wait, ix_ticket_postponed those who were set aside
    SELECT ticket.id
      FROM ticket JOIN office ON office.id = ticket.office_id
     WHERE ticket.state = '{state}'
       AND ticket.local_date < ($1::timestamptz AT TIME ZONE office.time_zone)::date
       AND ticket.issued_at < $1::timestamptz - interval '3 hours'   -- an office open across midnight keeps serving
       FOR UPDATE OF ticket SKIP LOCKED
), expired AS (
    UPDATE ticket SET state = 'expired', ended_at = $1, postponed_until = NULL, postpone_reason = NULL
      FROM stale WHERE ticket.id = stale.id
 RETURNING ticket.id, office_id
), event AS (
    INSERT INTO ticket_event (ticket_id, office_id, kind, at, details)
    SELECT id, office_id, 'expired', $1, '{{}}' FROM expired
)
SELECT pg_notify('office_changed', office_id::text), count(*) FROM expired GROUP BY office_id
"""


async def expire_forgotten(pool: Pool, now: datetime) -> int:
    """How many tickets of earlier days were ended."""
    statements = [_EXPIRE.format(state=state) for state in (State.WAITING, State.POSTPONED)]
    return sum([row["count"] for statement in statements for row in await pool.fetch(statement, now)])
