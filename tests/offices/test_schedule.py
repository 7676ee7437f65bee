"""When an office is open: against a clock on the wall, in zones with and without daylight saving, to the minute and to 24:00."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from queue_service.offices.rules import ClosureDay, OpenInterval, Schedule

MOSCOW = ZoneInfo("Europe/Moscow")
ZONES = ["Europe/Moscow", "Asia/Kamchatka", "Europe/Berlin", "America/New_York", "America/Havana", "Australia/Lord_Howe", "Asia/Kathmandu"]
DAY = timedelta(days=1)


def a_schedule(week: Sequence[tuple[int, str, str]], closures: Sequence[ClosureDay] = (), zone: ZoneInfo = MOSCOW) -> Schedule:
    """`week` as (ISO weekday, "09:00", "18:00")."""
    return Schedule(zone, [OpenInterval(day, minutes(opens), minutes(closes)) for day, opens, closes in week], closures)


def minutes(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


def at(day: int, clock: str, zone: ZoneInfo = MOSCOW) -> datetime:
    """A moment of March 2031 (the 3rd is a Monday) on the office's wall clock."""
    return datetime.combine(date(2031, 3, day), time.fromisoformat(clock), zone).astimezone(UTC)


WORKDAYS = [(day, "09:00", "18:00") for day in range(1, 6)]
WITH_LUNCH = [(1, "09:00", "13:00"), (1, "14:00", "18:00")]


@pytest.mark.parametrize(
    ("clock", "open_until"),
    [("08:59", None), ("09:00", "18:00"), ("17:59", "18:00"), ("18:00", None), ("23:59", None)],
)
def test_an_office_opens_on_the_minute_and_closes_on_it(clock: str, open_until: str | None) -> None:
    closes = a_schedule(WORKDAYS).closes_at(at(3, clock))
    assert closes == (at(3, open_until) if open_until else None)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        (at(3, "08:00"), at(3, "09:00")),
        (at(3, "12:00"), at(4, "09:00")),
        (at(7, "18:00"), at(10, "09:00")),
        (at(8, "12:00"), at(10, "09:00")),
    ],
    ids=["this morning", "tomorrow", "after Friday", "on Saturday"],
)
def test_a_closed_office_opens_next(now: datetime, opens: datetime) -> None:
    assert a_schedule(WORKDAYS).opens_at(now) == opens


def test_lunch_closes_the_door() -> None:
    schedule = a_schedule(WITH_LUNCH)
    assert schedule.closes_at(at(3, "12:59")) == at(3, "13:00")
    assert schedule.closes_at(at(3, "13:30")) is None
    assert schedule.opens_at(at(3, "13:30")) == at(3, "14:00")


def test_intervals_that_touch_are_one() -> None:
    schedule = a_schedule([(1, "09:00", "13:00"), (1, "13:00", "18:00")])
    assert schedule.closes_at(at(3, "10:00")) == at(3, "18:00")


def test_a_day_that_ends_at_24_goes_on_into_the_next() -> None:
    schedule = a_schedule([(1, "20:00", "24:00"), (2, "00:00", "02:00"), (3, "23:00", "24:00")])
    assert schedule.closes_at(at(3, "23:59")) == at(4, "02:00")
    assert schedule.closes_at(at(4, "00:00")) == at(4, "02:00")
    assert schedule.closes_at(at(4, "02:00")) is None
    assert schedule.closes_at(at(5, "23:30")) == at(6, "00:00")


def test_an_office_that_never_closes_is_always_open() -> None:
    schedule = a_schedule([(day, "00:00", "24:00") for day in range(1, 8)])
    for hour in range(48):
        now = at(3, "00:00") + timedelta(hours=hour)
        closes = schedule.closes_at(now)
        assert closes is not None
        assert closes > now


def test_a_closed_day_overrides_the_week_and_says_why() -> None:
    closure = ClosureDay(date(2031, 3, 4), None, None, {"ru": "санитарный день"})
    schedule = a_schedule(WORKDAYS, [closure])
    assert schedule.closes_at(at(4, "12:00")) is None
    assert schedule.opens_at(at(3, "19:00")) == at(5, "09:00")
    assert schedule.closed_sentence(at(4, "12:00")) == {
        "ru": "Сегодня отделение закрыто: санитарный день. Откроется 05.03 в 09:00.",
        "en": "The office is closed today: санитарный день. It opens on 05.03 at 09:00.",
    }


def test_a_short_day_overrides_the_week() -> None:
    schedule = a_schedule(WORKDAYS, [ClosureDay(date(2031, 3, 8), minutes("10:00"), minutes("12:00"), {"ru": "дежурство"})])
    assert schedule.closes_at(at(8, "11:00")) == at(8, "12:00"), "a Saturday that is worked"
    assert schedule.closes_at(at(8, "12:30")) is None


