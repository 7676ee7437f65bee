"""A state machine plays visitors and clerks in any order against the real commands, and keeps a book of its own.

After every step the database must say what the book says: no state that the table does not admit, one journal row per transition, at
most one visitor at a desk. What the book forbids, the command must refuse by its own error and without a trace.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.db import Database
from queue_service.desks import commands as desk
from queue_service.desks.call_next import call_next
from queue_service.desks.rules import PauseReason
from queue_service.errors import DeskBusy, DomainError, NoCurrentTicket, ShiftClosed, ShiftPaused, TooEarlyForNoShow, WrongState
from queue_service.offices.catalogue import Catalogue
from queue_service.tickets.commands import Act, leave_queue, move
from queue_service.tickets.housekeeping import expire_forgotten
from queue_service.tickets.models import Ticket
from queue_service.tickets.rules import State
from queue_service.tickets.take import Wish, take_ticket
from tests.support.factories import LATER, AClerk, AnOffice, a_clerk_at, a_desk, a_privilege, an_office
from tests.tickets.test_rules import DESIGN

CALLS, SECONDS = 2, 30
"""The office's minimum before a no-show."""

Run = Callable[[Coroutine[Any, Any, Any]], Any]


@dataclass
class Entry:
    """A ticket in the machine's own book."""

    key: datetime
    secret: str
    state: str = "waiting"
    story: list[str] = field(default_factory=lambda: ["issued"])
    called_at: datetime = LATER
    calls: int = 0


def somebody_is_at_a_desk(hall: "Hall") -> bool:
    """At one of the two: the other shows what an idle desk is told."""
    return any(ticket is not None for ticket in hall.at)


