"""The discipline of the queue, without a database: what may become of a ticket, and who is due first."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queue_service.errors import TooEarlyForNoShow, WrongState
from queue_service.tickets.models import label
from queue_service.tickets.rules import Rank, State, check_no_show, check_transition, no_show_allowed_at, order_key, rank_of_walk_in

NOON = datetime(2031, 3, 12, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

DESIGN = {
    "waiting": {"called", "postponed", "left", "expired"},
    "called": {"serving", "waiting", "no_show", "postponed"},
    "serving": {"served", "waiting", "postponed"},
    "postponed": {"waiting", "left", "expired"},
    "no_show": {"waiting"},
    "served": set(),
    "left": set(),
    "expired": set(),
}
"""The table of design §4, typed again: a change of the rules must be made twice."""


def test_the_states_are_those_of_the_design() -> None:
    assert set(DESIGN) == {state.value for state in State}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("to", State)
def test_a_ticket_moves_only_along_the_table(state: State, to: State) -> None:
    if to.value in DESIGN[state.value]:
        check_transition(state, to)
    else:
        with pytest.raises(WrongState):
            check_transition(state, to)


def test_a_walk_in_is_due_its_norm_after_it_came() -> None:
    rank = rank_of_walk_in(NOON, 15 * MINUTE, timedelta())
    assert rank == Rank(NOON + 15 * MINUTE, NOON + 15 * MINUTE, NOON)


def test_a_privilege_counts_at_once_and_does_not_move_the_promise() -> None:
    rank = rank_of_walk_in(NOON, 15 * MINUTE, 120 * MINUTE)
    assert rank.due_at == NOON + 15 * MINUTE
    assert order_key(rank, NOON, timedelta()) == NOON - 105 * MINUTE


def test_a_booking_that_checked_in_early_waits_like_everybody_until_its_time() -> None:
    booked = NOON + 30 * MINUTE
    rank = Rank(due_at=booked + 5 * MINUTE, rank_at=booked - 55 * MINUTE, rank_from=booked)
    assert order_key(rank, booked - timedelta(microseconds=1), timedelta()) == rank.due_at
    assert order_key(rank, booked, timedelta()) == rank.rank_at


def test_helping_out_costs_the_penalty() -> None:
    rank = rank_of_walk_in(NOON, 15 * MINUTE, timedelta())
    assert order_key(rank, NOON, 10 * MINUTE) == NOON + 25 * MINUTE


@given(st.lists(st.tuples(st.integers(0, 600), st.integers(1, 60)), min_size=2))
def test_nobody_starves(visitors: list[tuple[int, int]]) -> None:
    """A newcomer can overtake only within the largest head start: whoever came that much later is called later."""
    head_start, longest_norm = 120, 60
    keys = [
        (came, order_key(rank_of_walk_in(NOON + came * MINUTE, norm * MINUTE, head_start * MINUTE * (came % 2)), NOON, timedelta()))
        for came, norm in visitors
    ]
    for came, key in keys:
        assert all(key < other for later, other in keys if later > came + head_start + longest_norm)


@pytest.mark.parametrize(("number", "shown"), [(1, "А001"), (12, "А012"), (999, "А999"), (1000, "А1000"), (10000, "А10000")])
def test_a_number_has_three_digits_and_after_999_comes_1000(number: int, shown: str) -> None:
    assert label("А", number) == shown


def test_a_no_show_needs_the_calls_and_the_seconds() -> None:
    called = NOON
    assert no_show_allowed_at(called, calls=1, min_calls=2, min_seconds=20) is None
    assert no_show_allowed_at(called, calls=2, min_calls=2, min_seconds=20) == called + timedelta(seconds=20)
    with pytest.raises(TooEarlyForNoShow, match="Повторите вызов"):
        check_no_show(called + timedelta(hours=1), called, calls=1, min_calls=2, min_seconds=20)
    with pytest.raises(TooEarlyForNoShow, match="через 5 с") as refusal:
        check_no_show(called + timedelta(seconds=15), called, calls=2, min_calls=2, min_seconds=20)
    assert refusal.value.retry_after == 5
    check_no_show(called + timedelta(seconds=20), called, calls=2, min_calls=2, min_seconds=20)


def test_a_moment_too_early_is_told_as_one_second_and_never_as_none() -> None:
    with pytest.raises(TooEarlyForNoShow, match="через 1 с"):
        check_no_show(NOON + timedelta(seconds=19.9), NOON, calls=2, min_calls=2, min_seconds=20)
