"""What people come for follows from the menu and from who is there to serve them."""

from hypothesis import given
from hypothesis import strategies as st

from queue_service.simulator.demand import LOAD, MenuItem, bearable, offers

COLLECT, ASK, SUBMIT = MenuItem("collect", "collect", 5, 0), MenuItem("ask", "ask", 8, 0), MenuItem("submit", "submit", 20, 0)
MENU = (COLLECT, ASK, SUBMIT)
EVERYTHING = {"collect", "ask", "submit"}

desks = st.lists(st.sets(st.sampled_from(sorted(EVERYTHING)), min_size=1), min_size=1, max_size=12)


def test_short_errands_are_more_frequent_than_long_ones() -> None:
    popularity = {each.code: each.popularity for each in offers(MENU, [EVERYTHING])}
    assert popularity["collect"] > popularity["ask"] > popularity["submit"]


def test_what_the_menu_lists_first_is_asked_for_most() -> None:
    menu = [MenuItem(f"service-{position}", "submit", 10, position) for position in range(4)]
    popularity = [each.popularity for each in offers(menu, [{each.code for each in menu}])]
    assert popularity == sorted(popularity, reverse=True)


def test_nobody_comes_for_what_no_staffed_desk_takes() -> None:
    assert [each.code for each in offers(MENU, [{"ask"}, {"ask", "unknown"}])] == ["ask"]


def test_desks_without_any_service_of_the_menu_attract_nobody() -> None:
    assert offers(MENU, [set(), {"unknown"}]) == []


@given(desks)
def test_no_desk_gets_more_than_its_share_of_work(staffed: list[set[str]]) -> None:
    assert sum(each.popularity * each.minutes for each in offers(MENU, staffed)) <= len(staffed) + 1e-9


def test_more_desks_for_a_service_mean_more_visitors_for_it() -> None:
    few = {each.code: each.popularity for each in offers(MENU, [{"ask"}, {"collect"}, {"collect"}])}
    many = {each.code: each.popularity for each in offers(MENU, [{"ask"}, {"ask"}, {"collect"}])}
    assert many["ask"] / many["collect"] > few["ask"] / few["collect"]


def test_idle_specialists_do_not_make_a_rare_errand_common() -> None:
    common, rare = EVERYTHING, {"submit"}
    share = {len(desks): share_of("submit", desks) for desks in ([common] * 4, [common] * 4 + [rare] * 20)}
    assert share[4] < share[24] <= 2 * share[4]


def share_of(code: str, staffed: list[set[str]]) -> float:
    crowd = offers(MENU, staffed)
    return sum(each.popularity for each in crowd if each.code == code) / sum(each.popularity for each in crowd)


@given(desks, st.integers(min_value=1, max_value=40), st.floats(min_value=0.5, max_value=15))
def test_the_crowd_is_bearable(staffed: list[set[str]], clerks: int, hours: float) -> None:
    crowd = offers(MENU, staffed)
    visits = bearable(crowd, clerks, hours)
    mean = sum(each.popularity * each.minutes for each in crowd) / sum(each.popularity for each in crowd)
    assert visits >= 1
    assert (visits - 1) * mean <= LOAD * clerks * hours * 60
