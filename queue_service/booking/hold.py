"""Taking a part of a lane: booking's hottest write, one prepared statement.

The exclusion constraint decides; the statement only proposes the lowest free lane, so that long gaps stay whole in the others. Refuses
to count capacity: counting and then inserting sold a capacity of three twenty times (performance.md).
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from queue_service.booking.availability import Beyond
from queue_service.booking.errors import SlotTaken
from queue_service.booking.models import KEEPS_REFERENCE
from queue_service.booking.rules import REFERENCE_DIGITS, AppointmentState, BookingCalendar, TakenBy, Wanted, reference_of
from queue_service.dated import new_secret
from queue_service.db import Connection, Pool, constraint_of

RANDOM_SIGNS = 16
"""Of a booking's secret: 96 bits."""
REFERENCES_TRIED = 8
"""Proposed at once: with a tenth of all references in use, eight are taken once in 10^8."""

_TAKE = """
WITH lane AS (           -- the lowest lane with nothing there that still counts; ex_lane_taken_once finds what is there
    SELECT given.lane_id
      FROM unnest($1::int[]) WITH ORDINALITY AS given (lane_id, place)
     WHERE NOT EXISTS (SELECT FROM lane_taken
                        WHERE int8range(lane_taken.lane_id, lane_taken.lane_id, '[]') && int8range(given.lane_id, given.lane_id, '[]')
                          AND during && tstzrange($2, $3)
                          AND (expires_at IS NULL OR expires_at > $4) AND (kind <> 'freed' OR NOT $6))
     ORDER BY place LIMIT 1
), stale AS (            -- what has expired in the way there, and nothing of other lanes: that is not ours to give back
    SELECT lane_taken.id, appointment_id
      FROM lane JOIN lane_taken ON int8range(lane_taken.lane_id, lane_taken.lane_id, '[]') && int8range(lane.lane_id, lane.lane_id, '[]')
     WHERE during && tstzrange($2, $3)
), idle AS (             -- appointments before parts of lanes, as every command locks them
    SELECT appointment.id FROM appointment JOIN stale ON appointment.id = stale.appointment_id
       FOR UPDATE OF appointment SKIP LOCKED
), loose AS (
    SELECT id FROM lane_taken WHERE id IN (SELECT id FROM stale WHERE appointment_id IS NULL)
       FOR UPDATE SKIP LOCKED
), swept AS (            -- all of it or nothing: two who sweep a half each would wait for each other
    DELETE FROM lane_taken USING stale
     WHERE lane_taken.id = stale.id
       AND (SELECT count(*) FROM stale) = (SELECT count(*) FROM idle) + (SELECT count(*) FROM loose)
       -- asked again of the row as it is now: its owner may have confirmed in the last moment, after we began to look
       AND (expires_at <= $4 OR (kind = 'freed' AND $6))
 RETURNING stale.appointment_id
), lapsed AS (
    UPDATE appointment SET state = 'expired' FROM swept
     WHERE appointment.id = swept.appointment_id AND state IN ('held', 'offered', 'unverified')
)"""


def _unused(references: str) -> str:
    return f"""SELECT given.reference
                            FROM unnest({references}::text[]) WITH ORDINALITY AS given (reference, place)
                           WHERE NOT EXISTS (SELECT FROM appointment          -- uq_appointment_reference
                                              WHERE appointment.reference = given.reference AND {KEEPS_REFERENCE})
                           ORDER BY place LIMIT 1"""


HOLD = (
    _TAKE
    + f""", number AS (
    SELECT lane_id, nextval(pg_get_serial_sequence('appointment', 'id')) AS id FROM lane
), held AS (
    INSERT INTO lane_taken (lane_id, during, kind, appointment_id, expires_at)
    SELECT lane_id, tstzrange($2, $3), 'hold', id, $5 FROM number
     WHERE (SELECT count(*) FROM swept) >= 0       -- the sweep comes first: the constraint must not meet what it removes
        ON CONFLICT ON CONSTRAINT ex_lane_taken_once DO NOTHING
 RETURNING appointment_id
), made AS (
    INSERT INTO appointment (id, secret, reference, office_id, service_id, state, starts_at, ends_at, applications, language, created_at,
                             hold_expires_at, extended, moves, sequence, code_attempts, via, idempotency_key)
    OVERRIDING SYSTEM VALUE
    SELECT appointment_id, $7, unused.reference, $9, $10, $11, $2, $3, $12, $13, $4, $14, false, 0, 0, 0, $15, $16
      FROM held CROSS JOIN ({_unused("$8")}) AS unused
 RETURNING id, reference, pg_notify('slots_changed', office_id::text)
)
SELECT (SELECT lane_id FROM lane) AS proposed, made.id, made.reference,
       CASE WHEN made.id IS NULL THEN EXISTS (SELECT FROM appointment WHERE idempotency_key = $16) END AS repeated   -- uq_appointment_key
  FROM (VALUES (1)) AS always LEFT JOIN made ON true
"""
)

