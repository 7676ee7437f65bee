"""What citizens and staff do with the time of an appointment: hold, extend, move, cancel; `confirming` makes a booking of a hold.

Each takes the appointment's row first, then the contact's, then parts of lanes, so no two commands wait for each other. Refuses to give
up what is held before the new part is won.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.attributes import flag_modified
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.booking import messages
from queue_service.booking.availability import NOBODY, Beyond
from queue_service.booking.errors import (
    AlreadyExtended,
    HoldExpired,
    NoMovesLeft,
    NoSuchBooking,
    NotChangeable,
    SamePersonTwice,
    SlotNotOffered,
    SlotTaken,
)
from queue_service.booking.hold import Held, HeldBefore, Wish, hold_slot, reference_again, slot_at, take_for
from queue_service.booking.models import Appointment, BookingContact
from queue_service.booking.office import Booking, Place
from queue_service.booking.rules import ON_HOLD, AppointmentState, Channel, TakenBy, Wanted
from queue_service.db import Connection, constraint_of, raw_connection
from queue_service.errors import IdempotencyKeyReused
from queue_service.events import slot_freed

SHORTEST_DELAY = timedelta(seconds=20)
"""Time for the waitlist to be asked before a freed slot returns to everybody."""


@dataclass(frozen=True, slots=True)
class HoldWish:
    service: str
    starts_at: datetime
    applications: int = 1
    language: str = "ru"
    channel: Channel = Channel.ONLINE
    via: str = "citizen"
    key: str | None = None


async def hold(booking: Booking, place: Place, wish: HoldWish, now: datetime) -> Held:
    """Keeps a slot for the time of filling in the form; a repeated key gives the hold it gave before.

    Raises NotBookable; SlotNotOffered and SlotTaken with the nearest alternatives.
    """
    wanted = place.wanted(wish.service, wish.applications, wish.channel)
    slot = slot_at(place.calendar, wanted, wish.starts_at, now)
    if slot is None:
        # The first try may have succeeded while the time was still offered, and only its answer was lost.
        before = await _held_before(booking, place, wish)
        if before is not None:
            return before
        raise SlotNotOffered(await booking.alternatives(place, wanted, wish.starts_at, now))
    order = Wish(wanted, wish.language, wish.via, AppointmentState.HELD, wish.key)
    until = now + place.calendar.rules.hold
    try:
        held = await hold_slot(booking.pool, place.catalogue.id, slot, order, (until, until), now)
    except (SlotTaken, HeldBefore) as lost:
        before = await _held_before(booking, place, wish) if isinstance(lost, HeldBefore) else None
        if before is not None:
            return before
        raise SlotTaken(await booking.alternatives(place, wanted, wish.starts_at, now)) from None
    booking.snapshots.slots_changed(place.catalogue.id)
    return held


async def _held_before(booking: Booking, place: Place, wish: HoldWish) -> Held | None:
    """What this wish was given before, by its key. Raises IdempotencyKeyReused."""
    if wish.key is None:
        return None
    row = await booking.pool.fetchrow(
        "SELECT id, secret, reference, office_id, service_id, starts_at FROM appointment WHERE idempotency_key = $1", wish.key
    )
    if row is None:
        return None
    same = (row["office_id"], row["service_id"], row["starts_at"]) == (
        place.catalogue.id,
        place.service(wish.service).id,
        wish.starts_at,
    )
    if not same:
        raise IdempotencyKeyReused
    return Held(row["id"], row["secret"], row["reference"])


async def locked(db: AsyncSession, secret: str) -> Appointment:
    """The appointment, locked until the transaction ends. Raises NoSuchBooking."""
    found = (await db.exec(select(Appointment).where(col(Appointment.secret) == secret).with_for_update())).one_or_none()
    if found is None:
        raise NoSuchBooking
    return found


async def extend(db: AsyncSession, booking: Booking, secret: str, now: datetime) -> Appointment:
    """The hold's time once more, once."""
    appointment = await locked(db, secret)
    if appointment.state is not AppointmentState.HELD:
        raise NotChangeable
    await still_held(db, booking, appointment, now)
    if appointment.extended:
        raise AlreadyExtended
    place = await booking.at_id(appointment.office_id, now)
    appointment.extended = True
    assert appointment.hold_expires_at is not None
    await keep_until(db, appointment, max(appointment.hold_expires_at, now + place.calendar.rules.hold))
    return appointment


