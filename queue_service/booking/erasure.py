"""A citizen sees what we hold and has it destroyed: one booking by its link, everything of a contact once the contact is proven.

The link alone proves no contact: anybody may have typed somebody else's. So the other bookings of a contact are shown and destroyed only
after a code that was sent to it; what the code proved travels in the form for a quarter of an hour, signed, and never in an address.
Active bookings are cancelled first, and that letter keeps its sealed address until it is sent: a calendar that is not told would go on
showing the visit. Everything else goes at once. Refuses to touch the ticket of somebody who stands in the hall.
"""

import hmac
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import bindparam, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.booking import commands, messages, waitlist
from queue_service.booking.confirming import CODE_LIFE, CODE_TRIES, contact_of
from queue_service.booking.errors import NoSuchBooking, NotChangeable, WrongCode
from queue_service.booking.models import Appointment, ContactCode, Destruction, WaitlistEntry
from queue_service.booking.office import Booking
from queue_service.booking.queries import appointment_by_secret
from queue_service.booking.retention import DESTROYED
from queue_service.booking.rules import ON_HOLD, AppointmentState, WaitlistState
from queue_service.errors import TooManyAttempts
from queue_service.notifications.outbox import Kind, Message, put

PROOF_LIFE: Final = timedelta(minutes=15)
"""Time to read a list and to think before destroying it."""
CANCELLED_FIRST: Final = (AppointmentState.BOOKED, *ON_HOLD)


@dataclass(frozen=True, slots=True)
class Held:
    """What we hold of one booking, opened for its owner."""

    appointment: Appointment
    name: str | None
    contact: str | None


def opened(booking: Booking, appointment: Appointment) -> Held:
    def plain(sealed: bytes | None) -> str | None:
        return booking.ring.unseal(sealed) if sealed is not None else None

    return Held(appointment, plain(appointment.name_sealed), plain(appointment.contact_sealed))


async def held_by_link(db: AsyncSession, booking: Booking, secret: str) -> Held:
    """Raises NoSuchBooking, BookingErased."""
    known = await appointment_by_secret(booking.pool, secret)
    found = (await db.exec(select(Appointment).where(col(Appointment.id) == known.id, col(Appointment.erased_at).is_(None)))).one_or_none()
    if found is None:
        raise NoSuchBooking
    return opened(booking, found)


async def held_of_contact(db: AsyncSession, booking: Booking, contact_hash: bytes) -> Sequence[Held]:
    """Every booking of the contact across the city, the newest first."""
    found = await db.exec(
        select(Appointment).where(col(Appointment.contact_hash) == contact_hash).order_by(col(Appointment.starts_at).desc())
    )
    return [opened(booking, each) for each in found.all()]


async def waiting_of_contact(db: AsyncSession, contact_hash: bytes) -> Sequence[WaitlistEntry]:
    return (
        await db.exec(select(WaitlistEntry).where(col(WaitlistEntry.contact_hash) == contact_hash).order_by(col(WaitlistEntry.id)))
    ).all()


# The proof


async def send_code(db: AsyncSession, booking: Booking, secret: str, now: datetime) -> None:
    """A code to the booking's own contact; the attempts begin anew. Raises NoSuchBooking, NotChangeable where there is no contact."""
    appointment = await commands.locked(db, secret)
    if appointment.contact_sealed is None:
        raise NotChangeable
    digits = f"{secrets.randbelow(10**6):06d}"
    assert appointment.id is not None
    row = ContactCode(appointment_id=appointment.id, code_hash=_code_hash(booking, appointment, digits), expires_at=now + CODE_LIFE)
    db.add(row)
    appointment.code_attempts = 0
    await db.flush()
    place = await booking.at_id(appointment.office_id, now)
    facts = msgspec.structs.replace(
        messages.facts_of(booking, place, appointment), code=digits, until=now + CODE_LIFE, reference="", link="", documents=[]
    )
    message = Message(
        key=f"code-{row.id}",
        kind=Kind.CODE,
        contact=contact_of(booking, appointment),
        language=appointment.language,
        appointment_id=appointment.id,
        due_at=now,
        facts=facts,
    )
    await put(db, booking.ring, message, now)


def _code_hash(booking: Booking, appointment: Appointment, digits: str) -> bytes:
    """Of another purpose than a booking's code: neither opens what the other does."""
    return booking.ring.fingerprint(f"data {appointment.id} {contact_of(booking, appointment).address} {digits}")


async def check_code(
    db: AsyncSession, booking: Booking, secret: str, code: str, now: datetime
) -> Appointment | WrongCode | TooManyAttempts:
    """The booking whose contact is proven now. A wrong code is returned, not raised: the attempt must be remembered."""
    appointment = await commands.locked(db, secret)
    if appointment.contact_sealed is None:
        raise NotChangeable
    if appointment.code_attempts >= CODE_TRIES:
        return TooManyAttempts(int(CODE_LIFE.total_seconds()))
    appointment.code_attempts += 1
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
    return appointment


