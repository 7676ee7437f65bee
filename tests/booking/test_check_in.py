"""A booking becomes the hall's ticket: by whom, from when, until when, and where it then stands in the queue."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from queue_service.booking import commands
from queue_service.booking.errors import OtherDay
from queue_service.booking.models import Appointment
from queue_service.booking.rules import check_digit
from queue_service.db import Database
from queue_service.desks.call_next import call_next
from queue_service.staff.models import Role
from queue_service.tickets.check_in import check_in
from queue_service.tickets.rules import Rank
from tests.booking.scene import MINUTE, SECOND, TIME, a_booked_office, book, it_is, means, moment
from tests.support.factories import LATER, AnOffice, a_clerk, a_clerk_at, a_kiosk, a_ticket
from tests.support.service import Json, Service, bearer


async def at_kiosk(service: Service, kiosk: str, code: str, **body: Any) -> httpx.Response:
    return await service.http.post("/api/kiosk/check-ins", json={"code": code, **body}, headers=bearer(kiosk))


class Hall:
    """An office with a kiosk, at a moment of the test's choice."""

    def __init__(self, service: Service, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self.service, self.database, self._monkeypatch = service, database, monkeypatch
        self.booking = means(database)
        self.office: AnOffice
        self.kiosk: str

    async def opens(self, **what: Any) -> "Hall":
        self.office = await a_booked_office(self.database, **what)
        self.kiosk = await a_kiosk(self.database, self.office)
        return self

    async def books(self, starts_at: datetime = TIME, now: datetime = LATER, office: AnOffice | None = None) -> Appointment:
        return await book(self.database, self.booking, office or self.office, starts_at, now=now)

    async def scans(self, code: str, now: datetime) -> httpx.Response:
        it_is(now, self._monkeypatch)
        return await at_kiosk(self.service, self.kiosk, code)

    async def ticket(self, code: str, now: datetime) -> Json:
        answer = await self.scans(code, now)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())


@pytest.fixture
async def hall(service: Service, database: Database, monkeypatch: pytest.MonkeyPatch) -> Hall:
    return await Hall(service, database, monkeypatch).opens()


CYRILLIC, LATIN = str.maketrans("013", "ОІЗ"), str.maketrans("012", "OlZ")


@pytest.mark.parametrize(
    "spelt",
    [
        lambda link, secret, reference: link,
        lambda link, secret, reference: f"  {link}/\n",
        lambda link, secret, reference: f"{link}?lang=en#top",
        lambda link, secret, reference: link.replace("https://queue.example.ru", "HTTP://10.0.0.7:8000"),
        lambda link, secret, reference: secret,
        lambda link, secret, reference: reference,
        lambda link, secret, reference: f"{reference[:4]}-{reference[4:]}",
        lambda link, secret, reference: f" {reference[:4]} — {reference[4:]} ",
        lambda link, secret, reference: reference.translate(CYRILLIC),
        lambda link, secret, reference: reference.translate(CYRILLIC).lower(),
        lambda link, secret, reference: reference.translate(LATIN),
        lambda link, secret, reference: f"{reference[:4]}-{reference[4:]}".translate(LATIN).lower(),
    ],
)
async def test_whatever_is_scanned_or_typed_finds_the_booking(hall: Hall, spelt: Any) -> None:
    known = await hall.books()
    # Digits that have look-alikes, in every test and not only by luck.
    reference = "1023301" + check_digit("1023301")
    await hall.database.hot.execute("UPDATE appointment SET reference = $2 WHERE id = $1", known.id, reference)
    code = spelt(f"https://queue.example.ru/a/{known.secret}", known.secret, reference)
    assert (await hall.ticket(code, TIME))["source"] == "booked"