async def keep_until(db: AsyncSession, appointment: Appointment, until: datetime) -> None:
    appointment.hold_expires_at = until
    await db.flush()
    await (await db.connection()).execute(
        text("UPDATE lane_taken SET expires_at = :until WHERE appointment_id = :id AND kind = 'hold'"),
        {"until": until, "id": appointment.id},
    )


async def still_held(db: AsyncSession, booking: Booking, appointment: Appointment, now: datetime) -> None:
    """Raises HoldExpired, with alternatives, once the promised time is over: from then on others see the slot as free."""
    assert appointment.hold_expires_at is not None
    if appointment.hold_expires_at > now:
        return
    raise HoldExpired(await nearest(booking, appointment, now))


async def nearest(booking: Booking, appointment: Appointment, now: datetime) -> list[Any]:
    """The free slots nearest to the appointment's, for its own service."""
    place = await booking.at_id(appointment.office_id, now)
    if appointment.service_id not in place.calendar.services:
        return []
    return await booking.alternatives(place, wanted_of(appointment), appointment.starts_at, now)


def wanted_of(appointment: Appointment) -> Wanted:
    channel = Channel.HALL if appointment.via == "staff" else Channel.ONLINE
    return Wanted(appointment.service_id, appointment.applications, channel)


async def hold_again(db: AsyncSession, booking: Booking, secret: str, starts_at: datetime, now: datetime) -> Appointment:
    """Another time for a form that was being filled in: a lapsed hold, or one whose owner went back to choose anew."""
    appointment = await locked(db, secret)
    if appointment.state not in (AppointmentState.HELD, AppointmentState.EXPIRED, AppointmentState.UNVERIFIED):
        raise NotChangeable
    lasts = appointment.state in ON_HOLD and appointment.hold_expires_at is not None and appointment.hold_expires_at > now
    if lasts and appointment.starts_at == starts_at:
        return appointment  # else choosing the same time again and again would extend it for ever
    place = await booking.at_id(appointment.office_id, now)
    until = now + place.calendar.rules.hold
    await _take_instead(db, booking, appointment, starts_at, TakenBy.HOLD, until, now)
    if not lasts:
        appointment.extended = False
    if appointment.state is AppointmentState.EXPIRED:
        appointment.reference = await reference_again(await raw_connection(db), appointment.reference)
    appointment.state = AppointmentState.HELD
    flag_modified(appointment, "state")  # the sweep has just written `expired` behind the session's back
    appointment.hold_expires_at = until
    return appointment


async def _take_instead(
    db: AsyncSession,
    booking: Booking,
    appointment: Appointment,
    starts_at: datetime,
    kind: TakenBy,
    expires_at: datetime | None,
    now: datetime,
) -> None:
    """Wins the new part of a lane, then gives up the old one. Raises SlotTaken with alternatives; then nothing has changed."""
    place = await booking.at_id(appointment.office_id, now)
    wanted = wanted_of(appointment)
    slot = slot_at(place.calendar, wanted, starts_at, now)
    lost: type[SlotTaken] = SlotNotOffered
    if slot is not None:
        assert appointment.id is not None
        raw = await raw_connection(db)
        try:
            taken = await take_for(raw, appointment.id, slot, kind, expires_at, now, NOBODY)
        except SlotTaken:
            lost = SlotTaken
            # Only its own part may be in the way: a visit that moves by less than its length. Given up and won within a savepoint.
            await raw.execute("SAVEPOINT own_part")
            own = await raw.fetchrow("DELETE FROM lane_taken WHERE appointment_id = $1 RETURNING lane_id, during", appointment.id)
            try:
                taken = await take_for(raw, appointment.id, slot, kind, expires_at, now, Beyond(own=appointment.id))
                if own is not None and appointment.state is AppointmentState.BOOKED:
                    await _free_the_rest(raw, own, taken, _back_at(place, now))
            except SlotTaken:
                await raw.execute("ROLLBACK TO SAVEPOINT own_part")
                slot = None
        if slot is not None:
            booked_before = appointment.state is AppointmentState.BOOKED
            await give_up(db, appointment, place, now, keep=taken, delayed=booked_before)
            appointment.starts_at, appointment.ends_at = slot.starts_at, slot.ends_at
            return
    raise lost(await booking.alternatives(place, wanted, starts_at, now))


_REST = """
INSERT INTO lane_taken (lane_id, during, kind, expires_at)
SELECT lane_id, unnest(tstzmultirange($2) - tstzmultirange(during)), 'freed', $3 FROM lane_taken WHERE id = $4 AND lane_id = $1
    ON CONFLICT ON CONSTRAINT ex_lane_taken_once DO NOTHING
"""


