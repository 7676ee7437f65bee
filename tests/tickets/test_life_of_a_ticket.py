"""A state machine plays visitors, clerks and the hall administrator in any order against the real commands, and keeps a book of its own.

After every step the database must say what the book says: no state that the table does not admit, one journal row per transition, at
most one visitor at a desk, nobody lost. What the book forbids, the command must refuse by its own error and without a trace; whom
call-next gives is whom the rule names. Then the same people act all at once, and what is left must be sound.
"""

import asyncio
import random
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
from queue_service.desks import commands, handover
from queue_service.errors import (
    DeskBusy,
    DeskNotOpen,
    DeskTaken,
    DomainError,
    Malformed,
    NoCurrentTicket,
    ReasonNeeded,
    ShiftClosed,
    ShiftPaused,
    TooEarlyForNoShow,
    TooLateToComeBack,
    WrongState,
)
from queue_service.tickets.commands import Act, move
from queue_service.tickets.housekeeping import expire_forgotten
from queue_service.tickets.models import Ticket
from queue_service.tickets.rules import Caller, Claim, Need, Rank, Source, State, may_call, order_key
from tests.desks.scene import MINUTE, Scene, a_scene
from tests.desks.soundness import check_sound, deadlocks
from tests.support.factories import LATER, Queued, a_desk, a_privilege, a_queue, a_service
from tests.tickets.test_rules import DESIGN

CALLS, SECONDS = 2, 30
"""The office's minimum before a no-show."""
RETURN_LIMIT, PENALTY, PRIVILEGE, BOOKED = 30 * MINUTE, 10 * MINUTE, 120 * MINUTE, 60 * MINUTE
"""The office's rules, as the book knows them."""
DESKS = {"1": ({"passport", "benefit"}, set(), False), "2": ({"passport"}, {"benefit"}, True), "3": ({"benefit"}, set(), False)}
"""Desk -> its services, those it helps out with, whether it is accessible."""

Run = Callable[[Coroutine[Any, Any, Any]], Any]
Refusal = type[DomainError] | None


async def a_hall(database: Database) -> Scene:
    desks = tuple(a_desk(number, sorted(own), help_out=sorted(helped), accessible=easy) for number, (own, helped, easy) in DESKS.items())
    return await a_scene(
        database,
        a_service("passport"),
        a_service("benefit", "В", norm=30),
        desks=desks,
        time_zone="Europe/Moscow",
        no_show_min_calls=CALLS,
        no_show_min_seconds=SECONDS,
        return_limit_minutes=30,
        help_out_penalty_minutes=10,
        privilege_head_start_minutes=120,
        booked_head_start_minutes=60,
    )


@dataclass
class Entry:
    """A ticket in the machine's own book; desks and clerks by number."""

    service: str
    due: datetime
    key: datetime
    key_from: datetime
    booked: bool = False
    privilege: str | None = None
    needs: tuple[str, ...] = ()
    state: str = "waiting"
    story: list[str] = field(default_factory=lambda: ["issued"])
    desk: str | None = None
    called_at: datetime = LATER
    missed_at: datetime = LATER
    calls: int = 0
    until: datetime | None = None
    for_desk: str | None = None
    for_clerk: str | None = None
    back_to: tuple[str, str] | None = None
    """Desk and service."""
    later: list[str] = field(default_factory=list)
    by_hand: bool = False

    def turn(self, state: str, kind: str) -> None:
        self.state = state
        self.story.append(kind)
        if state == "waiting":
            self.calls = 0
        if state != "postponed":
            self.until = None
        if state not in ("called", "serving"):
            self.desk = None

    def take_place(self) -> None:
        if not self.by_hand:
            start = PRIVILEGE if self.privilege in ("claimed", "confirmed") else BOOKED if self.booked else timedelta()
            self.key = self.due - start


tickets = st.integers(0, 1000)
"""Which of the tickets there are, counted around."""
clerks = st.sampled_from("123")