async def test_too_early_it_says_from_when(hall: Hall) -> None:
    known = await hall.books()
    early = await hall.scans(known.secret, TIME - 30 * MINUTE - SECOND)
    assert (early.status_code, early.json()["code"]) == (409, "check_in_too_early")
    assert early.json()["detail"] == "Отметиться можно с 13:30."
    assert (moment(early.json()["opens_at"]), moment(early.json()["starts_at"])) == (TIME - 30 * MINUTE, TIME)
    assert (await hall.ticket(known.secret, TIME - 30 * MINUTE))["source"] == "booked"


async def test_on_another_day_it_says_on_which(hall: Hall) -> None:
    known = await hall.books(TIME + timedelta(days=1))
    other = await hall.scans(known.reference, TIME)
    assert (other.status_code, other.json()["code"]) == (409, "other_day")
    assert other.json()["detail"] == "Вы записаны на 13 марта, четверг, в 14:00."
    assert moment(other.json()["starts_at"]) == known.starts_at


async def test_in_another_office_it_says_in_which_and_when(hall: Hall) -> None:
    there = await a_booked_office(hall.database)
    known = await hall.books(office=there)
    other = await hall.scans(known.secret, TIME)
    assert (other.status_code, other.json()["code"]) == (409, "other_office")
    said = other.json()
    assert (said["office"]["slug"], moment(said["starts_at"])) == (there.slug, TIME)
    for word in (there.slug, "address по-русски", "12 марта, среда, в 14:00"):
        assert word in said["detail"]


async def test_a_cancelled_booking_sends_nobody_anywhere(hall: Hall) -> None:
    there = await a_booked_office(hall.database)
    for known in (await hall.books(), await hall.books(office=there)):
        await hall.database.hot.execute("UPDATE appointment SET state = 'cancelled' WHERE id = $1", known.id)
        refused = await hall.scans(known.secret, TIME - 10 * MINUTE)
        assert (refused.status_code, refused.json()["code"]) == (409, "appointment_cancelled")


async def test_a_booking_whose_day_is_over_is_past_in_every_office(hall: Hall) -> None:
    there = await a_booked_office(hall.database)
    for known in (await hall.books(), await hall.books(office=there)):
        refused = await hall.scans(known.secret, TIME + timedelta(days=1))
        assert (refused.status_code, refused.json()["code"]) == (409, "appointment_past")


async def test_a_form_that_was_never_sent_is_no_booking(hall: Hall) -> None:
    body = {"office": hall.office.slug, "service": "passport", "starts_at": TIME.isoformat()}
    known = await hall.books(TIME + 15 * MINUTE)
    await hall.scans(known.secret, LATER)
    form = (await hall.service.http.post("/api/public/appointments", json=body)).json()
    unknown = await hall.scans(form["secret"], LATER)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_reference")


NO_BOOKINGS = ("48291351", "4829-135", "привет", "https://queue.example.ru/a/", "https://queue.example.ru/t/abc", "/a/ ", "%00", "ё" * 500)


@pytest.mark.parametrize("code", NO_BOOKINGS)
async def test_what_is_no_booking_is_unknown(hall: Hall, code: str) -> None:
    unknown = await hall.scans(code, TIME)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_reference")


async def test_twice_is_the_same_ticket(hall: Hall) -> None:
    known = await hall.books()
    first = await hall.ticket(known.secret, TIME - 10 * MINUTE)
    again = await hall.ticket(known.reference, TIME + 20 * MINUTE)
    assert (again["id"], again["number"], again["due_at"], again["late"]) == (first["id"], first["number"], first["due_at"], False)
    assert await hall.database.hot.fetchval("SELECT count(*) FROM ticket") == 1
    by_phone = await hall.service.http.post(f"/api/public/appointments/{known.secret}/check-in")
    assert (by_phone.status_code, by_phone.json()["id"]) == (201, first["id"])


async def test_within_the_grace_it_keeps_its_time(hall: Hall) -> None:
    known = await hall.books()
    made = await hall.ticket(known.secret, TIME + 15 * MINUTE)
    assert (made["source"], made["late"], moment(made["due_at"])) == ("booked", False, TIME + 15 * MINUTE)


