"""Screens told the truth, and every display saw every call that lived longer than its reconnect.

A snapshot says of which moment it is, and was received at another: what surely was so all the time between must be on it, and what surely
was not must not. That alone would let a screen sleep; so each display must also have shown each call that was there long enough while the
display was connected and the service was well.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.torture.checks.evidence import Evidence, Finding, earliest_later
from tests.torture.checks.standing import Impossible, played, rules_of
from tests.torture.record import Followed, Shown

PATIENCE_SECONDS = 3.0
"""A call must be seen so soon by whoever is connected: a hundred times what it takes, for machines that do other things besides."""
RECOVERY_SECONDS = 5.0
"""After a fault is over: reconnecting, to the service and of the service to its database."""
SLOW_SECONDS = 0.5
"""An answer that takes longer says that the machine is not well; then screens need not be either, for five times as long."""
TICK_SECONDS = 0.001
"""Snapshots tell their moment in whole milliseconds."""
LIVES_ON = frozenset({"started", "needs_changed", "privilege_confirmed", "privilege_refused", "privilege_changed", "service_added"})
"""What may happen to a called visitor without ending the call."""


@dataclass(frozen=True, slots=True)
class Call:
    """The life of one call_id. It surely lives between `sure` and `ending`; it can live only between `at` and `ended`."""

    id: int
    ticket: int
    at: float
    sure: float
    ending: float
    ended: float


def calls_of(evidence: Evidence) -> Mapping[int, Sequence[Call]]:
    """Office -> its calls in the order of their beginning."""
    found: dict[int, list[Call]] = defaultdict(list)
    for ticket, story in evidence.stories.items():
        later = earliest_later(story)
        for index, event in enumerate(story):
            if event.kind not in ("called", "recalled"):
                continue
            following = next((place for place in range(index + 1, len(story)) if story[place].kind not in LIVES_ON), None)
            ending = later[following - 1] if following is not None else float("inf")
            ended = evidence.sure_by[story[following].id] if following is not None else float("inf")
            call = Call(event.id, ticket, event.at.timestamp(), evidence.sure_by[event.id], ending, ended)
            found[event.office_id].append(call)
    return {office: sorted(calls, key=lambda call: call.at) for office, calls in found.items()}


def boards(evidence: Evidence) -> Iterator[Finding]:
    calls = calls_of(evidence)
    versions: dict[tuple[str, int], int] = {}
    seen: dict[str, set[int]] = defaultdict(set)
    for shown in evidence.history.boards:
        evidence.looked_at["snapshots of displays"] += 1
        yield from _truth(shown, calls.get(shown.office, ()))
        seen[shown.client].update(shown.calls)
        before = versions.get((shown.client, shown.link), 0)
        if shown.version <= before:
            yield Finding("boards", f"{shown.client} was shown version {shown.version} after {before}")
        versions[shown.client, shown.link] = shown.version
    for client, came in evidence.history.came.items():
        if client.startswith("display"):
            yield from _saw_everything(evidence, client, calls.get(came.office, ()), seen[client])


def _truth(shown: Shown, calls: Sequence[Call]) -> Iterator[Finding]:
    now, there = shown.now.timestamp(), set(shown.calls)
    last = bisect_left(calls, shown.wall, key=lambda call: call.at)
    for call in calls[:last]:
        if call.sure <= now and call.ending > shown.wall and call.id not in there:
            yield Finding("boards", f"{shown.client} was not shown call {call.id} at {shown.wall:.3f}, which was there", (call.ticket,))
        if call.id in there and call.ended < now - TICK_SECONDS:
            yield Finding("boards", f"{shown.client} was shown call {call.id} at {shown.wall:.3f}, which was over", (call.ticket,))
    strange = there - {call.id for call in calls[:last]}
    if strange:
        yield Finding("boards", f"{shown.client} was shown calls {sorted(strange)} at {shown.wall:.3f}, which nobody had made")


def _saw_everything(evidence: Evidence, client: str, calls: Sequence[Call], seen: set[int]) -> Iterator[Finding]:
    missing = [call for call in calls if call.id not in seen]
    well = _well(evidence, client)
    evidence.looked_at["calls on displays"] += len(calls) - len(missing)
    for call in missing:
        for since, until in well:
            lived = min(call.ending, until) - max(call.sure, since)
            if lived > PATIENCE_SECONDS:
                said = f"{client} never showed call {call.id}, which was there for {lived:.1f} s while it was connected"
                yield Finding("boards", said, (call.ticket,))
                break


def _well(evidence: Evidence, client: str) -> list[tuple[float, float]]:
    """When the display was connected and nothing was wrong."""
    history = evidence.history
    began: dict[int, float] = {}
    for shown in history.boards:
        if shown.client == client:
            began.setdefault(shown.link, shown.wall)
    ended = {cut.link: cut.wall for cut in history.cuts if cut.client == client}
    spans = [(since, ended.get(link, history.ended)) for link, since in began.items()]
    for ill in _illnesses(evidence):
        spans = [piece for span in spans for piece in _without(span, ill)]
    return spans


def _without(span: tuple[float, float], ill: tuple[float, float]) -> Iterator[tuple[float, float]]:
    pieces = ((span[0], min(span[1], ill[0])), (max(span[0], ill[1]), span[1]))
    return (piece for piece in pieces if piece[0] < piece[1])


def _illnesses(evidence: Evidence) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    begun: dict[str, float] = {}
    for fault in evidence.history.faults:
        if fault.over:
            found.append((begun.pop(fault.kind, fault.wall), fault.wall + RECOVERY_SECONDS))
        else:
            begun[fault.kind] = fault.wall
    for wish in evidence.history.wishes:
        for attempt in wish.attempts:
            heard = attempt.heard if attempt.heard is not None else evidence.history.ended
            if heard - attempt.sent > SLOW_SECONDS:
                found.append((attempt.sent, heard + 5 * (heard - attempt.sent)))
    return found


def phones(evidence: Evidence) -> Iterator[Finding]:
    """A phone shows a state that its ticket had between the snapshot's moment and its arrival."""
    by_secret = {row.secret: row for row in evidence.dump.ticket}
    for shown in evidence.history.phones:
        evidence.looked_at["snapshots of phones"] += 1
        ticket = by_secret.get(shown.secret)
        if ticket is None:
            yield Finding("phones", f"{shown.client} was shown a ticket that is not there", secrets=(shown.secret,))
        elif shown.state not in _possible(evidence, ticket.id, shown):
            said = f"{shown.client} was shown ticket {ticket.id} as {shown.state} at {shown.wall:.3f}, which it was not"
            yield Finding("phones", said, (ticket.id,), secrets=(shown.secret,))


def _possible(evidence: Evidence, ticket_id: int, shown: Followed) -> set[str]:
    ticket, story = evidence.tickets[ticket_id], evidence.stories.get(ticket_id, ())
    try:
        stood = played(ticket, story, rules_of(evidence.dump, evidence.offices[ticket.office_id]))
    except Impossible:
        return {shown.state}  # `replay` says so
    possible = set()
    for index, (event, standing) in enumerate(zip(story, stood, strict=True)):
        over = evidence.sure_by[story[index + 1].id] if index + 1 < len(story) else float("inf")
        if event.at.timestamp() <= shown.wall and over >= shown.now.timestamp() - TICK_SECONDS:
            possible.add(standing.state)
    return possible
