"""The crowd is decided beforehand, by a seed and nothing else."""

from random import Random
from statistics import mean

from hypothesis import given
from hypothesis import strategies as st

from queue_service.simulator.plan import Crowd, Offer, plan_visitors, serving_minutes

OFFERS = (Offer("passport", 15, 1.0), Offer("collect", 5, 4.0), Offer("advice", 8, 2.0))


def a_crowd(seed: int = 1, visitors: int = 200, hours: float = 9.0) -> Crowd:
    return Crowd(seed, hours, visitors, OFFERS, privileges=("veteran", "disabled"), needs=("hearing", "wheelchair"))


crowds = st.builds(
    a_crowd, seed=st.integers(), visitors=st.integers(min_value=0, max_value=60), hours=st.floats(min_value=0.1, max_value=15)
)


@given(crowds)
def test_the_same_seed_gives_the_same_day(crowd: Crowd) -> None:
    assert plan_visitors(crowd) == plan_visitors(crowd)


def test_the_plan_of_a_seed_does_not_change_between_machines_and_releases() -> None:
    first, *_ = plan_visitors(a_crowd(seed=7, visitors=3))
    assert (first.index, first.service, first.privilege, first.comes) == (2, "passport", "disabled", "at once")
    assert (round(first.arrives, 6), round(first.serving_minutes, 6)) == (349.638078, 15.503728)


def test_another_seed_gives_another_day() -> None:
    assert plan_visitors(a_crowd(seed=1)) != plan_visitors(a_crowd(seed=2))


@given(crowds)
def test_one_visitor_more_changes_nothing_about_the_others(crowd: Crowd) -> None:
    more = Crowd(crowd.seed, crowd.hours, crowd.visitors + 1, crowd.offers, crowd.privileges, crowd.needs)
    assert [each for each in plan_visitors(more) if each.index != crowd.visitors] == plan_visitors(crowd)


@given(crowds)
def test_everybody_comes_in_order_while_the_doors_are_open(crowd: Crowd) -> None:
    moments = [each.arrives for each in plan_visitors(crowd)]
    assert len(moments) == crowd.visitors
    assert moments == sorted(moments)
    assert all(0 <= moment <= crowd.hours * 60 for moment in moments)


@given(crowds)
def test_everybody_wants_what_the_office_offers(crowd: Crowd) -> None:
    for each in plan_visitors(crowd):
        assert each.service in {offer.code for offer in crowd.offers}
        assert each.privilege is None or each.privilege in crowd.privileges
        assert set(each.needs) <= set(crowd.needs)


@given(crowds)
def test_who_may_lose_patience_has_a_phone_to_leave_with(crowd: Crowd) -> None:
    assert all(each.phone for each in plan_visitors(crowd) if each.patience is not None)


@given(crowds)
def test_an_office_without_privileges_and_needs_has_a_plain_crowd(crowd: Crowd) -> None:
    plain = Crowd(crowd.seed, crowd.hours, crowd.visitors, crowd.offers, privileges=(), needs=())
    assert all(each.privilege is None and not each.needs for each in plan_visitors(plain))


def test_people_are_as_different_as_in_life() -> None:
    crowd = plan_visitors(a_crowd(visitors=4000))
    share = {
        "privileged": mean(each.privilege is not None for each in crowd),
        "with needs": mean(bool(each.needs) for each in crowd),
        "no-shows": mean(each.comes == "never" for each in crowd),
        "retrying": mean(each.network != "good" for each in crowd),
        "english": mean(each.language == "en" for each in crowd),
    }
    expected = {"privileged": 0.06, "with needs": 0.04, "no-shows": 0.05, "retrying": 0.05, "english": 0.05}
    assert all(abs(share[name] - expected[name]) < 0.015 for name in expected), share


def test_the_popular_service_is_the_one_most_people_come_for() -> None:
    wanted = [each.service for each in plan_visitors(a_crowd(visitors=1000))]
    assert wanted.count("collect") > wanted.count("advice") > wanted.count("passport") > 0


@given(st.integers(), st.floats(min_value=1, max_value=60))
def test_no_visit_is_absurdly_short_or_long(seed: int, typical: float) -> None:
    assert typical * 0.2 <= serving_minutes(Random(seed), typical) <= typical * 4


def test_visits_take_the_typical_time_on_average() -> None:
    random = Random(1)
    assert abs(mean(serving_minutes(random, 12.0) for _ in range(5000)) - 12.0) < 0.3