def proof_of(booking: Booking, secret: str, now: datetime) -> str:
    """Travels in a form's field: the contact of this booking was proven until then."""
    until = int((now + PROOF_LIFE).timestamp())
    return f"{until}.{_signed(booking, secret, until)}"


def is_proven(booking: Booking, secret: str, proof: str, now: datetime) -> bool:
    until, _, signature = proof.partition(".")
    if not (until.isascii() and until.isdigit() and len(until) < 12) or datetime.fromtimestamp(int(until), UTC) < now:
        return False
    return hmac.compare_digest(signature.encode(), _signed(booking, secret, int(until)).encode())


def _signed(booking: Booking, secret: str, until: int) -> str:
    return booking.ring.fingerprint(f"own data {secret} {until}").hex()


# Destroying


async def erase_booking(db: AsyncSession, booking: Booking, secret: str, now: datetime) -> bool:
    """This booking alone. Whether there was something to destroy: twice is once."""
    found = (await db.exec(select(Appointment.id).where(col(Appointment.secret) == secret))).one_or_none()
    if found is None:
        return False
    gone = await _erase(db, booking, [found], now)
    _write_down(db, gone, now)
    return bool(gone)


async def erase_contact(db: AsyncSession, booking: Booking, secret: str, now: datetime) -> bool:
    """Everything of this booking's contact across the city; the caller has had the contact proven."""
    known = (await db.exec(select(Appointment.contact_hash).where(col(Appointment.secret) == secret))).one_or_none()
    if known is None:
        return await erase_booking(db, booking, secret, now)
    ids = (await db.exec(select(Appointment.id).where(col(Appointment.contact_hash) == known).order_by(col(Appointment.id)))).all()
    address = await _address_of(db, booking, secret)
    gone = await _erase(db, booking, [each for each in ids if each is not None], now)
    gone += await _leave_waitlist(db, booking, known, now)
    connection = await db.connection()
    await connection.execute(text("DELETE FROM booking_contact WHERE contact_hash = :hash"), {"hash": known})
    if address is not None:
        links = f"{messages.links_key(booking, address)}%"
        await connection.execute(text("DELETE FROM outbox_message WHERE appointment_id IS NULL AND key LIKE :key"), {"key": links})
    _write_down(db, gone, now)
    return bool(gone)


async def _address_of(db: AsyncSession, booking: Booking, secret: str) -> str | None:
    found = (await db.exec(select(Appointment.contact_sealed).where(col(Appointment.secret) == secret))).one_or_none()
    return booking.ring.unseal(found) if found is not None else None


_DESTROY = text(f"UPDATE appointment SET {DESTROYED.replace('$1', ':now')} WHERE id IN :ids RETURNING office_id").bindparams(
    bindparam("ids", expanding=True)
)
_FORGET = (
    "DELETE FROM outbox_message WHERE appointment_id IN :ids AND NOT (kind = 'cancellation' AND state IN ('pending', 'sending'))",
    "DELETE FROM contact_code WHERE appointment_id IN :ids",
)
Gone = Counter[tuple[str, int]]
"""(category, office) -> how many."""


async def _erase(db: AsyncSession, booking: Booking, ids: Sequence[int], now: datetime) -> Gone:
    """Locks in the order of ids, so that two links of one contact do not wait for each other."""
    statement = select(Appointment).where(col(Appointment.id).in_(ids), col(Appointment.erased_at).is_(None)).order_by(col(Appointment.id))
    appointments = (await db.exec(statement.with_for_update())).all()
    if not appointments:
        return Gone()
    for each in appointments:
        to_come = each.state is not AppointmentState.BOOKED or each.starts_at > now
        if each.state in CANCELLED_FIRST and to_come:
            await commands.cancel(db, booking, each.secret, now)
    await db.flush()
    locked = [each.id for each in appointments]
    for each in appointments:
        db.expunge(each)  # what follows is written behind the session's back
    connection = await db.connection()
    for forget in _FORGET:
        await connection.execute(text(forget).bindparams(bindparam("ids", expanding=True)), {"ids": locked})
    rows = await connection.execute(_DESTROY, {"ids": locked, "now": now})
    return Gone(("appointment", row.office_id) for row in rows)


async def _leave_waitlist(db: AsyncSession, booking: Booking, contact_hash: bytes, now: datetime) -> Gone:
    gone = Gone()
    for entry in await waiting_of_contact(db, contact_hash):
        if entry.state in (WaitlistState.WAITING, WaitlistState.OFFERED):
            await waitlist.leave(db, booking, entry.secret, now)
        gone["waitlist", entry.office_id] += 1
        await db.delete(entry)
    await db.flush()
    return gone


def _write_down(db: AsyncSession, gone: Gone, now: datetime) -> None:
    """One row of evidence per office and category, in the transaction that destroyed."""
    for (category, office_id), count in sorted(gone.items()):
        db.add(Destruction(at=now, office_id=office_id, category=category, count=count, reason="citizen", actor="citizen"))
