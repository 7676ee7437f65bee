"""The hall display's view: who is called where, who is next."""

import heapq
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from queue_service.desks.rules import PauseReason
from queue_service.errors import NotFound
from queue_service.live.state import OfficeState, ShiftNow
from queue_service.live.views.parts import NamedOut, OfficeOut, OpenOut, office_out, open_out
from queue_service.offices.catalogue import Catalogue, DeskInfo
from queue_service.text import Text
from queue_service.tickets.queries import TicketNow
from queue_service.tickets.rules import order_key

NEXT_SHOWN = 8
"""Numbers in «Следующие»: more than a person reads in a glance is noise."""
DEFAULTS: dict[str, Any] = {"distance_m": 5, "volume": 80, "rows": 6, "theme": "dark", "gong": True, "languages": ["ru"]}
"""Settings of a display that has none of its own."""


class CallOut(msgspec.Struct, frozen=True):
    call_id: int
    ticket: str
    desk: str
    place: Text | None
    called_at: datetime
    recall: bool
    state: str
    zone: str | None
    accessible: bool
    """The visitor needs an accessible desk, and this is one: the way there is shown with its sign."""


class DeskNowOut(msgspec.Struct, frozen=True):
    number: str
    state: str
    """open, paused, technical (a pause for technical reasons), closed."""
    until: datetime | None
    """When the clerk plans to be back."""


class DesksOut(msgspec.Struct, frozen=True):
    open: int
    paused: int
    closed: int


class BoardOut(msgspec.Struct, frozen=True):
    office: OfficeOut
    zone: NamedOut | None
    open: OpenOut
    calls: list[CallOut]
    next: list[str]
    ticker: Sequence[Text]
    desks: DesksOut
    desk_states: list[DeskNowOut]
    settings: dict[str, Any]


def check_zone(catalogue: Catalogue, zone: str | None) -> None:
    """NotFound for a zone that the office does not have: an empty board would look like an empty hall."""
    if zone is not None and zone not in catalogue.zones:
        raise NotFound({"ru": f"Зоны «{zone[:50]}» в этом отделении нет.", "en": f"This office has no zone “{zone[:50]}”."})


def board(state: OfficeState, zone: str | None = None, settings: dict[str, Any] | None = None) -> BoardOut:
    """The hall's board; `zone` limits calls, next numbers and desks to one part of the hall."""
    catalogue = state.catalogue
    desks = [
        desk
        for desk in catalogue.desks_by_id.values()
        if (zone is None or desk.zone == zone) and (desk.active or desk.id in state.open_shifts)
    ]
    ids = {desk.id for desk in desks}
    needs = catalogue.policy.accessible_needs
    shifts = [state.open_shifts[desk_id] for desk_id in ids & state.open_shifts.keys()]
    paused = sum(shift.paused_at is not None for shift in shifts)
    return BoardOut(
        office=office_out(catalogue),
        zone=NamedOut(zone, catalogue.zones[zone]) if zone in catalogue.zones and zone is not None else None,
        open=_open_out(catalogue, state.now),
        calls=[
            CallOut(
                call_id=call.call_id,
                ticket=call.ticket.label,
                desk=catalogue.desks_by_id[call.desk_id].number,
                place=catalogue.desks_by_id[call.desk_id].place,
                called_at=call.announced_at,
                recall=call.recall,
                state=call.ticket.state,
                zone=catalogue.desks_by_id[call.desk_id].zone,
                accessible=catalogue.desks_by_id[call.desk_id].accessible and not needs.isdisjoint(call.ticket.needs),
            )
            for call in state.calls
            if call.desk_id in ids
        ],
        next=[ticket.label for ticket in _next_at(state, desks, whole=zone is None)],
        ticker=catalogue.ticker,
        desks=DesksOut(open=len(shifts) - paused, paused=paused, closed=len(desks) - len(shifts)),
        desk_states=[_desk_now(desk, state.open_shifts.get(desk.id)) for desk in desks],
        settings={**DEFAULTS, **(settings or {})},
    )


def _open_out(catalogue: Catalogue, now: datetime) -> OpenOut:
    """When closed, in the office's own words where it has some; the reason of a dated closure matters more."""
    opening, own = open_out(catalogue, now), catalogue.said("display-closed")
    return opening if opening.now or opening.reason or own is None else msgspec.structs.replace(opening, sentence=own)


def _desk_now(desk: DeskInfo, shift: ShiftNow | None) -> DeskNowOut:
    if shift is None:
        return DeskNowOut(desk.number, "closed", None)
    if shift.paused_at is None:
        return DeskNowOut(desk.number, "open", None)
    return DeskNowOut(desk.number, "technical" if shift.pause_reason == PauseReason.TECHNICAL else "paused", shift.pause_until)


def _next_at(state: OfficeState, desks: Sequence[DeskInfo], *, whole: bool) -> list[TicketNow]:
    """The first of the queue that these desks will call, each in its place of the whole queue.

    A part of the hall announces who will be called there: a service that only desks elsewhere take now is theirs, and so is a visitor
    who was sent to another desk or who needs an accessible one that this part does not have.
    """
    mine = state.waiting if whole else filter(_called_at(state, desks), state.waiting)
    none = timedelta()
    return heapq.nsmallest(NEXT_SHOWN, mine, key=lambda ticket: (order_key(ticket.rank, state.now, none), ticket.id))


def _called_at(state: OfficeState, desks: Sequence[DeskInfo]) -> Callable[[TicketNow], bool]:
    """Whether a waiting ticket will be called at one of these desks, as far as anybody can say now."""
    catalogue, here = state.catalogue, {desk.id for desk in desks}
    open_desks = [catalogue.desks_by_id[each] for each in state.open_shifts if each in catalogue.desks_by_id]
    clerks = {shift.account_id for desk_id, shift in state.open_shifts.items() if desk_id in here}
    taken = _services(open_desks)
    open_here = [desk for desk in open_desks if desk.id in here]
    # Where nobody takes a service yet, its visitors will be called at whichever of its desks opens.
    ours = _services(open_here) | (_services(desks) - taken)
    access_taken, access_here = (
        _services(each for each in open_desks if each.accessible),
        _services(each for each in open_here if each.accessible),
    )

    def called_here(ticket: TicketNow) -> bool:
        if ticket.for_desk_id is not None:
            return ticket.for_desk_id in here
        if ticket.for_clerk_id is not None:
            return ticket.for_clerk_id in clerks
        needs_access = not catalogue.policy.accessible_needs.isdisjoint(ticket.needs)
        if needs_access and ticket.service_id in access_taken:
            return ticket.service_id in access_here
        return ticket.service_id in ours

    return called_here


def _services(desks: Iterable[DeskInfo]) -> frozenset[int]:
    return frozenset[int]().union(*(desk.services for desk in desks))
