"""An office's booking calendar as one immutable value, kept per process like the catalogue and dropped with it.

Refuses to hold what citizens change: that is `availability`'s.
"""

import time
from collections import defaultdict
from datetime import date, datetime, timedelta

from queue_service.booking.rules import BookingCalendar, Channel, LaneInfo, OfficeRules, ServiceRules
from queue_service.db import Connection, Pool
from queue_service.offices.catalogue import LONGEST_LIFE_SECONDS, Catalogue

_LANES = """
SELECT lane.id, name, channel, array_agg(service_id) FILTER (WHERE service_id IS NOT NULL) AS services
  FROM lane LEFT JOIN lane_service ON lane_id = lane.id
 WHERE lane.office_id = $1 AND active
 GROUP BY lane.id ORDER BY position, lane.id
"""
_HOURS = "SELECT lane_id, weekday, opens, closes FROM lane_hours WHERE lane_id = ANY ($1::int[]) ORDER BY opens"
_EXCEPTIONS = "SELECT lane_id, local_date, opens, closes FROM lane_exception WHERE lane_id = ANY ($1::int[]) AND local_date >= $2"
_SERVICES = """
SELECT service_id, grid_minutes, duration_minutes, per_application_minutes, lead_minutes, horizon_days
  FROM booking_policy JOIN service ON service.id = service_id
 WHERE office_id = $1 AND active
"""
_RULES = "SELECT * FROM office_booking WHERE office_id = $1"


async def load_calendar(connection: Connection, catalogue: Catalogue, now: datetime) -> BookingCalendar:
    lanes = await connection.fetch(_LANES, catalogue.id)
    ids = [lane["id"] for lane in lanes]
    week: dict[int, dict[int, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    for row in await connection.fetch(_HOURS, ids):
        week[row["lane_id"]][row["weekday"]].append((row["opens"], row["closes"]))
    exceptions: dict[int, dict[date, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    for row in await connection.fetch(_EXCEPTIONS, ids, catalogue.schedule.local_date(now)):
        hours = exceptions[row["lane_id"]][row["local_date"]]
        if row["opens"] is not None:
            hours.append((row["opens"], row["closes"]))
    return BookingCalendar(
        office_id=catalogue.id,
        schedule=catalogue.schedule,
        closed_today=frozenset(each.id for each in catalogue.services.values() if each.closed_today is not None),
        rules=await _rules(connection, catalogue.id),
        services={
            row["service_id"]: ServiceRules(
                grid=timedelta(minutes=row["grid_minutes"]),
                duration=timedelta(minutes=row["duration_minutes"]),
                per_application=timedelta(minutes=row["per_application_minutes"]),
                lead=timedelta(minutes=row["lead_minutes"]),
                horizon_days=row["horizon_days"],
            )
            for row in await connection.fetch(_SERVICES, catalogue.id)
        },
        lanes=[
            LaneInfo(
                id=lane["id"],
                name=lane["name"],
                channel=Channel(lane["channel"]),
                services=frozenset(lane["services"] or ()),
                week={weekday: tuple(spans) for weekday, spans in week[lane["id"]].items()},
                exceptions={day: tuple(spans) for day, spans in exceptions[lane["id"]].items()},
            )
            for lane in lanes
        ],
    )


async def _rules(connection: Connection, office_id: int) -> OfficeRules:
    row = await connection.fetchrow(_RULES, office_id)
    if row is None:
        return OfficeRules()
    returns = row["quota_returns_minutes"]
    return OfficeRules(
        hold=timedelta(minutes=row["hold_minutes"]),
        check_in_opens=timedelta(minutes=row["check_in_opens_minutes"]),
        verify_contact=row["verify_contact"],
        active_limit=row["active_limit"],
        moves_limit=row["moves_limit"],
        freed_delay=timedelta(minutes=row["freed_delay_minutes"]),
        offer=timedelta(minutes=row["offer_minutes"]),
        quota_returns=None if returns is None else timedelta(minutes=returns),
    )


class Calendars:
    """The process's copies. A copy belongs to one catalogue: when that is read anew, so is this."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._loaded: dict[int, tuple[float, Catalogue, BookingCalendar]] = {}

    async def of(self, catalogue: Catalogue, now: datetime) -> BookingCalendar:
        loaded = self._loaded.get(catalogue.id)
        if loaded is not None and loaded[1] is catalogue and time.monotonic() - loaded[0] < LONGEST_LIFE_SECONDS:
            return loaded[2]
        started = time.monotonic()
        async with self._pool.acquire() as connection:
            calendar = await load_calendar(connection, catalogue, now)
        self._loaded[catalogue.id] = (started, catalogue, calendar)
        return calendar
