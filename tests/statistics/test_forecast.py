"""People ahead and the wait: against a count by hand, and never an answer where nobody knows."""

import itertools
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from queue_service.statistics.durations import Duration, typical
from queue_service.statistics.forecast import Forecast, InQueue, OpenDesk
from queue_service.tickets.rules import Rank, order_key
from tests.support.factories import LATER

MINUTE = timedelta(minutes=1)
SERVICES = (1, 2, 3)
TEN = {service: Duration(600.0, 0.0) for service in SERVICES}
"""Ten minutes each, to the second: what a person can count on fingers."""

services = st.frozensets(st.sampled_from(SERVICES))


def a_ticket(id_: int, service: int = 1, due: int = 15, head_start: int = 0, arrived: int = 0) -> InQueue:
    due_at = LATER + due * MINUTE
    return InQueue(id_, service, Rank(due_at, due_at - head_start * MINUTE, LATER + arrived * MINUTE), LATER + arrived * MINUTE)


def a_desk(*own: int, help_out: frozenset[int] = frozenset(), busy: float | None = None) -> OpenDesk:
    """`busy` in minutes."""
    return OpenDesk(frozenset(own), help_out, None if busy is None else Duration(busy * 60, 0.0))


@st.composite
def queues(draw: st.DrawFn) -> list[InQueue]:
    """Visitors who have come, some with a head start that counts at once and some with one that begins later."""
    queue = []
    for id_ in range(draw(st.integers(0, 12))):
        ticket = a_ticket(
            id_, draw(st.sampled_from(SERVICES)), draw(st.integers(0, 30)), draw(st.sampled_from([0, 0, 20, 60])), -draw(st.integers(0, 20))
        )
        booked = draw(st.none() | st.integers(1, 30))
        if booked is not None:
            ticket = replace(ticket, rank=replace(ticket.rank, rank_from=LATER + booked * MINUTE))
        queue.append(ticket)
    return queue


desks = st.lists(st.builds(OpenDesk, services, services, st.none() | st.just(Duration(300.0, 900.0))), max_size=4)


def ahead_by_hand(ticket: InQueue, queue: list[InQueue], open_desks: list[OpenDesk]) -> int:
    """Everybody who would be called earlier and stands before the same desks: those that take the service as their own, or help out."""
    mine = [desk for desk in open_desks if ticket.service_id in desk.services]
    mine = mine or [desk for desk in open_desks if ticket.service_id in desk.help_out]
    rivals = {ticket.service_id}.union(*(desk.services for desk in mine))

    def place(each: InQueue) -> tuple[object, int]:
        return order_key(each.rank, LATER, timedelta()), each.id

    return sum(place(each) < place(ticket) for each in queue if each.service_id in rivals)


@given(queue=queues(), open_desks=desks)
def test_people_ahead_are_those_who_would_be_called_earlier(queue: list[InQueue], open_desks: list[OpenDesk]) -> None:
    forecast = Forecast(LATER, TEN, open_desks, queue)
    assert forecast.ahead == {ticket.id: ahead_by_hand(ticket, queue, open_desks) for ticket in queue}


@given(queue=queues(), open_desks=desks)
def test_the_wait_is_told_where_an_open_desk_takes_the_service_and_nowhere_else(queue: list[InQueue], open_desks: list[OpenDesk]) -> None:
    taken = frozenset[int]().union(*(desk.services | desk.help_out for desk in open_desks))
    forecast = Forecast(LATER, TEN, open_desks, queue)
    assert {id_ for id_, wait in forecast.waits.items() if wait} == {ticket.id for ticket in queue if ticket.service_id in taken}
    for service in SERVICES:
        assert (forecast.newcomer(service)[1] is not None) == (service in taken)


@given(queue=queues(), open_desks=desks)
def test_a_range_is_never_negative_and_never_upside_down(queue: list[InQueue], open_desks: list[OpenDesk]) -> None:
    durations = {service: typical(service * 7) for service in SERVICES}
    for wait in Forecast(LATER, durations, open_desks, queue).waits.values():
        assert wait is None or 0 <= wait.low <= wait.high
        assert wait is None or wait.high >= 1


