"""Nobody is woken, nothing is said too late, and attempts end."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queue_service.notifications.rules import PAUSES, QUIET_FROM, QUIET_TO, Kind, next_attempt, not_at_night, outlived

MOSCOW = ZoneInfo("Europe/Moscow")
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("wanted", "sent"),
    [
        ("2026-03-11T12:00", "2026-03-11T12:00"),
        ("2026-03-11T20:59:59", "2026-03-11T20:59:59"),
        ("2026-03-11T21:00", "2026-03-12T08:00"),
        ("2026-03-12T00:30", "2026-03-12T08:00"),
        ("2026-03-12T07:59", "2026-03-12T08:00"),
        ("2026-03-12T08:00", "2026-03-12T08:00"),
        ("2026-12-31T23:00", "2027-01-01T08:00"),
        ("2028-02-28T23:00", "2028-02-29T08:00"),
    ],
)
def test_the_night_of_the_office_ends_at_eight(wanted: str, sent: str) -> None:
    moment = datetime.fromisoformat(wanted).replace(tzinfo=MOSCOW)
    assert not_at_night(moment, MOSCOW) == datetime.fromisoformat(sent).replace(tzinfo=MOSCOW)


@pytest.mark.parametrize(
    ("evening", "hours"),
    [("2026-03-28T22:00", 9), ("2026-10-24T22:00", 11), ("2026-06-01T22:00", 10)],
)
def test_a_night_in_which_the_clocks_change_is_shorter_or_longer(evening: str, hours: int) -> None:
    moment = datetime.fromisoformat(evening).replace(tzinfo=BERLIN).astimezone(UTC)
    assert not_at_night(moment, BERLIN) - moment == timedelta(hours=hours)


def test_a_quiet_time_within_one_day_is_possible() -> None:
    at_two = datetime(2026, 3, 11, 14, 0, tzinfo=MOSCOW)
    assert not_at_night(at_two, MOSCOW, time(13), time(15)) == datetime(2026, 3, 11, 15, 0, tzinfo=MOSCOW)
    assert not_at_night(at_two, MOSCOW, time(15), time(16)) == at_two


@given(
    st.integers(1_700_000_000, 1_900_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    st.sampled_from(["Europe/Moscow", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kamchatka"]),
)
def test_what_is_moved_is_moved_to_the_nearest_morning(moment: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    sent = not_at_night(moment, zone)
    wall = sent.astimezone(zone).time()
    assert QUIET_TO <= wall < QUIET_FROM
    assert timedelta() <= sent - moment <= timedelta(hours=12)
    assert sent == moment or wall == QUIET_TO
    assert not_at_night(sent, zone) == sent


def test_a_reminder_of_what_has_begun_is_too_late() -> None:
    start = datetime(2026, 3, 12, 11, 30, tzinfo=UTC)
    minute = timedelta(minutes=1)
    for kind in (Kind.REMINDER_EARLY, Kind.REMINDER_DAY):
        assert not outlived(kind, start, None, start - minute)
        assert outlived(kind, start, None, start)
    assert not outlived(Kind.CANCELLATION, start, None, start + minute)
    assert outlived(Kind.OFFER, start, start - minute, start - minute)
    assert outlived(Kind.CODE, start, start - minute, start - minute)
    assert not outlived(Kind.CODE, start, start - minute, start - 2 * minute)


def test_attempts_come_ever_later_and_end_within_a_day() -> None:
    now = datetime(2026, 3, 12, 11, 30, tzinfo=UTC)
    pauses = []
    for attempt in range(1, len(PAUSES) + 1):
        again = next_attempt(attempt, now)
        assert again is not None
        pauses.append(again - now)
    assert pauses[:5] == [timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2)]
    assert pauses == sorted(pauses)
    assert sum(pauses, timedelta()) < timedelta(days=1)
    assert next_attempt(len(PAUSES) + 1, now) is None
