"""What a journal row does to a ticket: the rules of the hall told a second time, so that the journal can be played against the tables.

Pure, and written from the product's description and not from its code. Refuses to read a table: `replay` compares.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tests.torture.dump import Dump, EventRow, OfficeRow, ServiceRow, TicketRow

ADMITTED: Mapping[str, frozenset[str]] = {
    "waiting": frozenset({"called", "postponed", "left", "expired"}),
    "called": frozenset({"serving", "waiting", "no_show", "postponed"}),
    "serving": frozenset({"served", "waiting", "postponed"}),
    "postponed": frozenset({"waiting", "left", "expired"}),
    "no_show": frozenset({"waiting"}),
}
"""Design, section 4."""


class Impossible(Exception):
    """The journal tells what cannot have happened."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A ticket between two journal rows; the names are the table's."""

    state: str
    service_id: int
    due_at: datetime
    rank_at: datetime
    rank_from: datetime
    needs: tuple[str, ...]
    privilege_id: int | None
    privilege_state: str | None
    next_services: tuple[int, ...]
    booked: bool
    """It keeps a booked time: came in time, and is not a walk-in that was a booking."""
    desk_id: int | None = None
    clerk_id: int | None = None
    called_at: datetime | None = None
    calls: int = 0
    started_at: datetime | None = None
    ended_at: datetime | None = None
    for_desk_id: int | None = None
    for_clerk_id: int | None = None
    return_desk_id: int | None = None
    return_service_id: int | None = None
    postponed_until: datetime | None = None
    postpone_reason: str | None = None
    moved_by_hand: bool = False
    inaccurate: bool = False


@dataclass(frozen=True)
class Rules:
    """What of the set-up decides; it does not change while a run lasts."""

    office: OfficeRow
    services: Mapping[int, ServiceRow]
    privileges: Mapping[str, int]
    is_open: Callable[[int, datetime], bool]
    """Whether a desk had a clerk at a moment."""

    @property
    def help_out_penalty(self) -> timedelta:
        return timedelta(minutes=self.office.help_out_penalty_minutes)


def rules_of(dump: Dump, office: OfficeRow) -> Rules:
    services = {row.id: row for row in dump.service if row.office_id == office.id}
    shifts = [row for row in dump.shift if row.office_id == office.id]

    def is_open(desk: int, at: datetime) -> bool:
        return any(row.desk_id == desk and row.opened_at <= at and (row.closed_at is None or row.closed_at > at) for row in shifts)

    return Rules(office, services, {row.code: row.id for row in dump.privilege}, is_open)


def played(ticket: TicketRow, story: Sequence[EventRow], rules: Rules) -> list[Standing]:
    """How the ticket stood after each of its rows. Raises Impossible."""
    if not story or story[0].kind != "issued":
        raise Impossible(f"the story of ticket {ticket.id} does not begin with its issue")
    standings = [_issued(ticket, story, rules)]
    for event in story[1:]:
        before = standings[-1]
        after = _AFTER[event.kind](before, event, rules)
        if after.state != before.state and after.state not in ADMITTED.get(before.state, frozenset()):
            raise Impossible(f"row {event.id}: {event.kind} leads from {before.state} to {after.state}")
        standings.append(after)
    return standings


def _issued(ticket: TicketRow, story: Sequence[EventRow], rules: Rules) -> Standing:
    """As it entered: what was changed later is told by the first row that changed it."""
    first = {event.kind: event for event in reversed(story)}
    said = (int(event.details["service"]) for event in story if event.kind in ("called", "transferred", "finished"))
    service = rules.services.get(next(said, ticket.service_id))
    if service is None:
        raise Impossible(f"ticket {ticket.id} has service_id {ticket.service_id}, which its office does not have")
    changed = first.get("privilege_changed")
    privilege = ticket.privilege_id if changed is None else rules.privileges.get(changed.details["before"] or "")
    needs = tuple(first["needs_changed"].details["before"]) if "needs_changed" in first else ticket.needs
    at = story[0].at
    if ticket.source == "booked":
        assert ticket.booked_for is not None
        due = ticket.booked_for + timedelta(minutes=service.booking_norm_minutes)
        rank_at, rank_from = due - timedelta(minutes=rules.office.booked_head_start_minutes), ticket.booked_for
    else:
        due = at + timedelta(minutes=service.wait_norm_minutes)
        head_start = rules.office.privilege_head_start_minutes if privilege is not None else 0
        rank_at, rank_from = due - timedelta(minutes=head_start), at
    codes = {row.code: row.id for row in rules.services.values()}
    return Standing(
        state="waiting",
        service_id=service.id,
        due_at=due,
        rank_at=rank_at,
        rank_from=rank_from,
        needs=needs,
        privilege_id=privilege,
        privilege_state=None if privilege is None else "claimed",
        next_services=tuple(codes[code] for code in service.chain if code in codes),
        booked=ticket.source == "booked",
    )


def _waiting(before: Standing) -> Standing:
    return replace(
        before,
        state="waiting",
        desk_id=None,
        clerk_id=None,
        called_at=None,
        calls=0,
        started_at=None,
        ended_at=None,
        postponed_until=None,
        postpone_reason=None,
    )


def _back(before: Standing, event: EventRow, rules: Rules) -> Standing:
    return _waiting(before)


def _called(before: Standing, event: EventRow, rules: Rules) -> Standing:
    after = replace(before, state="called", desk_id=event.desk_id, clerk_id=event.clerk_id, called_at=event.at, calls=1)
    if is_picked(event):
        after = replace(after, for_desk_id=None, for_clerk_id=None)
    return after


