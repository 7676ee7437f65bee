"""A hold becomes a booking: the form's answers, the contact that is proven by a code, the limits per contact.

Takes the appointment's row first and the contact's second, as every command of booking. Refuses to tell by any answer whether a contact is
known, unless its owner has proven it.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.booking import messages
from queue_service.booking.commands import HoldWish, hold, keep_until, lock_contact, locked, nearest, still_held
from queue_service.booking.errors import (
    BadName,
    HoldExpired,
    NotChangeable,
    SamePersonTwice,
    TooManyActive,
    WrongCode,
)
from queue_service.booking.models import Appointment, ContactCode
from queue_service.booking.office import Booking, Place, names_compare_as
from queue_service.booking.rules import AppointmentState, Channel
from queue_service.db import constraint_of
from queue_service.errors import TooManyAttempts
from queue_service.events import slots_changed
from queue_service.notifications.contacts import Contact, parse_contact

CODE_LIFE = timedelta(minutes=15)
"""Time for a letter to arrive and to be found; the slot is kept meanwhile."""
CODE_TRIES = 5
"""One code of a million and five guesses: one in two hundred thousand."""
LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Person:
    """Who comes, as typed."""

    name: str
    contact: str | None
    """None only for somebody who stands before the hall administrator and has neither telephone nor mail."""
    language: str


async def remember_form(
    db: AsyncSession, booking: Booking, secret: str, now: datetime, *, name: str | None = None, contact: str | None = None
) -> Appointment:
    """Keeps answers of a form that is being filled in; a form that waits for its code is open again once an answer is another one.

    Raises BadName, BadContact, NotChangeable.
    """
    appointment = await locked(db, secret)
    if appointment.state not in (AppointmentState.HELD, AppointmentState.EXPIRED, AppointmentState.UNVERIFIED):
        raise NotChangeable
    changed = False
    if name is not None:
        changed = _answered_before(booking, appointment.name_sealed) != (line := checked_name(name))
        appointment.name_sealed = booking.ring.seal(line)
    if contact is not None:
        changed |= _answered_before(booking, appointment.contact_sealed) != (address := parse_contact(contact).address)
        appointment.contact_sealed = booking.ring.seal(address)
    if changed and appointment.state is AppointmentState.UNVERIFIED:
        appointment.state = AppointmentState.HELD
    return appointment


def _answered_before(booking: Booking, sealed: bytes | None) -> str | None:
    return booking.ring.unseal(sealed) if sealed else None


def checked_name(name: str) -> str:
    """One line with at least one letter. Raises BadName."""
    line = " ".join(name.split())
    if not any(character.isalpha() for character in line) or len(line) > LONGEST_NAME or any(ord(each) < 32 for each in line):
        raise BadName
    return line


def contact_of(booking: Booking, appointment: Appointment) -> Contact:
    assert appointment.contact_sealed is not None
    return parse_contact(booking.ring.unseal(appointment.contact_sealed))


async def confirm(db: AsyncSession, booking: Booking, secret: str, person: Person, now: datetime, *, trusted: bool = False) -> Appointment:
    """Makes a booking of a hold; where the office verifies contacts, sends the code first and waits for `verify`.

    `trusted`: the hall administrator has the person before them. Confirming again what is booked changes nothing. Raises HoldExpired,
    BadName, BadContact, TooManyActive, SamePersonTwice, NotChangeable.
    """
    appointment = await locked(db, secret)
    name = checked_name(person.name)
    contact = None if trusted and not person.contact else parse_contact(person.contact or "")
    contact_hash = booking.ring.fingerprint(contact.address) if contact else None
    if appointment.state is AppointmentState.BOOKED and contact_hash == appointment.contact_hash:
        return appointment
    if appointment.state is AppointmentState.EXPIRED:
        raise HoldExpired(await nearest(booking, appointment, now))
    if appointment.state not in (AppointmentState.HELD, AppointmentState.UNVERIFIED):
        raise NotChangeable
    await still_held(db, booking, appointment, now)
    place = await booking.at_id(appointment.office_id, now)
    appointment.name_sealed = booking.ring.seal(name)
    appointment.contact_hash = contact_hash
    if contact:
        appointment.contact_sealed = booking.ring.seal(contact.address)
        appointment.person = person_of(booking, name, contact)
    appointment.language = person.language
    if place.calendar.rules.verify_contact and not trusted:
        appointment.state = AppointmentState.UNVERIFIED
        await keep_until(db, appointment, now + CODE_LIFE)
        await send_code(db, booking, place, appointment, now)
        return appointment
    await book(db, booking, place, appointment, now, limited=not trusted)
    return appointment


def person_of(booking: Booking, name: str, contact: Contact) -> int:
    """The same number for the same name and contact, however they are spelt."""
    return booking.ring.number(f"{names_compare_as(name)}\n{contact.address}")


async def send_code(db: AsyncSession, booking: Booking, place: Place, appointment: Appointment, now: datetime) -> None:
    """A new code; those sent before stay valid, because letters overtake each other."""
    code = f"{secrets.randbelow(10**6):06d}"
    assert appointment.id is not None
    row = ContactCode(appointment_id=appointment.id, code_hash=_code_hash(booking, appointment, code), expires_at=now + CODE_LIFE)
    db.add(row)
    await db.flush()
    await messages.code(db, booking, place, appointment, code, f"code-{row.id}", now)


def _code_hash(booking: Booking, appointment: Appointment, code: str) -> bytes:
    """Of the contact too: a code that came to one contact proves no other one that is put in its place."""
    return booking.ring.fingerprint(f"code {appointment.id} {contact_of(booking, appointment).address} {code}")


async def resend_code(db: AsyncSession, booking: Booking, secret: str, now: datetime) -> Appointment:
    appointment = await locked(db, secret)
    if appointment.state is not AppointmentState.UNVERIFIED:
        raise NotChangeable
    await still_held(db, booking, appointment, now)
    await send_code(db, booking, await booking.at_id(appointment.office_id, now), appointment, now)
    return appointment


async def verify(db: AsyncSession, booking: Booking, secret: str, code: str, now: datetime) -> Appointment | WrongCode | TooManyAttempts:
    """Books what waits for its code. A wrong code is returned, not raised: the attempt must be remembered.

    Raises HoldExpired, NotChangeable, TooManyActive, SamePersonTwice.
    """
    appointment = await locked(db, secret)
    if appointment.state is AppointmentState.BOOKED:
        return appointment
    if appointment.state is AppointmentState.EXPIRED:
        raise HoldExpired(await nearest(booking, appointment, now))
    if appointment.state is not AppointmentState.UNVERIFIED:
        raise NotChangeable
    await still_held(db, booking, appointment, now)
    if appointment.code_attempts >= CODE_TRIES:
        assert appointment.hold_expires_at is not None
        return TooManyAttempts(int((appointment.hold_expires_at - now).total_seconds()) + 1)
    appointment.code_attempts += 1
    assert appointment.id is not None
    digits = "".join(character for character in code if character.isdigit())
    valid = await db.exec(
        select(ContactCode.id).where(
            col(ContactCode.appointment_id) == appointment.id,
            col(ContactCode.code_hash) == _code_hash(booking, appointment, digits),
            col(ContactCode.expires_at) > now,
        )
    )
    if valid.first() is None:
        return WrongCode(attempts_left=CODE_TRIES - appointment.code_attempts)
    place = await booking.at_id(appointment.office_id, now)
    await book(db, booking, place, appointment, now, limited=True)
    return appointment


async def book(db: AsyncSession, booking: Booking, place: Place, appointment: Appointment, now: datetime, *, limited: bool) -> None:
    """The hold becomes a booking, with its messages, in the caller's transaction."""
    connection = await db.connection()
    if appointment.contact_hash is not None:
        await lock_contact(db, appointment.contact_hash, now)
        if limited and await active_of(db, appointment.contact_hash, now) >= place.calendar.rules.active_limit:
            raise TooManyActive(place.calendar.rules.active_limit)
    kept = await connection.execute(
        text("UPDATE lane_taken SET kind = 'booking', expires_at = NULL WHERE appointment_id = :id RETURNING id"), {"id": appointment.id}
    )
    if kept.first() is None:
        raise HoldExpired(await nearest(booking, appointment, now))
    appointment.state = AppointmentState.BOOKED
    appointment.hold_expires_at = None
    try:
        await db.flush()
    except IntegrityError as error:
        if constraint_of(error) == "ex_appointment_one_place":
            raise SamePersonTwice from error
        raise
    await messages.booked(db, booking, place, appointment, now)
    await slots_changed(db, appointment.office_id)


