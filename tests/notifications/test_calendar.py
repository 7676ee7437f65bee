"""What a calendar programme makes of our files, read back with the library that wrote none of our rules."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest

from queue_service.notifications.calendar import CalendarEvent, Method, ics
from tests.notifications.scene import NOON, SECRET_LINK, STARTS_AT, an_event


def read(event: CalendarEvent) -> tuple[Any, Any]:
    """The calendar and its event; `Any`, because the library's values are a union of thirty types."""
    calendar = icalendar.Calendar.from_ical(ics(event).decode())
    [entry] = calendar.walk("VEVENT")
    return calendar, entry


class Diary:
    """A person's calendar, as RFC 5546 wants it: one entry per UID, a higher SEQUENCE replaces, CANCEL removes."""

    def __init__(self) -> None:
        self.entries: dict[str, Any] = {}
        self._newest: dict[str, int] = {}

    def receive(self, file: bytes) -> None:
        calendar: Any = icalendar.Calendar.from_ical(file.decode())
        [entry] = calendar.walk("VEVENT")
        uid, sequence = str(entry["UID"]), int(entry["SEQUENCE"])
        if sequence < self._newest.get(uid, -1):
            return
        self._newest[uid] = sequence
        if calendar["METHOD"] == "CANCEL":
            assert entry["STATUS"] == "CANCELLED"
            self.entries.pop(uid, None)
        else:
            self.entries[uid] = entry


def test_create_move_and_cancel_are_one_event() -> None:
    diary = Diary()
    created = ics(an_event())
    moved = ics(an_event(sequence=1, starts_at=STARTS_AT + timedelta(days=1), ends_at=STARTS_AT + timedelta(days=1, minutes=15)))
    cancelled = ics(an_event(Method.CANCEL, sequence=2))

    diary.receive(created)
    assert [entry.start for entry in diary.entries.values()] == [STARTS_AT]
    diary.receive(moved)
    assert [entry.start for entry in diary.entries.values()] == [STARTS_AT + timedelta(days=1)]
    diary.receive(created)
    assert [entry.start for entry in diary.entries.values()] == [STARTS_AT + timedelta(days=1)], "an old mail read late"
    diary.receive(cancelled)
    assert not diary.entries


def test_a_created_event_says_everything() -> None:
    calendar, entry = read(an_event(organizer="queue@example.ru", attendee="ivanova@mail.ru"))
    assert (calendar["METHOD"], calendar["VERSION"]) == ("REQUEST", "2.0")
    assert entry["UID"] == "appointment-42@queue.example.ru"
    assert (int(entry["SEQUENCE"]), entry["STATUS"]) == (0, "CONFIRMED")
    assert (entry.start, entry.end) == (STARTS_AT, STARTS_AT + timedelta(minutes=15))
    assert entry["DTSTAMP"].dt == NOON
    assert entry["SUMMARY"] == "Выдача паспорта, МФЦ Невского района"
    assert entry["LOCATION"] == "пр. Большевиков, 8"
    assert "4829-1350; возьмите" in entry["DESCRIPTION"]
    assert "\n" in entry["DESCRIPTION"]
    assert entry["URL"] == SECRET_LINK
    assert entry["ORGANIZER"] == "mailto:queue@example.ru"
    assert entry["ATTENDEE"] == "mailto:ivanova@mail.ru"
    [alarm] = entry.walk("VALARM")
    assert alarm["TRIGGER"].dt == timedelta(hours=-2)
    assert alarm["ACTION"] == "DISPLAY"


def test_a_cancellation_has_no_alarm_and_a_download_no_attendee() -> None:
    assert not read(an_event(Method.CANCEL, 1))[1].walk("VALARM")
    calendar, entry = read(an_event(Method.PUBLISH, attendee="ivanova@mail.ru"))
    assert calendar["METHOD"] == "PUBLISH"
    assert "ATTENDEE" not in entry
    assert entry["ORGANIZER"] == "mailto:noreply@queue.example.ru"


@pytest.mark.parametrize("zone", ["Europe/Moscow", "Europe/Berlin", "Asia/Kamchatka", "Etc/GMT-5"])
@pytest.mark.parametrize(
    "starts_at",
    [datetime(2031, 3, 30, 1, 30, tzinfo=UTC), datetime(2031, 7, 1, 9, 0, tzinfo=UTC), datetime(2031, 10, 26, 0, 30, tzinfo=UTC)],
)
def test_the_zone_is_named_and_described(zone: str, starts_at: datetime) -> None:
    calendar, entry = read(an_event(time_zone=zone, starts_at=starts_at, ends_at=starts_at + timedelta(minutes=15)))
    assert entry["DTSTART"].params["TZID"] == zone
    assert entry.start.replace(tzinfo=None) == starts_at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    [described] = calendar.walk("VTIMEZONE")
    assert described["TZID"] == zone
    # Read by the description alone, as by a programme that knows no zones.
    assert starts_at.astimezone(described.to_tz()).utcoffset() == starts_at.astimezone(ZoneInfo(zone)).utcoffset()


def test_lines_are_folded_and_end_as_the_format_wants() -> None:
    file = ics(an_event(description="Возьмите с собой документы. " * 20))
    assert file.endswith(b"END:VCALENDAR\r\n")
    assert all(len(line) <= 75 for line in file.split(b"\r\n"))
    assert b"\n" not in file.replace(b"\r\n", b"")
    assert read(an_event(description="Возьмите с собой документы. " * 20))[1]["DESCRIPTION"] == "Возьмите с собой документы. " * 20


def test_the_same_event_is_the_same_file() -> None:
    assert ics(an_event()) == ics(an_event())