class Hall(RuleBasedStateMachine):
    run: Run
    database: Database

    @initialize()
    def open_the_office(self) -> None:
        self.scene: Scene = self.run(a_hall(self.database))
        self.book: dict[int, Entry] = {}
        self.desk_of: dict[str, str] = {number: number for number in DESKS}
        """Clerk -> the desk that is open."""
        self.paused: set[str] = set()

    # How the book is read

    def attempt(self, command: Coroutine[Any, Any, Any], expected: Refusal) -> Any:
        """Runs a command that must end as the book says; its result, None when it was refused."""
        try:
            result = self.run(command)
        except DomainError as error:
            if type(error) is not expected:
                raise
            return None
        assert expected is None, f"admitted instead of {expected}"
        return result

    @property
    def now(self) -> datetime:
        return self.scene.now

    def one(self, number: int) -> tuple[int, Entry]:
        ticket = sorted(self.book)[number % len(self.book)]
        return ticket, self.book[ticket]

    def current(self, clerk: str) -> Entry | None:
        desk = self.desk_of.get(clerk)
        return next((entry for entry in self.book.values() if desk is not None and entry.desk == desk), None)

    def refusal(self, clerk: str, *states: str) -> Refusal:
        """How a command on the clerk's visitor must be refused unless the visitor is in one of the states."""
        if clerk not in self.desk_of:
            return ShiftClosed
        entry = self.current(clerk)
        if entry is None:
            return NoCurrentTicket
        return None if entry.state in states else WrongState

    def with_visitor(self, clerk: str, command: Coroutine[Any, Any, Any], refusal: Refusal) -> Entry | None:
        """Runs a command on the clerk's visitor; the visitor where it was done."""
        entry = self.current(clerk)
        self.attempt(command, refusal)
        return entry if refusal is None else None

    def called(self, entry: Entry, clerk: str) -> None:
        entry.turn("called", "called")
        entry.desk, entry.called_at, entry.calls = self.desk_of[clerk], self.now, 1

    def released_from(self, desk: str, clerk: str | None) -> None:
        for entry in self.book.values():
            if entry.state == "waiting" and (entry.for_desk == desk or (clerk is not None and entry.for_clerk == clerk)):
                entry.for_desk = entry.for_clerk = None
                entry.story.append("undirected")

    def caller(self, clerk: str) -> Caller:
        desk = self.desk_of[clerk]
        ids = self.scene.office.services
        own, helped, easy = DESKS[desk]
        easily = {ids[each] for open_ in self.desk_of.values() if DESKS[open_][2] for each in DESKS[open_][0] | DESKS[open_][1]}
        return Caller(
            int(desk),
            int(clerk),
            frozenset(ids[each] for each in own),
            frozenset(ids[each] for each in helped),
            easy,
            frozenset({"wheelchair"}),
            frozenset(easily),
        )

    def next_for(self, clerk: str) -> int | None:
        """Whom the rule names."""
        caller = self.caller(clerk)
        keys = []
        for ticket, entry in self.book.items():
            sent = [int(each) if each else None for each in (entry.for_desk, entry.for_clerk)]
            claim = Claim(self.scene.office.services[entry.service], frozenset(entry.needs), *sent)
            if entry.state == "waiting" and may_call(claim, caller):
                penalty = PENALTY if sent == [None, None] and claim.service_id in caller.help_out else timedelta()
                keys.append((order_key(Rank(entry.due, entry.key, entry.key_from), self.now, penalty), ticket))
        return min(keys)[1] if keys else None

    # Time and visitors

    @rule(seconds=st.sampled_from([1, 10, 40, 300, 900]))
    def time_passes(self, seconds: int) -> None:
        self.scene.now += timedelta(seconds=seconds)

    @rule()
    def time_is_kept(self) -> None:
        self.run(self.scene.keeps_time())
        for entry in self.book.values():
            if entry.state == "postponed" and entry.until is not None and entry.until <= self.now:
                entry.turn("waiting", "resumed")
        there = set(self.desk_of.items())
        for entry in self.book.values():
            somebody = any(entry.for_desk in (None, desk) and entry.for_clerk in (None, clerk) for clerk, desk in there)
            if entry.state == "waiting" and (entry.for_desk or entry.for_clerk) and not somebody:
                entry.for_desk = entry.for_clerk = None
                entry.story.append("undirected")

    @rule(service=st.sampled_from(["passport", "benefit"]), privileged=st.booleans(), needs=st.sampled_from([(), (), (Need.WHEELCHAIR,)]))
    def a_visitor_takes_a_ticket(self, service: str, privileged: bool, needs: tuple[Need, ...]) -> None:
        taken = self.run(self.scene.takes(service, "veteran" if privileged else None, needs))
        due = self.now + (15 if service == "passport" else 30) * MINUTE
        self.book[taken] = Entry(service, due, due, self.now, needs=tuple(needs), privilege="claimed" if privileged else None)
        self.book[taken].take_place()

    @rule(minutes=st.integers(-10, 25))
    def a_booked_visitor_checks_in(self, minutes: int) -> None:
        booked = self.now + minutes * MINUTE
        due = booked + 5 * MINUTE
        rank = Rank(due, due - BOOKED, booked)
        queued = Queued(rank=rank, issued_at=self.now, source=Source.BOOKED)
        (ticket,) = self.run(a_queue(self.database, self.scene.office, [queued]))
        self.book[ticket] = Entry("passport", due, rank.rank_at, booked, booked=True)

    @precondition(lambda self: self.book)
    @rule(number=tickets)
    def a_visitor_leaves(self, number: int) -> None:
        ticket, entry = self.one(number)
        self.attempt(self.scene.leaves(ticket), None if entry.state == "left" or "left" in DESIGN[entry.state] else WrongState)
        if "left" in DESIGN[entry.state]:
            entry.turn("left", "left")

    # Clerks and their visitors

    @rule(clerk=clerks)
    def a_clerk_calls_the_next(self, clerk: str) -> None:
        refusal: Refusal = None
        if clerk not in self.desk_of:
            refusal = ShiftClosed
        elif self.current(clerk) is not None:
            refusal = DeskBusy
        elif clerk in self.paused:
            refusal = ShiftPaused
        called = self.attempt(self.scene.next(clerk), refusal)
        if refusal is None:
            assert called == self.next_for(clerk)
            if called is not None:
                self.called(self.book[called], clerk)

    @precondition(lambda self: self.book)
    @rule(clerk=clerks, number=tickets, reason=st.sampled_from([None, "по просьбе"]))
    def a_clerk_calls_this_one(self, clerk: str, number: int, reason: str | None) -> None:
        ticket, entry = self.one(number)
        refusal: Refusal = None
        if clerk not in self.desk_of:
            refusal = ShiftClosed
        elif clerk in self.paused:
            refusal = ShiftPaused
        elif self.current(clerk) is not None:
            refusal = DeskBusy
        elif entry.state == "no_show":
            refusal = TooLateToComeBack if self.now > entry.missed_at + RETURN_LIMIT else None
        elif entry.state == "waiting":
            refusal = None if reason else ReasonNeeded
        elif entry.state != "postponed":
            refusal = WrongState
        self.attempt(self.scene.calls(clerk, ticket, reason), refusal)
        if refusal is None:
            if entry.state != "waiting":
                entry.turn("waiting", "resumed" if entry.state == "postponed" else "came_back")
            entry.for_desk = entry.for_clerk = None
            self.called(entry, clerk)

    @rule(clerk=clerks)
    def a_clerk_calls_again(self, clerk: str) -> None:
        entry = self.with_visitor(clerk, self.scene.recalls(clerk), self.refusal(clerk, "called"))
        if entry is not None:
            entry.calls += 1
            entry.story.append("recalled")

    @rule(clerk=clerks)
    def a_clerk_starts(self, clerk: str) -> None:
        entry = self.with_visitor(clerk, self.scene.starts(clerk), self.refusal(clerk, "called"))
        if entry is not None:
            entry.turn("serving", "started")

    @rule(clerk=clerks)
    def a_clerk_finishes(self, clerk: str) -> None:
        entry = self.with_visitor(clerk, self.scene.finishes(clerk), self.refusal(clerk, "serving"))
        if entry is None:
            return
        if entry.back_to is None and not entry.later:
            entry.turn("served", "finished")
            return
        entry.turn("waiting", "finished")
        entry.for_desk = entry.for_clerk = None
        if entry.back_to is not None:
            desk, entry.service = entry.back_to
            entry.back_to = None
            entry.for_desk = desk if desk in self.desk_of.values() else None
        else:
            entry.service = entry.later.pop(0)

    @rule(clerk=clerks)
    def a_clerk_sends_the_visitor_back(self, clerk: str) -> None:
        entry = self.with_visitor(clerk, self.scene.sends_back(clerk), self.refusal(clerk, "called"))
        if entry is not None:
            entry.turn("waiting", "returned")

    @rule(clerk=clerks)
    def a_clerk_says_that_nobody_came(self, clerk: str) -> None:
        refusal, entry = self.refusal(clerk, "called"), self.current(clerk)
        if refusal is None and entry is not None and (entry.calls < CALLS or self.now < entry.called_at + timedelta(seconds=SECONDS)):
            refusal = TooEarlyForNoShow
        entry = self.with_visitor(clerk, self.scene.gives_up(clerk), refusal)
        if entry is not None:
            entry.turn("no_show", "no_show")
            entry.missed_at = self.now

    @rule(clerk=clerks, minutes=st.sampled_from([None, 1, 10]))
    def a_clerk_postpones(self, clerk: str, minutes: int | None) -> None:
        entry = self.with_visitor(clerk, self.scene.postpones(clerk, minutes), self.refusal(clerk, "called", "serving"))
        if entry is not None:
            entry.turn("postponed", "postponed")
            entry.until = None if minutes is None else self.now + minutes * MINUTE

    @rule(
        clerk=clerks,
        service=st.sampled_from([None, "passport", "benefit"]),
        desk=st.sampled_from([None, None, "1", "2", "3"]),
        to=st.sampled_from([None, None, "1", "2", "3"]),
        come_back=st.booleans(),
    )
    def a_clerk_sends_the_visitor_on(self, clerk: str, service: str | None, desk: str | None, to: str | None, come_back: bool) -> None:
        refusal = self.refusal(clerk, "called", "serving")
        if refusal is None:
            closed_desk = desk is not None and desk not in self.desk_of.values()
            closed_clerk = to is not None and to not in self.desk_of
            if service is None and desk is None and to is None:
                refusal = Malformed
            elif closed_desk or closed_clerk or desk == self.desk_of[clerk] or to == clerk:
                refusal = DeskNotOpen
        login = self.scene.clerks[to].login if to else None
        command = self.scene.transfers(clerk, service=service, desk=desk, clerk=login, come_back=come_back)
        entry = self.with_visitor(clerk, command, refusal)
        if entry is None:
            return
        if come_back:
            if entry.back_to is not None:
                entry.later.insert(0, entry.back_to[1])
            entry.back_to = (self.desk_of[clerk], entry.service)
        entry.turn("waiting", "transferred")
        entry.service, entry.for_desk, entry.for_clerk = service or entry.service, desk, to

    @rule(clerk=clerks, service=st.sampled_from(["passport", "benefit"]))
    def a_clerk_adds_a_service(self, clerk: str, service: str) -> None:
        refusal, entry = self.refusal(clerk, "called", "serving"), self.current(clerk)
        if refusal is None and entry is not None and len(entry.later) >= handover.MOST_SERVICES:
            refusal = Malformed
        entry = self.with_visitor(clerk, self.scene.adds(clerk, service), refusal)
        if entry is not None:
            entry.later.append(service)
            entry.story.append("service_added")

    @rule(clerk=clerks, confirmed=st.booleans())
    def a_clerk_judges_the_privilege(self, clerk: str, confirmed: bool) -> None:
        refusal, entry = self.refusal(clerk, "called", "serving"), self.current(clerk)
        if entry is not None and entry.privilege is None:
            refusal = WrongState
        scene = self.scene
        judged = scene.do(lambda db: handover.judge_privilege(db, scene.catalogue, scene.who(clerk), confirmed, scene.now))
        entry = self.with_visitor(clerk, judged, refusal)
        if entry is not None:
            entry.privilege = "confirmed" if confirmed else "refused"
            entry.take_place()
            entry.story.append(f"privilege_{entry.privilege}")

    @rule(clerk=clerks)
    def a_clerk_marks_the_visit(self, clerk: str) -> None:
        scene = self.scene
        marked = scene.do(lambda db: handover.mark_inaccurate(db, scene.who(clerk), scene.now))
        entry = self.with_visitor(clerk, marked, self.refusal(clerk, "called", "serving"))
        if entry is not None:
            entry.story.append("inaccurate")

    # Clerks and their desks

    @rule(clerk=clerks)
    def a_clerk_takes_a_break(self, clerk: str) -> None:
        refusal: Refusal = ShiftClosed if clerk not in self.desk_of else DeskBusy if self.current(clerk) is not None else None
        self.attempt(self.scene.pauses(clerk), refusal)
        if refusal is None:
            self.paused.add(clerk)

    @rule(clerk=clerks)
    def a_clerk_is_back(self, clerk: str) -> None:
        scene = self.scene
        resumed = scene.do(lambda db: commands.resume_shift(db, scene.who(clerk), scene.now))
        self.attempt(resumed, ShiftClosed if clerk not in self.desk_of else None)
        self.paused.discard(clerk)

    def leaves_the_desk(self, clerk: str, *, moves: bool = False) -> None:
        desk = self.desk_of.pop(clerk)
        self.paused.discard(clerk)
        self.released_from(desk, None if moves else clerk)

    @rule(clerk=clerks)
    def a_clerk_closes_the_desk(self, clerk: str) -> None:
        refusal = DeskBusy if self.current(clerk) is not None else None
        self.attempt(self.scene.closes(clerk), refusal)
        if refusal is None and clerk in self.desk_of:
            self.leaves_the_desk(clerk)

    @rule(clerk=clerks, desk=st.sampled_from(sorted(DESKS)))
    def a_clerk_opens_a_desk(self, clerk: str, desk: str) -> None:
        refusal: Refusal = None
        if self.desk_of.get(clerk) != desk:
            if self.current(clerk) is not None:
                refusal = DeskBusy
            elif desk in self.desk_of.values():
                refusal = DeskTaken
        self.attempt(self.scene.opens(desk, by=clerk), refusal)
        if refusal is None and self.desk_of.get(clerk) != desk:
            if clerk in self.desk_of:
                self.leaves_the_desk(clerk, moves=True)
            self.desk_of[clerk] = desk

    # The hall administrator

    @precondition(lambda self: self.book)
    @rule(number=tickets, minutes=st.sampled_from([None, 10]))
    def the_hall_sets_somebody_aside(self, number: int, minutes: int | None) -> None:
        ticket, entry = self.one(number)
        refusal = None if entry.state == "waiting" else WrongState
        self.attempt(self.scene.sets_aside(ticket, minutes), refusal)
        if refusal is None:
            entry.turn("postponed", "postponed")
            entry.until = None if minutes is None else self.now + minutes * MINUTE

    @precondition(lambda self: self.book)
    @rule(number=tickets)
    def the_hall_resumes_somebody(self, number: int) -> None:
        ticket, entry = self.one(number)
        refusal = None if entry.state == "postponed" else WrongState
        self.attempt(self.scene.resumes(ticket), refusal)
        if refusal is None:
            entry.turn("waiting", "resumed")

    @precondition(lambda self: self.book)
    @rule(number=tickets)
    def the_hall_brings_somebody_back(self, number: int) -> None:
        ticket, entry = self.one(number)
        refusal: Refusal = WrongState
        if entry.state == "no_show":
            refusal = TooLateToComeBack if self.now > entry.missed_at + RETURN_LIMIT else None
        self.attempt(self.scene.brings_back(ticket), refusal)
        if refusal is None:
            entry.turn("waiting", "came_back")

    @precondition(lambda self: self.book)
    @rule(number=tickets)
    def the_hall_puts_somebody_first(self, number: int) -> None:
        ticket, entry = self.one(number)
        refusal = None if entry.state == "waiting" else WrongState
        self.attempt(self.scene.puts_first(ticket), refusal)
        if refusal is None:
            first = min(each.key for each in self.book.values() if each.state == "waiting")
            entry.key, entry.key_from, entry.by_hand = min(first - timedelta(seconds=1), entry.due), min(entry.key_from, self.now), True
            entry.story.append("reordered")

    @precondition(lambda self: self.book)
    @rule(number=tickets)
    def the_hall_sends_somebody_away(self, number: int) -> None:
        ticket, entry = self.one(number)
        refusal = None if "left" in DESIGN[entry.state] else WrongState
        self.attempt(self.scene.sends_away(ticket), refusal)
        if refusal is None:
            entry.turn("left", "left")

    @precondition(lambda self: self.book)
    @rule(number=tickets, needs=st.sampled_from([(), (Need.WHEELCHAIR,), (Need.HEARING,)]))
    def the_hall_changes_needs(self, number: int, needs: tuple[Need, ...]) -> None:
        ticket, entry = self.one(number)
        refusal = None if entry.state in ("waiting", "called", "serving", "postponed") else WrongState
        self.attempt(self.scene.changes_needs(ticket, *needs), refusal)
        if refusal is None:
            entry.needs = tuple(needs)
            entry.story.append("needs_changed")

    @precondition(lambda self: self.book)
    @rule(number=tickets, code=st.sampled_from([None, "veteran"]))
    def the_hall_changes_a_privilege(self, number: int, code: str | None) -> None:
        ticket, entry = self.one(number)
        refusal = None if entry.state in ("waiting", "called", "serving", "postponed") else WrongState
        self.attempt(self.scene.changes_privilege(ticket, code), refusal)
        if refusal is None:
            entry.privilege = "confirmed" if code else None
            if code:
                entry.key_from = min(entry.key_from, self.now)
            entry.take_place()
            entry.story.append("privilege_changed")

    @rule(desk=st.sampled_from(sorted(DESKS)))
    def the_hall_ends_a_desk(self, desk: str) -> None:
        self.run(self.scene.ends(desk))
        clerk = next((clerk for clerk, open_ in self.desk_of.items() if open_ == desk), None)
        if clerk is None:
            return
        entry = self.current(clerk)
        if entry is not None:
            entry.turn(*(("served", "finished") if entry.state == "serving" else ("waiting", "returned")))
        self.leaves_the_desk(clerk)

    # Whatever else

    @precondition(lambda self: self.book)
    @rule(number=tickets, to=st.sampled_from(State))
    def somebody_tries_any_move(self, number: int, to: State) -> None:
        """Whatever a later command may want: the one door to a state is the table. What it admits is left to the commands."""
        ticket, entry = self.one(number)
        if to.value in DESIGN[entry.state]:
            return

        async def try_it(db: AsyncSession) -> None:
            row = (await db.exec(select(Ticket).where(col(Ticket.id) == ticket).with_for_update())).one()
            await move(db, row, to, f"to-{to}", Act(self.now))

        self.attempt(self.scene.do(try_it), WrongState)

    @rule(chance=st.integers(0, 5))
    def the_night_comes(self, chance: int) -> None:
        if chance == 0:  # seldom, or no day would be long enough
            self.run(expire_forgotten(self.database.hot, self.now + timedelta(days=1)))
            for entry in self.book.values():
                if entry.state in ("waiting", "postponed"):
                    entry.turn("expired", "expired")

    @invariant()
    def the_database_says_what_the_book_says(self) -> None:
        if not hasattr(self, "book"):
            return
        office = self.scene.office
        desks = {row: number for number, row in office.desks.items()}
        names = {row: code for code, row in office.services.items()}

        async def read() -> tuple[dict[int, tuple[Any, ...]], dict[int, list[str]]]:
            rows = await self.database.hot.fetch("SELECT * FROM ticket WHERE office_id = $1", office.id)
            events = await self.database.hot.fetch(
                "SELECT ticket_id, array_agg(kind ORDER BY id) AS kinds FROM ticket_event WHERE office_id = $1 GROUP BY 1", office.id
            )
            return {
                row["id"]: (
                    row["state"],
                    desks[row["desk_id"]] if row["state"] in ("called", "serving") else None,
                    names[row["service_id"]],
                    row["due_at"],
                    row["rank_at"],
                    row["rank_from"],
                    row["calls"] if row["state"] == "called" else None,
                    row["postponed_until"],
                    desks.get(row["for_desk_id"]),
                    [names[each] for each in row["next_services"]],
                )
                for row in rows
            }, {row["ticket_id"]: row["kinds"] for row in events}

        said, stories = self.run(read())
        assert stories == {ticket: entry.story for ticket, entry in self.book.items()}
        assert said == {
            ticket: (
                entry.state,
                entry.desk,
                entry.service,
                entry.due,
                entry.key,
                entry.key_from,
                entry.calls if entry.state == "called" else None,
                entry.until,
                entry.for_desk,
                entry.later,
            )
            for ticket, entry in self.book.items()
        }
        at = [entry.desk for entry in self.book.values() if entry.desk is not None]
        assert len(at) == len(set(at))

    def teardown(self) -> None:
        if hasattr(self, "book"):
            self.run(check_sound(self.database, self.scene.office.id))


