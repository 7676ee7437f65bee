"""Clerks rest, but never all of them at once."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from queue_service.simulator.roster import LUNCH_TURNS, PlannedShift, plan_shift

REASONS = ("lunch", "break", "technical", "paperwork", "training")
shifts = st.builds(
    plan_shift,
    seed=st.integers(),
    turn=st.integers(min_value=0, max_value=30),
    hours=st.just(9.0),
    reasons=st.just(REASONS),
)


@given(st.integers(), st.integers(min_value=0, max_value=30))
def test_the_same_seed_gives_the_same_shift(seed: int, turn: int) -> None:
    assert plan_shift(seed, turn, 9, REASONS) == plan_shift(seed, turn, 9, REASONS)


@given(shifts)
def test_everybody_lunches_once_and_takes_a_short_break(shift: PlannedShift) -> None:
    reasons = [pause.reason for pause in shift.pauses]
    assert reasons.count("lunch") == 1
    assert len(reasons) >= 2


@given(shifts)
def test_pauses_follow_one_another_within_the_day(shift: PlannedShift) -> None:
    assert all(earlier.at + earlier.minutes <= later.at for earlier, later in pairwise(shift.pauses))
    assert all(shift.opens < pause.at and pause.at + pause.minutes <= 9 * 60 for pause in shift.pauses)


@given(st.integers(), st.integers(min_value=LUNCH_TURNS, max_value=24))
def test_at_most_a_third_of_the_hall_is_at_lunch_at_any_moment(seed: int, clerks: int) -> None:
    lunches = [pause for turn in range(clerks) for pause in plan_shift(seed, turn, 9, REASONS).pauses if pause.reason == "lunch"]
    for moment in range(540):
        away = sum(pause.at <= moment < pause.at + pause.minutes for pause in lunches)
        assert away <= -(-clerks // LUNCH_TURNS)


@given(st.integers(), st.sets(st.sampled_from(REASONS)))
def test_only_reasons_that_the_service_knows_are_given(seed: int, known: set[str]) -> None:
    assert {pause.reason for turn in range(8) for pause in plan_shift(seed, turn, 9, known).pauses} <= known


def test_a_short_morning_has_no_lunch_and_opens_soon() -> None:
    shift = plan_shift(1, 0, 0.25, REASONS)
    assert shift.pauses == ()
    assert shift.opens <= 1.5
