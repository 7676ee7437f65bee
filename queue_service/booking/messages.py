"""What a change of an appointment says to its citizen: rows of the outbox, in the change's own transaction.

Refuses wording, which belongs to `notifications.templates`, and to write to anybody who gave no contact.
"""

from dataclasses import replace
from datetime import datetime, timedelta

import msgspec
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.booking.models import Appointment
from queue_service.booking.office import Booking, Place
from queue_service.booking.rules import spoken
from queue_service.notifications.calendar import CalendarEvent, Method
from queue_service.notifications.contacts import Contact, parse_contact
from queue_service.notifications.outbox import BookingLink, Facts, Kind, Message, put, withdraw
from queue_service.notifications.rules import REMINDERS, not_at_night
from queue_service.text import Text, pick

EARLY = timedelta(days=2)
"""Time to cancel so that somebody else can come."""
ON_THE_DAY = timedelta(hours=3)
"""Time to collect the papers and to cross the city."""
WORTH_IT = timedelta(hours=1)
"""A reminder sooner than this after the booking reminds nobody of anything."""

OVERTAKEN = REMINDERS | {Kind.CONFIRMATION, Kind.CHANGE, Kind.DISPLACED}
"""What must not arrive after a later change: that letter says all there is to know."""

_VISIT: Text = {"ru": "Приём", "en": "Appointment"}
_CODE: Text = {"ru": "Код записи", "en": "Booking code"}


def link(booking: Booking, appointment: Appointment) -> str:
    return f"{booking.public_url}/a/{appointment.secret}"


def facts_of(booking: Booking, place: Place, appointment: Appointment) -> Facts:
    service = place.catalogue.services_by_id[appointment.service_id]
    return Facts(
        office_name=place.catalogue.name,
        address=place.catalogue.address,
        time_zone=place.catalogue.time_zone,
        service_name=service.name,
        starts_at=appointment.starts_at,
        reference=appointment.reference,
        link=link(booking, appointment),
        documents=list(service.documents),
        notes={code: dict(said) for code, said in place.catalogue.wordings.items() if code.startswith("message-")},
        phone=place.catalogue.phone or "",
    )


def event_of(booking: Booking, place: Place, appointment: Appointment, method: Method, now: datetime) -> CalendarEvent:
    """The appointment as one event of a calendar: the same UID for its whole life, SEQUENCE by its changes."""
    service, language = place.catalogue.services_by_id[appointment.service_id], appointment.language
    documents = "\n".join(f"— {pick(each, language)}" for each in service.documents)
    return CalendarEvent(
        uid=f"{booking.ring.fingerprint(f'calendar {appointment.secret}').hex()[:32]}@appointments",
        sequence=appointment.sequence,
        method=method,
        starts_at=appointment.starts_at,
        ends_at=appointment.ends_at,
        summary=f"{pick(_VISIT, language)}: {pick(service.name, language)}",
        location=f"{pick(place.catalogue.name, language)}, {pick(place.catalogue.address, language)}",
        description=f"{pick(_CODE, language)}: {spoken(appointment.reference)}\n{documents}".strip(),
        url=link(booking, appointment),
        time_zone=place.catalogue.time_zone,
        stamp=now,
        organizer=booking.organizer,
    )


def _contact(booking: Booking, appointment: Appointment) -> Contact | None:
    if appointment.contact_sealed is None:
        return None
    return parse_contact(booking.ring.unseal(appointment.contact_sealed))


def _message(appointment: Appointment, contact: Contact, kind: Kind, facts: Facts, now: datetime) -> Message:
    return Message(
        key=f"appointment-{appointment.id}-{kind}-{appointment.sequence}",
        kind=kind,
        contact=contact,
        language=appointment.language,
        appointment_id=appointment.id,
        due_at=now,
        facts=facts,
    )


async def booked(db: AsyncSession, booking: Booking, place: Place, appointment: Appointment, now: datetime) -> None:
    contact = _contact(booking, appointment)
    if contact is None:
        return
    facts = facts_of(booking, place, appointment)
    message = _message(appointment, contact, Kind.CONFIRMATION, facts, now)
    await put(db, booking.ring, replace(message, calendar=event_of(booking, place, appointment, Method.REQUEST, now)), now)
    await _remind(db, booking, place, appointment, contact, now)


async def moved(db: AsyncSession, booking: Booking, place: Place, appointment: Appointment, old_starts_at: datetime, now: datetime) -> None:
    contact = _contact(booking, appointment)
    if contact is None:
        return
    assert appointment.id is not None
    await withdraw(db, appointment.id, OVERTAKEN, now)
    facts = msgspec.structs.replace(facts_of(booking, place, appointment), old_starts_at=old_starts_at)
    message = _message(appointment, contact, Kind.CHANGE, facts, now)
    await put(db, booking.ring, replace(message, calendar=event_of(booking, place, appointment, Method.REQUEST, now)), now)
    await _remind(db, booking, place, appointment, contact, now)


