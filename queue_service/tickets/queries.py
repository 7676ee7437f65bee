"""Reads of single tickets, and the read model that every screen's ticket is made of."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

import msgspec

from queue_service.db import Pool
from queue_service.errors import NotFound
from queue_service.offices.catalogue import Catalogue
from queue_service.text import Text
from queue_service.tickets.models import Ticket, label
from queue_service.tickets.rules import Claim, Rank


@dataclass(frozen=True, slots=True)
class TicketNow:
    """A ticket as screens need it."""

    id: int
    secret: str
    letter: str
    number: int
    state: str
    service_id: int
    source: str
    language: str
    needs: Sequence[str]
    privilege_id: int | None
    privilege_state: str | None
    late: bool
    issued_at: datetime
    due_at: datetime
    rank_at: datetime
    rank_from: datetime
    called_at: datetime | None
    calls: int
    started_at: datetime | None
    desk_id: int | None
    for_desk_id: int | None
    for_clerk_id: int | None
    next_services: Sequence[int]
    comment: str | None
    return_desk_id: int | None
    postponed_until: datetime | None
    postpone_reason: str | None
    ended_at: datetime | None
    booked_for: datetime | None

    @property
    def claim(self) -> Claim:
        return Claim(self.service_id, frozenset(self.needs), self.for_desk_id, self.for_clerk_id)

    @property
    def label(self) -> str:
        return label(self.letter, self.number)

    @property
    def rank(self) -> Rank:
        return Rank(self.due_at, self.rank_at, self.rank_from)


COLUMN_COUNT = len(fields(TicketNow))
COLUMNS = ", ".join(f"ticket.{field.name}" for field in fields(TicketNow))
"""The read model's columns in its own order, so that a row is one by position."""


class PrivilegeOut(msgspec.Struct, frozen=True):
    code: str
    name: Text
    state: str


def privilege_out(catalogue: Catalogue, ticket: TicketNow) -> PrivilegeOut | None:
    info = catalogue.privileges_by_id.get(ticket.privilege_id) if ticket.privilege_id else None
    return PrivilegeOut(info.code, info.name, ticket.privilege_state or "claimed") if info else None


def now_of(ticket: Ticket) -> TicketNow:
    """The read model of a row that a command has just changed."""
    return TicketNow(**{field.name: getattr(ticket, field.name) for field in fields(TicketNow)})


async def ticket_by_secret(pool: Pool, secret: str) -> tuple[int, TicketNow]:
    """The office's id and the ticket; NotFound for an unknown secret."""
    row = await pool.fetchrow(f"SELECT {COLUMNS}, office_id FROM ticket WHERE secret = $1", secret)
    if row is None:
        raise NotFound({"ru": "Такого талона нет.", "en": "There is no such ticket."})
    return row["office_id"], TicketNow(*tuple(row)[:COLUMN_COUNT])


async def waiting_by_office(pool: Pool) -> dict[int, int]:
    """Office id -> people waiting; offices where nobody waits are absent."""
    rows = await pool.fetch("SELECT office_id, count(*) FROM ticket WHERE state = 'waiting' GROUP BY office_id")
    return {row["office_id"]: row["count"] for row in rows}


async def ticket_by_id(pool: Pool, ticket_id: int) -> TicketNow:
    row = await pool.fetchrow(f"SELECT {COLUMNS} FROM ticket WHERE id = $1", ticket_id)
    if row is None:
        raise NotFound
    return TicketNow(*row)


async def tickets_of_appointments(pool: Pool, appointment_ids: Sequence[int]) -> list[tuple[int, str, str]]:
    """(appointment id, number, secret) of those that have become tickets."""
    rows = await pool.fetch(
        "SELECT appointment_id, letter, number, secret FROM ticket WHERE appointment_id = ANY ($1::bigint[])", appointment_ids
    )
    return [(row["appointment_id"], label(row["letter"], row["number"]), row["secret"]) for row in rows]
