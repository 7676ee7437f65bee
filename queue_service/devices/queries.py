"""Devices as administration sees them: with their office, their last words and what is wrong with them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from asyncpg import Record

from queue_service.db import Pool
from queue_service.devices.alarms import Alarm, Facts, Standing, alarms, standing
from queue_service.devices.health import report_of, since_of
from queue_service.devices.models import DeviceKind
from queue_service.devices.rules import is_to_be_renewed
from queue_service.offices.catalogue import Catalogue, Catalogues
from queue_service.offices.hours import hours_of_all
from queue_service.offices.rules import Schedule

REVOKED_SHOWN: Final = timedelta(days=30)
"""As long as somebody may ask where a device has gone, or give its place to another one."""

_DEVICES = """
SELECT device.id, device.office_id, kind, device.name, zone.code AS zone, version, settings, health, seen_at, token_at, paired_at,
       replayed_at, revoked_at
  FROM device JOIN office ON office.id = device.office_id LEFT JOIN zone ON zone.id = zone_id
 WHERE ($1::int IS NULL OR device.office_id = $1) AND (revoked_at IS NULL OR revoked_at > $2)
 ORDER BY office.position, office.id, kind DESC, device.name, device.id
"""


@dataclass(frozen=True, slots=True)
class DeviceNow:
    id: int
    kind: DeviceKind
    name: str
    office: Catalogue
    zone: str | None
    version: str | None
    settings: dict[str, Any]
    health: dict[str, Any] | None
    seen_at: datetime | None
    token_at: datetime | None
    paired_at: datetime | None
    replayed_at: datetime | None
    revoked_at: datetime | None
    renewal_due: bool
    standing: Standing
    alarms: list[Alarm]


def open_since(schedule: Schedule, now: datetime) -> datetime | None:
    """When the office opened, while it is open."""
    return next((opens for opens, closes in schedule.intervals(schedule.local_date(now)) if opens <= now < closes), None)


async def devices_now(pool: Pool, catalogues: Catalogues, office_id: int | None, now: datetime) -> list[DeviceNow]:
    """Those of one office, or all of the city's (None), office by office."""
    rows = await pool.fetch(_DEVICES, office_id, now - REVOKED_SHOWN)
    return [_now(row, await catalogues.of(row["office_id"], now), now) for row in rows]


async def alarms_now(pool: Pool, now: datetime) -> list[Alarm]:
    """All that stand in the city, for a count: of the offices it reads their hours and no more."""
    rows = await pool.fetch(_DEVICES, None, now)
    schedules = {office.id: office.schedule for office in await hours_of_all(pool, now)}
    return [alarm for row in rows for alarm in _raised(row, _facts(row, schedules[row["office_id"]], now), now)]


def _told(row: Record) -> dict[str, Any] | None:
    """The last report; one of an earlier version of the service has no date and is forgotten."""
    health: dict[str, Any] | None = row["health"]
    return health if health is not None and "at" in health else None


def _facts(row: Record, schedule: Schedule, now: datetime) -> Facts:
    health = _told(row)
    return Facts(
        kind=DeviceKind(row["kind"]),
        paired_at=row["paired_at"],
        seen_at=row["seen_at"],
        open_since=open_since(schedule, now),
        replayed_at=row["replayed_at"],
        report=report_of(health) if health else None,
        since=since_of(health) if health else {},
    )


def _raised(row: Record, facts: Facts, now: datetime) -> list[Alarm]:
    return [] if row["revoked_at"] is not None else alarms(facts, now)


def _now(row: Record, office: Catalogue, now: datetime) -> DeviceNow:
    facts = _facts(row, office.schedule, now)
    raised = _raised(row, facts, now)
    return DeviceNow(
        id=row["id"],
        kind=facts.kind,
        name=row["name"],
        office=office,
        zone=row["zone"],
        version=row["version"],
        settings=row["settings"],
        health=_told(row),
        seen_at=row["seen_at"],
        token_at=row["token_at"],
        paired_at=row["paired_at"],
        replayed_at=row["replayed_at"],
        revoked_at=row["revoked_at"],
        renewal_due=is_to_be_renewed(row["token_at"], now),
        standing=Standing.REVOKED if row["revoked_at"] is not None else standing(facts, raised, now),
        alarms=raised,
    )
