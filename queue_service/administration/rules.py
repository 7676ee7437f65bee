"""Which bookings a wanted set-up leaves without hours, as pure arithmetic on the document.

A booking stands while its own lane, as the document has it, is open for its whole time and takes its service, and the service is booked.
Nobody is moved to another lane by a change of hours: only the person chooses a new time. Refuses the clock and the tables.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from queue_service.administration.hours import said_week
from queue_service.booking.rules import BookingCalendar, Channel, LaneInfo, OfficeRules, joined
from queue_service.offices import configuration as file
from queue_service.offices.configuration import Configuration, minute_of_day
from queue_service.offices.holidays import public_holidays
from queue_service.offices.rules import ClosureDay, OpenInterval, Schedule


@dataclass(frozen=True, slots=True)
class Taken:
    """A part of a lane that somebody booked or holds."""

    appointment_id: int
    lane: str
    service: str
    starts_at: datetime
    ends_at: datetime


def standing(city: Configuration, office: file.Office | None, taken: Iterable[Taken], now: datetime) -> set[int]:
    """Ids of the appointments that keep their time in the office as the document has it; none where it has no such office."""
    if office is None:
        return set()
    calendar = _calendar(city, office, now)
    booked = set(office.booked(city.catalogue))
    takes = {name: booked if lane.services == "all" else booked & set(lane.services) for lane in office.lanes for name in lane.names()}
    infos = {lane.name: lane for lane in calendar.lanes}
    return {each.appointment_id for each in taken if each.service in takes.get(each.lane, ()) and _covers(calendar, infos[each.lane], each)}


def _calendar(city: Configuration, office: file.Office, now: datetime) -> BookingCalendar:
    lanes = [(name, lane) for lane in office.lanes for name in lane.names()]
    schedule = Schedule(
        time_zone=ZoneInfo(office.time_zone or city.city.time_zone),
        week=[OpenInterval(*each) for each in sorted(said_week(office.opening_hours))],
        closures=[ClosureDay(each.local_date, _minute(each.opens), _minute(each.closes), each.reason) for each in office.closures],
        holidays=public_holidays(office.public_holidays if isinstance(office.public_holidays, str) else None, now.year),
    )
    infos = [_lane(number, name, lane, office) for number, (name, lane) in enumerate(lanes)]
    return BookingCalendar(office_id=0, schedule=schedule, rules=OfficeRules(), services={}, lanes=infos)


def _lane(number: int, name: str, lane: file.Lane, office: file.Office) -> LaneInfo:
    week: dict[int, list[tuple[int, int]]] = {}
    for weekday, opens, closes in sorted(said_week(office.opening_hours if lane.hours is None else lane.hours)):
        week.setdefault(weekday, []).append((opens, closes))
    exceptions: dict[date, list[tuple[int, int]]] = {}
    for each in lane.exceptions:
        spans = exceptions.setdefault(each.local_date, [])
        if each.opens is not None and each.closes is not None:
            spans.append((minute_of_day(each.opens), minute_of_day(each.closes)))
    return LaneInfo(
        id=number,
        name=name,
        channel=Channel(lane.channel),
        services=frozenset(),
        week={weekday: tuple(spans) for weekday, spans in week.items()},
        exceptions={day: tuple(spans) for day, spans in exceptions.items()},
    )


def _minute(time: str | None) -> int | None:
    return None if time is None else minute_of_day(time)


def _covers(calendar: BookingCalendar, lane: LaneInfo, taken: Taken) -> bool:
    day = calendar.schedule.local_date(taken.starts_at)
    spans: Sequence[tuple[datetime, datetime]] = joined(
        span for each in (day, day + timedelta(days=1)) for span in calendar.hours(lane, each)
    )
    return any(opens <= taken.starts_at and taken.ends_at <= closes for opens, closes in spans)