def test_the_sentence_names_the_hour_of_today_or_the_day() -> None:
    schedule = a_schedule(WORKDAYS)
    assert schedule.closed_sentence(at(3, "07:00"))["ru"] == "Отделение сейчас закрыто. Откроется сегодня в 09:00."
    assert schedule.closed_sentence(at(7, "20:00"))["ru"] == "Отделение сейчас закрыто. Откроется 10.03 в 09:00."
    assert a_schedule([]).closed_sentence(at(3, "12:00")) == {"ru": "Отделение сейчас закрыто.", "en": "The office is closed now."}


def test_a_day_has_as_many_hours_as_its_clock_makes() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    schedule = a_schedule([(7, "00:00", "24:00")], zone=berlin)
    lengths = {}
    for day in (date(2031, 3, 23), date(2031, 3, 30), date(2031, 10, 26)):
        ((opens, closes),) = schedule.intervals(day)
        lengths[day] = (closes - opens) / timedelta(hours=1)
    assert list(lengths.values()) == [24, 23, 25]


def test_the_local_day_begins_at_local_midnight() -> None:
    schedule = a_schedule([])
    now = datetime(2031, 3, 12, 21, 30, tzinfo=UTC)
    assert schedule.local_date(now) == date(2031, 3, 13)
    assert schedule.local_midnight(now) == datetime(2031, 3, 12, 21, 0, tzinfo=UTC)
    assert schedule.local_midnight(now - timedelta(minutes=31)) == datetime(2031, 3, 11, 21, 0, tzinfo=UTC)


@st.composite
def weeks(draw: st.DrawFn) -> list[OpenInterval]:
    """Up to two intervals a day that do not overlap, at any minute from 0 to 1440."""
    week = []
    for weekday in range(1, 8):
        edges = sorted(draw(st.lists(st.integers(0, 1440), max_size=4, unique=True)))
        week += [OpenInterval(weekday, opens, closes) for opens, closes in zip(edges[::2], edges[1::2], strict=False)]
    return week


moments = st.integers(0, 6 * 365 * 24 * 60 * 60).map(lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))
changes = st.sampled_from([datetime(2031, 3, 9, tzinfo=UTC), datetime(2031, 3, 30, tzinfo=UTC), datetime(2031, 10, 26, tzinfo=UTC)])
nights = st.builds(lambda day, minute: day + timedelta(minutes=minute), changes, st.integers(-60, 600))
"""Around the hours at which Berlin, New York and Havana change their clocks."""
zones = st.sampled_from(ZONES).map(ZoneInfo)


def the_clock_is_changed_near(now: datetime, zone: ZoneInfo) -> bool:
    offsets = {(now + step * timedelta(hours=6)).astimezone(zone).utcoffset() for step in range(-5, 6)}
    return len(offsets) > 1


@given(week=weeks(), now=moments, zone=zones)
def test_open_means_that_the_wall_clock_stands_within_the_hours(week: list[OpenInterval], now: datetime, zone: ZoneInfo) -> None:
    assume(not the_clock_is_changed_near(now, zone))
    local = now.astimezone(zone)
    minute = local.hour * 60 + local.minute
    on_the_wall = any(each.weekday == local.isoweekday() and each.opens <= minute < each.closes for each in week)
    assert (Schedule(zone, week, []).closes_at(now) is not None) == on_the_wall


@given(week=weeks(), now=moments | nights, zone=zones)
@example([OpenInterval(7, 60, 160), OpenInterval(7, 180, 300)], datetime(2031, 3, 30, 0, 30, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
@example([OpenInterval(7, 170, 175), OpenInterval(7, 180, 300)], datetime(2031, 3, 30, 0, 30, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
@example([OpenInterval(7, 150, 180)], datetime(2031, 3, 30, 0, 30, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
def test_the_next_opening_is_one_and_the_closing_ends_it(week: list[OpenInterval], now: datetime, zone: ZoneInfo) -> None:
    """Also in the nights when the clock is changed."""
    schedule = Schedule(zone, week, [])
    closes = schedule.closes_at(now)
    if closes is not None:
        assert closes > now
        assert schedule.closes_at(closes - timedelta(microseconds=1)) == closes
        return
    opens = schedule.opens_at(now)
    if opens is None:
        assert not week or the_clock_is_changed_near(now, zone)
        return
    assert opens > now
    assert schedule.closes_at(opens) is not None
    for share in range(1, 8):
        assert schedule.closes_at(now + (opens - now) * share / 8) is None, "open earlier than said"


@given(now=moments | nights, zone=zones)
def test_a_local_day_is_about_a_day(now: datetime, zone: ZoneInfo) -> None:
    schedule = Schedule(zone, [], [])
    midnight = schedule.local_midnight(now)
    assert midnight <= now < midnight + timedelta(hours=26)
    assert schedule.local_date(midnight) == schedule.local_date(now)
    assert schedule.local_date(midnight - timedelta(microseconds=1)) == schedule.local_date(now) - DAY
