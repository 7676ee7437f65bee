"""What a device says of itself, kept as its last words with the moment since when each complaint stands.

Refuses to keep more than a page in a loop of errors should be able to write.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.devices.alarms import ERRORS_MATTER_FOR, AlarmKind, Report, reported
from queue_service.devices.models import Device, DeviceKind

LONGEST_REPORT = 20
"""Errors kept from one report: a page in a loop must not fill the table."""


@dataclass(frozen=True, slots=True)
class Words:
    """A report as it came, cut to size."""

    version: str = ""
    errors: tuple[str, ...] = ()
    printer: str = "unknown"
    paper: str = "unknown"
    sound: str = "unknown"
    clock: datetime | None = None
    round_trip_ms: int | None = None
    screen: tuple[int, int] | None = None


def skew_seconds(clock: datetime, round_trip_ms: int | None, now: datetime) -> float:
    """How far the device's clock is ahead. It was read when the report was sent, which is half a round trip before it came."""
    if clock.tzinfo is None:
        clock = clock.replace(tzinfo=UTC)
    # The difference first: a clock that stands at the end of time has nothing after it.
    return round((clock - now).total_seconds() + (round_trip_ms or 0) / 2_000, 1)


async def record_health(db: AsyncSession, device_id: int, words: Words, now: datetime) -> datetime | None:
    """Keeps the report; the date of the device's token."""
    device = (await db.exec(select(Device).where(col(Device.id) == device_id).with_for_update())).one()
    before = device.health or {}
    health: dict[str, Any] = {
        "at": now.isoformat(),
        "page": {"version": words.version[:100], "errors": [error[:500] for error in words.errors[:LONGEST_REPORT]]},
        "printer": {"state": words.printer[:50], "paper": words.paper[:50]},
        "sound": words.sound[:50],
        "skew_seconds": skew_seconds(words.clock, words.round_trip_ms, now) if words.clock else None,
        "screen": list(words.screen) if words.screen else None,
        "last_errors": _last_errors(before, words, now),
    }
    kind = DeviceKind(device.kind)
    complaints = reported(kind, report_of(health), now)
    since = before.get("since") or {}
    health["since"] = {alarm.value: since.get(alarm.value, now.isoformat()) for alarm in complaints}
    device.health, device.seen_at = health, now
    device.version = words.version[:100] or device.version
    return device.token_at


def _last_errors(before: Mapping[str, Any], words: Words, now: datetime) -> dict[str, Any] | None:
    if words.errors:
        return {"at": now.isoformat(), "what": [error[:500] for error in words.errors[:LONGEST_REPORT]]}
    kept = before.get("last_errors")
    return kept if kept and now - datetime.fromisoformat(kept["at"]) < ERRORS_MATTER_FOR else None


def report_of(health: Mapping[str, Any]) -> Report:
    """The stored report as the rule of alarms reads it."""
    errors = health.get("last_errors")
    return Report(
        at=datetime.fromisoformat(health["at"]),
        version=health["page"]["version"],
        printer=health["printer"]["state"],
        paper=health["printer"]["paper"],
        sound=health["sound"],
        skew_seconds=health["skew_seconds"],
        errors_at=datetime.fromisoformat(errors["at"]) if errors else None,
    )


def since_of(health: Mapping[str, Any]) -> dict[AlarmKind, datetime]:
    return {AlarmKind(kind): datetime.fromisoformat(at) for kind, at in health.get("since", {}).items()}
