"""The waitlist: a freed slot is offered to one person for a while, then to the next; nobody is told that others lost it.

An offer is a hold like any other, so the exclusion constraint keeps it true. Parts of lanes that were given up come here before they return
to everybody. Refuses to broadcast, and to offer at night: nobody could answer.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog
from sqlalchemy import text, tuple_
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.booking import messages
from queue_service.booking.availability import Beyond, DayOfSlots, days_from, slots_of_days
from queue_service.booking.commands import give_up, locked, nearest
from queue_service.booking.confirming import Person, book, checked_name, person_of
from queue_service.booking.errors import AlreadyWaiting, HoldExpired, NoSuchBooking, NotChangeable, SlotTaken
from queue_service.booking.hold import RANDOM_SIGNS, Wish, hold_slot, slot_at
from queue_service.booking.models import Appointment, WaitlistEntry
from queue_service.booking.office import HAND_OVER, Booking, Place
from queue_service.booking.rules import AppointmentState, Channel, WaitlistState, Wanted
from queue_service.dated import new_secret
from queue_service.db import Database, constraint_of, raw_connection
from queue_service.errors import Malformed
from queue_service.events import slot_freed
from queue_service.notifications.contacts import parse_contact
from queue_service.notifications.rules import not_at_night
from queue_service.timing import clock

log = structlog.get_logger(__name__)

MOST_OFFERS = 5
"""Who let five offers pass does not want a sixth."""
ENTRIES_AT_ONCE = 50
"""Per transaction, which stays short; the walk goes on behind the last of them to the end of the list."""
FROM_THE_FIRST: tuple[int, int] | None = (-1, 0)


@dataclass(frozen=True, slots=True)
class Joining:
    """What somebody waits for, on which days."""

    service: str
    from_date: date
    to_date: date
    applications: int = 1


async def join(db: AsyncSession, booking: Booking, place: Place, wish: Joining, person: Person, now: datetime) -> WaitlistEntry:
    """Puts the person at the end of the list. Raises NotBookable, Malformed, AlreadyWaiting, BadName, BadContact."""
    wanted = place.wanted(wish.service, wish.applications)
    today, last = place.calendar.today(now), place.calendar.last_day(wanted.service_id, now)
    if wish.to_date < today or wish.from_date > wish.to_date or wish.to_date > last + timedelta(days=366):
        raise Malformed({"ru": "Проверьте даты: первая не позже второй, обе не в прошлом.", "en": "Please check the dates."})
    name, contact = checked_name(person.name), parse_contact(person.contact or "")
    entry = WaitlistEntry(
        secret=new_secret(now, RANDOM_SIGNS),
        office_id=place.catalogue.id,
        service_id=wanted.service_id,
        applications=wanted.applications,
        from_date=max(wish.from_date, today),
        to_date=wish.to_date,
        language=person.language,
        name_sealed=booking.ring.seal(name),
        contact_sealed=booking.ring.seal(contact.address),
        contact_hash=booking.ring.fingerprint(contact.address),
        person=person_of(booking, name, contact),
        state=WaitlistState.WAITING,
        created_at=now,
    )
    db.add(entry)
    try:
        await db.flush()
    except IntegrityError as error:
        if constraint_of(error) == "uq_waitlist_entry_contact":
            raise AlreadyWaiting from error
        raise
    await slot_freed(db, place.catalogue.id)  # something may be free already
    return entry


async def locked_entry(db: AsyncSession, secret: str) -> WaitlistEntry:
    """Raises NoSuchBooking."""
    found = (await db.exec(select(WaitlistEntry).where(col(WaitlistEntry.secret) == secret).with_for_update())).one_or_none()
    if found is None:
        raise NoSuchBooking
    return found


async def leave(db: AsyncSession, booking: Booking, secret: str, now: datetime) -> WaitlistEntry:
    """Off the list; an offer that stands is given up. Leaving twice is leaving once."""
    offered = select(Appointment.secret).join(WaitlistEntry, col(WaitlistEntry.appointment_id) == col(Appointment.id))
    known = (await db.exec(offered.where(col(WaitlistEntry.secret) == secret, col(WaitlistEntry.state) == WaitlistState.OFFERED))).first()
    appointment = await locked(db, known) if known is not None else None  # before the entry, as everywhere
    entry = await locked_entry(db, secret)
    if appointment is not None and appointment.state is AppointmentState.OFFERED:
        await _withdraw_offer(db, booking, appointment, now)
    if entry.state in (WaitlistState.WAITING, WaitlistState.OFFERED):
        entry.state = WaitlistState.LEFT
    return entry


async def accept(db: AsyncSession, booking: Booking, secret: str, now: datetime) -> Appointment:
    """One press on the offer's page makes it a booking. Accepting twice is accepting once.

    The link came to the contact, so the contact is proven. Raises NotChangeable, HoldExpired, TooManyActive, SamePersonTwice.
    """
    appointment = await locked(db, secret)
    if appointment.state is AppointmentState.BOOKED:
        return appointment
    if appointment.state is AppointmentState.EXPIRED:
        raise HoldExpired(await nearest(booking, appointment, now))
    if appointment.state is not AppointmentState.OFFERED:
        raise NotChangeable
    assert appointment.hold_expires_at is not None
    if appointment.hold_expires_at <= now:
        raise HoldExpired(await nearest(booking, appointment, now))
    place = await booking.at_id(appointment.office_id, now)
    await book(db, booking, place, appointment, now, limited=True)
    await _entry_becomes(db, appointment, WaitlistState.ACCEPTED)
    return appointment


async def decline(db: AsyncSession, booking: Booking, secret: str, now: datetime) -> Appointment:
    """The offer goes to the next; the person stays on the list for another time."""
    appointment = await locked(db, secret)
    if appointment.state is AppointmentState.OFFERED:
        await _withdraw_offer(db, booking, appointment, now)
        await _wait_on(db)
    elif appointment.state not in (AppointmentState.CANCELLED, AppointmentState.EXPIRED):
        raise NotChangeable
    return appointment


async def _withdraw_offer(db: AsyncSession, booking: Booking, appointment: Appointment, now: datetime) -> None:
    place = await booking.at_id(appointment.office_id, now)
    await give_up(db, appointment, place, now, delayed=True)
    appointment.state = AppointmentState.CANCELLED
    appointment.hold_expires_at = None


async def _entry_becomes(db: AsyncSession, appointment: Appointment, state: WaitlistState) -> None:
    await (await db.connection()).execute(
        text("UPDATE waitlist_entry SET state = :state WHERE appointment_id = :id AND state = 'offered'"),
        {"state": state.value, "id": appointment.id},
    )


_WAIT_ON = """
UPDATE waitlist_entry
   SET state = CASE WHEN offers >= :most THEN 'expired' ELSE 'waiting' END
  FROM appointment
 WHERE appointment.id = appointment_id AND waitlist_entry.state = 'offered' AND appointment.state IN ('expired', 'cancelled')
