"""Why a day has no slots, lane by lane: what staff answer to «почему нет записи».

The same calendar and the same query that citizens are served from, so the answer cannot differ from what they see.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from queue_service.booking.availability import FreeSlot, slots_of_days
from queue_service.booking.office import Booking, Place
from queue_service.booking.rules import LaneInfo, NoSlots
from queue_service.text import Text

_TAKEN_MINUTES = """
SELECT lane_id::int AS lane_id, (sum(extract(epoch FROM least(upper(during), $3) - greatest(lower(during), $2))) / 60)::int AS minutes
  FROM unnest($1::bigint[]) AS lane (id)
  JOIN lane_taken ON int8range(lane_id, lane_id, '[]') && int8range(lane.id, lane.id, '[]')                        -- ex_lane_taken_once
 WHERE during && tstzrange($2, $3) AND (expires_at IS NULL OR expires_at > $4)
 GROUP BY lane_id
"""

SENTENCES: dict[NoSlots, Text] = {
    NoSlots.PAST: {"ru": "День прошёл.", "en": "The day is over."},
    NoSlots.HORIZON: {"ru": "Запись на этот день ещё не открыта.", "en": "Booking for this day has not opened yet."},
    NoSlots.CLOSURE: {"ru": "Отделение в этот день закрыто.", "en": "The office is closed on this day."},
    NoSlots.HOLIDAY: {"ru": "Праздничный день.", "en": "A public holiday."},
    NoSlots.NO_LANE: {"ru": "На эту услугу здесь не записывают.", "en": "This service is not booked here."},
    NoSlots.HOURS: {"ru": "В этот день приёма по записи нет.", "en": "There are no appointments on this day."},
    NoSlots.KEPT: {"ru": "Места этого дня оставлены для посетителей в зале.", "en": "The places of this day are kept for the hall."},
    NoSlots.TOO_LONG: {"ru": "Приём такой длины не помещается в часы записи.", "en": "A visit of this length does not fit the hours."},
    NoSlots.LEAD_TIME: {"ru": "На этот день записаться уже нельзя.", "en": "It is too late to book for this day."},
    NoSlots.FULL: {"ru": "Все места заняты.", "en": "All places are taken."},
}
"""What a person reads beside a day without slots."""


@dataclass(frozen=True, slots=True)
class LaneDay:
    lane: LaneInfo
    hours: Sequence[tuple[datetime, datetime]]
    open_to_us: bool
    """Whether citizens at home may book into it on that day already."""
    taken_minutes: int


@dataclass(frozen=True, slots=True)
class Told:
    day: date
    why: NoSlots | None
    slots: Sequence[FreeSlot]
    lanes: Sequence[LaneDay]
    """Those that take the service at all."""


async def why_day(booking: Booking, place: Place, service: str, day: date, applications: int, now: datetime) -> Told:
    """A day as citizens are offered it, and what stands behind it. Raises NotBookable."""
    wanted, calendar = place.wanted(service, applications), place.calendar
    (found,) = await slots_of_days(booking.pool, calendar, wanted, [day], now)
    lanes = [lane for lane in calendar.lanes if wanted.service_id in lane.services]
    begins, ends = calendar.midnight(day), calendar.midnight(day + timedelta(days=1))
    rows = await booking.pool.fetch(_TAKEN_MINUTES, [lane.id for lane in lanes], begins, ends, now)
    taken = {row["lane_id"]: row["minutes"] for row in rows}
    ours = {lane.id for lane in calendar.lanes_for(wanted, day, now)}
    return Told(
        day=day,
        why=found.why,
        slots=found.slots,
        lanes=[LaneDay(lane, calendar.hours(lane, day), lane.id in ours, taken.get(lane.id, 0)) for lane in lanes],
    )