async def cancelled(db: AsyncSession, booking: Booking, place: Place, appointment: Appointment, now: datetime) -> None:
    contact = _contact(booking, appointment)
    if contact is None:
        return
    assert appointment.id is not None
    await withdraw(db, appointment.id, OVERTAKEN, now)
    message = _message(appointment, contact, Kind.CANCELLATION, facts_of(booking, place, appointment), now)
    await put(db, booking.ring, replace(message, calendar=event_of(booking, place, appointment, Method.CANCEL, now)), now)


async def displaced(db: AsyncSession, booking: Booking, place: Place, appointment: Appointment, now: datetime) -> None:
    """Its time is no longer one of the office's: nothing reminds of it any more, and the page behind the link offers the nearest ones."""
    contact = _contact(booking, appointment)
    if contact is None:
        return
    assert appointment.id is not None
    await withdraw(db, appointment.id, OVERTAKEN, now)
    await put(db, booking.ring, _message(appointment, contact, Kind.DISPLACED, facts_of(booking, place, appointment), now), now)


async def _remind(db: AsyncSession, booking: Booking, place: Place, appointment: Appointment, contact: Contact, now: datetime) -> None:
    """Reminders of this time of the appointment; one that would come too soon or too late is left out."""
    zone = place.calendar.schedule.time_zone
    facts = facts_of(booking, place, appointment)
    for kind, before in ((Kind.REMINDER_EARLY, EARLY), (Kind.REMINDER_DAY, ON_THE_DAY)):
        due_at = not_at_night(appointment.starts_at - before, zone)
        if now + WORTH_IT <= due_at < appointment.starts_at:
            message = replace(_message(appointment, contact, kind, facts, now), due_at=due_at)
            await put(db, booking.ring, message, now)


async def code(db: AsyncSession, booking: Booking, place: Place, appointment: Appointment, digits: str, key: str, now: datetime) -> None:
    """The code that proves the contact; `key` names this sending."""
    contact = _contact(booking, appointment)
    assert contact is not None
    facts = msgspec.structs.replace(
        facts_of(booking, place, appointment), code=digits, until=appointment.hold_expires_at, reference="", link="", documents=[]
    )
    await put(db, booking.ring, replace(_message(appointment, contact, Kind.CODE, facts, now), key=key), now)


async def offered(db: AsyncSession, booking: Booking, place: Place, appointment: Appointment, now: datetime) -> None:
    """A freed slot for somebody on the waitlist, with the link that accepts it."""
    contact = _contact(booking, appointment)
    assert contact is not None
    facts = msgspec.structs.replace(facts_of(booking, place, appointment), until=appointment.hold_expires_at)
    await put(db, booking.ring, _message(appointment, contact, Kind.OFFER, facts, now), now)


async def send_again(db: AsyncSession, booking: Booking, place: Place, appointment: Appointment, now: datetime) -> None:
    """The confirmation once more, because its citizen asks for it on the booking's page; at most once a minute."""
    contact = _contact(booking, appointment)
    if contact is None:
        return
    message = _message(appointment, contact, Kind.CONFIRMATION, facts_of(booking, place, appointment), now)
    event = event_of(booking, place, appointment, Method.REQUEST, now)
    await put(db, booking.ring, replace(message, key=f"{message.key}-again-{now:%Y%m%d%H%M}", calendar=event), now)


def links_key(booking: Booking, address: str) -> str:
    """What the keys of all lists that went to this contact begin with."""
    return f"links-{booking.ring.fingerprint(f'links {address}').hex()[:24]}-"


async def links(db: AsyncSession, booking: Booking, contact: Contact, bookings: list[Appointment], language: str, now: datetime) -> None:
    """The contact's bookings, sent to the contact itself and shown to nobody else; at most once an hour."""
    if not bookings:
        return
    listed = []
    for each in bookings:
        place = await booking.at_id(each.office_id, now)
        listed.append(
            BookingLink(
                service_name=place.catalogue.services_by_id[each.service_id].name,
                office_name=place.catalogue.name,
                time_zone=place.catalogue.time_zone,
                starts_at=each.starts_at,
                reference=each.reference,
                link=link(booking, each),
            )
        )
    first = bookings[0]
    place = await booking.at_id(first.office_id, now)
    facts = msgspec.structs.replace(facts_of(booking, place, first), links=listed, reference="", link="", documents=[])
    key = f"{links_key(booking, contact.address)}{now:%Y%m%d%H}"
    message = Message(key=key, kind=Kind.LINKS, contact=contact, language=language, appointment_id=None, due_at=now, facts=facts)
    await put(db, booking.ring, message, now)
