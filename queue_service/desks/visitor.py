"""The name of the visitor whom a desk has called, and never before: nobody picks visitors by their names.

Each look is in the audit record, once per call and person, in the transaction that shows it. Refuses every other ticket than the desk's
own current one.
"""

from datetime import datetime

import msgspec
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.audit.journal import Act, Actor, record
from queue_service.audit.models import AuditRecord
from queue_service.booking.models import Appointment
from queue_service.desks.commands import current_ticket
from queue_service.sealing import KeyRing
from queue_service.tickets.models import Ticket

NAME_SEEN = "visitor.name_seen"


class VisitorOut(msgspec.Struct, frozen=True):
    number: str
    name: str | None
    """None for a walk-in, who has none here, and for a booking whose data is destroyed."""


async def visitor_at_desk(db: AsyncSession, ring: KeyRing, account_id: int, actor: Actor, now: datetime) -> VisitorOut:
    """Of the clerk's current ticket, called or being served. Raises NoCurrentTicket, ShiftClosed."""
    _, ticket = await current_ticket(db, account_id)  # locks the shift: two looks at once are written down one after the other
    if ticket.appointment_id is None:
        return VisitorOut(ticket.label, None)
    sealed = (await db.exec(select(Appointment.name_sealed).where(col(Appointment.id) == ticket.appointment_id))).one()
    if sealed is None:
        return VisitorOut(ticket.label, None)
    if not await _seen(db, ticket, account_id):
        act = Act("visitor.name_seen", f"booking:{ticket.appointment_id}", ticket.office_id, after={"number": ticket.label})
        record(db, actor, act, now)
    return VisitorOut(ticket.label, ring.unseal(sealed))


async def _seen(db: AsyncSession, ticket: Ticket, account_id: int) -> bool:
    """In the present call already."""
    statement = select(AuditRecord.id).where(  # ix_audit_record_actor
        col(AuditRecord.actor_id) == account_id,
        col(AuditRecord.act) == NAME_SEEN,
        col(AuditRecord.subject) == f"booking:{ticket.appointment_id}",
        col(AuditRecord.at) >= ticket.called_at,
    )
    return (await db.exec(statement.limit(1))).first() is not None
