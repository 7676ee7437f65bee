"""What is wrong with a device, from what it last said and when it was last heard. Pure: the same facts give the same alarms.

Refuses to alarm for what is nobody's fault: a device that was never paired by somebody, a hall at night.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from queue_service.devices.models import DeviceKind
from queue_service.devices.rules import PAGE_VERSIONS

SILENCE: Final = timedelta(minutes=2)
"""Two missed reports, and no socket: a device that is only being restarted is back sooner."""
SKEW_SECONDS: Final = 30.0
"""A paper ticket shows minutes: half a minute off, and every second one is wrong."""
ERRORS_MATTER_FOR: Final = timedelta(hours=1)
"""A page that had an error an hour ago and none since has got over it."""


class AlarmKind(StrEnum):
    UNSEEN = "unseen"
    PRINTER = "printer"
    PAPER_OUT = "paper_out"
    PAPER_LOW = "paper_low"
    CLOCK = "clock"
    PAGE_ERRORS = "page_errors"
    OLD_VERSION = "old_version"
    REPLAYED = "replayed"
    SOUND = "sound"


GRAVE: Final = frozenset({AlarmKind.UNSEEN, AlarmKind.PRINTER, AlarmKind.PAPER_OUT, AlarmKind.REPLAYED})
"""The hall does without the device, or somebody else uses it; the rest can wait for the evening."""


@dataclass(frozen=True, slots=True)
class Report:
    """The device's own last words, as far as they can raise an alarm."""

    at: datetime
    version: str = ""
    printer: str = "unknown"
    paper: str = "unknown"
    sound: str = "unknown"
    skew_seconds: float | None = None
    errors_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    kind: DeviceKind
    paired_at: datetime | None = None
    seen_at: datetime | None = None
    open_since: datetime | None = None
    """When the office opened today; None while it is closed."""
    replayed_at: datetime | None = None
    report: Report | None = None
    since: Mapping[AlarmKind, datetime] = field(default_factory=dict)
    """When the reports first said so."""


@dataclass(frozen=True, slots=True)
class Alarm:
    kind: AlarmKind
    since: datetime

    @property
    def grave(self) -> bool:
        return self.kind in GRAVE


def reported(kind: DeviceKind, report: Report, now: datetime) -> Iterator[AlarmKind]:
    """What the report itself complains of."""
    if report.printer == "error":
        yield AlarmKind.PRINTER
    if report.paper == "out":
        yield AlarmKind.PAPER_OUT
    if report.paper == "low":
        yield AlarmKind.PAPER_LOW
    if report.sound == "blocked":
        yield AlarmKind.SOUND
    if report.skew_seconds is not None and abs(report.skew_seconds) > SKEW_SECONDS:
        yield AlarmKind.CLOCK
    if report.errors_at is not None and now - report.errors_at < ERRORS_MATTER_FOR:
        yield AlarmKind.PAGE_ERRORS
    if report.version and report.version != PAGE_VERSIONS[kind]:
        yield AlarmKind.OLD_VERSION


def alarms(facts: Facts, now: datetime) -> list[Alarm]:
    """All that is wrong now, newest first."""
    found: list[Alarm] = []
    last = facts.seen_at or facts.paired_at
    if facts.open_since is not None and last is not None:
        silent = max(last, facts.open_since) + SILENCE
        if silent < now:
            found.append(Alarm(AlarmKind.UNSEEN, silent))
    if facts.replayed_at is not None:
        found.append(Alarm(AlarmKind.REPLAYED, facts.replayed_at))
    if facts.report is not None:
        found += [Alarm(kind, facts.since.get(kind, facts.report.at)) for kind in reported(facts.kind, facts.report, now)]
    return sorted(found, key=lambda alarm: alarm.since, reverse=True)


class Standing(StrEnum):
    """How a device is, in one word."""

    WORKS = "works"
    ATTENTION = "attention"
    ALARM = "alarm"
    QUIET = "quiet"
    """Not heard, and the office is closed."""
    NEVER = "never"
    REVOKED = "revoked"


def standing(facts: Facts, raised: list[Alarm], now: datetime) -> Standing:
    if any(alarm.grave for alarm in raised):
        return Standing.ALARM
    if facts.seen_at is None:
        return Standing.NEVER
    if now - facts.seen_at > SILENCE:
        return Standing.QUIET
    return Standing.ATTENTION if raised else Standing.WORKS