async def active_of(db: AsyncSession, contact_hash: bytes, now: datetime) -> int:
    """How many bookings of the contact are still to come, across the city."""
    return len((await db.exec(select(Appointment.id).where(*_active(contact_hash, now)))).all())


def _active(contact_hash: bytes, now: datetime) -> Collection[Any]:
    return (
        col(Appointment.contact_hash) == contact_hash,
        col(Appointment.state) == AppointmentState.BOOKED,
        col(Appointment.ends_at) > now,
    )


async def bookings_of(db: AsyncSession, contact_hash: bytes, now: datetime) -> list[Appointment]:
    """The contact's bookings that are still to come, the next first."""
    found = await db.exec(select(Appointment).where(*_active(contact_hash, now)).order_by(col(Appointment.starts_at)))
    return list(found.all())


async def book_at_desk(db: AsyncSession, booking: Booking, place: Place, wish: HoldWish, person: Person, now: datetime) -> Appointment:
    """Hold and confirm in one, for a person who stands before the hall administrator. Raises what either raises.

    What cannot be confirmed is a hold like any other, and lapses.
    """
    if person.contact:
        parse_contact(person.contact)
    held = await hold(booking, place, replace(wish, channel=Channel.HALL, via="staff", language=person.language), now)
    return await confirm(db, booking, held.secret, person, now, trusted=True)
