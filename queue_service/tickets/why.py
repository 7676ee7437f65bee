"""«Почему вызвали другой номер?»: the calls since a ticket was issued, each compared with this ticket as it stood then.

How it stood is told by its own journal; nothing is recomputed from how it stands now. Reads two indexed pieces of the journal and only
when somebody asks. Refuses to say of another visitor more than the hall's board does, and why they were called.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from queue_service.db import Pool
from queue_service.offices.catalogue import Catalogue, Catalogues
from queue_service.text import Text
from queue_service.tickets.explanation import Call, Office, Standing, compare, was_picked, why_waiting
from queue_service.tickets.models import label
from queue_service.tickets.queries import COLUMNS, TicketNow, ticket_by_secret
from queue_service.tickets.rules import OVER, Claim, Rank, State

CALLS_SHOWN: Final = 30
"""The latest: an hour of a middling office, and what a person reads."""
_STORY_LENGTH: Final = 500
"""A bound, not a limit that a visit meets."""

_TICKET = f"SELECT {COLUMNS} FROM ticket WHERE id = $1"
_STORY = """
SELECT id, kind, at, desk_id, details FROM ticket_event           -- ix_ticket_event_ticket
 WHERE ticket_id = $1 ORDER BY id LIMIT $2
"""
_CALLS = """
SELECT call.id, call.ticket_id, letter, number, call.at, call.desk_id, call.clerk_id, call.details, starts_at AS booked_for,
       (SELECT details ->> 'reason' FROM ticket_event              -- ix_ticket_event_ticket
         WHERE ticket_id = call.ticket_id AND id < call.id AND kind = 'reordered' ORDER BY id DESC LIMIT 1) AS moved_because
  FROM (SELECT * FROM ticket_event                                 -- ix_ticket_event_called
         WHERE office_id = $1 AND kind = 'called' AND id > $2 AND id <= $3
         ORDER BY id DESC LIMIT $4) AS call
  JOIN ticket ON ticket.id = call.ticket_id                        -- pk_ticket
  LEFT JOIN appointment ON appointment.id = appointment_id         -- pk_appointment
 ORDER BY call.id DESC
"""
_LAST_ID: Final = 2**63 - 1


class CallWhyOut(msgspec.Struct, frozen=True):
    number: str
    desk: str
    at: datetime
    rule: str
    """Of the order, as stored with the call; or the manual act."""
    due_at: datetime
    reason: str | None
    """Of a manual act, as it was recorded."""
    answer: str
    """What decided between this call and the ticket that asks; `own` for its own."""
    why: Text


class WhyOut(msgspec.Struct, frozen=True):
    number: str
    state: str
    time_zone: str
    issued_at: datetime
    due_at: datetime
    standing: Text
    """The promise of this ticket, and the rule."""
    calls: list[CallWhyOut]
    """Newest first."""
    more: bool
    """There were earlier calls than those shown."""


async def why_others(pool: Pool, catalogues: Catalogues, secret: str, now: datetime) -> tuple[Catalogue, WhyOut]:
    """The calls since the ticket of this secret was issued, until it was over. NotFound for an unknown secret."""
    office_id, found = await ticket_by_secret(pool, secret)
    catalogue = await catalogues.of(office_id, now)
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        # One snapshot: a call of this very ticket is in both readings or in neither.
        row: Any = await connection.fetchrow(_TICKET, found.id)
        ticket = TicketNow(*row)
        story = [Happened(*row) for row in await connection.fetch(_STORY, found.id, _STORY_LENGTH)]
        first, last = (story[0].id, story[-1].id) if story else (0, 0)
        until = _LAST_ID if State(ticket.state) in (State.WAITING, State.POSTPONED) else last
        rows = await connection.fetch(_CALLS, office_id, first, until, CALLS_SHOWN + 1)
    standings = standings_of(ticket, story, catalogue)
    calls = [_call(row) for row in rows[:CALLS_SHOWN]]
    zone = catalogue.schedule.time_zone
    waits_first = ticket.rank_at < ticket.due_at
    return catalogue, WhyOut(
        number=ticket.label,
        state=ticket.state,
        time_zone=catalogue.time_zone,
        issued_at=ticket.issued_at,
        due_at=ticket.due_at,
        standing=why_waiting(
            ticket.issued_at,
            ticket.due_at,
            zone,
            privileged=ticket.privilege_id is not None and waits_first,
            booked=ticket.source == "booked",
        ),
        calls=[_compared(each, ticket, standings, catalogue) for each in calls],
        more=len(rows) > CALLS_SHOWN,
    )


def _call(row: Any) -> Call:
    details = row["details"]
    due_at, picked = datetime.fromisoformat(details["due"]), was_picked(details)
    return Call(
        event_id=row["id"],
        ticket_id=row["ticket_id"],
        number=label(row["letter"], row["number"]),
        at=row["at"],
        desk_id=row["desk_id"],
        clerk_id=row["clerk_id"],
        rule=details["rule"],
        key=datetime.fromisoformat(details["key"]),
        due_at=due_at,
        picked=picked,
        reason=details.get("reason") or (row["moved_because"] if details["rule"] == "by_hand" else None),
        booked_for=row["booked_for"],
    )


def _compared(call: Call, ticket: TicketNow, standings: Sequence[tuple[int, Standing]], catalogue: Catalogue) -> CallWhyOut:
    desk = catalogue.desks_by_id.get(call.desk_id)
    policy, zone = catalogue.policy, catalogue.schedule.time_zone
    mine = next((standing for since, standing in reversed(standings) if since < call.event_id), standings[0][1])
    answer, why = compare(call, ticket.id, mine, desk, Office(zone, policy.help_out_penalty, policy.accessible_needs))
    return CallWhyOut(
        number=call.number,
        desk=desk.number if desk else "",
        at=call.at,
        rule=call.rule,
        due_at=call.due_at,
        reason=call.reason,
        answer=answer,
        why=why,
    )


@dataclass(frozen=True, slots=True)
class Happened:
    """One row of the ticket's journal."""

    id: int
    kind: str
    at: datetime
    desk_id: int | None
    details: dict[str, Any]