async def _free_the_rest(connection: Connection, own: Any, taken: int, back_at: datetime | None) -> None:
    """What a move by less than the visit's length leaves of the old part returns as late as any other freed part."""
    if back_at is not None:
        await connection.execute(_REST, own["lane_id"], own["during"], back_at, taken)


def _back_at(place: Place, now: datetime) -> datetime | None:
    """When a part that is freed now returns to everybody: nobody can know it, so nobody can hand a slot over. None: at once."""
    longest = place.calendar.rules.freed_delay
    if not longest:
        return None
    seconds = max(SHORTEST_DELAY.total_seconds(), secrets.SystemRandom().uniform(0, longest.total_seconds()))
    return now + timedelta(seconds=seconds)


async def give_up(db: AsyncSession, appointment: Appointment, place: Place, now: datetime, *, keep: int = 0, delayed: bool = False) -> None:
    """Frees the appointment's part of a lane, all but `keep`; `delayed`: it returns to everybody after a random time."""
    connection = await db.connection()
    back_at = _back_at(place, now) if delayed else None
    if back_at is not None:
        await connection.execute(
            text(
                "UPDATE lane_taken SET kind = 'freed', appointment_id = NULL, expires_at = :back"
                " WHERE appointment_id = :id AND id <> :keep AND lower(during) > :now"
            ),
            {"back": back_at, "id": appointment.id, "keep": keep, "now": now},
        )
    await connection.execute(
        text("DELETE FROM lane_taken WHERE appointment_id = :id AND id <> :keep"), {"id": appointment.id, "keep": keep}
    )
    await slot_freed(db, appointment.office_id)


async def lock_contact(db: AsyncSession, contact_hash: bytes, now: datetime) -> None:
    """Until the transaction ends nobody else counts or adds to what this contact has."""
    await (await db.connection()).execute(
        insert(BookingContact)
        .values(contact_hash=contact_hash, seen_at=now)
        .on_conflict_do_update(index_elements=["contact_hash"], set_={"seen_at": now})
    )


async def move(db: AsyncSession, booking: Booking, secret: str, starts_at: datetime, now: datetime) -> Appointment:
    """Another time for a booking: the new one first, the old one given up in the same transaction.

    Moving to where it is already changes nothing. Whose time the office itself has taken away moves without its counting.
    Raises NotChangeable, NoMovesLeft, SlotTaken, SamePersonTwice.
    """
    appointment = await locked(db, secret)
    if appointment.state is not AppointmentState.BOOKED or appointment.starts_at <= now:
        raise NotChangeable
    if appointment.starts_at == starts_at:
        return appointment
    place = await booking.at_id(appointment.office_id, now)
    displaced = appointment.displaced_at is not None
    if appointment.moves >= place.calendar.rules.moves_limit and not displaced:
        raise NoMovesLeft
    if appointment.contact_hash is not None:
        await lock_contact(db, appointment.contact_hash, now)  # two moves of one person to one time would wait for each other
    old_starts_at = appointment.starts_at
    await _take_instead(db, booking, appointment, starts_at, TakenBy.BOOKING, None, now)
    appointment.moves += 0 if displaced else 1
    appointment.displaced_at = None
    appointment.sequence += 1
    try:
        await db.flush()
    except IntegrityError as error:
        if constraint_of(error) == "ex_appointment_one_place":
            raise SamePersonTwice from error
        raise
    await messages.moved(db, booking, place, appointment, old_starts_at, now)
    return appointment


async def cancel(db: AsyncSession, booking: Booking, secret: str, now: datetime) -> Appointment:
    """Gives the slot back; cancelling twice is cancelling once. Raises NotChangeable once the time has come."""
    appointment = await locked(db, secret)
    if appointment.state is AppointmentState.CANCELLED:
        return appointment
    booked = appointment.state is AppointmentState.BOOKED
    if appointment.state not in (AppointmentState.BOOKED, *ON_HOLD) or (booked and appointment.starts_at <= now):
        raise NotChangeable
    place = await booking.at_id(appointment.office_id, now)
    await give_up(db, appointment, place, now, delayed=booked or appointment.state is AppointmentState.OFFERED)
    appointment.state = AppointmentState.CANCELLED
    appointment.hold_expires_at = None
    appointment.sequence += 1
    if booked:
        await messages.cancelled(db, booking, place, appointment, now)
    return appointment
