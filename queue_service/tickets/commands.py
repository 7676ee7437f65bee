"""Changes of a ticket that exists: every one goes through the transition table and into the journal.

Locks: whoever also changes a shift locks the shift first, then the ticket (parents before children), so no two commands wait for
each other. Refuses to be called outside a transaction: each takes the caller's `db`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.errors import NotFound
from queue_service.events import office_changed
from queue_service.tickets.models import Ticket, TicketEvent
from queue_service.tickets.rules import OVER, State, check_transition


@dataclass(frozen=True, slots=True)
class Act:
    """Who does it, and when."""

    at: datetime
    desk_id: int | None = None
    clerk_id: int | None = None


async def record(db: AsyncSession, ticket: Ticket, kind: str, act: Act, **details: Any) -> TicketEvent:
    """Appends to the journal and tells every screen of the office."""
    assert ticket.id is not None
    event = TicketEvent(
        ticket_id=ticket.id,
        office_id=ticket.office_id,
        kind=kind,
        at=act.at,
        desk_id=act.desk_id,
        clerk_id=act.clerk_id,
        details=details,
    )
    db.add(event)
    await office_changed(db, ticket.office_id)
    return event


async def move(db: AsyncSession, ticket: Ticket, to: State, kind: str, act: Act, **details: Any) -> None:
    """One transition of a locked ticket with its journal row; WrongState when the table does not admit it."""
    check_transition(ticket.state, to)
    ticket.state = to
    if to in OVER:
        ticket.ended_at = act.at
    if to is State.WAITING:
        ticket.desk_id = ticket.clerk_id = ticket.called_at = ticket.started_at = ticket.ended_at = None
        ticket.calls = 0
    if to is not State.POSTPONED:
        ticket.postponed_until = ticket.postpone_reason = None
    await record(db, ticket, kind, act, **details)


async def locked_by_secret(db: AsyncSession, secret: str) -> Ticket:
    ticket = (await db.exec(select(Ticket).where(col(Ticket.secret) == secret).with_for_update())).one_or_none()
    if ticket is None:
        raise NotFound({"ru": "Такого талона нет.", "en": "There is no such ticket."})
    return ticket


async def locked_by_id(db: AsyncSession, office_id: int, ticket_id: int) -> Ticket:
    """The office's ticket, locked; NotFound for another office's too."""
    statement = select(Ticket).where(col(Ticket.id) == ticket_id, col(Ticket.office_id) == office_id)
    ticket = (await db.exec(statement.with_for_update())).one_or_none()
    if ticket is None:
        raise NotFound({"ru": "Такого талона в отделении нет.", "en": "This office has no such ticket."})
    return ticket


async def leave_queue(db: AsyncSession, secret: str, now: datetime) -> Ticket:
    """The visitor gives the ticket up; leaving twice is leaving once."""
    ticket = await locked_by_secret(db, secret)
    if ticket.state is not State.LEFT:
        await move(db, ticket, State.LEFT, "left", Act(now))
    return ticket
