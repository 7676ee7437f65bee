"""Bookings that a change of the set-up leaves without their time: who they are, and telling them so in the same transaction.

A booking that stood outside the hours before the change is not counted again, nor one whose person was already told. Refuses names,
and to choose a new time for anybody.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.administration.errors import Fallen
from queue_service.administration.rules import Taken, standing
from queue_service.booking import messages
from queue_service.booking.models import Appointment
from queue_service.booking.office import Booking
from queue_service.booking.rules import ON_HOLD, AppointmentState
from queue_service.events import slots_changed
from queue_service.offices.configuration import Configuration

_TAKEN = """
SELECT appointment.id, appointment.reference, appointment.state, appointment.starts_at, appointment.ends_at,
       lane.name AS lane, service.code AS service, service.name AS service_name, office.time_zone
  FROM appointment                                                     -- ix_appointment_day
  JOIN lane_taken ON lane_taken.appointment_id = appointment.id
  JOIN lane ON lane.id = lane_taken.lane_id
  JOIN service ON service.id = appointment.service_id
  JOIN office ON office.id = appointment.office_id
 WHERE office.slug = :slug AND appointment.starts_at > :now AND appointment.displaced_at IS NULL
   AND (appointment.state = 'booked' OR (appointment.state IN ('held', 'offered', 'unverified') AND appointment.hold_expires_at > :now))
 ORDER BY appointment.starts_at, appointment.id
"""


async def fallen(db: AsyncSession, before: Configuration, after: Configuration, now: datetime) -> list[Fallen]:
    """Bookings and holds of the future that have their time in `before` and not in `after`, by office and time."""
    found: list[Fallen] = []
    then = {office.slug: office for office in after.offices}
    for office in before.offices:
        wanted = then.get(office.slug)
        if wanted == office and (before.city, before.catalogue) == (after.city, after.catalogue):
            continue
        rows = (await (await db.connection()).execute(text(_TAKEN), {"slug": office.slug, "now": now})).all()
        taken = [Taken(row.id, row.lane, row.service, row.starts_at, row.ends_at) for row in rows]
        lost = standing(before, office, taken, now) - standing(after, wanted, taken, now)
        found += [
            Fallen(
                appointment_id=row.id,
                office=office.slug,
                service=row.service_name,
                lane=row.lane,
                starts_at=row.starts_at,
                time_zone=row.time_zone,
                reference=row.reference,
                held=row.state != AppointmentState.BOOKED,
            )
            for row in rows
            if row.id in lost
        ]
    return found


async def offer_new_times(db: AsyncSession, booking: Booking, bookings: Sequence[Fallen], now: datetime) -> int:
    """Tells everybody who booked; a hold lapses at once, and its owner is asked to choose again. Returns how many were told.

    Who has moved or cancelled since the list was made is left alone: appointments are locked before they are judged.
    """
    told = 0
    listed = {each.appointment_id: each for each in bookings}
    wanted = select(Appointment).where(col(Appointment.id).in_(list(listed))).order_by(col(Appointment.id)).with_for_update()
    offices = set()
    for appointment in (await db.exec(wanted.execution_options(populate_existing=True))).all():
        assert appointment.id is not None
        if appointment.starts_at != listed[appointment.id].starts_at:
            continue
        if appointment.state in ON_HOLD:
            appointment.state = AppointmentState.EXPIRED
            appointment.hold_expires_at = None
            await (await db.connection()).execute(text("DELETE FROM lane_taken WHERE appointment_id = :id"), {"id": appointment.id})
            offices.add(appointment.office_id)
        elif appointment.state is AppointmentState.BOOKED:
            appointment.displaced_at = now
            place = await booking.at_id(appointment.office_id, now)
            await messages.displaced(db, booking, place, appointment, now)
            told += 1
    await db.flush()
    for office_id in sorted(offices):
        await slots_changed(db, office_id)
    return told
