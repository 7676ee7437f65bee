"""The forms of administration: what is typed comes to stand, is refused beside its field, or meets what somebody else saved."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from queue_service.administration.editing import part
from queue_service.db import Database
from queue_service.pages.admin.forms import code_of, moved
from queue_service.staff.models import Role
from tests.pages.forms import Page, Person
from tests.support.factories import AnOffice, a_clerk, a_desk, a_kiosk, a_service, an_office
from tests.support.service import Service, eventually


@pytest.fixture
async def office(database: Database) -> AnOffice:
    return await an_office(database, a_service("passport"), a_service("advice", "В"), desks=(a_desk("1"), a_desk("2")))


@pytest.fixture
async def city(database: Database, service: Service, office: AnOffice) -> AsyncIterator[Person]:
    person = Person(service, await a_clerk(database, None, role=Role.CITY_ADMINISTRATOR))
    yield person
    await person.leaves()


@pytest.fixture
async def head(database: Database, service: Service, office: AnOffice) -> AsyncIterator[Person]:
    person = Person(service, await a_clerk(database, office, role=Role.OFFICE_HEAD))
    yield person
    await person.leaves()


async def stands(database: Database, *place: str) -> Any:
    async with database.session() as db:
        return await part(db, place)


async def audited(database: Database, act: str) -> list[dict[str, Any]]:
    return [dict(row) for row in await database.hot.fetch("SELECT * FROM audit_record WHERE act = $1 ORDER BY id", act)]


def test_a_code_is_made_of_a_name_and_never_of_one_that_is_taken() -> None:
    assert code_of("", "Единое окно № 5") == "edinoe-okno-5"
    assert code_of("Passport", taken=["passport", "passport-2"]) == "passport-3"
    assert code_of("5 !!") == "new"


def test_an_item_moves_one_place_and_not_beyond_the_end() -> None:
    items = [{"code": each} for each in "abc"]
    assert [each["code"] for each in moved(items, "code", "c", up=True)] == ["a", "c", "b"]
    assert moved(items, "code", "a", up=True) == moved(items, "code", "gone", up=False) == items


async def test_a_new_office_is_seen_by_administration_and_by_nobody_else_until_it_is_shown(
    city: Person, service: Service, database: Database
) -> None:
    where = await city.saves(
        "/admin/new-office",
        name__ru="Единое окно",
        name__en="The office",
        district__ru="Новый",
        district__en="New",
        address__ru="Дом 1",
        address__en="1 House",
    )
    assert where == "/admin/offices/the-office?saved=new"
    assert "Единое окно" in (await city.sees("/admin")).html
    listed = [each["office"]["slug"] for each in (await service.get("/api/public/offices")).json()]
    assert "the-office" not in listed
    refused = await service.get("/api/public/offices/the-office")
    assert (refused.status_code, refused.json()["detail"]) == (404, "Это отделение ещё не открыто для посетителей.")
    assert "Единое окно" not in (await service.get("/")).text
    assert [each["subject"] for each in await audited(database, "setup.changed")] == ["offices/the-office"]


async def test_a_copy_takes_over_what_the_other_office_is_but_not_its_people(city: Person, office: AnOffice, database: Database) -> None:
    await city.saves("/admin/services/passport", wait_norm_minutes="12")  # the first change writes down the city's catalogue
    await city.saves(
        "/admin/new-office", like=office.slug, slug="copy", name__ru="Копия", address__ru="Дом 2", district_of="district по-русски"
    )
    copy, source = await stands(database, "offices", "copy"), await stands(database, "offices", office.slug)
    assert copy["desks"] == source["desks"]
    assert copy["services"] == source["services"]
    assert (copy["active"], copy["name"]) == (False, {"ru": "Копия"})
    assert await database.hot.fetchval("SELECT count(*) FROM account JOIN office ON office.id = office_id WHERE slug = 'copy'") == 0


async def test_what_is_wrong_is_said_beside_its_field_and_nothing_that_was_typed_is_lost(city: Person, office: AnOffice) -> None:
    page = await city.is_refused("/admin/new-service", group="", name__ru="Справка", typical_minutes="долго", documents__0__ru="Паспорт")
    form = page.form("/admin/new-service")
    assert form.value("name.ru") == "Справка"
    assert form.value("typical_minutes") == "долго"
    assert form.value("documents.0.ru") == "Паспорт"
    assert "Приём длится, минут: " in page.complaints
    assert any("долго" in each and "минут" in each for each in page.errors), page.errors
    assert 'href="#typical_minutes"' in page.html
    assert 'aria-describedby="typical_minutes-error"' in page.html


async def test_what_is_wrong_is_said_in_english_to_who_reads_english(service: Service, database: Database, office: AnOffice) -> None:
    person = Person(service, await a_clerk(database, None, role=Role.CITY_ADMINISTRATOR), "en")
    page = await person.is_refused("/admin/services/passport", typical_minutes="0")
    await person.leaves()
    assert any(each.startswith("Expected a whole number of minutes") for each in page.errors), page.errors


async def test_a_service_is_added_with_its_documents_results_and_booking_and_moves_up(
    city: Person, office: AnOffice, database: Database
) -> None:
    letters = [each["letter"] for each in await stands(database, "catalogue", "groups")]
    group = (await stands(database, "catalogue", "groups"))[0]["code"]
    await city.saves(
        "/admin/new-service",
        None,
        group=group,
        name__ru="Справка",
        name__en="Certificate",
        typical_minutes="7",
        booked="yes",
        booking__horizon_days="14",
        documents__0__ru="Паспорт",
        documents__0__en="Passport",
        results__0__name__ru="Выдано",
    )
    made = await stands(database, "catalogue", "services", "certificate")
    assert (made["typical_minutes"], made["documents"], made["chain"]) == (7, [{"ru": "Паспорт", "en": "Passport"}], [])
    assert made["booking"]["horizon_days"] == 14
    assert made["results"] == [{"code": "vydano", "name": {"ru": "Выдано"}}]
    assert "А" in letters
    order = [each["code"] for each in await stands(database, "catalogue", "services") if each["group"] == group]
    assert order[-1] == "certificate"
    await city.saves("/admin/services", "/admin/services/certificate/move", way="up")
    order = [each["code"] for each in await stands(database, "catalogue", "services") if each["group"] == group]
    assert order[-2] == "certificate"


async def test_a_letter_is_taken_once(city: Person, office: AnOffice) -> None:
    page = await city.is_refused("/admin/new-group", name__ru="Ещё", letter="А")
    assert page.form("/admin/new-group").value("name.ru") == "Ещё"
    assert page.errors or "уже есть" in page.html


async def test_an_office_gives_a_service_its_own_way_and_then_as_the_city_again(
    city: Person, head: Person, office: AnOffice, database: Database
) -> None:
    await city.saves("/admin/services/passport", wait_norm_minutes="12")
    path = f"/admin/offices/{office.slug}/services/passport"
    await head.saves(path, typical_minutes="25", limit="own", daily_limit="40", **{"desk.2": "help"})
    given = await stands(database, "offices", office.slug, "services", "passport")
    assert given["override"]["typical_minutes"] == 25
    assert given["override"]["daily_limit"] == 40
    assert (given["desks"], given["help_out"]) == (["1"], ["2"])
    typical = "SELECT typical_minutes FROM service WHERE id = $1"
    assert await database.hot.fetchval(typical, office.services["passport"]) == 25
    await head.saves(path, typical_minutes="", limit="city")
    assert not (await stands(database, "offices", office.slug, "services", "passport"))["override"]


async def test_the_table_of_who_takes_what_keeps_what_others_changed_and_this_person_did_not_touch(
    city: Person, head: Person, office: AnOffice, database: Database
) -> None:
    path = f"/admin/offices/{office.slug}/desks"
    before = await city.sees(path)
    await head.saves(path, **{"cell.2.advice": ""})
    answer = await city.sends(before, path, **{"cell.1.passport": "help"})
    assert answer.status_code == 303
    desks = {each["number"]: each for each in await stands(database, "offices", office.slug, "desks")}
    assert desks["1"]["help_out"] == ["passport"]
    assert "advice" not in desks["2"]["services"]


async def test_the_same_cell_changed_twice_is_told_and_saved_by_the_second_press(city: Person, head: Person, office: AnOffice) -> None:
    path = f"/admin/offices/{office.slug}/desks"
    before = await city.sees(path)
    await head.saves(path, **{"cell.2.advice": ""})
    answer = await city.sends(before, path, **{"cell.2.advice": "help"})
    assert answer.status_code == 409
    page = Page(answer.text)
    assert "Пока вы писали, это изменили" in page.html
    assert page.form(path).value("cell.2.advice") == "help"
    assert (await city.sends(page, path)).status_code == 303


async def test_the_later_of_two_is_told_what_changed_and_may_save_again(
    city: Person, head: Person, office: AnOffice, database: Database
) -> None:
    path = f"/admin/offices/{office.slug}/settings"
    mine = await city.sees(path)
    await head.saves(path, phone="+7 812 111-11-11")
    answer = await city.sends(mine, path, phone="+7 812 222-22-22")
    assert answer.status_code == 409
    page = Page(answer.text)
    assert "+7 812 111-11-11" in page.html
    assert page.form(path).value("phone") == "+7 812 222-22-22"
    assert (await city.sends(page, path)).status_code == 303
    assert (await stands(database, "offices", office.slug))["phone"] == "+7 812 222-22-22"


async def test_different_fields_of_one_form_do_not_collide(city: Person, head: Person, office: AnOffice, database: Database) -> None:
    path = f"/admin/offices/{office.slug}/settings"
    mine = await city.sees(path)
    await head.saves(path, phone="+7 812 111-11-11")
    assert (await city.sends(mine, path, address__ru="Новый адрес")).status_code == 303
    office_now = await stands(database, "offices", office.slug)
    assert (office_now["phone"], office_now["address"]["ru"]) == ("+7 812 111-11-11", "Новый адрес")


async def test_a_desk_is_made_and_switched_off_and_comes_back_with_its_number(head: Person, office: AnOffice, database: Database) -> None:
    home = f"/admin/offices/{office.slug}"
    await head.saves(f"{home}/new-zone", name__ru="Второй этаж")
    await head.saves(f"{home}/new-desk", number="7", place__ru="слева", zone="vtoroy-etazh", **{"takes.passport": "own"})
    assert (await stands(database, "offices", office.slug, "desks", "7"))["zone"] == "vtoroy-etazh"
    assert await head.saves(f"{home}/desks/7", None, do="off") == f"{home}/desks?saved=off"
    assert await database.hot.fetchval("SELECT active FROM desk WHERE office_id = $1 AND number = '7'", office.id) is False
    await head.sees(f"{home}/desks/7", 404)
    await head.saves(f"{home}/new-desk", number="7", **{"takes.advice": "own"})
    assert await database.hot.fetchval("SELECT count(*) FROM desk WHERE office_id = $1 AND number = '7'", office.id) == 1


async def test_a_desk_number_that_is_there_is_refused(head: Person, office: AnOffice) -> None:
    page = await head.is_refused(f"/admin/offices/{office.slug}/new-desk", number="1", **{"takes.passport": "own"})
    assert "Такое уже есть." in page.errors


async def test_a_privilege_ends_by_its_last_day_and_takes_its_place(city: Person, office: AnOffice, database: Database) -> None:
    for name in ("Первая", "Вторая"):
        await city.saves("/admin/new-privilege", name__ru=name, basis="Закон", document__ru="Удостоверение")
    await city.saves("/admin/privileges", "/admin/privileges/vtoraya/move", way="up")
    assert [each["code"] for each in await stands(database, "privileges")] == ["vtoraya", "pervaya"]
    await city.saves("/admin/privileges/pervaya", valid_to="2020-01-01")
    assert "больше не действует" in (await city.sees("/admin/privileges")).html
    page = await city.is_refused("/admin/privileges/vtoraya", valid_from="2030-01-01", valid_to="2029-01-01")
    assert page.errors


async def test_a_district_is_renamed_for_all_of_its_offices(city: Person, office: AnOffice, database: Database) -> None:
    other = await an_office(database)
    page = await city.sees("/admin/districts")
    index = json.loads(page.form("/admin/districts").value("seen")).index((await stands(database, "offices", office.slug))["district"])
    await city.saves("/admin/districts", None, **{f"districts.{index}.ru": "Центр", f"districts.{index}.en": "Centre"})
    assert {(await stands(database, "offices", each.slug))["district"]["ru"] for each in (office, other)} == {"Центр"}


async def test_the_ticker_is_ordered_by_its_numbers_and_a_notice_goes_before_it(head: Person, office: AnOffice, database: Database) -> None:
    path = f"/admin/offices/{office.slug}/notices"
    await head.saves(path, None, **{"ticker.0.ru": "Вторая", "ticker.0.order": "2", "ticker.1.ru": "Первая", "ticker.1.order": "1"})
    assert [each["ru"] for each in (await stands(database, "offices", office.slug))["ticker"]] == ["Первая", "Вторая"]
    await head.saves(path, f"{path}/new", sentence__ru="Лифт не работает", minutes="60")
    page = await head.sees(path)
    shown = [page.html.index(f"<li>{each}</li>") for each in ("Лифт не работает", "Первая", "Вторая")]
    assert shown == sorted(shown)
    assert len(await audited(database, "notice.written")) == 1
    taken = next(each.action for each in page.forms if each.action.endswith("/remove"))
    await head.saves(path, taken)
    assert "Лифт не работает" not in (await head.sees(path)).html
    refused = await head.is_refused(path, f"{path}/new", sentence__ru="", minutes="60")
    assert refused.errors


async def test_an_offices_note_is_on_the_ticket_and_the_phone_and_the_citys_where_it_says_nothing(
    city: Person, head: Person, office: AnOffice, database: Database, service: Service
) -> None:
    kiosk = await a_kiosk(database, office)

    async def with_the_citys_note() -> bool:
        return bool((await service.taken(kiosk))["note"] == {"ru": "Ждём вас"})

    await city.saves("/admin/texts/ticket-note", None, **{"sentence.ru": "Ждём вас"})
    await eventually(with_the_citys_note)
    path = f"/admin/offices/{office.slug}/texts/ticket-note"
    await head.saves(path, None, **{"sentence.ru": "Талон {number} ждёт"})

    async def with_the_offices_note() -> Any:
        ticket = await service.taken(kiosk)
        return ticket if ticket["note"] == {"ru": f"Талон {ticket['number']} ждёт"} else None

    ticket = await eventually(with_the_offices_note)  # the service hears of a change a moment later
    assert f"Талон {ticket['number']} ждёт" in (await service.get(f"/t/{ticket['secret']}")).text
    await head.saves(path, None, **{"sentence.ru": ""})
    await eventually(with_the_citys_note)


async def test_a_text_with_a_field_that_is_not_there_is_refused_and_a_good_one_is_shown_before_it_is_saved(
    head: Person, office: AnOffice, database: Database
) -> None:
    path = f"/admin/offices/{office.slug}/texts/message-confirmation"
    page = await head.is_refused(path, None, **{"sentence.ru": "Код {secret}"})
    assert page.errors == ["Поля {secret} здесь нет. Можно: {office} {address} {phone} {service} {date} {time} {reference}."]
    answer = await head.sends(await head.sees(path), path, do="show", **{"sentence.ru": "Ждём к {time} <b>точно</b>"})
    assert "Ждём к 14:30 &lt;b&gt;точно&lt;/b&gt;" in answer.text
    assert await stands(database, "offices", office.slug, "texts", "message-confirmation") is None


async def test_the_other_rules_of_an_office_are_saved_together_or_not_at_all(head: Person, office: AnOffice, database: Database) -> None:
    path = f"/admin/offices/{office.slug}/rules"
    await head.saves(
        path,
        None,
        hold_minutes="10",
        retention_days="14",
        accessible_needs=["wheelchair", "hearing"],
        **{"postpone_reasons.0.name.ru": "Обед"},
    )
    now = await stands(database, "offices", office.slug)
    assert (now["booking"]["hold_minutes"], now["retention_days"]) == (10, 14)
    assert now["policy"]["accessible_needs"] == ["wheelchair", "hearing"]
    assert now["policy"]["postpone_reasons"] == [{"code": "obed", "name": {"ru": "Обед"}}]
    page = await head.is_refused(path, None, hold_minutes="20", retention_days="0")
    assert page.form(path).value("hold_minutes") == "20"
    assert (await stands(database, "offices", office.slug))["booking"]["hold_minutes"] == 10


async def test_the_rules_of_the_queue_are_changed_from_the_city_too_and_leave_two_records(
    city: Person, office: AnOffice, database: Database
) -> None:
    path = f"/admin/offices/{office.slug}/policy"
    shown = await city.sends(await city.sees(path), path, do="show", late_grace_minutes="20")
    assert shown.status_code == 200
    saved = await city.sends(Page(shown.text), path, do="save")
    assert saved.headers["location"] == f"{path}?saved=1"
    assert await database.hot.fetchval("SELECT late_grace_minutes FROM office WHERE id = $1", office.id) == 20
    assert [(each["before"], each["after"]) for each in await audited(database, "policy.changed")] == [
        ({"late_grace_minutes": 15}, {"late_grace_minutes": 20})
    ]
    assert await database.hot.fetchval("SELECT count(*) FROM policy_change") == 1


async def test_a_head_is_led_to_the_own_office_and_reads_the_citys_lists_without_buttons(head: Person, office: AnOffice) -> None:
    page = await head.sees("/admin", 303)
    assert page.html == ""
    for path in ("/admin/services/passport", "/admin/texts/ticket-note"):
        assert 'type="submit"' not in (await head.sees(path)).html.split("</header>", 1)[1]
    await head.sees("/admin/new-office", 403)


async def test_an_auditor_sees_every_form_locked(service: Service, database: Database, office: AnOffice) -> None:
    person = Person(service, await a_clerk(database, None, role=Role.AUDITOR))
    for path in ("", "/settings", "/desks", "/desks/1", "/services/passport", "/notices", "/texts/ticket-note"):
        page = await person.sees(f"/admin/offices/{office.slug}{path}")
        assert 'type="submit">Сохранить' not in page.html
    await person.leaves()


async def test_the_display_says_the_offices_words_when_it_is_closed(database: Database, service: Service, city: Person) -> None:
    closed = await an_office(database, hours=())
    await city.saves(f"/admin/offices/{closed.slug}/texts/display-closed", None, **{"sentence.ru": "Приходите завтра"})

    async def said() -> bool:
        board = (await service.get(f"/api/public/offices/{closed.slug}/board")).json()
        return bool(board["open"]["sentence"] == {"ru": "Приходите завтра"})

    await eventually(said)  # the service hears of a change a moment later


async def test_what_was_left_empty_is_asked_for_by_its_name(city: Person, office: AnOffice) -> None:
    page = await city.is_refused("/admin/new-office", name__ru="Проба", district_of="district по-русски")
    assert "Адрес, по-русски: Заполните это поле." in page.complaints
    assert page.errors == ["Заполните это поле."]
