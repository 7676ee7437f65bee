"""The log and the dump, indexed for the checks, and the bridge between them: from when on each journal row was surely committed.

A row's `at` is when its request began to be handled, so it can only have been committed later; it was committed at the latest when a client
was told so, or when the next row of the same ticket was, because each of them locks the ticket.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from tests.torture.checks.matching import Matching, author_of, match
from tests.torture.dump import Dump, EventRow, OfficeRow, ServiceRow, TicketRow
from tests.torture.record import NEVER, History, Wish


@dataclass(frozen=True)
class Finding:
    """Something is wrong; the ids are for the report."""

    check: str
    what: str
    tickets: tuple[int, ...] = ()
    wishes: tuple[int, ...] = ()
    secrets: tuple[str, ...] = ()


@dataclass
class Evidence:
    history: History
    dump: Dump
    service_log: str = ""
    looked_at: Counter[str] = field(default_factory=Counter)
    """How often something was really compared, by what."""

    @cached_property
    def tickets(self) -> Mapping[int, TicketRow]:
        return {row.id: row for row in self.dump.ticket}

    @cached_property
    def offices(self) -> Mapping[int, OfficeRow]:
        return {row.id: row for row in self.dump.office}

    @cached_property
    def services(self) -> Mapping[int, ServiceRow]:
        return {row.id: row for row in self.dump.service}

    @cached_property
    def stories(self) -> Mapping[int, Sequence[EventRow]]:
        """Ticket id -> its journal rows in the order in which they were written: each locks the ticket first."""
        found: dict[int, list[EventRow]] = defaultdict(list)
        for event in sorted(self.dump.ticket_event, key=lambda event: event.id):
            found[event.ticket_id].append(event)
        return found

    @cached_property
    def matching(self) -> Matching:
        of_account: dict[int, list[EventRow]] = defaultdict(list)
        for event in sorted(self.dump.ticket_event, key=lambda event: event.id):
            author = author_of(event)
            if author is not None:
                of_account[author].append(event)
        return match(self.history, of_account)

    @cached_property
    def by_key(self) -> Mapping[tuple[int, str], list[Wish]]:
        """Office and Idempotency-Key -> the wishes for a ticket under it."""
        found: dict[tuple[int, str], list[Wish]] = defaultdict(list)
        for wish in self.history.wishes:
            if wish.act == "issue" and wish.key is not None:
                found[self.history.came[wish.client].office, wish.key].append(wish)
        return found

    @cached_property
    def sure_by(self) -> Mapping[int, float]:
        """Journal row id -> from when on it was surely committed; NEVER where nobody ever learnt of it."""
        found: dict[int, float] = {}
        for ticket_id, story in self.stories.items():
            later = NEVER
            for event in reversed(story):
                later = found[event.id] = min(later, self._told_of(event, ticket_id))
        return found

    def _told_of(self, event: EventRow, ticket_id: int) -> float:
        wish = self.matching.wish_of.get(event.id)
        if wish is not None:
            return wish.sure_by
        if event.kind == "issued":
            ticket = self.tickets.get(ticket_id)
            if ticket is not None and ticket.idempotency_key is not None:
                return min((wish.sure_by for wish in self.by_key.get((ticket.office_id, ticket.idempotency_key), ())), default=NEVER)
            return min((wish.sure_by for wish in self.check_ins.get(ticket_id, ())), default=NEVER)
        if event.kind == "left":
            ticket = self.tickets.get(ticket_id)
            return min((wish.sure_by for wish in self.leaves.get(ticket.secret if ticket else "", ())), default=NEVER)
        return NEVER

    @cached_property
    def check_ins(self) -> Mapping[int, list[Wish]]:
        """Ticket id -> the acknowledged check-ins that gave it."""
        found: dict[int, list[Wish]] = defaultdict(list)
        for wish in self.history.wishes:
            if wish.act == "check-in" and wish.done:
                found[wish.answer["id"]].append(wish)
        return found

    @cached_property
    def leaves(self) -> Mapping[str, list[Wish]]:
        """Ticket secret -> the wishes of its visitor to go."""
        found: dict[str, list[Wish]] = defaultdict(list)
        for wish in self.history.wishes:
            if wish.act == "leave-by-phone":
                found[wish.path.split("/")[4]].append(wish)
        return found


def earliest_later(story: Sequence[EventRow]) -> list[float]:
    """For each row, when the first of the rows after it can have happened at the earliest."""
    result, first = [NEVER] * len(story), NEVER
    for index in range(len(story) - 1, -1, -1):
        result[index] = first
        first = min(first, story[index].at.timestamp())
    return result
