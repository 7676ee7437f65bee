"""Nobody starves: how long an ordinary visitor can wait is bounded, whoever else comes and however many (see `tickets.rules`).

The streams are the worst that anybody could send: privileged and booked visitors in any number at any moment, for ever.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from queue_service.db import Database
from queue_service.desks.call_next import call_next
from queue_service.tickets.rules import Rank, Source, order_key, rank_of_booked, rank_of_walk_in
from tests.support.factories import LATER, Queued, a_clerk_at, a_desk, a_privilege, a_queue, a_ticket, an_office

MINUTE = timedelta(minutes=1)
NONE = timedelta()
PRIVILEGE, BOOKED = 120 * MINUTE, 60 * MINUTE
SHORTEST_NORM = 5 * MINUTE
LONGEST_VISIT = 20 * MINUTE
HELP_OUT = 10 * MINUTE


@dataclass(frozen=True)
class Visitor:
    id: int
    entered: datetime
    rank: Rank
    visit: timedelta
    helped: bool = False
    """Of a service that the desk only helps out with."""

    @property
    def penalty(self) -> timedelta:
        return HELP_OUT if self.helped else NONE


moments = st.integers(-180, 600).map(lambda minute: LATER + minute * MINUTE)
norms = st.sampled_from([5, 15, 30]).map(lambda minutes: minutes * MINUTE)


@st.composite
def others(draw: st.DrawFn) -> tuple[datetime, Rank, timedelta, bool]:
    """Anybody but the one of whom the test is."""
    entered, norm = draw(moments), draw(norms)
    kind = draw(st.sampled_from(["ordinary", "privileged", "privileged", "booked"]))
    if kind == "booked":
        booked_at = entered + draw(st.integers(-15, 30)) * MINUTE
        rank = rank_of_booked(booked_at, norm, BOOKED)
    else:
        rank = rank_of_walk_in(entered, norm, PRIVILEGE if kind == "privileged" else NONE)
    return entered, rank, draw(st.integers(1, 20)) * MINUTE, draw(st.booleans())


def a_day(visitors: list[Visitor], desks: int) -> list[tuple[datetime, Visitor]]:
    """Who is called when, by desks that never rest: each looks at everybody who waits, and takes the first by the rule."""
    free = [min(visitor.entered for visitor in visitors)] * desks
    outside, waiting, calls = sorted(visitors, key=lambda visitor: visitor.entered), list[Visitor](), list[tuple[datetime, Visitor]]()
    while outside or waiting:
        now = min(free)
        if not waiting and outside[0].entered > now:
            free = [max(moment, outside[0].entered) for moment in free]
            continue
        while outside and outside[0].entered <= now:
            waiting.append(outside.pop(0))
        first = min(waiting, key=lambda visitor: (order_key(visitor.rank, now, visitor.penalty), visitor.id))
        waiting.remove(first)
        calls.append((now, first))
        free[free.index(now)] = now + first.visit
    return calls


@settings(max_examples=300)
@given(stream=st.lists(others(), max_size=60), came=st.integers(0, 120), norm=norms, desks=st.integers(1, 3))
def test_only_who_entered_within_the_largest_head_start_can_overtake_and_so_the_wait_is_bounded(
    stream: list[tuple[datetime, Rank, timedelta, bool]], came: int, norm: timedelta, desks: int
) -> None:
    entered = LATER + came * MINUTE
    ordinary = Visitor(0, entered, rank_of_walk_in(entered, norm, NONE), 10 * MINUTE)
    crowd = [Visitor(place, *each) for place, each in enumerate(stream, 1)]
    calls = [call for call in a_day([ordinary, *crowd], desks) if call[0] >= entered]
    place = next(place for place, (_, visitor) in enumerate(calls) if visitor is ordinary)
    called, before, due = calls[place][0], [visitor for _, visitor in calls[:place]], ordinary.rank.due_at

    # Who overtakes has a rank not after the promise to the ordinary visitor…
    assert all(visitor.rank.rank_at <= due for visitor in before)
    # …so nobody who came later than the largest head start after that promise, less the shortest norm.
    assert all(min(visitor.entered, visitor.rank.rank_from) <= due + PRIVILEGE - SHORTEST_NORM for visitor in before)
    # And so the wait: theirs only, shared by the desks, after the visits that were going on.
    assert called - entered <= LONGEST_VISIT * (len(before) // desks + 1)


def test_a_stream_of_privileged_visitors_without_end_holds_an_ordinary_one_up_for_the_head_start_and_no_longer() -> None:
    """Twice as many privileged visitors as the desk can serve: they would hold a strict queue of privileges up for ever."""
    first = Visitor(0, LATER, rank_of_walk_in(LATER, 15 * MINUTE, PRIVILEGE), 5 * MINUTE)
    came = LATER + MINUTE
    ordinary = Visitor(1000, came, rank_of_walk_in(came, 15 * MINUTE, NONE), 5 * MINUTE)
    moments = [LATER + n * 2.5 * MINUTE for n in range(1, 400)]
    stream = [Visitor(n, at, rank_of_walk_in(at, 15 * MINUTE, PRIVILEGE), 5 * MINUTE) for n, at in enumerate(moments, 1)]
    calls = a_day([first, ordinary, *stream], 1)
    called = next(moment for moment, visitor in calls if visitor is ordinary)
    overtakers = [visitor for moment, visitor in calls if moment < called]
    last = max(visitor.entered for visitor in overtakers)
    assert PRIVILEGE - 5 * MINUTE <= last - ordinary.entered <= PRIVILEGE
    assert called <= ordinary.entered + (len(overtakers) + 1) * 5 * MINUTE
    assert calls[-1][0] > called + 10 * PRIVILEGE / 2, "the stream went on long after"


async def test_the_desk_calls_an_ordinary_visitor_before_everybody_who_came_a_head_start_later(database: Database) -> None:
    """The same of the SQL: before every call two more privileged visitors and one booked for that very minute come in."""
    office = await an_office(database, desks=(a_desk("1"),))
    catalogue, privilege = await office.catalogue(database), await a_privilege(database)
    clerk = await a_clerk_at(database, office, "1")
    ordinary = await a_ticket(database, office, issued_at=LATER, rank=rank_of_walk_in(LATER, 15 * MINUTE, NONE))
    entered: dict[int, datetime] = {}
    overtook: list[datetime] = []
    for turn in range(200):
        now = LATER + turn * 3 * MINUTE
        urgent = rank_of_walk_in(now, 15 * MINUTE, PRIVILEGE)
        booked = rank_of_booked(now, SHORTEST_NORM, BOOKED)
        newcomers = [Queued("passport", urgent, now, privilege)] * (2 if turn < 45 else 1)
        newcomers.append(Queued("passport", booked, now, source=Source.BOOKED))
        entered |= dict.fromkeys(await a_queue(database, office, newcomers), now)
        called = await call_next(database.hot, catalogue, clerk.account_id, None, now)
        assert called is not None
        ticket = called[0].id
        await database.hot.execute("UPDATE ticket SET state = 'served' WHERE id = $1", ticket)
        if ticket == ordinary:
            break
        overtook.append(entered[ticket])
    else:
        raise AssertionError("the ordinary visitor starves")
    assert len(overtook) > 40
    assert max(overtook) <= LATER + PRIVILEGE
    assert max(overtook) > LATER + PRIVILEGE - 15 * MINUTE, "the test sends nobody who could overtake at the last moment"
