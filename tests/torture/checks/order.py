"""Each call took the ticket that the rule says, of those that surely waited then; and its stored explanation is true.

A ticket counts against a call only if it surely waited, unchanged, from before the call's request was handled until after its clerk was
told: whatever began or ended meanwhile another desk, or another clerk, may have had in hand. A desk may pass over a ticket only then.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.torture.checks.evidence import Evidence, Finding, earliest_later
from tests.torture.checks.standing import Impossible, Rules, Standing, is_picked, played, rules_of
from tests.torture.dump import EventRow

NONE = timedelta()


@dataclass(frozen=True, slots=True)
class Wait:
    """A ticket that surely waited, and how, from one moment until another."""

    since: float
    until: float
    ticket: int
    standing: Standing


@dataclass(frozen=True, slots=True)
class Desk:
    id: int
    accessible: bool
    own: frozenset[int]
    helped: frozenset[int]


def order(evidence: Evidence) -> Iterator[Finding]:
    for office in evidence.dump.office:
        rules = rules_of(evidence.dump, office)
        standings: dict[int, Sequence[Standing]] = {}
        for ticket in evidence.dump.ticket:
            if ticket.office_id == office.id:
                try:
                    standings[ticket.id] = played(ticket, evidence.stories.get(ticket.id, ()), rules)
                except Impossible:
                    standings[ticket.id] = ()  # `replay` says so
        yield from _of_office(evidence, rules, standings)


def _of_office(evidence: Evidence, rules: Rules, standings: Mapping[int, Sequence[Standing]]) -> Iterator[Finding]:
    desks = _desks(evidence, rules.office.id)
    waits = sorted(_waits(evidence, standings), key=lambda wait: wait.since)
    calls = sorted(_calls(evidence, standings), key=lambda call: call[0].at)
    active: list[Wait] = []
    following = 0
    for event, standing in calls:
        at, told = event.at.timestamp(), evidence.sure_by[event.id]
        while following < len(waits) and waits[following].since <= at:
            active.append(waits[following])
            following += 1
        active = [wait for wait in active if wait.until > at]
        desk = desks[event.desk_id or 0]
        key = _key(standing, event.at, desk, rules)
        yield from _explained(event, standing, key, desk)
        evidence.looked_at["calls by the rule"] += 1
        for wait in active:
            if wait.until <= told or wait.ticket == event.ticket_id:
                continue
            if not _may_call(wait.standing, desk, event, rules, evidence):
                continue
            evidence.looked_at["calls compared with one who waited"] += 1
            other = _key(wait.standing, event.at, desk, rules)
            if (other, wait.ticket) < (key, event.ticket_id):
                said = f"desk {desk.id} called ticket {event.ticket_id} ({key}) at {event.at} and passed over {wait.ticket} ({other})"
                yield Finding("order", said, (event.ticket_id, wait.ticket), _wishes(evidence, event))


def _wishes(evidence: Evidence, event: EventRow) -> tuple[int, ...]:
    wish = evidence.matching.wish_of.get(event.id)
    return (wish.number,) if wish else ()


def _desks(evidence: Evidence, office: int) -> Mapping[int, Desk]:
    takes: dict[tuple[int, bool], set[int]] = {}
    for row in evidence.dump.desk_service:
        takes.setdefault((row.desk_id, row.help_out), set()).add(row.service_id)
    return {
        row.id: Desk(row.id, row.accessible, frozenset(takes.get((row.id, False), ())), frozenset(takes.get((row.id, True), ())))
        for row in evidence.dump.desk
        if row.office_id == office
    }


def _waits(evidence: Evidence, standings: Mapping[int, Sequence[Standing]]) -> Iterator[Wait]:
    for ticket, stood in standings.items():
        story = evidence.stories.get(ticket, ())
        ends = earliest_later(story)
        for event, standing, until in zip(story, stood, ends, strict=False):
            since = evidence.sure_by[event.id]
            if standing.state == "waiting" and since < until:
                yield Wait(since, until, ticket, standing)


def _calls(evidence: Evidence, standings: Mapping[int, Sequence[Standing]]) -> Iterator[tuple[EventRow, Standing]]:
    """Calls by the rule, each with how its ticket stood before."""
    for ticket, stood in standings.items():
        story = evidence.stories.get(ticket, ())
        for event, before in zip(story[1:], stood, strict=False):
            if event.kind == "called" and not is_picked(event):
                yield event, before


def _is_sent(standing: Standing) -> bool:
    return standing.for_desk_id is not None or standing.for_clerk_id is not None


def _helps(standing: Standing, desk: Desk) -> bool:
    return not _is_sent(standing) and standing.service_id not in desk.own


def _key(standing: Standing, at: datetime, desk: Desk, rules: Rules) -> datetime:
    counted = standing.rank_at if standing.rank_from <= at else standing.due_at
    return counted + (rules.help_out_penalty if _helps(standing, desk) else NONE)


def _explained(event: EventRow, standing: Standing, key: datetime, desk: Desk) -> Iterator[Finding]:
    """What was stored with the call is what the ticket's own journal says of it."""
    details = event.details
    if datetime.fromisoformat(details["key"]) != key or datetime.fromisoformat(details["due"]) != standing.due_at:
        said = f"the call of ticket {event.ticket_id} (row {event.id}) stores key {details['key']}, due {details['due']}"
        yield Finding("order", f"{said}; by the journal they were {key}, {standing.due_at}", (event.ticket_id,))
    rule = _rule(standing, event.at, desk)
    if details["rule"] != rule:
        said = f"the call of ticket {event.ticket_id} (row {event.id}) stores the rule {details['rule']}, and it was {rule}"
        yield Finding("order", said, (event.ticket_id,))
    if int(details["service"]) != standing.service_id:
        yield Finding("order", f"the call of ticket {event.ticket_id} (row {event.id}) stores another service", (event.ticket_id,))


def _rule(standing: Standing, at: datetime, desk: Desk) -> str:
    if _is_sent(standing):
        return "directed"
    if _helps(standing, desk):
        return "help_out"
    if standing.rank_from > at:
        return "due"
    if standing.moved_by_hand:
        return "by_hand"
    if standing.rank_at == standing.due_at:
        return "due"
    return "privilege" if standing.privilege_id is not None else "booked"


def _may_call(standing: Standing, desk: Desk, event: EventRow, rules: Rules, evidence: Evidence) -> bool:
    """Whether this desk could surely call it; where it hangs on an accessible desk that opened or closed just then, it could not."""
    if _is_sent(standing):
        return standing.for_desk_id in (None, event.desk_id) and standing.for_clerk_id in (None, event.clerk_id)
    if standing.service_id not in desk.own | desk.helped:
        return False
    if desk.accessible or not set(standing.needs) & set(rules.office.accessible_needs):
        return True
    return not _served_accessibly(standing.service_id, event, rules, evidence)


def _served_accessibly(service: int, event: EventRow, rules: Rules, evidence: Evidence) -> bool:
    """Whether an accessible desk that takes the service was, or may have been, open."""
    since, until = event.at.timestamp() - 60.0, evidence.sure_by[event.id]
    accessible = {row.id for row in evidence.dump.desk if row.accessible and row.office_id == rules.office.id}
    taking = {row.desk_id for row in evidence.dump.desk_service if row.service_id == service and row.desk_id in accessible}
    return any(
        shift.desk_id in taking
        and shift.opened_at.timestamp() <= until
        and (shift.closed_at is None or shift.closed_at.timestamp() >= since)
        for shift in evidence.dump.shift
    )