async def test_beyond_the_grace_it_stands_in_the_common_queue_marked_late(hall: Hall) -> None:
    known = await hall.books()
    came = TIME + 15 * MINUTE + SECOND
    made = await hall.ticket(known.secret, came)
    assert (made["source"], made["late"], moment(made["due_at"])) == ("walk_in", True, came + 15 * MINUTE)
    assert moment(made["starts_at"]) == TIME
    (row,) = await hall.database.hot.fetch("SELECT due_at, rank_at, rank_from FROM ticket")
    assert tuple(row) == (came + 15 * MINUTE, came + 15 * MINUTE, came)
    assert (await hall.ticket(known.secret, came + MINUTE))["late"] is True


async def test_the_last_minute_of_the_day_is_late_enough(hall: Hall) -> None:
    """Late is never a refusal while the day lasts."""
    known = await hall.books()
    made = await hall.ticket(known.secret, datetime(2031, 3, 12, 20, 59, 59, tzinfo=UTC))
    assert made["late"] is True


@pytest.mark.parametrize(
    ("minutes", "late"),
    [(-30, False), (0, False), (15, False), (16, True), (119, True)],
)
async def test_a_booking_just_before_midnight_may_come_after_it(hall: Hall, minutes: int, late: bool) -> None:
    night = datetime(2031, 3, 12, 20, 45, tzinfo=UTC)  # 23:45 in the city
    known = await hall.books(night)
    made = await hall.ticket(known.secret, night + minutes * MINUTE)
    assert made["late"] is late


async def test_a_booking_just_after_midnight_may_come_before_it(hall: Hall) -> None:
    night = datetime(2031, 3, 12, 21, 15, tzinfo=UTC)  # 00:15 of the 13th
    known = await hall.books(night)
    too_early = await hall.scans(known.secret, night - 31 * MINUTE)
    assert too_early.json()["code"] == "other_day"
    assert (await hall.ticket(known.secret, night - 30 * MINUTE))["source"] == "booked"


async def test_the_clocks_of_the_office_are_meant_also_when_they_change(hall: Hall) -> None:
    """In Berlin the night of 2031-03-30 has no 02:00–03:00, that of 2031-10-26 has it twice."""
    await hall.opens(time_zone="Europe/Berlin", horizon=365)
    spring = datetime(2031, 3, 30, 1, 15, tzinfo=UTC)  # 03:15, an hour and a quarter after 01:00
    known = await hall.books(spring)
    early = await hall.scans(known.secret, spring - 31 * MINUTE)
    assert early.json()["detail"] == "Отметиться можно с 01:45."
    assert (await hall.ticket(known.secret, spring - 30 * MINUTE))["source"] == "booked"
    autumn = [datetime(2031, 10, 26, hour, 30, tzinfo=UTC) for hour in (0, 1)]  # 02:30 and 02:30
    for at in autumn:
        known = await hall.books(at)
        other = await hall.scans(known.secret, at - timedelta(days=1))
        assert other.json()["detail"] == "Вы записаны на 26 октября, воскресенье, в 02:30."
        assert moment(other.json()["starts_at"]) == at
        made = await hall.ticket(known.secret, at)
        assert moment(made["due_at"]) == at + 15 * MINUTE


async def test_while_the_office_is_closed_nobody_checks_in(hall: Hall) -> None:
    await hall.opens(policy={"hours": [(3, 9 * 60, 18 * 60)]})
    known = await hall.books(datetime(2031, 3, 12, 6, 0, tzinfo=UTC), now=LATER - timedelta(days=1))  # 09:00
    refused = await hall.scans(known.secret, datetime(2031, 3, 12, 5, 45, tzinfo=UTC))
    assert (refused.status_code, refused.json()["code"]) == (409, "office_closed")
    assert (await hall.ticket(known.secret, datetime(2031, 3, 12, 6, 0, tzinfo=UTC)))["source"] == "booked"


