"""The citizen's view of one booking: when and where, from when one may check in, whether the office is late, and the ticket it became."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from queue_service.booking.queries import AppointmentNow
from queue_service.booking.rules import ON_HOLD, AppointmentState, BookingCalendar
from queue_service.live.state import OfficeState
from queue_service.text import Text
from queue_service.tickets.check_in import GRACE_OVER_MIDNIGHT
from queue_service.tickets.rules import order_key, rank_of_booked

FORESEEN = timedelta(hours=2)
"""Further ahead the present queue says nothing about an appointment."""
WORTH_TELLING_MINUTES = 10
"""Below this a delay is the ordinary coming and going."""
ROUNDED_MINUTES = 5


class TicketRef(msgspec.Struct, frozen=True):
    number: str
    secret: str


class AppointmentView(msgspec.Struct, frozen=True):
    secret: str
    reference: str
    state: str
    office: str
    office_name: Text
    address: Text
    time_zone: str
    service: str
    service_name: Text
    documents: Sequence[Text]
    starts_at: datetime
    ends_at: datetime
    applications: int
    hold_expires_at: datetime | None
    extendable: bool
    moves_left: int
    changeable: bool
    """Whether it may still be moved (while moves are left) or cancelled."""
    check_in_opens_at: datetime
    check_in_open: bool
    day_over: bool
    late: bool
    """The grace is over: who checks in now stands in the common queue."""
    delay_minutes: int | None
    """How much later than booked the call is to be expected; None when it is not, or nobody can say."""
    ticket: TicketRef | None


def is_day_over(calendar: BookingCalendar, starts_at: datetime, now: datetime) -> bool:
    """Whether nobody may check in for it any more; the same rule as `check_stands` at the terminal."""
    return calendar.today(starts_at) < calendar.today(now) and starts_at + GRACE_OVER_MIDNIGHT < now


def appointment(state: OfficeState, shown: AppointmentNow, ticket: TicketRef | None) -> AppointmentView:
    catalogue, calendar, now = state.catalogue, state.calendar, state.now
    service = catalogue.services_by_id[shown.service_id]
    opens_at = shown.starts_at - calendar.rules.check_in_opens
    booked = shown.state is AppointmentState.BOOKED
    day_over = is_day_over(calendar, shown.starts_at, now)
    return AppointmentView(
        secret=shown.secret,
        reference=shown.reference,
        state=shown.state,
        office=catalogue.slug,
        office_name=catalogue.name,
        address=catalogue.address,
        time_zone=catalogue.time_zone,
        service=service.code,
        service_name=service.name,
        documents=service.documents,
        starts_at=shown.starts_at,
        ends_at=shown.ends_at,
        applications=shown.applications,
        hold_expires_at=shown.hold_expires_at if shown.state in ON_HOLD else None,
        extendable=shown.state is AppointmentState.HELD and not shown.extended,
        moves_left=max(0, calendar.rules.moves_limit - shown.moves),
        changeable=booked and shown.starts_at > now,
        check_in_opens_at=opens_at,
        check_in_open=booked and opens_at <= now and not day_over,
        day_over=day_over,
        late=booked and now > shown.starts_at + catalogue.policy.late_grace,
        delay_minutes=_delay(state, shown) if booked else None,
        ticket=ticket,
    )


def _delay(state: OfficeState, shown: AppointmentNow) -> int | None:
    """Minutes that the present queue will keep somebody who is booked for later today, in steps of five."""
    now = state.now
    if not -state.catalogue.policy.late_grace <= shown.starts_at - now <= FORESEEN:
        return None
    service = state.catalogue.services_by_id[shown.service_id]
    rank = rank_of_booked(shown.starts_at, service.booking_norm, state.catalogue.policy.booked_head_start)
    key = order_key(rank, max(now, rank.rank_from), timedelta())
    _, wait = state.forecast.newcomer(service.id, key)
    if wait is None:
        return None
    call_at = now + timedelta(minutes=(wait.low + wait.high) / 2)
    minutes = (call_at - shown.starts_at).total_seconds() / 60
    rounded = ROUNDED_MINUTES * round(minutes / ROUNDED_MINUTES)
    return rounded if rounded >= WORTH_TELLING_MINUTES else None
