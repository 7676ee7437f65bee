"""What people did against the order of the queue, for the audit record: with who, from where and why, in the act's own transaction.

The journal of tickets has the same acts for the hall; the record has them beside everything else that somebody with power did, where
nobody can change them. Refuses what the rule does by itself: an ordinary call is nobody's decision.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.audit.journal import Act, Actor
from queue_service.audit.journal import record as write_down
from queue_service.tickets.models import Ticket, TicketEvent

WORDS: Final[Mapping[str, str]] = {
    "reordered": "ticket.reordered",
    "called": "ticket.called_out_of_order",
    "privilege_changed": "ticket.privilege_changed",
    "privilege_confirmed": "ticket.privilege_confirmed",
    "privilege_refused": "ticket.privilege_refused",
    "needs_changed": "ticket.needs_changed",
    "inaccurate": "ticket.marked_inaccurate",
    "postponed": "ticket.postponed",
    "resumed": "ticket.resumed",
    "came_back": "ticket.brought_back",
    "left": "ticket.sent_away",
}
"""Kind of the journal's row -> word of the record."""
_KEPT: Final = ("rule", "until")
"""Of the details, what tells more than the word."""


async def audit_ticket(db: AsyncSession, actor: Actor, ticket: Ticket, now: datetime) -> None:
    """Writes down what the command before has just journaled of this ticket."""
    await db.flush()
    statement = select(TicketEvent).where(col(TicketEvent.ticket_id) == ticket.id).order_by(col(TicketEvent.id).desc()).limit(1)
    event = (await db.exec(statement)).one()
    details: dict[str, Any] = event.details
    before = {"value": details["before"]} if "before" in details else None
    after = {"number": ticket.label} | {name: details[name] for name in _KEPT if details.get(name)}
    if "after" in details:
        after["value"] = details["after"]
    word = WORDS.get(event.kind, f"ticket.{event.kind}")
    write_down(db, actor, Act(word, f"ticket:{ticket.id}", ticket.office_id, before, after, details.get("reason")), now)
