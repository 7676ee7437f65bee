"""Read models of the desk: the shift and the current ticket as the clerk sees them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.db import Pool
from queue_service.desks.models import Shift
from queue_service.offices.catalogue import Catalogue
from queue_service.text import Text
from queue_service.tickets.explanation import why_called
from queue_service.tickets.models import Ticket, TicketEvent
from queue_service.tickets.queries import PrivilegeOut, TicketNow, privilege_out
from queue_service.tickets.rules import no_show_allowed_at


class ShiftOut(msgspec.Struct, frozen=True):
    desk: str
    state: str
    opened_at: datetime
    paused_at: datetime | None
    pause_reason: str | None
    pause_note: str | None


class DeskTicketOut(msgspec.Struct, frozen=True):
    id: int
    number: str
    state: str
    service: str
    service_name: Text
    documents: Sequence[Text]
    source: str
    issued_at: datetime
    due_at: datetime
    called_at: datetime | None
    calls: int
    started_at: datetime | None
    privilege: PrivilegeOut | None
    needs: Sequence[str]
    language: str
    late: bool
    why: Text
    no_show_allowed_at: datetime | None
    """None while more calls are needed."""


def shift_out(catalogue: Catalogue, shift: Shift) -> ShiftOut:
    return ShiftOut(
        desk=catalogue.desks_by_id[shift.desk_id].number,
        state="paused" if shift.paused_at else "open",
        opened_at=shift.opened_at,
        paused_at=shift.paused_at,
        pause_reason=shift.pause_reason,
        pause_note=shift.pause_note,
    )


def desk_ticket_out(catalogue: Catalogue, shown: TicketNow, reason: dict[str, Any]) -> DeskTicketOut:
    service = catalogue.services_by_id[shown.service_id]
    policy = catalogue.policy
    return DeskTicketOut(
        id=shown.id,
        number=shown.label,
        state=shown.state,
        service=service.code,
        service_name=service.name,
        documents=service.documents,
        source=shown.source,
        issued_at=shown.issued_at,
        due_at=shown.due_at,
        called_at=shown.called_at,
        calls=shown.calls,
        started_at=shown.started_at,
        privilege=privilege_out(catalogue, shown),
        needs=shown.needs,
        language=shown.language,
        late=shown.late,
        why=why_called(reason, shown.due_at, catalogue.schedule.time_zone),
        no_show_allowed_at=no_show_allowed_at(shown.called_at, shown.calls, policy.no_show_min_calls, policy.no_show_min_seconds)
        if shown.called_at
        else None,
    )


async def call_reason(pool: Pool, ticket_id: int) -> dict[str, Any]:
    """Why the ticket was called the last time; empty when it never was."""
    details: dict[str, Any] | None = await pool.fetchval(
        "SELECT details FROM ticket_event WHERE ticket_id = $1 AND kind = 'called' ORDER BY id DESC LIMIT 1", ticket_id
    )
    return details or {}


async def last_reason(db: AsyncSession, ticket: Ticket) -> dict[str, Any]:
    """The same inside a unit of work."""
    statement = (
        select(TicketEvent.details)
        .where(col(TicketEvent.ticket_id) == ticket.id, col(TicketEvent.kind) == "called")
        .order_by(col(TicketEvent.id).desc())
        .limit(1)
    )
    return dict((await db.exec(statement)).one_or_none() or {})
