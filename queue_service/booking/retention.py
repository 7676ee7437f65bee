"""Destroys names and contacts when their days are over, with the evidence in the same statement: nothing goes unwritten.

Names are kept through the office's `retention_days` after the visit and go at the next local midnight, so a day's bookings leave
together and the evidence is a row a day. Each statement takes some hundreds of rows that nobody holds, so nothing waits for it, and of
many workers each row meets one. Refuses to touch what statistics count: tickets, their journal, states and times of bookings.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from queue_service.db import Pool

BATCH: Final = 500
"""Rows per statement: locked for some dozens of milliseconds."""

DESTROYED: Final = """
       name_sealed = NULL, contact_sealed = NULL, contact_hash = NULL, person = NULL, idempotency_key = NULL,
       secret = 'erased-' || encode(sha256(convert_to(secret, 'UTF8')), 'hex'), erased_at = $1
"""
"""What is left of an appointment: when, where, for what, and how it ended. The old link is known by its hash and opens nothing."""

KEPT_SINCE: Final = (
    "((date_trunc('day', $1::timestamptz AT TIME ZONE office.time_zone) - make_interval(days => office.retention_days))"
    " AT TIME ZONE office.time_zone)"
)
"""The local midnight before which a visit's data is no longer kept, in the office's zone."""
_OLDEST: Final = "$1::timestamptz - make_interval(days => (SELECT min(retention_days) FROM office))"
"""A bound without an office, for the index."""

_EVIDENCE: Final = """
INSERT INTO destruction (at, office_id, category, count, reason, actor)
SELECT $1::timestamptz, office_id, '{category}', count(*), 'retention', 'system' FROM gone GROUP BY office_id
RETURNING count
"""

_GONE: Final[Mapping[str, str]] = {
    # Appointments before everything that hangs on them, as every command of booking locks.
    "appointment": f"""
WITH due AS (
    SELECT appointment.id                                          -- ix_appointment_kept
      FROM appointment JOIN office ON office.id = office_id
     WHERE name_sealed IS NOT NULL AND starts_at < {_OLDEST} AND starts_at < {KEPT_SINCE}
     ORDER BY starts_at LIMIT {BATCH} FOR UPDATE OF appointment SKIP LOCKED
), messages AS (
    DELETE FROM outbox_message USING due WHERE appointment_id = due.id
), codes AS (
    DELETE FROM contact_code USING due WHERE appointment_id = due.id
), gone AS (
    UPDATE appointment SET {DESTROYED} FROM due WHERE appointment.id = due.id RETURNING office_id
)""",
    # Forms that were begun and not sent: their purpose ended when the hold did.
    "form": f"""
WITH due AS (
    SELECT id                                                      -- ix_appointment_kept
      FROM appointment
     WHERE name_sealed IS NOT NULL AND state = 'expired' AND hold_expires_at < $1::timestamptz - interval '1 day'
     ORDER BY starts_at LIMIT {BATCH} FOR UPDATE SKIP LOCKED
), messages AS (
    DELETE FROM outbox_message USING due WHERE appointment_id = due.id
), gone AS (
    UPDATE appointment SET {DESTROYED} FROM due WHERE appointment.id = due.id RETURNING office_id
)""",
    "waitlist": f"""
WITH due AS (
    SELECT waitlist_entry.id
      FROM waitlist_entry JOIN office ON office.id = office_id
     WHERE to_date < ({KEPT_SINCE} AT TIME ZONE office.time_zone)::date
        OR state IN ('left', 'expired', 'accepted') AND created_at < {KEPT_SINCE}
     LIMIT {BATCH} FOR UPDATE OF waitlist_entry SKIP LOCKED
), gone AS (
    DELETE FROM waitlist_entry USING due WHERE waitlist_entry.id = due.id RETURNING office_id
)""",
    # The list of somebody's links is asked for at most once an hour; its key is made of the contact's hash.
    "message": f"""
WITH due AS (
    SELECT key FROM outbox_message
     WHERE appointment_id IS NULL AND state NOT IN ('pending', 'sending') AND created_at < $1::timestamptz - interval '1 day'
     LIMIT {BATCH} FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM outbox_message USING due WHERE outbox_message.key = due.key RETURNING NULL::int AS office_id
)""",
    # The hash by which a contact's bookings are counted, once it has none.
    "contact": f"""
WITH due AS (
    SELECT contact_hash FROM booking_contact                       -- ix_appointment_contact
     WHERE seen_at < $1::timestamptz - interval '1 day'
       AND NOT EXISTS (SELECT FROM appointment WHERE appointment.contact_hash = booking_contact.contact_hash)
     LIMIT {BATCH} FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM booking_contact USING due WHERE booking_contact.contact_hash = due.contact_hash RETURNING NULL::int AS office_id
)""",
    # What clerks wrote to each other about a visitor, and to the hall: nobody checks whether a name is in it.
    "comment": f"""
WITH due AS (
    SELECT ticket.id                                               -- ix_ticket_comment
      FROM ticket JOIN office ON office.id = office_id
     WHERE comment IS NOT NULL AND issued_at < {KEPT_SINCE}
     LIMIT {BATCH} FOR UPDATE OF ticket SKIP LOCKED
), gone AS (
    UPDATE ticket SET comment = NULL FROM due WHERE ticket.id = due.id RETURNING office_id
)""",
    "hall_message": f"""
WITH due AS (
    SELECT hall_message.id FROM hall_message JOIN office ON office.id = office_id
     WHERE sent_at < {KEPT_SINCE} LIMIT {BATCH} FOR UPDATE OF hall_message SKIP LOCKED
), gone AS (
    DELETE FROM hall_message USING due WHERE hall_message.id = due.id RETURNING office_id
)""",
    "shift_note": f"""
WITH due AS (
    SELECT shift_event.id, shift.office_id                         -- ix_shift_event_note
      FROM shift_event JOIN shift ON shift.id = shift_id JOIN office ON office.id = shift.office_id
     WHERE note IS NOT NULL AND at < {KEPT_SINCE}
     LIMIT {BATCH} FOR UPDATE OF shift_event SKIP LOCKED
), gone AS (
    UPDATE shift_event SET note = NULL FROM due WHERE shift_event.id = due.id RETURNING office_id
)""",
    # Where staff signed in from; a day's sessions together.
    "session": f"""
WITH due AS (
    SELECT staff_session.id, office_id FROM staff_session JOIN account ON account.id = account_id
     WHERE expires_at < date_trunc('day', $1::timestamptz)
     LIMIT {BATCH} FOR UPDATE OF staff_session SKIP LOCKED
), gone AS (
    DELETE FROM staff_session USING due WHERE staff_session.id = due.id RETURNING office_id
)""",
}
CATEGORIES: Final = tuple(_GONE)
"""In the order in which they are destroyed: contacts after the appointments that need them."""
_STATEMENTS: Final = {category: gone + _EVIDENCE.format(category=category) for category, gone in _GONE.items()}

HOURLY_MINUTE: Final = 23
"""The minute of each hour in which a worker looks: the housekeeping comes by once a minute; who sleeps through it looks an hour later."""


async def destroy_due(pool: Pool, now: datetime) -> dict[str, int]:
    """Everything whose days are over, in batches; how much of each category. Any number of workers may do it at once."""
    done: dict[str, int] = {}
    for category, statement in _STATEMENTS.items():
        while rows := await pool.fetch(statement, now):
            done[category] = done.get(category, 0) + sum(row["count"] for row in rows)
    return done