async def test_the_hall_administrator_and_the_phone_check_in_too(hall: Hall) -> None:
    administrator = await a_clerk(hall.database, hall.office, role=Role.HALL_ADMINISTRATOR)
    for_staff, for_phone = await hall.books(), await hall.books(TIME + 15 * MINUTE)
    known = await hall.books(TIME + 30 * MINUTE)
    await hall.ticket(known.secret, TIME)
    by_staff = await hall.service.desk(administrator, "check-ins", code=for_staff.reference)
    assert (by_staff.status_code, by_staff.json()["source"]) == (201, "booked")
    by_phone = await hall.service.http.post(f"/api/public/appointments/{for_phone.secret}/check-in", json={"needs": ["wheelchair"]})
    assert (by_phone.status_code, by_phone.json()["source"]) == (201, "booked")
    rows = await hall.database.hot.fetch(
        "SELECT details->>'via' AS via, (details->>'appointment')::bigint AS booked, needs"
        "  FROM ticket_event JOIN ticket ON ticket.id = ticket_id WHERE kind = 'issued' ORDER BY ticket_event.id"
    )
    assert [(row["via"], row["booked"]) for row in rows] == [("kiosk", known.id), ("staff", for_staff.id), ("phone", for_phone.id)]
    assert rows[2]["needs"] == ["wheelchair"]
    elsewhere = await a_clerk(hall.database, await a_booked_office(hall.database), role=Role.HALL_ADMINISTRATOR)
    refused = await hall.service.desk(elsewhere, "check-ins", code=for_phone.secret)
    assert refused.json()["code"] == "other_office"
    nobody = await hall.service.http.post("/api/desk/check-ins", json={"code": for_staff.reference})
    assert nobody.status_code == 401
    clerk = await a_clerk(hall.database, hall.office)
    assert (await hall.service.desk(clerk, "check-ins", code=for_staff.reference)).status_code == 403


async def test_the_bookings_page_follows_it_to_its_ticket(hall: Hall) -> None:
    known = await hall.books()
    made = await hall.ticket(known.secret, TIME)
    shown = (await hall.service.http.get(f"/api/public/appointments/{known.secret}")).json()
    assert (shown["state"], shown["ticket"]["number"]) == ("checked_in", made["number"])
    for act, body in (("cancel", None), ("move", {"starts_at": (TIME + 60 * MINUTE).isoformat()})):
        refused = await hall.service.http.post(f"/api/public/appointments/{known.secret}/{act}", json=body)
        assert (refused.status_code, refused.json()["code"]) == (409, "not_changeable"), act


async def test_a_kiosk_of_an_office_with_bookings_offers_to_check_in(hall: Hall) -> None:
    menu = (await hall.service.http.get("/api/kiosk/menu", headers=bearer(hall.kiosk))).json()
    assert menu["check_in"] is True


async def test_its_numbers_are_those_of_the_queues_discipline(hall: Hall) -> None:
    """Design §4: due = booked time + the appointment norm; rank = due − the booked head start, in force from the booked time."""
    await hall.opens(policy={"booked_head_start_minutes": 40})
    await hall.database.hot.execute("UPDATE service SET booking_norm_minutes = 5 WHERE office_id = $1", hall.office.id)
    known = await hall.books()
    await hall.ticket(known.secret, TIME - 30 * MINUTE)
    (row,) = await hall.database.hot.fetch("SELECT due_at, rank_at, rank_from, issued_at, local_date, source, late FROM ticket")
    assert tuple(row) == (TIME + 5 * MINUTE, TIME - 35 * MINUTE, TIME, TIME - 30 * MINUTE, date(2031, 3, 12), "booked", False)


def a_walk_in_due(due_at: datetime) -> dict[str, Any]:
    return {"rank": Rank(due_at, due_at, due_at - 60 * MINUTE), "issued_at": due_at - 60 * MINUTE}