class Hall(RuleBasedStateMachine):
    run: Run
    database: Database

    @initialize()
    def open_the_office(self) -> None:
        async def open_() -> tuple[AnOffice, list[AClerk], Catalogue]:
            office = await an_office(self.database, desks=[a_desk("1"), a_desk("2")], no_show_min_calls=CALLS, no_show_min_seconds=SECONDS)
            return office, [await a_clerk_at(self.database, office, number) for number in "12"], await office.catalogue(self.database)

        self.office, self.clerks, self.catalogue = self.run(open_())
        self.now = LATER
        self.book: dict[int, Entry] = {}
        self.at: list[int | None] = [None, None]
        self.shift = ["open", "open"]

    def attempt(self, command: Coroutine[Any, Any, Any], expected: type[DomainError] | None) -> Any:
        """Runs a command that must end as the book says; its result, None when it was refused."""
        try:
            result = self.run(command)
        except DomainError as error:
            if type(error) is not expected:
                raise
            return None
        assert expected is None, f"admitted instead of {expected}"
        return result

    def act(self, command: Callable[[AsyncSession], Coroutine[Any, Any, Any]], expected: type[DomainError] | None) -> Any:
        async def in_a_transaction() -> Any:
            async with self.database.session() as db:
                return await command(db)

        return self.attempt(in_a_transaction(), expected)

    def turn(self, ticket: int, state: str, kind: str) -> None:
        """Writes a transition into the book."""
        entry = self.book[ticket]
        entry.state = state
        entry.story.append(kind)
        if state not in ("called", "serving") and ticket in self.at:
            self.at[self.at.index(ticket)] = None

    def refusal_for(self, clerk: int, *states: str) -> type[DomainError] | None:
        """How a command on the clerk's current ticket must be refused unless it is in one of the states."""
        ticket = self.at[clerk]
        if self.shift[clerk] == "closed":
            return ShiftClosed
        if ticket is None:
            return NoCurrentTicket
        return None if self.book[ticket].state in states else WrongState

    @rule(seconds=st.sampled_from([1, 10, 40]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(privileged=st.booleans())
    def a_visitor_takes_a_ticket(self, privileged: bool) -> None:
        wish = Wish("passport", "veteran" if privileged else None, (), "ru", f"{len(self.book)}")
        taken = self.attempt(take_ticket(self.database.hot, self.catalogue, wish, ("kiosk", 1), self.now), None)
        self.book[taken.id] = Entry(taken.rank_at, taken.secret)

    @rule(clerk=st.integers(0, 1))
    def a_clerk_calls_the_next(self, clerk: int) -> None:
        expected: type[DomainError] | None = None
        if self.shift[clerk] == "closed":
            expected = ShiftClosed
        elif self.at[clerk] is not None:
            expected = DeskBusy
        elif self.shift[clerk] == "paused":
            expected = ShiftPaused
        account = self.clerks[clerk].account_id
        called = self.attempt(call_next(self.database.hot, self.catalogue, account, None, self.now), expected)
        if expected is not None:
            return
        waiting = sorted((entry.key, ticket) for ticket, entry in self.book.items() if entry.state == "waiting")
        assert (called[0].id if called else None) == (waiting[0][1] if waiting else None)
        if called:
            self.at[clerk] = called[0].id
            entry = self.book[called[0].id]
            entry.called_at, entry.calls = self.now, 1
            self.turn(called[0].id, "called", "called")

    @precondition(somebody_is_at_a_desk)
    @rule(clerk=st.integers(0, 1))
    def a_clerk_calls_again(self, clerk: int) -> None:
        refused = self.refusal_for(clerk, "called")
        self.act(lambda db: desk.recall(db, self.clerks[clerk].account_id, self.now), refused)
        ticket = self.at[clerk]
        if refused is None and ticket is not None:
            self.book[ticket].calls += 1
            self.book[ticket].story.append("recalled")

    @precondition(somebody_is_at_a_desk)
    @rule(clerk=st.integers(0, 1))
    def a_clerk_starts(self, clerk: int) -> None:
        refused = self.refusal_for(clerk, "called")
        self.act(lambda db: desk.start_serving(db, self.clerks[clerk].account_id, self.now), refused)
        ticket = self.at[clerk]
        if refused is None and ticket is not None:
            self.turn(ticket, "serving", "started")

    @precondition(somebody_is_at_a_desk)
    @rule(clerk=st.integers(0, 1))
    def a_clerk_finishes(self, clerk: int) -> None:
        refused = self.refusal_for(clerk, "serving")
        self.act(lambda db: desk.finish(db, self.catalogue, self.clerks[clerk].account_id, desk.Result(), self.now), refused)
        ticket = self.at[clerk]
        if refused is None and ticket is not None:
            self.turn(ticket, "served", "finished")

    @precondition(somebody_is_at_a_desk)
    @rule(clerk=st.integers(0, 1))
    def a_clerk_sends_the_visitor_back(self, clerk: int) -> None:
        refused = self.refusal_for(clerk, "called")
        self.act(lambda db: desk.return_to_queue(db, self.clerks[clerk].account_id, self.now), refused)
        ticket = self.at[clerk]
        if refused is None and ticket is not None:
            self.turn(ticket, "waiting", "returned")

    @precondition(somebody_is_at_a_desk)
    @rule(clerk=st.integers(0, 1))
    def a_clerk_says_that_nobody_came(self, clerk: int) -> None:
        refused = self.refusal_for(clerk, "called")
        ticket = self.at[clerk]
        if refused is None and ticket is not None:
            entry = self.book[ticket]
            if entry.calls < CALLS or self.now < entry.called_at + timedelta(seconds=SECONDS):
                refused = TooEarlyForNoShow
        self.act(lambda db: desk.no_show(db, self.catalogue, self.clerks[clerk].account_id, self.now), refused)
        if refused is None and ticket is not None:
            self.turn(ticket, "no_show", "no_show")

    @rule(clerk=st.integers(0, 1))
    def a_clerk_takes_a_break(self, clerk: int) -> None:
        refused: type[DomainError] | None = None
        if self.shift[clerk] == "closed":
            refused = ShiftClosed
        elif self.at[clerk] is not None:
            refused = DeskBusy
        self.act(lambda db: desk.pause_shift(db, self.clerks[clerk].account_id, PauseReason.LUNCH, None, self.now), refused)
        if refused is None:
            self.shift[clerk] = "paused"

    @rule(clerk=st.integers(0, 1))
    def a_clerk_comes_back(self, clerk: int) -> None:
        refused = ShiftClosed if self.shift[clerk] == "closed" else None
        self.act(lambda db: desk.resume_shift(db, self.clerks[clerk].account_id, self.now), refused)
        if refused is None:
            self.shift[clerk] = "open"

    @rule(clerk=st.integers(0, 1))
    def a_clerk_closes_the_desk(self, clerk: int) -> None:
        refused = DeskBusy if self.at[clerk] is not None else None
        self.act(lambda db: desk.close_shift(db, self.clerks[clerk].account_id, self.now), refused)
        if refused is None:
            self.shift[clerk] = "closed"

    @rule(clerk=st.integers(0, 1))
    def a_clerk_opens_the_desk(self, clerk: int) -> None:
        opens = self.shift[clerk] == "closed"
        number = self.clerks[clerk].desk or ""
        self.act(lambda db: desk.open_shift(db, self.catalogue, self.clerks[clerk].account_id, number, self.now), None)
        if opens:
            self.shift[clerk] = "open"

    @precondition(lambda self: self.book)
    @rule(data=st.data())
    def a_visitor_leaves(self, data: st.DataObject) -> None:
        ticket = data.draw(st.sampled_from(sorted(self.book)))
        entry = self.book[ticket]
        refused = None if entry.state == "left" or "left" in DESIGN[entry.state] else WrongState
        self.act(lambda db: leave_queue(db, entry.secret, self.now), refused)
        if refused is None and entry.state != "left":
            self.turn(ticket, "left", "left")

    @precondition(lambda self: self.book)
    @rule(data=st.data(), to=st.sampled_from(State))
    def somebody_tries_any_move(self, data: st.DataObject, to: State) -> None:
        """Whatever a later command may want: the one door to a state is the table."""
        ticket = data.draw(st.sampled_from(sorted(self.book)))
        admitted = to.value in DESIGN[self.book[ticket].state]
        if admitted and to in (State.CALLED, State.SERVING):
            return  # a desk's own commands do these

        async def try_it(db: AsyncSession) -> None:
            row = (await db.exec(select(Ticket).where(col(Ticket.id) == ticket).with_for_update())).one()
            await move(db, row, to, f"to-{to}", Act(self.now))

        self.act(try_it, None if admitted else WrongState)
        if admitted:
            self.turn(ticket, to.value, f"to-{to}")

    @rule()
    def the_day_ends(self) -> None:
        self.run(expire_forgotten(self.database.hot, self.now + timedelta(days=1)))
        for ticket, entry in self.book.items():
            if entry.state == "waiting":
                self.turn(ticket, "expired", "expired")

    @invariant()
    def the_database_says_what_the_book_says(self) -> None:
        if not hasattr(self, "book"):
            return

        async def read() -> tuple[dict[int, str], dict[int, list[str]], dict[int, int | None]]:
            tickets = await self.database.hot.fetch("SELECT id, state, desk_id FROM ticket WHERE office_id = $1", self.office.id)
            events = await self.database.hot.fetch(
                "SELECT ticket_id, array_agg(kind ORDER BY id) AS kinds FROM ticket_event WHERE office_id = $1 GROUP BY 1", self.office.id
            )
            active = {row["id"]: row["desk_id"] for row in tickets if row["state"] in ("called", "serving")}
            return {row["id"]: row["state"] for row in tickets}, {row["ticket_id"]: row["kinds"] for row in events}, active

        states, stories, active = self.run(read())
        assert states == {ticket: entry.state for ticket, entry in self.book.items()}
        assert stories == {ticket: entry.story for ticket, entry in self.book.items()}
        desks = [self.office.desks[clerk.desk or ""] for clerk in self.clerks]
        assert active == {ticket: desks[index] for index, ticket in enumerate(self.at) if ticket is not None}


@pytest.mark.timeout(300)
def test_nothing_happens_to_a_ticket_that_the_table_does_not_admit(run_in_loop: Run, database: Database) -> None:
    run_in_loop(a_privilege(database, "veteran"))

    hall: type[Hall] = type("HallOfThisRun", (Hall,), {"run": staticmethod(run_in_loop), "database": database})
    run_state_machine_as_test(hall, settings=settings(max_examples=25, stateful_step_count=40, deadline=None))
