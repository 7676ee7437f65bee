"""A city file's lanes become rows, once and again: what is new appears, what changed changes, what is gone is switched off."""

from datetime import date

from queue_service.booking.calendar import load_calendar
from queue_service.booking.rules import Channel
from queue_service.db import Database
from tests.support.factories import LATER, a_lane, an_office, booked_online


async def test_the_factories_make_what_the_calendar_reads(database: Database) -> None:
    office = await an_office(database)
    await booked_online(database, office, grid=30, verify_contact=True)
    await booked_online(database, office, duration=20)
    day = date(2031, 3, 15)
    lane = await a_lane(database, office, hours=[(1, 540, 600)], channel=Channel.HALL, exceptions=[(day, None, None)])
    catalogue = await office.catalogue(database)
    async with database.hot.acquire() as connection:
        calendar = await load_calendar(connection, catalogue, LATER)
    assert [(each.id, each.channel, each.week, each.exceptions) for each in calendar.lanes] == [
        (lane, Channel.HALL, {1: ((540, 600),)}, {day: ()})
    ]
    assert calendar.rules.verify_contact
    assert calendar.services[office.services["passport"]].duration.seconds == 20 * 60