async def calls(hall: Hall, desk: str, now: datetime) -> int | None:
    """Who is called to the desk; the visit ends at once."""
    catalogue = await hall.office.catalogue(hall.database, now)
    called = await call_next(hall.database.hot, catalogue, await clerk_of(hall, desk), None, now)
    if called is None:
        return None
    await hall.database.hot.execute("UPDATE ticket SET state = 'served', ended_at = $2 WHERE id = $1", called[0].id, now)
    return called[0].id


async def clerk_of(hall: Hall, desk: str) -> int:
    found = await hall.database.hot.fetchval("SELECT account_id FROM shift WHERE desk_id = $1", hall.office.desks[desk])
    return int(found) if found else (await a_clerk_at(hall.database, hall.office, desk, LATER)).account_id


async def test_a_booking_is_called_at_its_time_though_walk_ins_are_overdue(hall: Hall) -> None:
    known = await hall.books()
    made = await hall.ticket(known.secret, TIME - 20 * MINUTE)
    # With a promise of 14:15 and an hour's head start it ranks as if it had been due at 13:15.
    overdue = [await a_ticket(hall.database, hall.office, **a_walk_in_due(TIME - late * MINUTE)) for late in (10, 30, 44)]
    longest = await a_ticket(hall.database, hall.office, **a_walk_in_due(TIME - 46 * MINUTE))
    assert await calls(hall, "1", TIME) == longest, "a head start is no more than its minutes: nobody starves"
    assert await calls(hall, "1", TIME) == made["id"]
    assert [await calls(hall, "1", TIME) for _ in overdue] == overdue[::-1]


async def test_who_checks_in_early_waits_like_everybody_until_the_booked_time(hall: Hall) -> None:
    known = await hall.books()
    made = await hall.ticket(known.secret, TIME - 30 * MINUTE)
    before = TIME - SECOND
    due_sooner = await a_ticket(hall.database, hall.office, **a_walk_in_due(TIME + 14 * MINUTE))
    due_later = await a_ticket(hall.database, hall.office, **a_walk_in_due(TIME + 16 * MINUTE))
    assert await calls(hall, "1", before) == due_sooner, "due before the booking's 14:15"
    assert await calls(hall, "1", before) == made["id"], "earlier than booked only because nobody else is due before"
    assert await calls(hall, "1", before) == due_later


async def test_from_its_time_on_the_head_start_counts(hall: Hall) -> None:
    known = await hall.books()
    made = await hall.ticket(known.secret, TIME - 30 * MINUTE)
    due_sooner = await a_ticket(hall.database, hall.office, **a_walk_in_due(TIME - 20 * MINUTE))
    assert await calls(hall, "1", TIME) == made["id"]
    assert await calls(hall, "1", TIME) == due_sooner


async def test_a_late_booking_overtakes_nobody(hall: Hall) -> None:
    known = await hall.books()
    came = TIME + 20 * MINUTE
    walk_in = await a_ticket(hall.database, hall.office, **a_walk_in_due(came + 14 * MINUTE))
    made = await hall.ticket(known.secret, came)
    assert [await calls(hall, "1", came + MINUTE) for _ in range(2)] == [walk_in, made["id"]]


async def test_a_scan_that_races_with_a_move_is_before_or_after_it(hall: Hall) -> None:
    """The statement checks the time that was read: a booking moved in between is not checked in at its old time."""
    known = await hall.books()
    async with hall.database.session() as db:
        await commands.move(db, hall.booking, known.secret, TIME + timedelta(days=1), TIME - MINUTE)
        await db.flush()
        # The scanner has read the old time and now waits for the row that the move holds.
        scan = asyncio.create_task(check_in(hall.booking, hall.office.id, known.secret, ("kiosk", 1), TIME - MINUTE))
        waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%WITH appointment AS%'"
        while not await hall.database.hot.fetchval(waits):
            assert not scan.done()
            await asyncio.sleep(0.01)
    with pytest.raises(OtherDay):
        await scan
    assert await hall.database.hot.fetchval("SELECT count(*) FROM ticket") == 0
