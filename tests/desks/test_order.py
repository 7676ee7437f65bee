"""Who is next: the SQL of call-next and the one line of `tickets.rules.order_key` are the same order, for any hall."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from queue_service.db import Database
from queue_service.desks.call_next import call_next
from queue_service.offices.catalogue import Catalogue, DeskInfo
from queue_service.tickets.rules import Rank, Source, order_key
from tests.support.factories import LATER, DeskIs, Queued, a_clerk_at, a_desk, a_privilege, a_queue, a_service, an_office

CODES = ("passport", "benefit", "question")
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Visitor:
    """Minutes, `came` before and `booked` from LATER on."""

    service: str
    came: int
    norm: int
    head_start: int
    booked: int | None
    privileged: bool

    def queued(self, privilege: int) -> Queued:
        issued_at = LATER - self.came * MINUTE
        arrival = issued_at if self.booked is None else LATER + self.booked * MINUTE
        due_at = arrival + self.norm * MINUTE
        rank = Rank(due_at, due_at - self.head_start * MINUTE, arrival)
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
)


@st.composite
def desks(draw: st.DrawFn) -> list[DeskIs]:
    """Two desks, each with services of its own and others that it helps out with."""
    made = []
    for number in "12":
        kinds = [draw(st.sampled_from(["own", "help_out", "none"])) for _ in CODES]
        own = [code for code, kind in zip(CODES, kinds, strict=True) if kind == "own"]
        helped = [code for code, kind in zip(CODES, kinds, strict=True) if kind == "help_out"]
        made.append(a_desk(number, own, help_out=helped))
    return made


@dataclass(frozen=True)
class Standing:
    id: int
    service_id: int
    rank: Rank


def first(waiting: Sequence[Standing], desk: DeskInfo, now: datetime, penalty: timedelta) -> int | None:
    """The rule, as a person would apply it: look at everybody."""
    keys = []
    for each in waiting:
        if each.service_id in desk.services:
            keys.append((order_key(each.rank, now, timedelta()), each.id))
        elif each.service_id in desk.help_out:
            keys.append((order_key(each.rank, now, penalty), each.id))
    return min(keys)[1] if keys else None


async def the_queue_is_called_by_the_rule(
    database: Database, queue: list[Visitor], desks_are: list[DeskIs], penalty: int, turns: Sequence[int], step: int
) -> None:
    office = await an_office(database, *map(a_service, CODES), desks=desks_are, help_out_penalty_minutes=penalty)
    catalogue: Catalogue = await office.catalogue(database)
    clerks = [await a_clerk_at(database, office, number) for number in "12"]
    privilege = await database.hot.fetchval("SELECT id FROM privilege LIMIT 1") or await a_privilege(database)
    queued = [each.queued(privilege) for each in queue]
    ids = await a_queue(database, office, queued)
    waiting = [
        Standing(ticket, office.services[each.service], each.rank)
        for ticket, each in zip(ids, queued, strict=True)
        if each.rank is not None
    ]
    for turn, index in enumerate(turns):
        now = LATER + turn * step * MINUTE
        called = await call_next(database.hot, catalogue, clerks[index].account_id, None, now)
        expected = first(waiting, catalogue.desks[str(index + 1)], now, penalty * MINUTE)
        assert (called[0].id if called else None) == expected
        if called is not None:
            assert called[0].state == "called"
            waiting = [each for each in waiting if each.id != called[0].id]
            await database.hot.execute("UPDATE ticket SET state = 'served' WHERE id = $1", called[0].id)


@settings(max_examples=60)
@given(
    queue=st.lists(visitors, max_size=12),
    desks_are=desks(),
    penalty=st.sampled_from([0, 10, 30]),
    turns=st.lists(st.integers(0, 1), min_size=3, max_size=14),
    step=st.sampled_from([0, 1, 5]),
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
)
@example(  # the same key twice: the lower id goes first
    queue=[Visitor("passport", 0, 15, 0, None, False), Visitor("benefit", 0, 15, 0, None, False)],
    desks_are=[a_desk("1", ["passport", "benefit"]), a_desk("2", ["benefit"], help_out=["passport"])],
    penalty=0,
    turns=[1, 0],
    step=0,
)
async def test_the_next_ticket_is_the_one_that_the_rule_names(
    open_database: Database, queue: list[Visitor], desks_are: list[DeskIs], penalty: int, turns: list[int], step: int
) -> None:
    await the_queue_is_called_by_the_rule(open_database, queue, desks_are, penalty, turns, step)


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
        )
        for _ in range(150)
    ]
    desks_are = [a_desk("1", ["passport", "question"], help_out=["benefit"]), a_desk("2", ["benefit"])]
    turns = [chance.randrange(2) for _ in range(160)]
    await the_queue_is_called_by_the_rule(open_database, queue, desks_are, 10, turns, 1)