TAKE_FOR = (
    _TAKE
    + """, held AS (
    INSERT INTO lane_taken (lane_id, during, kind, appointment_id, expires_at)
    SELECT lane_id, tstzrange($2, $3), $7, $8, $5 FROM lane
     WHERE (SELECT count(*) FROM swept) >= 0       -- as above
        ON CONFLICT ON CONSTRAINT ex_lane_taken_once DO NOTHING
 RETURNING id
)
SELECT (SELECT lane_id FROM lane) AS proposed, (SELECT id FROM held) AS id
"""
)


@dataclass(frozen=True, slots=True)
class Slot:
    """A visit's time and the lanes that could take it, the lowest first."""

    starts_at: datetime
    ends_at: datetime
    lanes: Sequence[int]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be held, by whom."""

    wanted: Wanted
    language: str
    via: str
    state: AppointmentState
    key: str | None = None
    """Idempotency-Key."""


@dataclass(frozen=True, slots=True)
class Held:
    id: int
    secret: str
    reference: str


class HeldBefore(Exception):
    """There is a hold under this key."""


def slot_at(calendar: BookingCalendar, wanted: Wanted, starts_at: datetime, now: datetime) -> Slot | None:
    """The slot as the calendar has it: None when the time is off the grid, outside every lane's hours, too soon or too far.

    Says the same as FREE_SLOTS does before anything is subtracted; a Hypothesis test holds the two together.
    """
    rules = calendar.services.get(wanted.service_id)
    if rules is None:
        return None
    day = calendar.today(starts_at)
    ends_at = starts_at + rules.length(wanted.applications)
    following = day + timedelta(days=1)
    days = [day] if ends_at <= calendar.midnight(following) else [day, following]
    hours: dict[tuple[int, int], list[tuple[datetime, datetime]]] = {}
    for each in calendar.opening(wanted, days, now):
        hours.setdefault((each.lane_id, each.phase), []).append((each.opens, each.closes))
    step = int(rules.grid.total_seconds())
    fitting = {
        lane
        for (lane, phase), spans in hours.items()
        if (starts_at.timestamp() - phase) % step == 0 and _covered(spans, starts_at, ends_at)
    }
    lanes = [lane.id for lane in calendar.lanes if lane.id in fitting]
    return Slot(starts_at, ends_at, lanes) if lanes else None


def _covered(spans: Sequence[tuple[datetime, datetime]], starts_at: datetime, ends_at: datetime) -> bool:
    """Whether the spans, joined where they touch, hold the whole visit."""
    reached = starts_at
    for opens, closes in sorted(spans):
        if opens <= reached < closes:
            reached = closes
    return reached >= ends_at


async def hold_slot(
    pool: Pool | Connection, office_id: int, slot: Slot, wish: Wish, expiry: tuple[datetime, datetime], now: datetime, freed: bool = False
) -> Held:
    """Holds the slot for a new appointment, in the lowest lane that has it free. Raises SlotTaken, HeldBefore.

    `expiry` is until when the person is promised it, and until when nobody else may have it. Each turn either wins, or learns that
    somebody else's INSERT won the proposed lane, or that its owner is busy with it, and goes on with the others, until none is left to
    propose: one turn more than lanes at most, and nobody waits for a deadlock. Who lost to the first try of the same wish learns it then.
    """
    left = list(slot.lanes)
    promised, kept = expiry
    secret, references = new_secret(now, RANDOM_SIGNS), new_references()
    while True:
        try:
            row = await pool.fetchrow(
                HOLD,
                left,
                slot.starts_at,
                slot.ends_at,
                now,
                kept,
                freed,
                secret,
                references,
                office_id,
                wish.wanted.service_id,
                wish.state,
                wish.wanted.applications,
                wish.language,
                promised,
                wish.via,
                wish.key,
            )
        except asyncpg.UniqueViolationError as error:
            if constraint_of(error) != "uq_appointment_key":
                raise
            raise HeldBefore from error
        assert row is not None
        if row["id"] is not None:
            return Held(row["id"], secret, row["reference"])
        if row["repeated"]:
            raise HeldBefore
        if row["proposed"] is None:
            raise SlotTaken
        left.remove(row["proposed"])


def new_references() -> list[str]:
    """By chance, and perhaps in use."""
    return [reference_of(secrets.randbelow(10 ** (REFERENCE_DIGITS - 1))) for _ in range(REFERENCES_TRIED)]


async def reference_again(connection: Connection, former: str) -> str:
    """For a hold that comes back: its former reference, or a new one if somebody else has got that meanwhile."""
    found: str = await connection.fetchval(_unused("$1"), [former, *new_references()])
    return found


async def take_for(
    connection: Connection, appointment_id: int, slot: Slot, kind: TakenBy, expires_at: datetime | None, now: datetime, beyond: Beyond
) -> int:
    """Gives an appointment that exists a further part of a lane, in the caller's transaction; its id. Raises SlotTaken."""
    left = list(slot.lanes)
    while left:
        row = await connection.fetchrow(TAKE_FOR, left, slot.starts_at, slot.ends_at, now, expires_at, beyond.freed, kind, appointment_id)
        assert row is not None
        if row["id"] is not None:
            found: int = row["id"]
            return found
        if row["proposed"] is None:
            break
        left.remove(row["proposed"])
    raise SlotTaken
