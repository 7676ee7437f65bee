"""What time does to bookings: holds lapse, freed parts return, days pass, and in the end names are destroyed.

Nothing waits for it: a lapsed hold is free the moment it lapses, and is swept by whoever wants its place. Refuses to touch what somebody is
changing at the same time.
"""

from datetime import datetime, timedelta

from queue_service.booking.retention import HOURLY_MINUTE, destroy_due
from queue_service.db import Pool

NOT_COME = timedelta(hours=24)
"""After a booking's end: late visitors of the same day may still check in, in every zone."""

_LAPSE = """
WITH idle AS (           -- appointments before parts of lanes, as every command locks them
    SELECT id FROM appointment                                    -- ix_appointment_hold
     WHERE state IN ('held', 'unverified') AND hold_expires_at <= $1
       FOR UPDATE SKIP LOCKED
), freed AS (
    DELETE FROM lane_taken USING idle WHERE appointment_id = idle.id
), lapsed AS (
    UPDATE appointment SET state = 'expired' FROM idle WHERE appointment.id = idle.id
 RETURNING office_id
)
SELECT office_id, pg_notify('slots_changed', office_id::text), pg_notify('slot_freed', office_id::text) FROM lapsed GROUP BY office_id
"""
_RETURN = """
WITH returned AS (
    DELETE FROM lane_taken                                        -- ix_lane_taken_expires
     WHERE kind = 'freed' AND expires_at <= $1
 RETURNING lane_id
)
SELECT pg_notify('slots_changed', office_id::text) FROM lane WHERE id IN (SELECT lane_id FROM returned) GROUP BY office_id
"""
_MISSED = """
UPDATE appointment SET state = 'missed' WHERE id IN (
    SELECT id FROM appointment WHERE state = 'booked' AND starts_at <= $1 FOR UPDATE SKIP LOCKED)
"""
_CODES = "DELETE FROM contact_code WHERE expires_at <= $1"


async def keep_booking(pool: Pool, now: datetime) -> None:
    """Once a minute, by any number of workers."""
    await pool.execute(_LAPSE, now)
    await pool.execute(_RETURN, now)
    await pool.execute(_MISSED, now - NOT_COME)
    await pool.execute(_CODES, now)
    if now.minute == HOURLY_MINUTE:
        await destroy_due(pool, now)