def is_picked(event: EventRow) -> bool:
    """A clerk called this very ticket, whoever else waited."""
    rule = event.details.get("rule")
    return rule in ("postponed", "came_back") or (rule == "by_hand" and bool(event.details.get("reason")))


def _recalled(before: Standing, event: EventRow, rules: Rules) -> Standing:
    if before.state != "called":
        raise Impossible(f"row {event.id}: recalled while {before.state}")
    return replace(before, calls=before.calls + 1)


def _started(before: Standing, event: EventRow, rules: Rules) -> Standing:
    return replace(before, state="serving", started_at=event.at)


def _finished(before: Standing, event: EventRow, rules: Rules) -> Standing:
    if "then" not in event.details:
        inaccurate = before.inaccurate or event.details.get("by") is not None
        return replace(before, state="served", ended_at=event.at, inaccurate=inaccurate)
    after = replace(_waiting(before), service_id=int(event.details["then"]), for_desk_id=None, for_clerk_id=None, inaccurate=False)
    if before.return_service_id is not None:
        assert before.return_desk_id is not None
        there = before.return_desk_id if rules.is_open(before.return_desk_id, event.at) else None
        return replace(after, for_desk_id=there, return_desk_id=None, return_service_id=None)
    return replace(after, next_services=before.next_services[1:])


def _no_show(before: Standing, event: EventRow, rules: Rules) -> Standing:
    return replace(before, state="no_show", ended_at=event.at)


def _postponed(before: Standing, event: EventRow, rules: Rules) -> Standing:
    until = event.details["until"]
    return replace(
        before,
        state="postponed",
        postponed_until=datetime.fromisoformat(until) if until else None,
        postpone_reason=event.details["reason"],
    )


def _transferred(before: Standing, event: EventRow, rules: Rules) -> Standing:
    details, after = event.details, _waiting(before)
    if details["come_back"]:
        if before.return_service_id is not None:
            after = replace(after, next_services=(before.return_service_id, *before.next_services))
        after = replace(after, return_desk_id=event.desk_id, return_service_id=before.service_id)
    return replace(after, service_id=details["to_service"], for_desk_id=details["to_desk"], for_clerk_id=details["to_clerk"])


def _over(state: str) -> Callable[[Standing, EventRow, Rules], Standing]:
    def over(before: Standing, event: EventRow, rules: Rules) -> Standing:
        return replace(before, state=state, ended_at=event.at, postponed_until=None, postpone_reason=None)

    return over


def _undirected(before: Standing, event: EventRow, rules: Rules) -> Standing:
    return replace(before, for_desk_id=None, for_clerk_id=None)


def _service_added(before: Standing, event: EventRow, rules: Rules) -> Standing:
    return replace(before, next_services=(*before.next_services, event.details["service"]))


def _judged(state: str) -> Callable[[Standing, EventRow, Rules], Standing]:
    def judged(before: Standing, event: EventRow, rules: Rules) -> Standing:
        return _placed(replace(before, privilege_state=state), rules)

    return judged


def _privilege_changed(before: Standing, event: EventRow, rules: Rules) -> Standing:
    code = event.details["after"]
    if code is None:
        return _placed(replace(before, privilege_id=None, privilege_state=None), rules)
    rank_from = min(before.rank_from, event.at)
    return _placed(replace(before, privilege_id=rules.privileges[code], privilege_state="confirmed", rank_from=rank_from), rules)


def _placed(standing: Standing, rules: Rules) -> Standing:
    """The head start that privilege or booking earns now; a place that was given by hand stays."""
    if standing.moved_by_hand:
        return standing
    minutes = 0
    if standing.privilege_state in ("claimed", "confirmed"):
        minutes = rules.office.privilege_head_start_minutes
    elif standing.booked:
        minutes = rules.office.booked_head_start_minutes
    return replace(standing, rank_at=standing.due_at - timedelta(minutes=minutes))


def _reordered(before: Standing, event: EventRow, rules: Rules) -> Standing:
    if datetime.fromisoformat(event.details["before"]) != before.rank_at:
        raise Impossible(f"row {event.id}: reordered from {event.details['before']}, where the ticket stood at {before.rank_at}")
    at = datetime.fromisoformat(event.details["after"])
    return replace(before, rank_at=at, rank_from=min(before.rank_from, event.at), moved_by_hand=True)


def _needs_changed(before: Standing, event: EventRow, rules: Rules) -> Standing:
    return replace(before, needs=tuple(event.details["after"]))


def _inaccurate(before: Standing, event: EventRow, rules: Rules) -> Standing:
    return replace(before, inaccurate=True)


_AFTER: Mapping[str, Callable[[Standing, EventRow, Rules], Standing]] = {
    "called": _called,
    "recalled": _recalled,
    "started": _started,
    "finished": _finished,
    "no_show": _no_show,
    "returned": _back,
    "postponed": _postponed,
    "resumed": _back,
    "came_back": _back,
    "transferred": _transferred,
    "undirected": _undirected,
    "service_added": _service_added,
    "privilege_confirmed": _judged("confirmed"),
    "privilege_refused": _judged("refused"),
    "privilege_changed": _privilege_changed,
    "needs_changed": _needs_changed,
    "reordered": _reordered,
    "inaccurate": _inaccurate,
    "left": _over("left"),
    "expired": _over("expired"),
}
"""Kind of journal row -> what it does. A kind that is not here is a kind that nobody has told the checker of."""