@given(queue=queues(), open_desks=desks)
def test_who_stands_further_back_has_more_people_ahead_and_waits_longer(queue: list[InQueue], open_desks: list[OpenDesk]) -> None:
    certain = [replace(desk, busy=Duration(desk.busy.mean, 0.0) if desk.busy else None) for desk in open_desks]
    forecast = Forecast(LATER, TEN, certain, queue)
    ordered = sorted(queue, key=lambda ticket: (order_key(ticket.rank, LATER, timedelta()), ticket.id))
    for service in SERVICES:
        line = [ticket.id for ticket in ordered if ticket.service_id == service]
        for before, after in itertools.pairwise(line):
            assert forecast.ahead[before] < forecast.ahead[after]
            sooner, later = forecast.waits[before], forecast.waits[after]
            assert (sooner is None) == (later is None)
            if sooner and later:
                assert (sooner.low, sooner.high) <= (later.low, later.high)


@given(queue=queues(), open_desks=desks, service=st.sampled_from(SERVICES))
def test_one_more_visitor_never_shortens_the_wait_of_a_newcomer(queue: list[InQueue], open_desks: list[OpenDesk], service: int) -> None:
    certain = [replace(desk, busy=None) for desk in open_desks]
    fewer, more = Forecast(LATER, TEN, certain, queue[:-1]), Forecast(LATER, TEN, certain, queue)
    assert fewer.newcomer(service)[0] <= more.newcomer(service)[0]


@given(queue=queues(), open_desks=desks, newcomers=st.lists(st.sampled_from(SERVICES), min_size=1, max_size=4))
def test_a_ticket_issued_after_the_play_is_told_what_a_full_play_would_tell(
    queue: list[InQueue], open_desks: list[OpenDesk], newcomers: list[int]
) -> None:
    forecast = Forecast(LATER, TEN, open_desks, queue)
    issued = list(queue)
    for number, service in enumerate(newcomers):
        ticket = a_ticket(100 + number, service, due=31 + number)
        ahead, wait = forecast.add(ticket)
        issued.append(ticket)
        full = Forecast(LATER, TEN, open_desks, issued)
        assert (ahead, wait) == (full.ahead[ticket.id], full.waits[ticket.id])
        assert forecast.add(ticket) == (ahead, wait), "asked again"


def test_three_visitors_and_one_desk() -> None:
    forecast = Forecast(LATER, TEN, [a_desk(1, busy=4)], [a_ticket(1), a_ticket(2), a_ticket(3)])
    assert forecast.ahead == {1: 0, 2: 1, 3: 2}
    assert [(wait.low, wait.high) for wait in forecast.waits.values() if wait] == [(4, 4), (14, 14), (24, 24)]


def test_two_desks_share_the_line() -> None:
    forecast = Forecast(LATER, TEN, [a_desk(1, busy=4), a_desk(1)], [a_ticket(number) for number in range(4)])
    assert [wait.low for wait in forecast.waits.values() if wait] == [0, 4, 10, 14]


def test_visitors_of_other_desks_are_not_ahead() -> None:
    forecast = Forecast(LATER, TEN, [a_desk(1), a_desk(2)], [a_ticket(1, 2), a_ticket(2, 2), a_ticket(3, 1, due=30)])
    assert forecast.ahead[3] == 0
    assert forecast.waits[3] is not None
    assert forecast.waits[3].low == 0


def test_a_privilege_goes_before_who_came_earlier() -> None:
    queue = [a_ticket(1), a_ticket(2)]
    forecast = Forecast(LATER, TEN, [a_desk(1)], queue)
    ahead, wait = forecast.add(a_ticket(3, due=16, head_start=120, arrived=1))
    assert ahead == 0
    assert wait is not None
    assert wait.low == 0
    again = Forecast(LATER + MINUTE, TEN, [a_desk(1)], [*queue, a_ticket(3, due=16, head_start=120, arrived=1)])
    assert again.ahead == {3: 0, 1: 1, 2: 2}


def test_a_desk_that_helps_out_is_counted_on_only_where_no_desk_has_the_service() -> None:
    helper = a_desk(2, help_out=frozenset({1}))
    assert Forecast(LATER, TEN, [helper], [a_ticket(1)]).waits[1] is not None
    both = Forecast(LATER, TEN, [helper, a_desk(1, busy=30)], [a_ticket(1)])
    assert both.waits[1] is not None
    assert both.waits[1].low == 30


def test_the_range_widens_with_the_line() -> None:
    durations = {1: typical(10)}
    forecast = Forecast(LATER, durations, [a_desk(1)], [a_ticket(number) for number in range(10)])
    widths = [wait.high - wait.low for wait in forecast.waits.values() if wait]
    assert widths == sorted(widths)
    assert widths[0] < 2 < widths[-1]
