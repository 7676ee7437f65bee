"""From a hold to a booking: what is refused, what is proven, and that nobody's name lies about."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from queue_service.booking import confirming
from queue_service.booking.errors import HoldExpired, NotChangeable, SamePersonTwice, WrongCode
from queue_service.booking.models import Appointment
from queue_service.db import Database
from queue_service.errors import TooManyAttempts
from tests.booking.scene import (
    MINUTE,
    SECOND,
    TIME,
    a_booked_office,
    book,
    free_at,
    hold,
    it_is,
    means,
    moment,
    outbox,
    somebody,
)
from tests.support.booking import free_slots, held
from tests.support.factories import LATER, a_service
from tests.support.service import Json, Service

ANNA = {"name": "Анна Смирнова", "contact": "anna@mail.ru"}


async def post(service: Service, secret: str, act: str, **body: Any) -> httpx.Response:
    return await service.http.post(f"/api/public/appointments/{secret}/{act}", json=body or None)


async def hold_at(service: Service, office: str, starts_at: datetime = TIME) -> Json:
    body = {"office": office, "service": "passport", "starts_at": starts_at.isoformat()}
    answer = await service.http.post("/api/public/appointments", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_a_hold_is_extended_once(service: Service, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    office = await a_booked_office(database)
    it_is(LATER, monkeypatch)
    form = await hold_at(service, office.slug)
    assert (moment(form["hold_expires_at"]), form["extendable"]) == (LATER + 5 * MINUTE, True)
    it_is(LATER + 4 * MINUTE, monkeypatch)
    longer = (await post(service, form["secret"], "extend")).json()
    assert (moment(longer["hold_expires_at"]), longer["extendable"]) == (LATER + 9 * MINUTE, False)
    refused = await post(service, form["secret"], "extend")
    assert (refused.status_code, refused.json()["code"]) == (409, "already_extended")
    it_is(LATER + 9 * MINUTE - SECOND, monkeypatch)
    assert (await post(service, form["secret"], "confirm", **ANNA)).status_code == 200


async def test_a_form_that_came_too_late_hears_of_other_times(
    service: Service, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = await a_booked_office(database)
    it_is(LATER, monkeypatch)
    form = await hold_at(service, office.slug)
    it_is(LATER + 5 * MINUTE, monkeypatch)
    for act, body in (("confirm", ANNA), ("extend", {})):
        late = await post(service, form["secret"], act, **body)
        assert (late.status_code, late.json()["code"]) == (409, "hold_expired")
        assert len(late.json()["alternatives"]) == 5
        nearest = [abs(moment(each["starts_at"]) - TIME) for each in late.json()["alternatives"]]
        assert max(nearest) <= 45 * MINUTE
    # The moment it lapses it is somebody else's, and the late form stays late.
    other = await hold_at(service, office.slug)
    assert other["secret"] != form["secret"]
    assert (await post(service, form["secret"], "confirm", **ANNA)).json()["code"] == "hold_expired"
    assert await outbox(database) == []


async def test_choosing_the_held_time_again_does_not_hold_it_longer(
    service: Service, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = await a_booked_office(database)
    it_is(LATER, monkeypatch)
    form = await hold_at(service, office.slug)
    it_is(LATER + 4 * MINUTE, monkeypatch)
    again = await post(service, form["secret"], "move", starts_at=TIME.isoformat())
    assert (again.status_code, moment(again.json()["hold_expires_at"])) == (200, LATER + 5 * MINUTE)
    other = await post(service, form["secret"], "move", starts_at=(TIME + 15 * MINUTE).isoformat())
    assert moment(other.json()["hold_expires_at"]) == LATER + 9 * MINUTE
    assert (moment(other.json()["starts_at"]), other.json()["state"]) == (TIME + 15 * MINUTE, "held")


async def test_a_lapsed_form_goes_on_with_another_time(service: Service, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    office = await a_booked_office(database)
    it_is(LATER, monkeypatch)
    form = await hold_at(service, office.slug)
    it_is(LATER + 6 * MINUTE, monkeypatch)
    other = await post(service, form["secret"], "move", starts_at=(TIME + 15 * MINUTE).isoformat())
    assert (other.status_code, other.json()["state"], other.json()["extendable"]) == (200, "held", True)
    assert (await post(service, form["secret"], "confirm", **ANNA)).status_code == 200


@pytest.mark.parametrize(
    ("name", "contact", "code"),
    [
        ("", "anna@mail.ru", "bad_name"),
        ("  \t ", "anna@mail.ru", "bad_name"),
        ("12345", "anna@mail.ru", "bad_name"),
        ("Анна\u0000", "anna@mail.ru", "bad_name"),
        ("А" * 101, "anna@mail.ru", "bad_name"),
        ("Анна", "", "bad_contact"),
        ("Анна", "anna", "bad_contact"),
        ("Анна", "anna@mail", "bad_contact"),
        ("Анна", "8 921 123-45", "bad_contact"),
        ("Анна", "anna@mail.ru\nBcc: all@mail.ru", "bad_contact"),
    ],
)
async def test_a_name_without_letters_and_a_contact_that_is_none_are_refused(
    service: Service, database: Database, name: str, contact: str, code: str
) -> None:
    office = await a_booked_office(database)
    form = await held(service, office, (await free_slots(service, office))[8])
    refused = await post(service, form["secret"], "confirm", name=name, contact=contact)
    assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert (await post(service, form["secret"], "confirm", **ANNA)).json()["state"] == "booked"


async def test_one_contact_is_the_same_however_it_is_spelt(service: Service, database: Database) -> None:
    office = await a_booked_office(database, active_limit=2)
    slots = (await free_slots(service, office))[8:20]
    for spellings in (
        ("8 (921) 123-45-67", "+7 921 123 45 67", "9211234567"),
        ("Anna@Mail.RU", " anna@mail.ru ", "ANNA@MAIL.RU"),
    ):
        answers: list[httpx.Response] = []
        for spelling in spellings:
            form = await held(service, office, slots.pop())
            answers.append(await post(service, form["secret"], "confirm", name=f"Анна {len(answers)}", contact=spelling))
        assert [answer.status_code for answer in answers] == [200, 200, 409], spellings
        assert answers[2].json()["code"] == "too_many_bookings"
    sent_to = {message.to for message in await outbox(database, "confirmation")}
    assert sent_to == {"+79211234567", "anna@mail.ru"}


async def test_confirming_again_changes_nothing(service: Service, database: Database) -> None:
    office = await a_booked_office(database)
    form = await held(service, office, (await free_slots(service, office))[8])
    first, again = [await post(service, form["secret"], "confirm", **ANNA) for _ in range(2)]
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert len(await outbox(database, "confirmation")) == 1
    stranger = await post(service, form["secret"], "confirm", name="Анна Смирнова", contact="other@mail.ru")
    assert (stranger.status_code, stranger.json()["code"]) == (409, "not_changeable")


async def test_no_name_and_no_contact_lies_in_the_database_in_clear(service: Service, database: Database) -> None:
    office = await a_booked_office(database, verify_contact=True)
    slots = await free_slots(service, office)
    for contact in ("smirnova.anna@mail.ru", "+7 921 123-45-67"):
        form = await held(service, office, slots.pop())
        assert (await post(service, form["secret"], "confirm", name="Анна Смирнова", contact=contact)).status_code == 202
        code = (await outbox(database, "code"))[-1].facts.code
        assert (await post(service, form["secret"], "verify", code=code)).status_code == 200
        joining = {"office": office.slug, "service": "passport", "name": "Анна Смирнова", "contact": contact}
        day = slots[-1][:10]
        assert (await service.http.post("/api/public/waitlist", json={**joining, "from": day, "to": day})).status_code == 201
    tables = await database.hot.fetch("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")
    rows = [await database.hot.fetch(f'SELECT each::text AS row FROM "{table["name"]}" AS each') for table in tables]
    dump = "\n".join(row["row"] for table in rows for row in table).lower()
    assert office.slug in dump, "the dump must show what is there"
    for personal in ("Смирнова", "Анна", "smirnova", "mail.ru", "9211234567", "921 123"):
        assert personal.lower() not in dump
        assert personal.encode().hex() not in dump  # as bytea shows itself
        assert personal.lower().encode().hex() not in dump


async def test_the_same_person_is_booked_once_at_a_time_in_the_whole_city(database: Database) -> None:
    booking = means(database)
    here, there = await a_booked_office(database, lanes=3, duration=30), await a_booked_office(database)
    await book(database, booking, here, TIME, somebody("Алёна  Ёлкина", "elkina@mail.ru"))
    overlapping = await hold(booking, there, TIME + 15 * MINUTE)
    for spelling in ("Алена Елкина", "АЛЁНА ЁЛКИНА", " алёна елкина "):
        with pytest.raises(SamePersonTwice):
            async with database.session() as db:
                await confirming.confirm(db, booking, overlapping.secret, somebody(spelling, "ELKINA@mail.ru"), LATER)
    # The form is still there, for the child whose mother has the telephone.
    async with database.session() as db:
        child = await confirming.confirm(db, booking, overlapping.secret, somebody("Пётр Ёлкин", "elkina@mail.ru"), LATER)
    assert child.state == "booked"
    after = await book(database, booking, there, TIME + 30 * MINUTE, somebody("Алёна Ёлкина", "elkina@mail.ru"))
    assert after.state == "booked"


async def test_a_contact_has_so_many_bookings_across_the_city_and_hears_of_them_itself(service: Service, database: Database) -> None:
    here, there = await a_booked_office(database, active_limit=2), await a_booked_office(database, active_limit=2)
    slots = (await free_slots(service, here))[8:12]
    bookings = []
    for office, slot in zip((here, there), slots, strict=False):
        form = await held(service, office, slot)
        bookings.append((await post(service, form["secret"], "confirm", **ANNA)).json())
    form = await held(service, there, slots[2])
    refusals = [await post(service, form["secret"], "confirm", **ANNA) for _ in range(2)]
    for refused in refusals:
        assert (refused.status_code, refused.json()["code"], refused.json()["limit"]) == (409, "too_many_bookings", 2)
        for known in bookings:
            assert known["secret"] not in refused.text
            assert known["reference"] not in refused.text
            assert known["starts_at"] not in refused.text
    (letter,) = await outbox(database, "links")
    assert letter.to == "anna@mail.ru"
    assert [each.link for each in letter.facts.links] == [known["url"] for known in bookings]
    await post(service, bookings[0]["secret"], "cancel")
    assert (await post(service, form["secret"], "confirm", **ANNA)).status_code == 200


async def verifying(database: Database, **rules: Any) -> tuple[Any, Any, Appointment]:
    """A form that waits for its code."""
    office, booking = await a_booked_office(database, verify_contact=True, **rules), means(database)
    return office, booking, await book(database, booking, office, person=somebody(contact="anna@mail.ru"))


async def try_code(
    database: Database, booking: Any, secret: str, code: str, now: datetime = LATER
) -> Appointment | WrongCode | TooManyAttempts:
    async with database.session() as db:
        return await confirming.verify(db, booking, secret, code, now)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


async def test_a_contact_is_proven_by_a_code_while_the_slot_is_kept(database: Database) -> None:
    office, booking, form = await verifying(database)
    assert (form.state, form.hold_expires_at) == ("unverified", LATER + 15 * MINUTE)
    (letter,) = await outbox(database)
    assert (letter.kind, letter.to, letter.facts.reference, letter.facts.link) == ("code", "anna@mail.ru", "", "")
    just_in_time = LATER + 15 * MINUTE - SECOND
    assert TIME not in await free_at(booking, office, just_in_time)
    outcome = await try_code(database, booking, form.secret, f"{letter.facts.code[:3]} {letter.facts.code[3:]}", just_in_time)
    assert isinstance(outcome, Appointment)
    assert outcome.state == "booked"
    assert [each.kind for each in await outbox(database, "confirmation")] == ["confirmation"]
    again = await try_code(database, booking, form.secret, "000000", just_in_time)
    assert isinstance(again, Appointment)


async def test_after_a_quarter_of_an_hour_the_code_proves_nothing(database: Database) -> None:
    office, booking, form = await verifying(database)
    (letter,) = await outbox(database)
    with pytest.raises(HoldExpired) as lapsed:
        await try_code(database, booking, form.secret, letter.facts.code, LATER + 15 * MINUTE)
    assert len(lapsed.value.alternatives) == 5
    assert TIME in await free_at(booking, office, LATER + 15 * MINUTE)


async def test_a_code_that_is_sent_again_leaves_the_first_one_valid(database: Database) -> None:
    _, booking, form = await verifying(database)
    async with database.session() as db:
        await confirming.resend_code(db, booking, form.secret, LATER + MINUTE)
    first, second = await outbox(database, "code")
    assert first.facts.code != second.facts.code
    outcome = await try_code(database, booking, form.secret, first.facts.code, LATER + 2 * MINUTE)
    assert isinstance(outcome, Appointment)


async def test_five_wrong_codes_are_too_many_even_before_the_right_one(database: Database) -> None:
    _, booking, form = await verifying(database)
    (letter,) = await outbox(database)
    left = []
    for _ in range(5):
        outcome = await try_code(database, booking, form.secret, wrong(letter.facts.code))
        assert isinstance(outcome, WrongCode)
        left.append(outcome.extra["attempts_left"])
    assert left == [4, 3, 2, 1, 0]
    async with database.session() as db:
        await confirming.resend_code(db, booking, form.secret, LATER)
    for message in await outbox(database, "code"):
        outcome = await try_code(database, booking, form.secret, message.facts.code)
        assert isinstance(outcome, TooManyAttempts)
        assert outcome.retry_after is not None


async def test_a_code_proves_only_the_contact_it_was_sent_to(database: Database) -> None:
    """Else one's own code would book in another person's name, and send that person our letters."""
    office, booking, form = await verifying(database)
    (letter,) = await outbox(database)
    async with database.session() as db:
        await confirming.confirm(db, booking, form.secret, somebody(contact="victim@mail.ru"), LATER)
    assert isinstance(await try_code(database, booking, form.secret, letter.facts.code), WrongCode)
    other = await book(database, booking, office, TIME + 15 * MINUTE, somebody(contact="anna@mail.ru"))
    own_code = (await outbox(database, "code"))[-1].facts.code
    async with database.session() as db:
        await confirming.remember_form(db, booking, other.secret, LATER, contact="victim@mail.ru")
    with pytest.raises(NotChangeable):
        await try_code(database, booking, other.secret, own_code)


async def test_a_wrong_code_is_told_from_a_lost_one_through_http(service: Service, database: Database) -> None:
    office = await a_booked_office(database, verify_contact=True)
    form = await held(service, office, (await free_slots(service, office))[8])
    waiting = await post(service, form["secret"], "confirm", **ANNA)
    assert (waiting.status_code, waiting.json()["state"]) == (202, "unverified")
    assert (await post(service, form["secret"], "resend")).status_code == 202
    code = (await outbox(database, "code"))[0].facts.code
    answers = [await post(service, form["secret"], "verify", code=wrong(code)) for _ in range(2)]
    assert [(answer.status_code, answer.json()["attempts_left"]) for answer in answers] == [(422, 4), (422, 3)]
    assert (await post(service, form["secret"], "verify", code=code)).json()["state"] == "booked"


async def test_an_office_that_verifies_never_says_whether_it_knows_a_contact(service: Service, database: Database) -> None:
    office = await a_booked_office(database, verify_contact=True, active_limit=1)
    slots = (await free_slots(service, office))[8:12]
    known = await held(service, office, slots[0])
    await post(service, known["secret"], "confirm", **ANNA)
    await post(service, known["secret"], "verify", code=(await outbox(database, "code"))[-1].facts.code)

    async def all_answers(contact: str) -> list[Any]:
        form = await held(service, office, slots.pop())
        said = [await post(service, form["secret"], "confirm", name="Анна Смирнова", contact=contact)]
        said.append(await post(service, form["secret"], "resend"))
        said.append(await post(service, form["secret"], "verify", code="1"))
        own = {"secret", "reference", "starts_at", "ends_at", "hold_expires_at", "url"}
        return [(each.status_code, {name: value for name, value in each.json().items() if name not in own}) for each in said]

    assert await all_answers("anna@mail.ru") == await all_answers("nobody@mail.ru")


async def test_a_proven_contact_with_too_many_bookings_gets_its_links(service: Service, database: Database) -> None:
    office = await a_booked_office(database, verify_contact=True, active_limit=1)
    slots = (await free_slots(service, office))[8:10]
    outcomes = []
    for slot in slots:
        form = await held(service, office, slot)
        await post(service, form["secret"], "confirm", **ANNA)
        outcomes.append(await post(service, form["secret"], "verify", code=(await outbox(database, "code"))[-1].facts.code))
    assert [outcome.status_code for outcome in outcomes] == [200, 409]
    assert outcomes[1].json()["code"] == "too_many_bookings"
    (letter,) = await outbox(database, "links")
    assert [each.link for each in letter.facts.links] == [outcomes[0].json()["url"]]


async def test_how_many_applications_lengthen_the_visit_only_where_they_do(service: Service, database: Database) -> None:
    office = await a_booked_office(database, a_service("passport"), per_application=10)
    slot = moment((await free_slots(service, office))[8])
    body = {"office": office.slug, "service": "passport", "starts_at": slot.isoformat(), "applications": 3}
    form = (await service.http.post("/api/public/appointments", json=body)).json()
    assert moment(form["ends_at"]) - slot == timedelta(minutes=45)  # 15 + 2 × 10, up to the grid
