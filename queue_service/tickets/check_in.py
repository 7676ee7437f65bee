"""A booking becomes the hall's ticket: one prepared statement, once, whoever scans it and however often.

In time it keeps its booked time as arrival (design §4); late it stands as a walk-in that came now, marked late, and is never refused for
that. Refuses early visitors, other days and other offices with the sentence that helps.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import asyncpg
from babel.dates import format_date

from queue_service.booking.errors import (
    AppointmentCancelled,
    AppointmentPast,
    CheckInTooEarly,
    OtherDay,
    OtherOffice,
    UnknownReference,
)
from queue_service.booking.office import Booking, Place
from queue_service.booking.queries import AppointmentNow, appointment_by_reference, appointment_by_secret
from queue_service.booking.rules import AppointmentState, reference_in
from queue_service.dated import new_secret
from queue_service.db import Pool, constraint_of
from queue_service.errors import NotFound, OfficeClosed
from queue_service.text import Text
from queue_service.tickets.models import label
from queue_service.tickets.rules import Need, Rank, Source, State, is_late, rank_of_booked, rank_of_walk_in
from queue_service.tickets.take import RANDOM_SIGNS, TakenTicket

CHECK_IN = """
WITH appointment AS (    -- locked first, so that a move or a cancellation at the same moment is before or after, never between
    UPDATE appointment SET state = 'checked_in'
     WHERE id = $3 AND state = 'booked' AND starts_at = $4
 RETURNING id, service_id
), counter AS (          -- the row all kiosks of the group share: touched last, held until commit
    INSERT INTO ticket_counter (office_id, local_date, letter, last_number)
    SELECT $1, $2, $5, 1 FROM appointment
        ON CONFLICT (office_id, local_date, letter) DO UPDATE SET last_number = ticket_counter.last_number + 1
 RETURNING last_number
), ticket AS (
    INSERT INTO ticket (office_id, local_date, service_id, letter, number, secret, state, source, language, needs,
                        late, issued_at, due_at, rank_at, rank_from, calls, appointment_id, booked_for,
                        next_services)
    SELECT $1, $2, service_id, $5, last_number, $6, 'waiting', $7, $8, $9::text[],
           $10, $11, $12, $13, $14, 0, appointment.id, $4, $17::int[]
      FROM counter CROSS JOIN appointment
 RETURNING id, number, office_id
), event AS (
    INSERT INTO ticket_event (ticket_id, office_id, kind, at, details)
    SELECT id, office_id, 'issued', $11, jsonb_build_object('via', $15::text, 'by', $16::int, 'appointment', $3::bigint, 'late', $10)
      FROM ticket
)
SELECT id, number, pg_notify('office_changed', office_id::text) FROM ticket
"""

_OF_APPOINTMENT = """
SELECT ticket.id, ticket.secret, letter, number, ticket.service_id, ticket.state, source, late, issued_at, due_at, rank_at, rank_from,
       starts_at
  FROM ticket JOIN appointment ON appointment.id = appointment_id  -- uq_ticket_appointment
 WHERE appointment_id = $1
"""


async def ticket_of(pool: Pool, place: Place, appointment_id: int) -> TakenTicket | None:
    """The ticket that a booking has become."""
    row = await pool.fetchrow(_OF_APPOINTMENT, appointment_id)
    if row is None:
        return None
    return TakenTicket(
        id=row["id"],
        secret=row["secret"],
        number=label(row["letter"], row["number"]),
        service=place.catalogue.services_by_id[row["service_id"]],
        state=State(row["state"]),
        source=Source(row["source"]),
        issued_at=row["issued_at"],
        due_at=row["due_at"],
        rank_at=row["rank_at"],
        rank_from=row["rank_from"],
        late=row["late"],
        booked_for=row["starts_at"],
    )


async def appointment_of(pool: Pool, code: str) -> AppointmentNow:
    """The booking that was scanned or typed: a link, a secret, or a reference. Raises UnknownReference."""
    scanned = code.strip().rstrip("/")
    reference = reference_in(scanned)
    if reference is not None:
        found = await appointment_by_reference(pool, reference)
        if found is not None:
            return found
        raise UnknownReference
    if "/a/" in scanned:
        scanned = scanned.rpartition("/a/")[2].split("?")[0].split("#")[0]
    try:
        return await appointment_by_secret(pool, scanned)
    except NotFound:
        raise UnknownReference from None


def when(place: Place, moment: datetime) -> Text:
    """«12 марта, четверг, в 14:30» on the office's clock."""
    local = moment.astimezone(place.calendar.schedule.time_zone)
    return {
        "ru": f"{format_date(local.date(), 'd MMMM, EEEE', locale='ru')}, в {local:%H:%M}",
        "en": f"{format_date(local.date(), 'EEEE, d MMMM', locale='en_GB')}, at {local:%H:%M}",
    }


def check_stands(place: Place, appointment: AppointmentNow, now: datetime) -> None:
    """Raises the reason why the booking can become a ticket nowhere: cancelled, past, or never made."""
    if appointment.state is AppointmentState.CANCELLED:
        raise AppointmentCancelled
    if appointment.state not in (AppointmentState.BOOKED, AppointmentState.CHECKED_IN, AppointmentState.MISSED):
        raise UnknownReference
    if place.calendar.today(appointment.starts_at) < place.calendar.today(now) and appointment.starts_at + GRACE_OVER_MIDNIGHT < now:
        raise AppointmentPast


