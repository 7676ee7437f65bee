"""The visitor's view of one ticket."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from queue_service.live.state import OfficeState
from queue_service.live.views.parts import WaitOut, wait_out
from queue_service.text import Text
from queue_service.tickets.explanation import why_called, why_waiting
from queue_service.tickets.notes import ticket_note
from queue_service.tickets.queries import PrivilegeOut, TicketNow, privilege_out
from queue_service.tickets.rules import AT_A_DESK


class TicketOut(msgspec.Struct, frozen=True):
    number: str
    state: str
    office: str
    office_name: Text
    address: Text
    time_zone: str
    service: str
    service_name: Text
    source: str
    issued_at: datetime
    due_at: datetime
    ahead: int | None
    wait: WaitOut | None
    desks: list[str]
    """Open desks that may call the ticket."""
    desk: str | None
    place: Text | None
    called_at: datetime | None
    calls: int
    privilege: PrivilegeOut | None
    needs: Sequence[str]
    late: bool
    why: Text
    note: Text | None
    """What the office adds in its own words."""


def ticket(state: OfficeState, shown: TicketNow) -> TicketOut:
    """One ticket for its visitor; `shown` may be one that has ended and is no longer part of the state."""
    catalogue = state.catalogue
    service = catalogue.services_by_id[shown.service_id]
    call = state.call_by_ticket.get(shown.id) if shown.state in AT_A_DESK else None
    waits = shown.state == "waiting" and shown.id in state.waiting_by_id
    desk = catalogue.desks_by_id.get(shown.desk_id) if shown.desk_id else None
    zone = catalogue.schedule.time_zone
    return TicketOut(
        number=shown.label,
        state=shown.state,
        office=catalogue.slug,
        office_name=catalogue.name,
        address=catalogue.address,
        time_zone=catalogue.time_zone,
        service=service.code,
        service_name=service.name,
        source=shown.source,
        issued_at=shown.issued_at,
        due_at=shown.due_at,
        ahead=state.forecast.ahead[shown.id] if waits else None,
        wait=wait_out(state.forecast.waits[shown.id]) if waits else None,
        desks=_open_desks_for(state, shown),
        desk=desk.number if desk and call else None,
        place=desk.place if desk and call else None,
        called_at=call.ticket.called_at if call else None,
        calls=shown.calls,
        privilege=privilege_out(catalogue, shown),
        needs=shown.needs,
        late=shown.late,
        why=why_called(dict(call.reason), shown.due_at, zone)
        if call
        else why_waiting(
            shown.issued_at,
            shown.due_at,
            zone,
            privileged=shown.privilege_id is not None and shown.rank_at < shown.due_at,
            booked=shown.source == "booked",
        ),
        note=ticket_note(catalogue, shown.label, shown.issued_at),
    )


def _open_desks_for(state: OfficeState, shown: TicketNow) -> list[str]:
    """Where the visitor will be called."""
    if shown.for_desk_id is not None or shown.for_clerk_id is not None:
        return [
            desk.number
            for desk, shift in state.working_desks
            if shown.for_desk_id in (None, desk.id) and shown.for_clerk_id in (None, shift.account_id)
        ]
    taking = state.taking[shown.service_id]
    if not state.catalogue.policy.accessible_needs.isdisjoint(shown.needs):
        taking = [desk for desk in taking if desk.accessible] or taking
    return [desk.number for desk in taking]
