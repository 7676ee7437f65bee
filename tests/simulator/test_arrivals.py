"""People come in two humps."""

from hypothesis import given
from hypothesis import strategies as st

from queue_service.simulator.arrivals import Arrivals, intensity

hours = st.floats(min_value=0.1, max_value=15)
shares = st.floats(min_value=0, max_value=1, exclude_max=True)


def test_the_day_has_exactly_two_humps_before_noon_and_in_the_afternoon() -> None:
    curve = [intensity(minute) for minute in range(541)]
    peaks = [minute for minute in range(1, 540) if curve[minute - 1] < curve[minute] > curve[minute + 1]]
    assert len(peaks) == 2
    assert 9 + peaks[0] / 60 < 12 < 14 < 9 + peaks[1] / 60 < 17


def test_lunchtime_is_calmer_than_either_hump_but_not_empty() -> None:
    late_morning, lunch, afternoon = intensity(105), intensity(255), intensity(390)
    assert 0 < lunch < min(late_morning, afternoon) * 0.6


@given(hours, shares)
def test_nobody_comes_before_the_opening_or_after_closing_time(length: float, share: float) -> None:
    assert 0 <= Arrivals(length).minute(share) <= length * 60


@given(hours, shares, shares)
def test_a_greater_share_is_reached_later(length: float, one: float, other: float) -> None:
    arrivals = Arrivals(length)
    assert arrivals.minute(min(one, other)) <= arrivals.minute(max(one, other))


def test_evenly_spread_shares_crowd_into_the_humps() -> None:
    arrivals = Arrivals(9)
    moments = [arrivals.minute(index / 1000) for index in range(1000)]
    per_hour = [sum(hour * 60 <= moment < (hour + 1) * 60 for moment in moments) for hour in range(9)]
    assert per_hour[1] == max(per_hour[:4])  # ten to eleven
    assert per_hour[6] == max(per_hour[4:])  # three to four
    assert min(per_hour[1], per_hour[6]) > 1.5 * per_hour[4]  # one to two
