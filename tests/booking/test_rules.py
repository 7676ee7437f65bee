"""The pure rules of booking, each with plain values: references, lengths, quotas, and why a day has nothing."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from queue_service.booking.rules import (
    REFERENCE_DIGITS,
    BookingCalendar,
    Channel,
    LaneInfo,
    NoSlots,
    OfficeRules,
    OpenRange,
    ServiceRules,
    Wanted,
    check_digit,
    intersection,
    joined,
    reference_in,
    reference_of,
    spoken,
)
from queue_service.offices.rules import ClosureDay, OpenInterval, Schedule

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TODAY = date(2026, 11, 23)
"""A Monday."""
TOMORROW = TODAY + DAY
EIGHT = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
"""Eight in the morning of that day in St Petersburg."""
PASSPORT = ServiceRules(grid=15 * MINUTE, duration=30 * MINUTE, per_application=timedelta(), lead=HOUR, horizon_days=14)
SPANS = tuple[tuple[int, int], ...]
NINE_TO_SIX: SPANS = ((540, 1080),)
ONLINE, HALL = Wanted(1, 1, Channel.ONLINE), Wanted(1, 1, Channel.HALL)


def a_lane(
    number: int = 1, *, hours: SPANS = NINE_TO_SIX, channel: Channel = Channel.BOTH, services: Sequence[int] = (1,), **days: SPANS
) -> LaneInfo:
    """Open on every day; `days` are exceptions: `today=()`, `tomorrow=((540, 600),)`."""
    exceptions = {{"today": TODAY, "tomorrow": TOMORROW}[name]: spans for name, spans in days.items()}
    return LaneInfo(number, f"Линия {number}", channel, frozenset(services), dict.fromkeys(range(1, 8), hours), exceptions)


def a_calendar(
    *lanes: LaneInfo,
    rules: ServiceRules = PASSPORT,
    hours: SPANS = ((0, 1440),),
    closures: Sequence[ClosureDay] = (),
    holidays: Sequence[date] = (),
    quota_returns: timedelta | None = 12 * HOUR,
    zone: str = "Europe/Moscow",
) -> BookingCalendar:
    week = [OpenInterval(day, opens, closes) for day in range(1, 8) for opens, closes in hours]
    schedule = Schedule(ZoneInfo(zone), week, closures, {day: {"ru": "праздник"} for day in holidays})
    return BookingCalendar(1, schedule, OfficeRules(quota_returns=quota_returns), {1: rules}, lanes or (a_lane(),))


# References

NUMBERS = [*range(0, 10**7, 9973), 0, 1, 9_999_999, 4_829_135, 1_111_111]


def test_every_reference_is_eight_digits_that_are_read_back() -> None:
    for number in NUMBERS:
        reference = reference_of(number)
        assert len(reference) == REFERENCE_DIGITS
        assert reference.startswith(f"{number:07d}")
        assert reference_in(reference) == reference == reference_in(spoken(reference))


def test_every_single_wrong_digit_is_found() -> None:
    for reference in map(reference_of, NUMBERS):
        for place, right in enumerate(reference):
            for wrong in set("0123456789") - {right}:
                assert reference_in(reference[:place] + wrong + reference[place + 1 :]) is None, (reference, place, wrong)


def test_every_swap_of_neighbours_is_found() -> None:
    for reference in map(reference_of, NUMBERS):
        for place, (first, second) in enumerate(pairwise(reference)):
            if first != second:
                assert reference_in(reference[:place] + second + first + reference[place + 2 :]) is None, (reference, place)


def test_damms_own_example_has_the_digit_that_he_gives() -> None:
    assert check_digit("572") == "4"
    assert check_digit("5724") == "0"


REFERENCE = reference_of(4_013_120)
"""40131204 or whatever its check digit is: noughts, ones, a three and a two, for all that letters can stand for."""


@pytest.mark.parametrize(
    "typed",
    [
        REFERENCE,
        f"{REFERENCE[:4]}-{REFERENCE[4:]}",
        f"{REFERENCE[:4]} {REFERENCE[4:]}",
        f"  {REFERENCE[:2]} {REFERENCE[2:4]} — {REFERENCE[4:]}\n",
        f"№ {REFERENCE}",
        REFERENCE.replace("0", "O"),
        REFERENCE.replace("0", "o"),
        REFERENCE.replace("0", "О"),  # Cyrillic
        REFERENCE.replace("0", "о"),
        REFERENCE.replace("0", "Q"),
        REFERENCE.replace("1", "I"),
        REFERENCE.replace("1", "l"),
        REFERENCE.replace("1", "І"),  # Ukrainian
        REFERENCE.replace("1", "|"),
        REFERENCE.replace("3", "З"),
        REFERENCE.replace("3", "э"),
        REFERENCE.replace("2", "z"),
    ],
)
def test_a_reference_is_understood_however_it_is_typed(typed: str) -> None:
    for digit in "0123":
        assert digit in REFERENCE
    assert reference_in(typed.removeprefix("№")) == REFERENCE


@pytest.mark.parametrize(
    "typed", ["", "-", REFERENCE[:7], REFERENCE + "0", "0" + REFERENCE, "4829135A", "абвгдежз", "٤٨٢٩١٣٥٠", "⁴⁸²⁹¹³⁵⁰"]
)
def test_what_cannot_be_a_reference_is_none(typed: str) -> None:
    assert reference_in(typed) is None


def test_a_reference_is_spoken_in_two_groups() -> None:
    assert spoken("48291350") == "4829-1350"


# Lengths


@pytest.mark.parametrize(
    ("grid", "duration", "per_application", "applications", "lasts"),
    [
        (15, 15, 0, 1, 15),
        (15, 20, 0, 1, 30),
        (15, 1, 0, 1, 15),
        (15, 20, 10, 2, 30),
        (15, 20, 10, 3, 45),
        (15, 20, 11, 2, 45),
        (5, 20, 7, 5, 50),
        (60, 61, 0, 1, 120),
        (10, 15, 0, 5, 20),
    ],
)
def test_a_visits_length_is_rounded_up_to_the_grid(grid: int, duration: int, per_application: int, applications: int, lasts: int) -> None:
    rules = ServiceRules(grid * MINUTE, duration * MINUTE, per_application * MINUTE, HOUR, 14)
    assert rules.length(applications) == lasts * MINUTE
    assert rules.asks_applications is (per_application > 0)


# Lanes


def test_a_lane_is_for_its_own_channel_until_its_quota_returns() -> None:
    both, online, hall = a_lane(1), a_lane(2, channel=Channel.ONLINE), a_lane(3, channel=Channel.HALL)
    calendar = a_calendar(both, online, hall, a_lane(4, services=[2]))
    noon = calendar.midnight(TOMORROW) - 12 * HOUR
    assert noon == datetime(2026, 11, 23, 9, 0, tzinfo=UTC), "noon of the day before, in St Petersburg"
    before = noon - timedelta.resolution
    assert calendar.lanes_for(ONLINE, TOMORROW, before) == [both, online]
    assert calendar.lanes_for(HALL, TOMORROW, before) == [both, hall]
    for wanted in (ONLINE, HALL):
        assert calendar.lanes_for(wanted, TOMORROW, noon) == [both, online, hall]
        assert calendar.lanes_for(wanted, TODAY, before) == [both, online, hall], "its quota returned yesterday"


def test_a_quota_that_never_returns_is_kept_on_the_day_itself() -> None:
    hall = a_lane(channel=Channel.HALL)
    calendar = a_calendar(hall, quota_returns=None)
    assert calendar.lanes_for(ONLINE, TODAY, EIGHT) == []
    assert calendar.lanes_for(HALL, TODAY, EIGHT) == [hall]


def test_a_quota_may_return_on_the_day_itself() -> None:
    hall = a_lane(channel=Channel.HALL)
    calendar = a_calendar(hall, quota_returns=-10 * HOUR)
    ten = calendar.midnight(TODAY) + 10 * HOUR
    assert calendar.lanes_for(ONLINE, TODAY, ten - MINUTE) == []
    assert calendar.lanes_for(ONLINE, TODAY, ten) == [hall]


def test_an_exception_replaces_the_week_whole() -> None:
    lane = a_lane(hours=((540, 780), (840, 1080)), today=((600, 660),), tomorrow=())
    assert [lane.minutes(TODAY + each * DAY) for each in range(3)] == [((600, 660),), (), ((540, 780), (840, 1080))]


def test_a_lane_is_open_only_while_its_office_is() -> None:
    lane = a_lane(hours=((480, 780), (840, 1200)))
    calendar = a_calendar(lane, hours=((540, 720), (750, 1080)))
    midnight = calendar.midnight(TODAY)
    spans = [(540, 720), (750, 780), (840, 1080)]
    assert calendar.hours(lane, TODAY) == [(midnight + opens * MINUTE, midnight + closes * MINUTE) for opens, closes in spans]


def test_hours_do_not_reach_into_the_next_day_where_the_last_hour_is_skipped() -> None:
    lane = a_lane(hours=((60, 1410),))
    calendar = a_calendar(lane, zone="America/Nuuk")
    (span,) = calendar.hours(lane, date(2027, 3, 27))
    assert span[1] == calendar.midnight(date(2027, 3, 28)) == datetime(2027, 3, 28, 1, 0, tzinfo=UTC)


def test_a_day_that_a_zone_skipped_has_no_hours() -> None:
    lane = a_lane()
    calendar = a_calendar(lane, zone="Pacific/Apia")
    assert [bool(calendar.hours(lane, date(2011, 12, day))) for day in (29, 30, 31)] == [True, False, True]


def test_visits_stand_after_the_lead_time_and_within_the_horizon() -> None:
    calendar = a_calendar(rules=replace(PASSPORT, horizon_days=1))
    ten, midnight = EIGHT + 2 * HOUR, calendar.midnight(TODAY)
    days = [TODAY + each * DAY for each in range(-1, 4)]
    assert calendar.opening(ONLINE, days, ten) == [
        OpenRange(1, ten + HOUR, midnight + 18 * HOUR, 0),
        OpenRange(1, midnight + 33 * HOUR, midnight + 42 * HOUR, 0),
    ]
    assert calendar.opening(replace(ONLINE, service_id=2), days, ten) == []


def test_what_closes_as_the_lead_time_begins_is_over() -> None:
    calendar = a_calendar()
    assert calendar.opening(ONLINE, [TODAY], calendar.midnight(TODAY) + 17 * HOUR) == []


def test_the_grid_begins_at_local_midnight() -> None:
    calendar = a_calendar(zone="Asia/Kathmandu", rules=replace(PASSPORT, grid=HOUR))
    (whole,) = calendar.opening(ONLINE, [TOMORROW], EIGHT)
    assert whole.phase == 15 * 60, "at UTC+5:45 full hours are a quarter past in UTC"


def test_intervals_in_common_are_ordered_and_never_empty() -> None:
    at = [EIGHT + each * HOUR for each in range(10)]
    assert intersection([(at[4], at[8]), (at[0], at[2])], [(at[1], at[5]), (at[8], at[9])]) == [(at[1], at[2]), (at[4], at[5])]
    assert intersection([(at[0], at[1])], [(at[1], at[2])]) == []


def test_intervals_that_touch_are_joined() -> None:
    at = [EIGHT + each * HOUR for each in range(10)]
    assert joined([(at[4], at[5]), (at[0], at[2]), (at[2], at[3]), (at[4], at[5])]) == [(at[0], at[3]), (at[4], at[5])]
    assert joined([(at[0], at[9]), (at[1], at[2])]) == [(at[0], at[9])]


# Why a day has nothing


def why(calendar: BookingCalendar, day: date = TOMORROW, wanted: Wanted = ONLINE, now: datetime = EIGHT) -> NoSlots | None:
    return calendar.why_nothing(wanted, day, now)


def a_closure(opens: int | None = None, closes: int | None = None) -> ClosureDay:
    return ClosureDay(TOMORROW, opens, closes, {"ru": "ремонт"})


def test_a_day_with_hours_has_no_reason() -> None:
    assert why(a_calendar()) is None
    assert why(a_calendar(), TODAY) is None
    assert why(a_calendar(), TODAY + 14 * DAY) is None
    assert why(a_calendar(closures=[a_closure(540, 600)])) is None


def test_a_day_that_is_over() -> None:
    assert why(a_calendar(), TODAY - DAY) is NoSlots.PAST


def test_a_day_that_is_not_open_yet() -> None:
    assert why(a_calendar(), TODAY + 15 * DAY) is NoSlots.HORIZON


def test_a_service_that_no_lane_takes_or_that_is_not_booked() -> None:
    assert why(a_calendar(a_lane(services=[2]))) is NoSlots.NO_LANE
    assert why(a_calendar(a_lane(services=[2])), wanted=replace(ONLINE, service_id=2)) is NoSlots.NO_LANE


def test_a_day_on_which_the_office_is_closed() -> None:
    assert why(a_calendar(closures=[a_closure()])) is NoSlots.CLOSURE


def test_a_public_holiday_unless_the_office_gave_it_hours() -> None:
    assert why(a_calendar(holidays=[TOMORROW])) is NoSlots.HOLIDAY
    assert why(a_calendar(holidays=[TOMORROW], closures=[a_closure(540, 600)])) is None
    assert why(a_calendar(holidays=[TOMORROW], closures=[a_closure()])) is NoSlots.CLOSURE


def test_a_day_without_hours() -> None:
    assert why(a_calendar(hours=())) is NoSlots.HOURS
    assert why(a_calendar(a_lane(tomorrow=()))) is NoSlots.HOURS
    assert why(a_calendar(hours=((0, 540),))) is NoSlots.HOURS, "the office closes as its lanes open"


def test_a_day_that_is_kept_for_the_other_channel() -> None:
    assert why(a_calendar(a_lane(channel=Channel.HALL))) is NoSlots.KEPT
    assert why(a_calendar(a_lane(channel=Channel.HALL)), wanted=HALL) is None
    assert why(a_calendar(a_lane(channel=Channel.ONLINE)), wanted=HALL) is NoSlots.KEPT
    assert why(a_calendar(a_lane(channel=Channel.HALL)), now=EIGHT + 4 * HOUR) is None, "at noon the quota has returned"


def test_a_visit_that_no_hours_of_the_day_can_hold() -> None:
    assert why(a_calendar(a_lane(hours=((540, 565),)))) is NoSlots.TOO_LONG
    assert why(a_calendar(a_lane(hours=((540, 570),)))) is None
    assert why(a_calendar(a_lane(hours=((545, 580),)))) is NoSlots.TOO_LONG, "half an hour between two points of the grid"
    applications = replace(PASSPORT, per_application=30 * MINUTE)
    assert why(a_calendar(a_lane(hours=((540, 600),)), rules=applications), wanted=replace(ONLINE, applications=3)) is NoSlots.TOO_LONG


def test_a_visit_may_go_on_after_midnight() -> None:
    lane = a_lane(hours=((0, 15), (1425, 1440)))
    assert why(a_calendar(lane)) is None
    assert why(a_calendar(lane), TODAY + 14 * DAY) is NoSlots.TOO_LONG, "after midnight the horizon is over"


def test_a_day_whose_last_visit_would_have_to_be_booked_already() -> None:
    half_past_four = EIGHT + 8 * HOUR + 30 * MINUTE
    assert why(a_calendar(), TODAY, now=half_past_four) is None, "the last visit begins at half past five"
    assert why(a_calendar(), TODAY, now=half_past_four + timedelta.resolution) is NoSlots.LEAD_TIME
    ends_beside_the_grid = a_calendar(a_lane(hours=((540, 1075),)))
    assert why(ends_beside_the_grid, TODAY, now=half_past_four - 15 * MINUTE) is None
    assert why(ends_beside_the_grid, TODAY, now=half_past_four - 14 * MINUTE) is NoSlots.LEAD_TIME, "17:16 is not on the grid"
    round_the_clock = a_calendar(a_lane(hours=((0, 1440),)))
    assert why(round_the_clock, TODAY, now=EIGHT + 14 * HOUR + 45 * MINUTE) is None, "at 23:45, until after midnight"
