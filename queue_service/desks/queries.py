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


class ChoiceOut(msgspec.Struct, frozen=True):
    code: str
    name: Text


class ShiftOut(msgspec.Struct, frozen=True):
    desk: str
    state: str
    opened_at: datetime
    paused_at: datetime | None
    pause_reason: str | None
    pause_note: str | None
    pause_until: datetime | None


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
    booked_for: datetime | None
    comment: str | None
    """From the clerk who sent the visitor here."""
    next_services: Sequence[str]
    comes_back: bool
    """After this service the visitor goes back to the desk that sent them, `back_to`."""
    back_to: str | None
    results: Sequence[ChoiceOut]
    """One must be chosen to finish; none: nothing is asked."""
    counts_applications: bool


class HallTicketOut(msgspec.Struct, frozen=True):
    """A ticket for the hall administrator's list."""

    id: int
    number: str
    state: str
    service: str
    service_name: Text
    issued_at: datetime
    due_at: datetime
    source: str
    privilege: PrivilegeOut | None
    needs: Sequence[str]
    language: str
    late: bool
    desk: str | None
    """Where the visitor is, or the only desk that may call them."""
    called_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    postponed_until: datetime | None
    postpone_reason: Text | None
    booked_for: datetime | None
    comment: str | None


def hall_ticket_out(catalogue: Catalogue, shown: TicketNow) -> HallTicketOut:
    service = catalogue.services_by_id[shown.service_id]
    desk = catalogue.desks_by_id.get(shown.desk_id or shown.for_desk_id or 0)
    return HallTicketOut(
        id=shown.id,
        number=shown.label,
        state=shown.state,
        service=service.code,
        service_name=service.name,
        issued_at=shown.issued_at,
        due_at=shown.due_at,
        source=shown.source,
        privilege=privilege_out(catalogue, shown),
        needs=shown.needs,
        language=shown.language,
        late=shown.late,
        desk=desk.number if desk else None,
        called_at=shown.called_at,
        started_at=shown.started_at,
        ended_at=shown.ended_at,
        postponed_until=shown.postponed_until,
        postpone_reason=reason_name(catalogue, shown.postpone_reason),
        booked_for=shown.booked_for,
        comment=shown.comment,
    )


def reason_name(catalogue: Catalogue, code: str | None) -> Text | None:
    """A reason of postponement; its code where the dictionary has changed since."""
    return None if code is None else catalogue.policy.postpone_reasons.get(code, {"ru": code})


def shift_out(catalogue: Catalogue, shift: Shift) -> ShiftOut:
    return ShiftOut(
        desk=catalogue.desks_by_id[shift.desk_id].number,
        state="paused" if shift.paused_at else "open",
        opened_at=shift.opened_at,
        paused_at=shift.paused_at,
        pause_reason=shift.pause_reason,
        pause_note=shift.pause_note,
        pause_until=shift.pause_until,
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
        booked_for=shown.booked_for,
        comment=shown.comment,
        next_services=[catalogue.services_by_id[each].code for each in shown.next_services],
        comes_back=shown.return_desk_id is not None,
        back_to=catalogue.desks_by_id[shown.return_desk_id].number if shown.return_desk_id in catalogue.desks_by_id else None,
        results=[ChoiceOut(code, name) for code, name in service.result_codes.items()],
        counts_applications=service.counts_applications,
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
