"""The journal tells exactly what the tables say: every ticket, played from its rows, ends as its row stands; and shifts count right."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from typing import Final

from tests.torture.checks.evidence import Evidence, Finding
from tests.torture.checks.standing import Impossible, Standing, played, rules_of
from tests.torture.dump import TicketRow

NOT_IN_THE_TABLE: Final = frozenset({"booked"})


def replay(evidence: Evidence) -> Iterator[Finding]:
    rules = {office.id: rules_of(evidence.dump, office) for office in evidence.dump.office}
    for strange in evidence.stories.keys() - evidence.tickets.keys():
        yield Finding("replay", f"the journal tells of ticket {strange}, which is not there", (strange,))
    for ticket in evidence.dump.ticket:
        evidence.looked_at["tickets played"] += 1
        try:
            standings = played(ticket, evidence.stories.get(ticket.id, ()), rules[ticket.office_id])
        except Impossible as error:
            yield Finding("replay", str(error), (ticket.id,))
            continue
        standing = standings[-1]
        yield from _as_asked(evidence, ticket, standings[0])
        for field in fields(Standing):
            if field.name in NOT_IN_THE_TABLE:
                continue
            told, stands = getattr(standing, field.name), getattr(ticket, field.name)
            if told != stands:
                yield Finding(
                    "replay", f"ticket {ticket.id}: the journal leads to {field.name} {told}, the table has {stands}", (ticket.id,)
                )
    yield from _shifts(evidence)


def _as_asked(evidence: Evidence, ticket: TicketRow, entered: Standing) -> Iterator[Finding]:
    """It entered the queue as the visitor wanted it."""
    codes = {row.code: row.id for row in evidence.dump.privilege}
    for wish in evidence.by_key.get((ticket.office_id, ticket.idempotency_key or ""), ()):
        if not wish.done:
            continue
        asked = {
            "service": evidence.services[entered.service_id].code == wish.body["service"],
            "privilege_id": entered.privilege_id == codes.get(wish.body.get("privilege") or ""),
            "needs": sorted(entered.needs) == sorted(wish.body.get("needs", [])),
        }
        for name, true in asked.items():
            if not true:
                yield Finding("replay", f"ticket {ticket.id} entered with another {name} than was asked for", (ticket.id,), (wish.number,))


def _shifts(evidence: Evidence) -> Iterator[Finding]:
    finished = Counter(
        event.clerk_id for event in evidence.dump.ticket_event if event.kind == "finished" and event.details.get("by") is None
    )
    counted: Counter[int | None] = Counter()
    for shift in evidence.dump.shift:
        counted[shift.account_id] += shift.served
    for account in finished.keys() | counted.keys():
        if finished[account] != counted[account]:
            yield Finding("replay", f"account {account} finished {finished[account]} visits, and its shifts count {counted[account]}")
    open_desks = Counter(shift.desk_id for shift in evidence.dump.shift if shift.closed_at is None)
    open_accounts = Counter(shift.account_id for shift in evidence.dump.shift if shift.closed_at is None)
    for word, seen in (("desk", open_desks), ("account", open_accounts)):
        for number, times in seen.items():
            if times > 1:
                yield Finding("replay", f"{word} {number} has {times} open shifts")
    for ticket in evidence.dump.ticket:
        if ticket.state in ("called", "serving") and not open_desks[ticket.desk_id or 0]:
            yield Finding("replay", f"ticket {ticket.id} is at desk {ticket.desk_id}, which is closed", (ticket.id,))
