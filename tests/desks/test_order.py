"""Who is next: the SQL of call-next, the list on the clerk's screen, and `tickets.rules` (`may_call`, `order_key`) are one order, for any
hall: bookings that came early, visitors sent to somebody, needs that want an accessible desk, places given by hand, desks that help out."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from hypothesis import example, given, settings
from hypothesis import strategies as st

from queue_service.booking.rules import BookingCalendar
from queue_service.db import Database
from queue_service.desks.call_next import call_next
from queue_service.live.state import load_state
from queue_service.live.views.desk import desk_queue
from queue_service.offices.catalogue import Catalogue
from queue_service.tickets.rules import Caller, Claim, Rank, Source, may_call, order_key
from tests.support.factories import LATER, DeskIs, Queued, a_clerk, a_clerk_at, a_desk, a_privilege, a_queue, a_service, an_office

CODES = ("passport", "benefit", "question")
MINUTE = timedelta(minutes=1)
ACCESS = ["hearing", "wheelchair"]
"""Needs that want an accessible desk in these offices."""


@dataclass(frozen=True)
class Visitor:
    """Minutes, `came` before and `booked` from LATER on."""

    service: str
    came: int
    norm: int
    head_start: int
    booked: int | None
    privileged: bool
    needs: tuple[str, ...] = ()
    for_desk: str | None = None
    for_clerk: str | None = None
    """Of the desk with this number."""
    moved: int | None = None
    """The place given by hand: minutes before LATER."""

    def queued(self, privilege: int) -> Queued:
        issued_at = LATER - self.came * MINUTE
        arrival = issued_at if self.booked is None else LATER + self.booked * MINUTE
        due_at = arrival + self.norm * MINUTE
        rank = Rank(due_at, due_at - self.head_start * MINUTE, arrival)
        if self.moved is not None:
            rank = Rank(due_at, min(due_at, LATER - self.moved * MINUTE), min(arrival, LATER))
        source = Source.WALK_IN if self.booked is None else Source.BOOKED
        return Queued(self.service, rank, issued_at, privilege if self.privileged else None, source)


visitors = st.builds(
    Visitor,
    service=st.sampled_from(CODES),
    came=st.integers(0, 20),
    norm=st.sampled_from([5, 15]),
    head_start=st.sampled_from([0, 0, 10, 60, 120]),
    booked=st.none() | st.integers(-20, 20),
    privileged=st.booleans(),
    needs=st.sampled_from([(), (), ("wheelchair",), ("hearing",), ("low_vision",), ("low_vision", "wheelchair")]),
    for_desk=st.sampled_from([None] * 5 + ["1", "2", "3"]),
    for_clerk=st.sampled_from([None] * 5 + ["1", "2", "3"]),
    moved=st.sampled_from([None] * 5 + [0, 40, 300]),
)


@st.composite
def desks(draw: st.DrawFn) -> list[DeskIs]:
    """Three desks, each with services of its own and others that it helps out with; some are accessible."""
    made = []
    for number in "123":
        kinds = [draw(st.sampled_from(["own", "help_out", "none"])) for _ in CODES]
        own = [code for code, kind in zip(CODES, kinds, strict=True) if kind == "own"]
        helped = [code for code, kind in zip(CODES, kinds, strict=True) if kind == "help_out"]
        made.append(a_desk(number, own, help_out=helped, accessible=draw(st.booleans())))
    return made


@dataclass(frozen=True)
class Standing:
    id: int
    claim: Claim
    rank: Rank


def in_order(waiting: Sequence[Standing], caller: Caller, now: datetime, penalty: timedelta) -> list[int]:
    """The rule, as a person would apply it: look at everybody."""
    keys = []
    for each in waiting:
        if may_call(each.claim, caller):
            sent = each.claim.for_desk_id is not None or each.claim.for_clerk_id is not None
            helps = not sent and each.claim.service_id in caller.help_out
            keys.append((order_key(each.rank, now, penalty if helps else timedelta()), each.id))
    return [ticket for _, ticket in sorted(keys)]


async def the_queue_is_called_by_the_rule(
    database: Database,
    queue: list[Visitor],
    desks_are: list[DeskIs],
    penalty: int,
    turns: Sequence[int],
    step: int,
    third: str = "closed",
) -> None:
    """Desks 1 and 2 call; desk 3, if there is one, is open, paused or closed."""
    office = await an_office(database, *map(a_service, CODES), desks=desks_are, help_out_penalty_minutes=penalty, accessible_needs=ACCESS)
    catalogue: Catalogue = await office.catalogue(database)
    here = [each.number for each in desks_are if each.number != "3" or third != "closed"]
    clerks = {
        each.number: await (a_clerk_at(database, office, each.number) if each.number in here else a_clerk(database, office))
        for each in desks_are
    }
    if third == "paused":
        sql = "UPDATE shift SET paused_at = opened_at, pause_reason = 'lunch' WHERE desk_id = $1"
        await database.hot.execute(sql, office.desks["3"])
    privilege = await database.hot.fetchval("SELECT id FROM privilege LIMIT 1") or await a_privilege(database)
    queued = [each.queued(privilege) for each in queue]
    ids = await a_queue(database, office, queued)
    waiting = []
    for ticket, each, put in zip(ids, queue, queued, strict=True):
        for_desk = office.desks.get(each.for_desk or "")
        for_clerk = clerks[each.for_clerk].account_id if each.for_clerk in clerks else None
        await database.hot.execute(
            "UPDATE ticket SET needs = $2, for_desk_id = $3, for_clerk_id = $4, moved_by_hand = $5 WHERE id = $1",
            ticket,
            list(each.needs),
            for_desk,
            for_clerk,
            each.moved is not None,
        )
        assert put.rank is not None
        waiting.append(Standing(ticket, Claim(office.services[each.service], frozenset(each.needs), for_desk, for_clerk), put.rank))
    served = [catalogue.desks[number].services | catalogue.desks[number].help_out for number in here if catalogue.desks[number].accessible]
    for turn, index in enumerate(turns):
        now = LATER + turn * step * MINUTE
        number = str(index + 1)
        desk, clerk = catalogue.desks[number], clerks[number].account_id
        caller = Caller(desk.id, clerk, desk.services, desk.help_out, desk.accessible, frozenset(ACCESS), frozenset[int]().union(*served))
        expected = in_order(waiting, caller, now, penalty * MINUTE)
        state = await load_state(database.hot, catalogue, cast("BookingCalendar", None), {}, 1, now)
        assert [each.id for each in desk_queue(state, desk, clerk)] == expected
        called = await call_next(database.hot, catalogue, clerk, None, now)
        assert (called[0].id if called else None) == (expected[0] if expected else None)
        if called is not None:
            assert called[0].state == "called"
            waiting = [each for each in waiting if each.id != called[0].id]
            await database.hot.execute("UPDATE ticket SET state = 'served' WHERE id = $1", called[0].id)


@settings(max_examples=50)
@given(
    queue=st.lists(visitors, max_size=12),
    desks_are=desks(),
    penalty=st.sampled_from([0, 10, 30]),
    turns=st.lists(st.integers(0, 1), min_size=3, max_size=9),
    step=st.sampled_from([0, 1, 5]),
    third=st.sampled_from(["open", "paused", "closed"]),
)
@example(  # a booking that has checked in early, overtaken until its time has come
    queue=[
        Visitor("passport", 5, 5, 60, 10, False),
        Visitor("passport", 0, 15, 0, None, False),
        Visitor("passport", 0, 30, 0, None, False),
    ],
    desks_are=[a_desk("1", ["passport"]), a_desk("2", ["benefit"])],
    penalty=10,
    turns=[0, 0, 0],
    step=5,
    third="closed",
)
@example(  # the same key twice: the lower id goes first
    queue=[Visitor("passport", 0, 15, 0, None, False), Visitor("benefit", 0, 15, 0, None, False)],
    desks_are=[a_desk("1", ["passport", "benefit"]), a_desk("2", ["benefit"], help_out=["passport"])],
    penalty=0,
    turns=[1, 0],
    step=0,
    third="closed",
)
@example(  # sent to a clerk and to a desk where that clerk is not: nobody's; a wheelchair waits for desk 3, though it is paused
    queue=[
        Visitor("passport", 9, 5, 0, None, False, for_desk="1", for_clerk="2"),
        Visitor("passport", 8, 5, 0, None, False, needs=("wheelchair",)),
        Visitor("passport", 7, 5, 0, None, False, for_clerk="2"),
        Visitor("passport", 0, 30, 0, 20, False, moved=300),
    ],
    desks_are=[a_desk("1", ["passport"]), a_desk("2", ["benefit"]), a_desk("3", [], help_out=["passport"], accessible=True)],
    penalty=10,
    turns=[0, 0, 1, 1],
    step=1,
    third="paused",
)
async def test_the_next_ticket_is_the_one_that_the_rule_names(
    open_database: Database, queue: list[Visitor], desks_are: list[DeskIs], penalty: int, turns: list[int], step: int, third: str
) -> None:
    await the_queue_is_called_by_the_rule(open_database, queue, desks_are, penalty, turns, step, third)


async def test_a_long_queue_is_called_by_the_same_rule(open_database: Database) -> None:
    """Longer than the candidates that one look takes from an index, so that the walk must go on where it left off."""
    chance = random.Random(7)
    queue = [
        Visitor(
            service=chance.choice(CODES),
            came=chance.randrange(300),
            norm=chance.choice([5, 15, 25]),
            head_start=chance.choice([0, 0, 60, 120]),
            booked=chance.choice([None, None, chance.randrange(-60, 60)]),
            privileged=chance.random() < 0.2,
            needs=("wheelchair",) if chance.random() < 0.1 else (),
            for_desk=chance.choice([None] * 9 + ["1", "2"]),
            moved=chance.choice([None] * 20 + [30]),
        )
        for _ in range(150)
    ]
    desks_are = [a_desk("1", ["passport", "question"], help_out=["benefit"]), a_desk("2", ["benefit"], accessible=True)]
    turns = [chance.randrange(2) for _ in range(160)]
    await the_queue_is_called_by_the_rule(open_database, queue, desks_are, 10, turns, 1)
