"""What a booking's changes say to its citizen, and when: reminders that move with it, and one event in the calendar."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import icalendar
import pytest

from queue_service.booking import commands, confirming
from queue_service.booking.messages import send_again
from queue_service.booking.models import Appointment
from queue_service.db import Database
from queue_service.notifications.contacts import Channel
from queue_service.notifications.sender import Sender
from queue_service.notifications.smtp import SmtpChannel
from tests.booking.scene import CITY, MINUTE, RING, TIME, a_booked_office, book, it_is, means, outbox, somebody
from tests.notifications.scene import a_mail_server
from tests.support.booking import booked, free_slots
from tests.support.factories import LATER, AnOffice, a_lane
from tests.support.service import Service

DAY = timedelta(days=1)
HOUR = 60 * MINUTE


async def reminders(database: Database, of: Appointment, state: str = "pending") -> dict[str, datetime]:
    """When each is due."""
    letters = await outbox(database, "reminder_early", "reminder_day", appointment_id=of.id)
    return {letter.kind: letter.due_at for letter in letters if letter.state == state}


async def changed(database: Database, command: Any, *arguments: Any) -> Appointment:
    async with database.session() as db:
        appointment: Appointment = await command(db, *arguments)
        return appointment


async def test_people_are_reminded_two_days_before_and_on_the_day(database: Database) -> None:
    office, booking = await a_booked_office(database), means(database)
    known = await book(database, booking, office, TIME + 5 * DAY)
    assert await reminders(database, known) == {"reminder_early": TIME + 3 * DAY, "reminder_day": TIME + 5 * DAY - 3 * HOUR}


def city(day: int, hour: int, minute: int = 0) -> datetime:
    """In March 2031, on the clock of the city."""
    return datetime(2031, 3, day, hour - 3, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("starts_at", "early", "on_the_day"),
    [
        (city(17, 9), city(15, 9), city(17, 8)),  # 06:00 would be night
        (city(17, 11), city(15, 11), city(17, 8)),
        (city(17, 20, 45), city(15, 20, 45), city(17, 17, 45)),
        (city(17, 21), city(16, 8), city(17, 18)),  # two days before, 21:00 is night
        (city(17, 7), city(15, 8), None),  # nobody is woken, and a reminder after the beginning helps nobody
    ],
)
async def test_nobody_is_reminded_at_night(database: Database, starts_at: datetime, early: datetime, on_the_day: datetime | None) -> None:
    office, booking = await a_booked_office(database), means(database)
    due = await reminders(database, await book(database, booking, office, starts_at))
    assert due == {"reminder_early": early, **({"reminder_day": on_the_day} if on_the_day else {})}


async def test_who_has_just_booked_is_not_reminded_of_it(database: Database) -> None:
    office, booking = await a_booked_office(database), means(database)
    tomorrow = await book(database, booking, office, TIME + DAY)
    assert await reminders(database, tomorrow) == {"reminder_day": TIME + DAY - 3 * HOUR}
    soon = await book(database, booking, office, LATER + 2 * HOUR)
    assert await reminders(database, soon) == {}


async def test_reminders_move_with_the_booking(database: Database) -> None:
    office, booking = await a_booked_office(database), means(database)
    known = await book(database, booking, office, TIME + 5 * DAY)
    await changed(database, commands.move, booking, known.secret, TIME + 7 * DAY, LATER)
    assert await reminders(database, known) == {"reminder_early": TIME + 5 * DAY, "reminder_day": TIME + 7 * DAY - 3 * HOUR}
    assert set(await reminders(database, known, "withdrawn")) == {"reminder_early", "reminder_day"}
    for letter in await outbox(database, "reminder_early", "reminder_day", appointment_id=known.id):
        assert (letter.payload is None) == (letter.state == "withdrawn"), "nothing personal outlives its purpose"
    (change,) = await outbox(database, "change")
    assert (change.facts.old_starts_at, change.facts.starts_at) == (TIME + 5 * DAY, TIME + 7 * DAY)


async def test_a_cancelled_booking_is_not_reminded_of(database: Database) -> None:
    office, booking = await a_booked_office(database), means(database)
    known = await book(database, booking, office, TIME + 5 * DAY)
    await changed(database, commands.cancel, booking, known.secret, LATER)
    assert await reminders(database, known) == {}
    states = {letter.kind: letter.state for letter in await outbox(database, appointment_id=known.id)}
    assert states["cancellation"] == "pending"


async def test_what_was_not_sent_yet_is_overtaken_by_the_next_change(database: Database) -> None:
    """The mail server was down: one letter that says where things stand, not three that contradict each other."""
    office, booking = await a_booked_office(database), means(database)
    known = await book(database, booking, office, TIME + 5 * DAY)
    await changed(database, commands.move, booking, known.secret, TIME + 6 * DAY, LATER)
    await changed(database, commands.move, booking, known.secret, TIME + 7 * DAY, LATER)
    await changed(database, commands.cancel, booking, known.secret, LATER)
    pending = [letter.kind for letter in await outbox(database, appointment_id=known.id) if letter.state == "pending"]
    assert pending == ["cancellation"]


async def test_a_booking_without_a_contact_writes_to_nobody(database: Database) -> None:
    office, booking = await a_booked_office(database), means(database)
    place = await booking.at_id(office.id, LATER)
    held = await commands.hold(booking, place, commands.HoldWish("passport", TIME + 5 * DAY, via="staff"), LATER)
    person = confirming.Person("Анна Смирнова", None, "ru")
    async with database.session() as db:
        known = await confirming.confirm(db, booking, held.secret, person, LATER, trusted=True)
    await changed(database, commands.move, booking, known.secret, TIME + 6 * DAY, LATER)
    await changed(database, commands.cancel, booking, known.secret, LATER)
    assert await outbox(database) == []


async def test_the_confirmation_is_sent_again_at_most_once_a_minute(database: Database) -> None:
    office, booking = await a_booked_office(database), means(database)
    known = await book(database, booking, office)
    place = await booking.at_id(office.id, LATER)
    for seconds in (0, 20, 59, 60):
        async with database.session() as db:
            await send_again(db, booking, place, known, LATER + timedelta(seconds=seconds))
    assert len(await outbox(database, "confirmation", appointment_id=known.id)) == 1 + 2


@dataclass
class CalendarProgram:
    """What a person's calendar does with the files it gets (RFC 5546): a later SEQUENCE replaces, an earlier one is ignored."""

    events: dict[str, Any] = field(default_factory=dict)
    organizers: set[str] = field(default_factory=set)
    sequences: list[int] = field(default_factory=list)

    def receives(self, file: bytes) -> str:
        """The METHOD of the file."""
        calendar = icalendar.Calendar.from_ical(file)
        event: Any = calendar.walk("VEVENT")[0]
        assert len(calendar.walk("VEVENT")) == 1
        uid, sequence = str(event["UID"]), int(event["SEQUENCE"])
        self.sequences.append(sequence)
        self.organizers.add(str(event["ORGANIZER"]))
        known = self.events.get(uid)
        if known is None or sequence >= int(known["SEQUENCE"]):
            self.events[uid] = event
        return str(calendar["METHOD"])

    @property
    def event(self) -> Any:
        (event,) = self.events.values()
        return event

    def stands(self) -> tuple[datetime, datetime, str]:
        return self.event.decoded("DTSTART").astimezone(UTC), self.event.decoded("DTEND").astimezone(UTC), str(self.event["STATUS"])