"""


async def _wait_on(db: AsyncSession) -> None:
    """Whose offer is over waits for another one, however it ended: declined, lapsed, cancelled, or swept by whoever wanted its place."""
    await db.flush()
    await (await db.connection()).execute(text(_WAIT_ON), {"most": MOST_OFFERS})


_WAITING_OFFICES = "SELECT DISTINCT office_id FROM waitlist_entry WHERE state = 'waiting'"

_LAPSED_OFFERS = """
SELECT appointment.secret
  FROM appointment                                                -- ix_appointment_hold
 WHERE state = 'offered' AND hold_expires_at <= $1
"""


async def offer_round(database: Database, booking: Booking, now: datetime, office_id: int | None = None) -> int:
    """Lapsed offers go back, waiting people get what is free, in their order; how many offers were made.

    Any number of workers may run it at once: they take turns at the entries, and the exclusion constraint gives the slots.
    """
    for row in await booking.pool.fetch(_LAPSED_OFFERS, now):
        await _lapse(database, booking, row["secret"], now)
    async with database.session() as db:
        await _wait_on(db)
    offices = [office_id] if office_id is not None else [row["office_id"] for row in await booking.pool.fetch(_WAITING_OFFICES)]
    made = 0
    for each in offices:
        place = await booking.at_id(each, now)
        if not_at_night(now, place.calendar.schedule.time_zone) == now:
            made += await _offer_in(database, booking, place, now)
    return made


async def _lapse(database: Database, booking: Booking, secret: str, now: datetime) -> None:
    async with database.session() as db:
        appointment = await locked(db, secret)
        if appointment.state is not AppointmentState.OFFERED or appointment.hold_expires_at is None or appointment.hold_expires_at > now:
            return
        place = await booking.at_id(appointment.office_id, now)
        await give_up(db, appointment, place, now, delayed=True)
        appointment.state = AppointmentState.EXPIRED
        await _wait_on(db)


async def _offer_in(database: Database, booking: Booking, place: Place, now: datetime) -> int:
    """Walks the office's whole list once; whoever let an offer pass stands behind those who have had fewer."""
    async with database.session() as db:
        await (await db.connection()).execute(
            text("UPDATE waitlist_entry SET state = 'expired' WHERE office_id = :office AND state = 'waiting' AND to_date < :today"),
            {"office": place.catalogue.id, "today": place.calendar.today(now)},
        )
    made, reached = 0, FROM_THE_FIRST
    while reached is not None:
        offered, reached = await _offer_to_one(database, booking, place, reached, now)
        made += offered
    return made