@pytest.mark.timeout(600)
def test_nothing_happens_to_a_ticket_that_the_table_does_not_admit(run_in_loop: Run, database: Database) -> None:
    run_in_loop(a_privilege(database, "veteran"))

    hall: type[Hall] = type("HallOfThisRun", (Hall,), {"run": staticmethod(run_in_loop), "database": database})
    run_state_machine_as_test(hall, settings=settings(max_examples=60, stateful_step_count=60, deadline=None, derandomize=True))


STEPS = 250
"""Of each of the eleven people."""

Acts = list[tuple[int, Callable[[], Coroutine[Any, Any, Any]]]]
"""(How often, what)."""


@dataclass
class Crowd:
    """People who press whatever they like, all at once."""

    scene: Scene
    known: list[int] = field(default_factory=list)
    done: dict[str, int] = field(default_factory=dict)

    async def act(self, who: str, acts: Acts, chance: random.Random) -> None:
        for _ in range(STEPS):
            ((_, command),) = chance.choices(acts, [weight for weight, _ in acts])
            try:
                await command()
            except DomainError as refusal:
                if refusal.status >= 500:
                    raise
            else:
                self.done[who] = self.done.get(who, 0) + 1

    def one(self, chance: random.Random) -> int:
        """One of the latest tickets; 0, which is nobody's, before the first."""
        return chance.choice(self.known[-12:]) if self.known else 0

    async def clerk(self, number: str, chance: random.Random) -> None:
        scene = self.scene
        colleagues = [each for each in DESKS if each != number]

        async def sends_on() -> None:
            desk, colleague = chance.choice(colleagues), scene.clerks[chance.choice(colleagues)].login
            to = chance.choice([{"service": "benefit"}, {"desk": desk}, {"clerk": colleague}])
            await scene.transfers(number, **to, come_back=chance.random() < 0.5)

        async def judges() -> None:
            await scene.do(lambda db: handover.judge_privilege(db, scene.catalogue, scene.who(number), chance.random() < 0.5, scene.now))

        async def is_back() -> None:
            await scene.do(lambda db: commands.resume_shift(db, scene.who(number), scene.now))

        acts: Acts = [
            (8, lambda: scene.next(number)),
            (3, lambda: scene.calls(number, self.one(chance), "по просьбе")),
            (2, lambda: scene.recalls(number)),
            (6, lambda: scene.starts(number)),
            (5, lambda: scene.finishes(number)),
            (2, lambda: scene.gives_up(number)),
            (1, lambda: scene.sends_back(number)),
            (2, lambda: scene.postpones(number, chance.choice([None, 1, 5]))),
            (3, sends_on),
            (1, lambda: scene.adds(number, "passport")),
            (1, judges),
            (1, lambda: scene.pauses(number)),
            (3, is_back),
            (1, lambda: scene.closes(number)),
            (4, lambda: scene.opens(chance.choice([number, number, *DESKS]), by=number)),
        ]
        await self.act(f"clerk {number}", acts, chance)

    async def administrator(self, chance: random.Random) -> None:
        scene = self.scene
        acts: Acts = [
            (2, lambda: scene.sets_aside(self.one(chance), chance.choice([None, 1]))),
            (2, lambda: scene.resumes(self.one(chance))),
            (2, lambda: scene.brings_back(self.one(chance))),
            (2, lambda: scene.puts_first(self.one(chance))),
            (1, lambda: scene.sends_away(self.one(chance))),
            (1, lambda: scene.changes_needs(self.one(chance), Need.WHEELCHAIR)),
            (1, lambda: scene.changes_privilege(self.one(chance), chance.choice([None, "veteran"]))),
            (1, lambda: scene.ends(chance.choice(sorted(DESKS)))),
        ]
        await self.act("administrator", acts, chance)

    async def visitor(self, chance: random.Random) -> None:
        async def takes() -> None:
            self.known.append(await self.scene.takes(chance.choice(["passport", "benefit"]), chance.choice([None, "veteran"])))

        async def leaves() -> None:
            if self.known:
                await self.scene.leaves(self.one(chance))

        await self.act("visitor", [(3, takes), (1, leaves)], chance)

    async def time(self, chance: random.Random) -> None:
        async def passes() -> None:
            self.scene.later(chance.choice([0.1, 0.5, 1]))

        await self.act("time", [(1, passes), (1, self.scene.keeps_time)], chance)


