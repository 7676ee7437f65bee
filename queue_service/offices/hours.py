"""When the offices are open, of all of them at once: what the housekeeping of every worker asks each minute.

Refuses to know what else an office has. A worker that nobody asks anything keeps no office's set-up in memory, and a minute costs it
three statements and not a dozen for each office.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from asyncpg import Record

from queue_service.db import Pool
from queue_service.offices.holidays import public_holidays
from queue_service.offices.rules import ClosureDay, OpenInterval, Schedule

PAST_CLOSURES = timedelta(days=1)
"""An office's day may be looked at until the next one ends, in any zone."""

_OFFICES = "SELECT id, slug, time_zone, public_holidays, day_ends_minutes FROM office ORDER BY position, id"
_HOURS = "SELECT office_id, weekday, opens, closes FROM opening_hours ORDER BY office_id, weekday, opens"
_CLOSURES = "SELECT office_id, local_date, opens, closes, reason FROM closure WHERE local_date >= $1"


@dataclass(frozen=True, slots=True)
class OfficeHours:
    id: int
    slug: str
    schedule: Schedule
    day_ends: timedelta
    """After closing time."""


def schedule_of(office: Record, hours: Sequence[Record], closures: Sequence[Record], now: datetime) -> Schedule:
    """From the office's row and its rows of `opening_hours` and `closure`."""
    return Schedule(
        time_zone=ZoneInfo(office["time_zone"]),
        week=[OpenInterval(row["weekday"], row["opens"], row["closes"]) for row in hours],
        closures=[ClosureDay(row["local_date"], row["opens"], row["closes"], row["reason"]) for row in closures],
        holidays=public_holidays(office["public_holidays"], now.year),
    )


async def hours_of_all(pool: Pool, now: datetime) -> list[OfficeHours]:
    """Every office in the city's order."""
    offices = await pool.fetch(_OFFICES)
    hours = _by_office(await pool.fetch(_HOURS))
    closures = _by_office(await pool.fetch(_CLOSURES, now.date() - PAST_CLOSURES))
    return [
        OfficeHours(
            id=office["id"],
            slug=office["slug"],
            schedule=schedule_of(office, hours[office["id"]], closures[office["id"]], now),
            day_ends=timedelta(minutes=office["day_ends_minutes"]),
        )
        for office in offices
    ]


def _by_office(rows: Sequence[Record]) -> Mapping[int, Sequence[Record]]:
    found: defaultdict[int, list[Record]] = defaultdict(list)
    for row in rows:
        found[row["office_id"]].append(row)
    return found
