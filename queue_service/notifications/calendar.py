"""An appointment as one event in a person's calendar (RFC 5545, RFC 5546): created, moved and cancelled under one UID.

A calendar programme takes the file with the higher SEQUENCE for the truth, so whoever moves or cancels must raise it. Refuses to
put a name into the file: it passes through strangers' servers.
"""

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import icalendar
import msgspec

REMIND_BEFORE = timedelta(hours=2)
"""Time to collect the documents and to travel across the city."""
_ZONES_KEPT = 64
"""Describing a zone takes the library some 15 ms of the event loop, and a city has one zone and books for two years at most."""


class Method(StrEnum):
    REQUEST = "request"
    """By mail: created or moved."""
    CANCEL = "cancel"
    PUBLISH = "publish"
    """A file to download: nobody is asked to answer."""


class CalendarEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Texts are in the person's language already; `stamp` is when this version was made."""

    uid: str
    """The same for the appointment's whole life."""
    sequence: int
    """Rises with every move and with the cancellation."""
    method: Method
    starts_at: datetime
    ends_at: datetime
    summary: str
    location: str
    description: str
    url: str
    time_zone: str
    stamp: datetime
    organizer: str = ""
    """Address of the sender; a calendar ignores updates from another one. Mail fills it in; a download should give the same."""
    attendee: str = ""
    """Address of the recipient, filled in by mail: a REQUEST without one is not shown."""


def ics(event: CalendarEvent) -> bytes:
    """The file: CRLF, folded at 75 octets, times in the office's zone with its description."""
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//queue-service//appointments//RU")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", event.method.upper())
    zone = ZoneInfo(event.time_zone)
    cancelled = event.method is Method.CANCEL

    entry = icalendar.Event()
    entry.add("uid", event.uid)
    entry.add("sequence", event.sequence)
    entry.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    entry.add("dtstamp", event.stamp.astimezone(UTC))
    entry.add("last-modified", event.stamp.astimezone(UTC))
    entry.add("dtstart", event.starts_at.astimezone(zone))
    entry.add("dtend", event.ends_at.astimezone(zone))
    entry.add("summary", event.summary)
    entry.add("location", event.location)
    entry.add("description", event.description)
    entry.add("url", event.url)
    entry.add("transp", "TRANSPARENT" if cancelled else "OPAQUE")
    entry.add("organizer", f"mailto:{event.organizer or _nobody_at(event.url)}")
    if event.attendee and event.method is not Method.PUBLISH:
        attendee = icalendar.vCalAddress(f"mailto:{event.attendee}")
        attendee.params["PARTSTAT"] = "ACCEPTED"
        attendee.params["RSVP"] = "FALSE"
        entry.add("attendee", attendee)
    if not cancelled:
        entry.add_component(_alarm(event.summary))
    calendar.add_component(_zone_around(event.time_zone, event.starts_at.year))
    calendar.add_component(entry)
    return bytes(calendar.to_ical())


@lru_cache(_ZONES_KEPT)
def _zone_around(time_zone: str, year: int) -> icalendar.Timezone:
    """What its clocks do from the year before to the year after, instead of for a century. Never changed once made."""
    return icalendar.Timezone.from_tzid(time_zone, first_date=date(year - 1, 1, 1), last_date=date(year + 1, 12, 31))


def _alarm(summary: str) -> icalendar.Alarm:
    alarm = icalendar.Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", summary)
    alarm.add("trigger", -REMIND_BEFORE)
    return alarm


def _nobody_at(url: str) -> str:
    return f"noreply@{urlsplit(url).hostname or 'localhost'}"