async def test_everybody_acts_at_once_and_the_hall_stays_sound(database: Database) -> None:
    await a_privilege(database, "veteran")
    scene = await a_hall(database)
    crowd, before = Crowd(scene), await deadlocks(database)
    await asyncio.gather(
        *(crowd.clerk(number, random.Random(f"{number} {browser}")) for number in DESKS for browser in "ab"),
        *(crowd.administrator(random.Random(f"administrator {each}")) for each in "ab"),
        *(crowd.visitor(random.Random(f"visitor {each}")) for each in "ab"),
        crowd.time(random.Random("time")),
    )
    assert await deadlocks(database) == before
    await check_sound(database, scene.office.id)
    assert min(crowd.done.values()) > STEPS / 10, f"nearly everything was refused: {crowd.done}"
    issued = await database.hot.fetchval("SELECT count(*) FROM ticket WHERE office_id = $1", scene.office.id)
    assert issued == len(crowd.known), "nobody is lost"
    await scene.keeps_time()
    stranded = await database.hot.fetchval(
        "SELECT count(*) FROM ticket WHERE office_id = $1 AND state = 'waiting' AND for_desk_id IS NOT NULL"
        " AND for_desk_id NOT IN (SELECT desk_id FROM shift WHERE closed_at IS NULL)",
        scene.office.id,
    )
    assert stranded == 0
