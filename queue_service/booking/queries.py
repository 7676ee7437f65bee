"""Appointments as they are read: by secret, by reference, by day. Names and contacts stay sealed here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import asyncpg
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.booking.errors import BookingErased, NoSuchBooking
from queue_service.booking.models import KEEPS_REFERENCE, Appointment
from queue_service.booking.office import Booking
from queue_service.booking.rules import AppointmentState, BookingCalendar, reference_in
from queue_service.db import Connection, Pool
from queue_service.notifications.contacts import BadContact, parse_contact

_COLUMNS = """id, secret, reference, office_id, service_id, state, starts_at, ends_at, applications, language, hold_expires_at,
       extended, moves, sequence, via, displaced_at"""
_BY_SECRET = f"SELECT {_COLUMNS} FROM appointment WHERE secret = $1"
_ERASED = "SELECT true FROM appointment WHERE secret = 'erased-' || encode(sha256(convert_to($1, 'UTF8')), 'hex')"
_BY_REFERENCE = f"SELECT {_COLUMNS} FROM appointment WHERE reference = $1 AND {KEEPS_REFERENCE}"
_BY_ID = f"SELECT {_COLUMNS} FROM appointment WHERE id = ANY ($1::bigint[])"
_OF_DAY = f"""
SELECT {_COLUMNS} FROM appointment                             -- ix_appointment_day
 WHERE office_id = $1 AND starts_at >= $2 AND starts_at < $3 AND state IN ('booked', 'checked_in', 'missed')
 ORDER BY starts_at, id
"""


@dataclass(frozen=True, slots=True)
class AppointmentNow:
    id: int
    secret: str
    reference: str
    office_id: int
    service_id: int
    state: AppointmentState
    starts_at: datetime
    ends_at: datetime
    applications: int
    language: str
    hold_expires_at: datetime | None
    extended: bool
    moves: int
    sequence: int
    via: str
    displaced_at: datetime | None = None


def _now_of(row: asyncpg.Record) -> AppointmentNow:
    return AppointmentNow(**{**row, "state": AppointmentState(row["state"])})


async def appointment_by_secret(pool: Pool | Connection, secret: str) -> AppointmentNow:
    """Raises NoSuchBooking; BookingErased, which is one, for the link of a booking that is destroyed."""
    row = await pool.fetchrow(_BY_SECRET, secret)
    if row is None:
        raise BookingErased if await pool.fetchval(_ERASED, secret) else NoSuchBooking
    return _now_of(row)


async def appointment_by_reference(pool: Pool | Connection, reference: str) -> AppointmentNow | None:
    row = await pool.fetchrow(_BY_REFERENCE, reference)
    return _now_of(row) if row else None


async def appointments_by_id(pool: Pool, ids: Sequence[int]) -> list[AppointmentNow]:
    return [_now_of(row) for row in await pool.fetch(_BY_ID, ids)]


async def appointments_of_day(pool: Pool, calendar: BookingCalendar, day: date) -> list[AppointmentNow]:
    """Those of a local day, which has 23 or 25 hours where the clocks change."""
    begins, ends = calendar.midnight(day), calendar.midnight(day + timedelta(days=1))
    return [_now_of(row) for row in await pool.fetch(_OF_DAY, calendar.office_id, begins, ends)]


async def find_booking(db: AsyncSession, booking: Booking, reference: str, contact: str) -> Appointment | None:
    """The booking with this reference if the contact is its own; None does not say which of the two is wrong."""
    digits = reference_in(reference)
    try:
        fingerprint = booking.ring.fingerprint(parse_contact(contact).address)
    except BadContact:
        return None
    if digits is None:
        return None
    found = await db.exec(
        select(Appointment).where(
            col(Appointment.reference) == digits,
            col(Appointment.state) != AppointmentState.EXPIRED,
            col(Appointment.contact_hash) == fingerprint,
        )
    )
    return found.one_or_none()
