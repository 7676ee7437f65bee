"""When a message may go, when it no longer makes sense and when it is tried again.

Refuses to wake anybody: what we start ourselves waits for the morning of the office's zone. The answer to a person's own act goes at once,
because that person is awake.
"""

from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo


class Kind(StrEnum):
    CONFIRMATION = "confirmation"
    CHANGE = "change"
    CANCELLATION = "cancellation"
    REMINDER_EARLY = "reminder_early"
    """Two days before."""
    REMINDER_DAY = "reminder_day"
    """On the day."""
    OFFER = "offer"
    """A place that fell free, from the waitlist."""
    CODE = "code"
    """Six digits that prove the contact."""
    LINKS = "links"
    """The bookings that a contact already has."""
    DISPLACED = "displaced"
    """The office's hours were changed, and the booked time is no longer among them."""


class State(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    """A sender has it until `claimed_until`."""
    SENT = "sent"
    """The mail server or the gateway said that it took it."""
    FAILED = "failed"
    WITHDRAWN = "withdrawn"
    UNCONFIRMED = "unconfirmed"
    """Handed over, and the answer never heard: it may have arrived, so it is not sent again by itself."""


REMINDERS: Final = frozenset({Kind.REMINDER_EARLY, Kind.REMINDER_DAY})
STARTED_BY_US: Final = REMINDERS | {Kind.OFFER, Kind.DISPLACED}

QUIET_FROM: Final = time(21, 0)
QUIET_TO: Final = time(8, 0)
"""Nobody should be rung awake by an administration; many regional laws on quiet begin between 21:00 and 23:00."""

PAUSES: Final = (
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=12),
)
"""Between attempts: a greylisting server takes the second or third, and a mail server that is down for a night loses nothing."""


def not_at_night(moment: datetime, zone: ZoneInfo, quiet_from: time = QUIET_FROM, quiet_to: time = QUIET_TO) -> datetime:
    """The moment itself by day, else the end of that night, in UTC. For reminders and offers."""
    local = moment.astimezone(zone)
    wall = local.time().replace(tzinfo=None)
    day = local.date()
    if quiet_from <= quiet_to:
        quiet = quiet_from <= wall < quiet_to
    else:
        quiet = wall >= quiet_from or wall < quiet_to
        if wall >= quiet_from:
            day += timedelta(days=1)
    return datetime.combine(day, quiet_to, zone).astimezone(UTC) if quiet else moment.astimezone(UTC)


def outlived(kind: Kind, starts_at: datetime, until: datetime | None, now: datetime) -> bool:
    """Whether it can only confuse: a reminder of what has begun, a code or an offer that has ended."""
    if kind in REMINDERS:
        return now >= starts_at
    return kind in (Kind.CODE, Kind.OFFER) and until is not None and now >= until


def next_attempt(attempts: int, now: datetime) -> datetime | None:
    """After so many attempts; None when it was the last one."""
    return now + PAUSES[attempts - 1] if attempts <= len(PAUSES) else None
