"""One desk has one visitor and one visitor is at one desk, by the journal and by what clerks were told."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import dropwhile, pairwise

from tests.torture.checks.evidence import Evidence, Finding
from tests.torture.record import NEVER, Wish

CALLS = frozenset({"call-next", "call"})
LETS_GO = CALLS | {"finish", "no-show", "return", "postpone", "transfer", "close"}
RELEASES = frozenset({"finished", "no_show", "returned", "postponed", "transferred"})


def desks(evidence: Evidence) -> Iterator[Finding]:
    yield from _visitors(evidence)
    yield from _at_desks(evidence)
    yield from _as_told(evidence)


def _visitors(evidence: Evidence) -> Iterator[Finding]:
    for ticket, story in evidence.stories.items():
        desk: int | None = None
        for event in story:
            if event.kind == "called":
                if desk is not None:
                    yield Finding("desks", f"ticket {ticket} was called to desk {event.desk_id} while desk {desk} had it", (ticket,))
                desk = event.desk_id
            elif event.desk_id is not None and desk is not None and event.desk_id != desk:
                yield Finding("desks", f"ticket {ticket}: {event.kind} by desk {event.desk_id} while desk {desk} had it", (ticket,))
            if event.kind in RELEASES:
                desk = None


def _at_desks(evidence: Evidence) -> Iterator[Finding]:
    """A desk's rows are in the order of their identities: all its commands lock its shift."""
    holds: dict[int, int] = {}
    for event in sorted(evidence.dump.ticket_event, key=lambda event: event.id):
        if event.desk_id is None:
            continue
        held = holds.get(event.desk_id)
        if event.kind == "called":
            evidence.looked_at["calls"] += 1
            if held is not None:
                yield Finding("desks", f"desk {event.desk_id} called ticket {event.ticket_id} while it had {held}", (event.ticket_id, held))
            holds[event.desk_id] = event.ticket_id
        elif event.kind in RELEASES and held == event.ticket_id:
            del holds[event.desk_id]


def _as_told(evidence: Evidence) -> Iterator[Finding]:
    """From the answer to a call until the clerk lets go, nobody else is told that the visitor is theirs."""
    told: dict[int, list[tuple[float, float, int, str]]] = defaultdict(list)
    held: dict[str, tuple[Wish, int]] = {}
    for wish in evidence.history.wishes:
        if wish.act in LETS_GO and wish.client in held:
            call, ticket = held.pop(wish.client)
            told[ticket].append((call.sure_by, min(wish.sent, _ended_by_staff(evidence, ticket, call)), call.number, wish.client))
        if wish.act in CALLS and wish.answer is not None and wish.answer["state"] == "called":
            held[wish.client] = (wish, wish.answer["id"])
    for client, (call, ticket) in held.items():
        told[ticket].append((call.sure_by, _ended_by_staff(evidence, ticket, call), call.number, client))
    for ticket, times in told.items():
        for (_, until, number, client), (since, _, other, rival) in pairwise(sorted(times)):
            if client != rival and since < until:
                yield Finding("desks", f"{client} and {rival} were both told that ticket {ticket} is theirs", (ticket,), (number, other))


def _ended_by_staff(evidence: Evidence, ticket: int, call: Wish) -> float:
    """When the hall administrator closed the desk over the visitor: perhaps before the clerk had even heard of the call."""
    wish_of = evidence.matching.wish_of
    since = dropwhile(lambda event: wish_of.get(event.id) is not call, evidence.stories.get(ticket, ()))
    return next((event.at.timestamp() for event in since if event.details.get("by") == "staff"), NEVER)