def calendar_in(mail: EmailMessage) -> bytes:
    """The invitation itself, not the attached copy."""
    found = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    assert found
    payload = found[0].get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload


async def test_create_move_and_cancel_by_mail_and_by_download_are_one_event(
    service: Service, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Must hold 4."""
    office, booking = await a_booked_office(database), means(database)
    by_mail, by_download, both = CalendarProgram(), CalendarProgram(), CalendarProgram()
    methods: list[tuple[str, str]] = []
    it_is(LATER, monkeypatch)
    known = await book(database, booking, office, TIME + 5 * DAY, somebody(contact="anna@mail.ru"))
    address = f"/api/public/appointments/{known.secret}"
    with a_mail_server() as mail_server:
        channels = {Channel.EMAIL: SmtpChannel(mail_server.url + "?starttls=off", "queue@example.ru")}
        sender = Sender(database, RING, channels, now=lambda: LATER)

        async def looks_at_both() -> None:
            await sender.send_due()
            file = calendar_in(mail_server.box[-1])
            answer = await service.http.get(f"{address}/calendar.ics")
            assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
            methods.append((by_mail.receives(file), by_download.receives(answer.content)))
            both.receives(file)
            both.receives(answer.content)
            assert by_mail.stands() == by_download.stands() == both.stands()

        await looks_at_both()
        quarter = 15 * MINUTE
        assert by_mail.stands() == (TIME + 5 * DAY, TIME + 5 * DAY + quarter, "CONFIRMED")
        for number, days in enumerate((6, 7), 1):
            moved = await service.http.post(f"{address}/move", json={"starts_at": (TIME + days * DAY).isoformat()})
            assert moved.status_code == 200
            await looks_at_both()
            assert by_mail.stands() == (TIME + days * DAY, TIME + days * DAY + quarter, "CONFIRMED"), number
        assert (await service.http.post(f"{address}/cancel")).status_code == 200
        await looks_at_both()
        assert by_mail.stands() == (TIME + 7 * DAY, TIME + 7 * DAY + quarter, "CANCELLED")
        assert len(mail_server.box) == 4
        assert {mail["To"] for mail in mail_server.box} == {"anna@mail.ru"}
        for mail in mail_server.box:
            assert "Смирнова" not in calendar_in(mail).decode()
    assert methods == [("REQUEST", "PUBLISH"), ("REQUEST", "PUBLISH"), ("REQUEST", "PUBLISH"), ("CANCEL", "CANCEL")]
    assert by_mail.sequences == by_download.sequences == [0, 1, 2, 3]
    assert list(by_mail.events) == list(by_download.events) == list(both.events)


async def test_an_old_letter_that_arrives_late_does_not_bring_the_old_time_back(database: Database) -> None:
    office, booking = await a_booked_office(database), means(database)
    known = await book(database, booking, office, TIME + 5 * DAY)
    (confirmation,) = await outbox(database, "confirmation")
    await changed(database, commands.move, booking, known.secret, TIME + 6 * DAY, LATER)
    (change,) = await outbox(database, "change")
    assert confirmation.payload is not None
    assert change.payload is not None
    assert confirmation.payload.calendar is not None
    assert change.payload.calendar is not None
    assert confirmation.payload.calendar.uid == change.payload.calendar.uid
    assert confirmation.payload.calendar.sequence < change.payload.calendar.sequence


async def test_the_event_says_where_and_when_on_the_clock_of_the_office(service: Service, database: Database) -> None:
    office = await a_booked_office(database)
    known = await booked(service, office, (await free_slots(service, office))[8])
    answer = await service.http.get(f"/api/public/appointments/{known['secret']}/calendar.ics")
    calendar = icalendar.Calendar.from_ical(answer.content)
    event: Any = calendar.walk("VEVENT")[0]
    assert event["DTSTART"].params["TZID"] == CITY
    assert office.slug in event["LOCATION"]
    assert f"{known['reference'][:4]}-{known['reference'][4:]}" in event["DESCRIPTION"]
    assert str(event["URL"]) == known["url"]
    (zone,) = calendar.walk("VTIMEZONE")
    assert str(zone["TZID"]) == CITY


async def test_a_form_and_a_stranger_have_no_event(service: Service, database: Database) -> None:
    office: AnOffice = await a_booked_office(database)
    await a_lane(database, office)
    body = {"office": office.slug, "service": "passport", "starts_at": (await free_slots(service, office))[8]}
    form = (await service.http.post("/api/public/appointments", json=body)).json()
    for secret in (form["secret"], "nobody"):
        answer = await service.http.get(f"/api/public/appointments/{secret}/calendar.ics")
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_booking")