async def _offer_to_one(
    database: Database, booking: Booking, place: Place, after: tuple[int, int], now: datetime
) -> tuple[bool, tuple[int, int] | None]:
    """The first that can be served after the entry with so many offers and this id: whether one was, and how far it came (None: to the
    end)."""
    async with database.session() as db:
        standing = tuple_(col(WaitlistEntry.offers), col(WaitlistEntry.id))
        found = await db.exec(
            select(WaitlistEntry)
            .where(
                col(WaitlistEntry.office_id) == place.catalogue.id,
                col(WaitlistEntry.state) == WaitlistState.WAITING,
                col(WaitlistEntry.to_date) >= place.calendar.today(now),
                standing > after,
            )
            .order_by(col(WaitlistEntry.offers), col(WaitlistEntry.id))
            .limit(ENTRIES_AT_ONCE)
            .with_for_update()  # not SKIP LOCKED: who hears of a freed part while another walks would pass over everybody
        )
        entries = found.all()
        last = (entries[-1].offers, entries[-1].id or 0) if len(entries) == ENTRIES_AT_ONCE else None
        free: dict[Wanted, list[DayOfSlots]] = {}
        raw = await raw_connection(db)
        for entry in entries:
            if entry.service_id not in place.calendar.services:
                continue
            wanted = Wanted(entry.service_id, entry.applications, Channel.ONLINE)
            if wanted not in free:  # one read for all who want the same
                days = days_from(place.calendar.today(now), place.calendar.services[entry.service_id].horizon_days + 1)
                free[wanted] = await slots_of_days(raw, place.calendar, wanted, days, now, Beyond(freed=True))
            standing_of_entry = entry.offers, entry.id or 0
            if await _offer_to(db, booking, place, entry, free[wanted], now):
                return True, standing_of_entry  # committed at once: two offers in one transaction could wait for two of another worker
    return False, last


async def _offer_to(
    db: AsyncSession, booking: Booking, place: Place, entry: WaitlistEntry, free: Sequence[DayOfSlots], now: datetime
) -> bool:
    """An offer for one entry in the caller's transaction, of the first free slot on its days; whether one was made."""
    wanted = Wanted(entry.service_id, entry.applications, Channel.ONLINE)
    until = now + place.calendar.rules.offer
    times = [slot.starts_at for day in free if entry.from_date <= day.date <= entry.to_date for slot in day.slots]
    declined = await _declined(db, entry) if times else set()
    raw = await raw_connection(db)
    for starts_at in times:
        slot = slot_at(place.calendar, wanted, starts_at, now)
        if slot is None or starts_at in declined or starts_at <= until:
            continue
        wish = Wish(wanted, entry.language, "waitlist", AppointmentState.OFFERED)
        try:
            held = await hold_slot(raw, place.catalogue.id, slot, wish, (until, until + HAND_OVER), now, freed=True)
        except SlotTaken:
            continue
        appointment = (await db.exec(select(Appointment).where(col(Appointment.id) == held.id))).one()
        appointment.name_sealed, appointment.contact_sealed = entry.name_sealed, entry.contact_sealed
        appointment.contact_hash, appointment.person = entry.contact_hash, entry.person
        entry.state, entry.appointment_id, entry.offers = WaitlistState.OFFERED, held.id, entry.offers + 1
        await messages.offered(db, booking, place, appointment, now)
        log.info("waitlist_offer", office=place.catalogue.slug, entry=entry.id, appointment=held.id)
        return True
    return False


async def _declined(db: AsyncSession, entry: WaitlistEntry) -> set[datetime]:
    """Times of this office and service that were offered to the same contact and not taken: not offered again."""
    found = await db.exec(
        select(Appointment.starts_at).where(
            col(Appointment.contact_hash) == entry.contact_hash,
            col(Appointment.via) == "waitlist",
            col(Appointment.office_id) == entry.office_id,
            col(Appointment.service_id) == entry.service_id,
            col(Appointment.created_at) >= entry.created_at,
        )
    )
    return set(found.all())


IDLE_SECONDS = 15.0
"""How often the list is walked without being told of a freed part: offers lapse by the clock."""


class Offers:
    """Walks the waitlists of one process's database: when a part of a lane is freed, and now and then."""

    def __init__(self, database: Database, booking: Booking) -> None:
        self._database = database
        self._booking = booking
        self._offices: set[int] = set()
        self._bell = asyncio.Event()

    def wake(self, office_id: int | None = None) -> None:
        if office_id is not None:
            self._offices.add(office_id)
        self._bell.set()

    async def run(self) -> None:
        """Until cancelled; what fails now is tried again in a quarter of a minute."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._bell.wait(), IDLE_SECONDS)
            self._bell.clear()
            offices: list[int | None] = [*self._offices] or [None]
            self._offices.clear()
            try:
                # A freed part of one office is a matter of that office; the clock's turn is everybody's.
                for office_id in offices:
                    await offer_round(self._database, self._booking, clock(), office_id)
            except Exception as error:
                log.warning("waitlist_round_failed", error=repr(error))