def check_has_begun(place: Place, appointment: AppointmentNow, now: datetime) -> None:
    """Raises from when it can, where it is too early."""
    opens_at = appointment.starts_at - place.calendar.rules.check_in_opens
    if now >= opens_at:
        return
    if place.calendar.today(appointment.starts_at) > place.calendar.today(now):
        said = when(place, appointment.starts_at)
        raise OtherDay({"ru": f"Вы записаны на {said['ru']}.", "en": f"Your booking is on {said['en']}."}, starts_at=appointment.starts_at)
    local = opens_at.astimezone(place.calendar.schedule.time_zone)
    raise CheckInTooEarly(f"{local:%H:%M}", opens_at, appointment.starts_at)


GRACE_OVER_MIDNIGHT = timedelta(hours=2)
"""Who is booked for 23:50 and comes at 00:10 is late, not of another day."""


async def check_in(
    booking: Booking, office_id: int, code: str, via: tuple[str, int], now: datetime, needs: Sequence[Need] = ()
) -> TakenTicket:
    """The ticket of the booking; the same one again for a second scan.

    Raises CheckInTooEarly, OtherDay, OtherOffice, AppointmentCancelled, AppointmentPast, UnknownReference, OfficeClosed.
    """
    appointment = await appointment_of(booking.pool, code)
    place = await booking.at_id(appointment.office_id, now)
    check_stands(place, appointment, now)  # first: nobody is sent to another office for a booking that is no more
    if appointment.office_id != office_id:
        said = when(place, appointment.starts_at)
        name, address = place.catalogue.name, place.catalogue.address
        raise OtherOffice(
            {
                "ru": f"Вы записаны в другое отделение: {name['ru']}, {address['ru']}, {said['ru']}.",
                "en": f"Your booking is in another office: {name.get('en', name['ru'])}, {address.get('en', address['ru'])}, {said['en']}.",
            },
            starts_at=appointment.starts_at,
            office={"slug": place.catalogue.slug, "name": name, "address": address},
        )
    check_has_begun(place, appointment, now)
    if appointment.state is AppointmentState.CHECKED_IN:
        known = await ticket_of(booking.pool, place, appointment.id)
        assert known is not None
        return known
    if place.calendar.schedule.closes_at(now) is None:
        raise OfficeClosed(place.calendar.schedule.closed_sentence(now))
    return await _becomes_ticket(booking.pool, place, appointment, via, now, needs)


async def _becomes_ticket(
    pool: Pool, place: Place, appointment: AppointmentNow, via: tuple[str, int], now: datetime, needs: Sequence[Need]
) -> TakenTicket:
    catalogue, policy = place.catalogue, place.catalogue.policy
    service = catalogue.services_by_id[appointment.service_id]
    late = is_late(appointment.starts_at, now, policy.late_grace)
    if late:
        rank, source = rank_of_walk_in(now, service.wait_norm, timedelta()), Source.WALK_IN
    else:
        rank, source = rank_of_booked(appointment.starts_at, service.booking_norm, policy.booked_head_start), Source.BOOKED
    secret = new_secret(now, RANDOM_SIGNS)
    row = await _issue(pool, place, appointment, (secret, source, late, rank), service.letter, via, now, needs)
    if row is None:
        # Somebody scanned it at the same moment, or it was moved or cancelled between the two reads.
        known = await ticket_of(pool, place, appointment.id)
        if known is not None:
            return known
        present = await appointment_by_secret(pool, appointment.secret)
        check_stands(place, present, now)
        check_has_begun(place, present, now)
        if present.starts_at == appointment.starts_at:
            raise UnknownReference
        return await _becomes_ticket(pool, place, present, via, now, needs)  # moved, and may come at its new time as well
    return TakenTicket(
        id=row["id"],
        secret=secret,
        number=label(service.letter, row["number"]),
        service=service,
        state=State.WAITING,
        source=source,
        issued_at=now,
        due_at=rank.due_at,
        rank_at=rank.rank_at,
        rank_from=rank.rank_from,
        late=late,
        booked_for=appointment.starts_at,
    )


async def _issue(
    pool: Pool,
    place: Place,
    appointment: AppointmentNow,
    ticket: tuple[str, Source, bool, Rank],
    letter: str,
    via: tuple[str, int],
    now: datetime,
    needs: Sequence[Need],
) -> asyncpg.Record | None:
    secret, source, late, rank = ticket
    local_date: date = place.calendar.today(now)
    try:
        return await pool.fetchrow(
            CHECK_IN,
            place.catalogue.id,
            local_date,
            appointment.id,
            appointment.starts_at,
            letter,
            secret,
            source,
            appointment.language,
            list(needs),
            late,
            now,
            rank.due_at,
            rank.rank_at,
            rank.rank_from,
            *via,
            place.catalogue.services_by_id[appointment.service_id].chain,
        )
    except asyncpg.UniqueViolationError as error:
        if constraint_of(error) != "uq_ticket_appointment":
            raise
        return None
