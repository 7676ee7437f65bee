"""The citizen's view of a booking over midnight: the page must offer what the terminal accepts, to the minute."""

from datetime import UTC, datetime

import pytest

from queue_service.booking.errors import AppointmentPast
from queue_service.booking.queries import appointment_by_secret
from queue_service.db import Database
from queue_service.live.state import OfficeState
from queue_service.live.views.appointment import appointment
from queue_service.tickets.check_in import check_stands
from tests.booking.scene import MINUTE, a_booked_office, book, means, place_of

NIGHT = datetime(2031, 3, 12, 20, 45, tzinfo=UTC)
"""23:45 on the office's clock."""


@pytest.mark.parametrize(
    ("minutes", "open_", "late", "over"),
    [
        (-31, False, False, False),
        (-30, True, False, False),
        (14, True, False, False),
        (15, True, False, False),  # midnight
        (16, True, True, False),
        (120, True, True, False),
        (121, False, True, True),
    ],
)
async def test_a_booking_before_midnight_may_still_check_in_after_it(
    database: Database, minutes: int, open_: bool, late: bool, over: bool
) -> None:
    booking = means(database)
    office = await a_booked_office(database)
    known = await book(database, booking, office, NIGHT)
    now = NIGHT + minutes * MINUTE
    place = await place_of(booking, office, now)
    shown = await appointment_by_secret(database.hot, known.secret)
    view = appointment(OfficeState(1, now, place.catalogue, place.calendar, {}, (), (), (), frozenset()), shown, None)
    assert (view.check_in_open, view.late, view.day_over) == (open_, late, over)
    if over:
        with pytest.raises(AppointmentPast):
            check_stands(place, shown, now)
    else:
        check_stands(place, shown, now)


async def test_a_booking_of_the_morning_is_over_with_its_day(database: Database) -> None:
    booking = means(database)
    office = await a_booked_office(database)
    known = await book(database, booking, office)
    place = await place_of(booking, office)
    shown = await appointment_by_secret(database.hot, known.secret)
    midnight = datetime(2031, 3, 12, 21, tzinfo=UTC)
    for now, over in ((midnight - MINUTE, False), (midnight, True)):
        view = appointment(OfficeState(1, now, place.catalogue, place.calendar, {}, (), (), (), frozenset()), shown, None)
        assert (view.day_over, view.check_in_open) == (over, not over)