_STATES: Final[dict[str, State]] = {
    "issued": State.WAITING,
    "called": State.CALLED,
    "started": State.SERVING,
    "finished": State.SERVED,
    "no_show": State.NO_SHOW,
    "returned": State.WAITING,
    "postponed": State.POSTPONED,
    "resumed": State.WAITING,
    "came_back": State.WAITING,
    "transferred": State.WAITING,
    "left": State.LEFT,
    "expired": State.EXPIRED,
}
"""What each kind of the journal makes of a ticket; other kinds leave the state as it is."""
_RANKED: Final = frozenset({"reordered", "privilege_refused", "privilege_changed"})


def standings_of(ticket: TicketNow, story: Sequence[Happened], catalogue: Catalogue) -> list[tuple[int, Standing]]:
    """How the ticket stood after each row of its journal: (id of the row, standing), in order."""
    now = _at_first(ticket, story, catalogue)
    last_rank = next((each.id for each in reversed(story) if each.kind in _RANKED), None)
    return_desk: int | None = None
    by_hand = False
    told = [(story[0].id if story else 0, now)]
    for each in story[1:]:
        details, claim, state = each.details, now.claim, _STATES.get(each.kind, now.state)
        if each.kind == "undirected" or (each.kind == "called" and was_picked(details)):
            claim = replace(claim, for_desk_id=None, for_clerk_id=None)
        elif each.kind == "needs_changed":
            claim = replace(claim, needs=frozenset(details["after"]))
        elif each.kind == "transferred":
            return_desk = each.desk_id if details["come_back"] else return_desk
            claim = replace(claim, service_id=details["to_service"], for_desk_id=details["to_desk"], for_clerk_id=details["to_clerk"])
        elif each.kind == "finished" and "then" in details:
            state = State.WAITING
            claim = replace(claim, service_id=details["then"], for_desk_id=return_desk, for_clerk_id=None)
            return_desk = None
        rank = now.rank
        by_hand = by_hand or each.kind == "reordered"
        if each.kind == "reordered" or (each.kind in _RANKED and not by_hand):
            rank = ticket.rank if each.id == last_rank else _ranked(now.rank, each, ticket, catalogue)
        now = Standing(state, rank, claim)
        told.append((each.id, now))
    if story and State(ticket.state) not in OVER:
        told[-1] = (told[-1][0], Standing(now.state, ticket.rank, ticket.claim))
    return told


def _at_first(ticket: TicketNow, story: Sequence[Happened], catalogue: Catalogue) -> Standing:
    """As it was issued: what its journal says of the first change of each thing, and as it is now where nothing changed it."""
    service_id, needs = ticket.service_id, frozenset(ticket.needs)
    for each in story:
        if each.kind in ("transferred", "finished"):
            service_id = each.details["service"]
            break
    for each in story:
        if each.kind == "needs_changed":
            needs = frozenset(each.details["before"])
            break
    return Standing(State.WAITING, _first_rank(ticket, story, catalogue), Claim(service_id, needs, None, None))


_NOT_YET: Final = datetime.max.replace(tzinfo=UTC)


def _first_rank(ticket: TicketNow, story: Sequence[Happened], catalogue: Catalogue) -> Rank:
    first = next((each for each in story if each.kind in _RANKED), None)
    if first is None:
        return ticket.rank
    policy, due_at = catalogue.policy, ticket.due_at
    # An act by hand brings the head start into force at once; what had not begun by then began at no moment that matters here.
    rank_from = ticket.rank_from if ticket.rank_from < first.at else _NOT_YET if ticket.source == "booked" else ticket.issued_at
    if first.kind == "reordered":
        return Rank(due_at, datetime.fromisoformat(first.details["before"]), rank_from)
    head_start = policy.booked_head_start if ticket.source == "booked" else timedelta()
    if first.kind == "privilege_refused" or first.details["before"] is not None:
        head_start = policy.privilege_head_start
    return Rank(due_at, due_at - head_start, rank_from)


def _ranked(before: Rank, each: Happened, ticket: TicketNow, catalogue: Catalogue) -> Rank:
    """The rank after one of the acts that change it, while no place was given by hand."""
    if each.kind == "reordered":
        return Rank(before.due_at, datetime.fromisoformat(each.details["after"]), min(before.rank_from, each.at))
    granted = each.kind == "privilege_changed" and each.details["after"] is not None
    head_start = catalogue.policy.booked_head_start if ticket.source == "booked" else timedelta()
    if granted:
        head_start = catalogue.policy.privilege_head_start
    return Rank(before.due_at, before.due_at - head_start, min(before.rank_from, each.at) if granted else before.rank_from)
