"""The hall display's view: who is called where, who is next."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from queue_service.errors import NotFound
from queue_service.live.state import OfficeState
from queue_service.live.views.parts import NamedOut, OfficeOut, OpenOut, office_out, open_out
from queue_service.offices.catalogue import Catalogue, DeskInfo
from queue_service.text import Text
from queue_service.tickets.queries import TicketNow
from queue_service.tickets.rules import order_key

NEXT_SHOWN = 8
"""Numbers in «Следующие»: more than a person reads in a glance is noise."""
DEFAULTS: dict[str, Any] = {"distance_m": 5, "volume": 80, "rows": 6, "theme": "dark", "gong": True}
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
    shifts = [state.open_shifts[desk_id] for desk_id in ids & state.open_shifts.keys()]
    paused = sum(shift.paused_at is not None for shift in shifts)
    return BoardOut(
        office=office_out(catalogue),
        zone=NamedOut(zone, catalogue.zones[zone]) if zone in catalogue.zones and zone is not None else None,
        open=open_out(catalogue, state.now),
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
            )
            for call in state.calls
            if call.desk_id in ids
        ],
        next=[ticket.label for ticket in _queue_of(state, desks)[:NEXT_SHOWN]],
        ticker=catalogue.ticker,
        desks=DesksOut(open=len(shifts) - paused, paused=paused, closed=len(desks) - len(shifts)),
        settings={**DEFAULTS, **(settings or {})},
    )


def _queue_of(state: OfficeState, desks: Sequence[DeskInfo]) -> list[TicketNow]:
    """Waiting tickets of these desks' own services in the order of the queue."""
    services = frozenset[int]().union(*(desk.services for desk in desks))
    none = state.catalogue.policy.help_out_penalty * 0
    waiting = [ticket for ticket in state.waiting if ticket.service_id in services]
    return sorted(waiting, key=lambda ticket: (order_key(ticket.rank, state.now, none), ticket.id))
