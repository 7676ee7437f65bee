"""What the hall administrator finds for a visitor who stands before them: by ticket number, by booking code, by name.

Names are sealed, so a search by name opens today's bookings of the office in memory; the caller writes down who searched and how much was
opened and found, never for whom. Refuses to answer with a name: the answer is the time and the code of the booking.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from queue_service.booking.models import KEEPS_REFERENCE
from queue_service.booking.office import Booking, Place
from queue_service.booking.rules import reference_in
from queue_service.db import Pool
from queue_service.desks.queries import HallTicketOut, hall_ticket_out
from queue_service.errors import Malformed
from queue_service.offices.models import TICKET_LETTERS
from queue_service.text import Text
from queue_service.tickets.models import label
from queue_service.tickets.queries import COLUMNS, TicketNow

SHORTEST_NAME = 3
"""Letters: fewer would list half of the day's visitors."""
MOST_FOUND = 20
"""More is no answer but a list to read through: the administrator asks for the code."""

_LOOKS_LIKE = str.maketrans("ABEKMHPCTY", "АВЕКМНРСТУ")
"""Latin letters that are printed as ours are; who types quickly does not see the difference."""
_NUMBER = re.compile(rf"([{TICKET_LETTERS}]?)\s*-?\s*(\d{{1,6}})", re.ASCII)

_BY_NUMBER = f"""
SELECT {COLUMNS} FROM ticket                                       -- uq_ticket_number
 WHERE office_id = $1 AND local_date = $2 AND number = $3 AND ($4 = '' OR letter = $4)
 ORDER BY letter
"""
_BOOKING = """
SELECT appointment.id, reference, appointment.service_id, starts_at, appointment.state, applications, appointment.office_id, name_sealed,
       ticket.id AS ticket_id, ticket.letter, ticket.number
  FROM appointment LEFT JOIN ticket ON ticket.appointment_id = appointment.id
"""
_BY_REFERENCE = f"""{_BOOKING}                                     -- uq_appointment_reference
 WHERE appointment.id = (SELECT id FROM appointment WHERE reference = $2 AND office_id = $1 AND {KEEPS_REFERENCE})
"""
_OF_TODAY = f"""{_BOOKING}                                         -- ix_appointment_day
 WHERE appointment.office_id = $1 AND starts_at >= $2 AND starts_at < $3 AND name_sealed IS NOT NULL
   AND appointment.state IN ('booked', 'checked_in', 'missed', 'cancelled')
 ORDER BY starts_at, appointment.id
"""


class FoundBookingOut(msgspec.Struct, frozen=True):
    reference: str
    service: str
    service_name: Text
    starts_at: datetime
    state: str
    applications: int
    ticket: int | None
    """The ticket that it became."""
    number: str | None


class FoundOut(msgspec.Struct, frozen=True):
    tickets: Sequence[HallTicketOut]
    bookings: Sequence[FoundBookingOut]
    more: bool
    """There are more than are shown."""


@dataclass(frozen=True, slots=True)
class Found:
    """The answer, and what a search by name opened for it."""

    out: FoundOut
    searched: int | None = None
    """Names that were opened; None where no name was needed."""
    matched: int = 0


def number_in(typed: str) -> tuple[str, int] | None:
    """Letter (or nothing) and number of a ticket that somebody typed: «А012», "a 12", "12"; None when it is something else."""
    found = _NUMBER.fullmatch(typed.strip().upper().translate(_LOOKS_LIKE))
    return (found[1], int(found[2])) if found else None


def words_of(name: str) -> list[str]:
    """The words of a name as they are compared: case, ё, hyphens and spaces do not matter."""
    return re.findall(r"\w+", name.casefold().replace("ё", "е"))


def same_person(wanted: Sequence[str], name: str) -> bool:
    """Every wanted word begins a word of its own of the name: «иван пет» is «Петров Иван Ильич»."""
    left = words_of(name)
    for word in sorted(wanted, key=len, reverse=True):
        match = next((each for each in left if each.startswith(word)), None)
        if match is None:
            return False
        left.remove(match)
    return True


async def tickets_by_number(pool: Pool, place: Place, letter: str, number: int, now: datetime) -> list[HallTicketOut]:
    catalogue = place.catalogue
    rows = await pool.fetch(_BY_NUMBER, catalogue.id, catalogue.schedule.local_date(now), number, letter)
    return [hall_ticket_out(catalogue, TicketNow(*row)) for row in rows]


async def ticket_here(pool: Pool, office_id: int, ticket_id: int) -> TicketNow | None:
    """The office's ticket, in whatever state."""
    row = await pool.fetchrow(f"SELECT {COLUMNS} FROM ticket WHERE id = $1 AND office_id = $2", ticket_id, office_id)
    return TicketNow(*row) if row else None


def _booking_out(place: Place, row: asyncpg.Record) -> FoundBookingOut:
    service = place.catalogue.services_by_id[row["service_id"]]
    return FoundBookingOut(
        reference=row["reference"],
        service=service.code,
        service_name=service.name,
        starts_at=row["starts_at"],
        state=row["state"],
        applications=row["applications"],
        ticket=row["ticket_id"],
        number=label(row["letter"], row["number"]) if row["ticket_id"] else None,
    )


async def find(booking: Booking, place: Place, typed: str, now: datetime) -> Found:
    """Whatever of the office's today the typed text can mean. Raises Malformed for what can mean nothing."""
    pool, office_id = booking.pool, place.catalogue.id
    reference = reference_in(typed)
    if reference is not None:
        rows = await pool.fetch(_BY_REFERENCE, office_id, reference)
        return Found(FoundOut((), [_booking_out(place, row) for row in rows], more=False))
    number = number_in(typed)
    if number is not None:
        return Found(FoundOut(await tickets_by_number(pool, place, *number, now), (), more=False))
    wanted = words_of(typed)
    if sum(map(len, wanted)) < SHORTEST_NAME or any(character.isdigit() for character in typed):
        raise Malformed(
            {
                "ru": "Введите номер талона («А012»), код записи («4829-1350») или не меньше трёх букв фамилии.",
                "en": "Type a ticket number (“А012”), a booking code (“4829-1350”) or at least three letters of a name.",
            }
        )
    midnights = (
        place.calendar.midnight(today := place.calendar.today(now)),
        place.calendar.midnight(today.fromordinal(today.toordinal() + 1)),
    )
    rows = await pool.fetch(_OF_TODAY, office_id, *midnights)
    found = [row for row in rows if same_person(wanted, _name(booking, row))]
    out = FoundOut((), [_booking_out(place, row) for row in found[:MOST_FOUND]], more=len(found) > MOST_FOUND)
    return Found(out, searched=len(rows), matched=len(found))


def _name(booking: Booking, row: Any) -> str:
    return booking.ring.unseal(row["name_sealed"])
