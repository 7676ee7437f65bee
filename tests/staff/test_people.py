"""Managing people: invitations, resets, roles, switching off; never another office's, and never beyond one's own place."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from queue_service.audit.journal import Actor
from queue_service.db import Database
from queue_service.staff.errors import InvitationOver, LastAdministrator
from queue_service.staff.invitations import LIFE, accept_invitation, look_at_invitation, make_invitation
from queue_service.staff.models import InvitationKind, Role
from queue_service.staff.people import Manager, PersonAct, act_on
from queue_service.staff.rules import Place
from queue_service.staff.sign_in import Opened
from tests.staff.scene import GOOD_PASSWORD, Somebody, a_guarded_clerk, a_person, acts, link_in
from tests.support.factories import LATER, PASSWORD, AClerk, AnOffice, a_clerk, an_office
from tests.support.service import Service, bearer, eventually

ACCOUNTS = "/api/admin/accounts"


@pytest.fixture
async def office(database: Database) -> AnOffice:
    return await an_office(database)


@pytest.fixture
async def head(database: Database, office: AnOffice) -> AClerk:
    return await a_clerk(database, office, role=Role.OFFICE_HEAD)


@pytest.fixture
async def city(database: Database) -> AClerk:
    return await a_clerk(database, None, role=Role.CITY_ADMINISTRATOR)


async def asks(service: Service, who: AClerk, path: str = "", **body: Any) -> httpx.Response:
    return await service.http.post(f"{ACCOUNTS}{path}", json=body, headers=bearer(who.token))


async def does(service: Service, who: AClerk, act: PersonAct, person: AClerk) -> httpx.Response:
    return await asks(service, who, f"/{person.account_id}/acts", act=act.value)


def token_in(link: str) -> str:
    return link.rsplit("/", 1)[1]


async def test_an_invited_person_chooses_a_password_and_is_in(service: Service, database: Database, office: AnOffice, head: AClerk) -> None:
    invited = await asks(service, head, login=" New.Clerk ", name="Новикова  Ольга", role="clerk", office=office.slug)
    assert invited.status_code == 201, invited.text
    link = invited.json()["link"]
    assert link.startswith(f"{service.base_url}/invitation/")
    assert token_in(link) not in str(await database.hot.fetch("SELECT invitation::text, encode(token_hash, 'escape') FROM invitation"))
    async with a_person(service) as person:
        page = await person.sees(link_in(link))
        assert "Новикова Ольга" in page
        assert "new.clerk" in page
        assert "Пароль короче 10" in (await person.sends(link_in(link), password="x", again="x")).text
        assert "Ваше имя" in (await person.sends(link_in(link), password="Новикова2026", again="Новикова2026")).text
        assert (await person.sends(link_in(link), password=GOOD_PASSWORD, again="x")).status_code == 422
        done = await person.sends(link_in(link), password=GOOD_PASSWORD, again=GOOD_PASSWORD)
        assert (done.status_code, done.headers["location"]) == (303, "/desk")
        await person.sees("/desk")
    async with a_person(service) as person:
        over = await person.http.get(link_in(link))
        assert over.status_code == 404
        assert "Эта ссылка больше не действует" in over.text
        assert (await person.signs_in("new.clerk", GOOD_PASSWORD)).status_code == 303
    assert await acts(database, invited.json()["id"]) == ["account.invited", "account.password_chosen", "session.opened", "session.opened"]


async def test_of_two_who_use_a_link_at_once_one_gets_the_account(database: Database, office: AnOffice) -> None:
    clerk = await a_clerk(database, office)
    async with database.session() as db:
        token = await make_invitation(db, clerk.account_id, InvitationKind.INVITATION, Actor("head"), LATER)

    async def accept(password: str) -> None:
        async with database.session() as db:
            await accept_invitation(db, token, password, None, LATER)

    passwords = [f"{GOOD_PASSWORD} {number}" for number in ("раз", "два", "три", "сто")]
    outcomes = await asyncio.gather(*(accept(each) for each in passwords), return_exceptions=True)
    assert [each for each in outcomes if each is not None and not isinstance(each, InvitationOver)] == []
    (winner,) = [password for password, outcome in zip(passwords, outcomes, strict=True) if outcome is None]
    assert isinstance(await Somebody(database).try_(clerk.login, winner), Opened)


@pytest.mark.parametrize("kind", list(InvitationKind))
async def test_a_link_ends_by_time_by_a_newer_one_and_with_the_account(database: Database, office: AnOffice, kind: InvitationKind) -> None:
    clerk = await a_clerk(database, office)

    async def made() -> str:
        async with database.session() as db:
            return await make_invitation(db, clerk.account_id, kind, Actor("head"), LATER)

    async def works(token: str, after: timedelta = timedelta()) -> bool:
        async with database.session() as db:
            try:
                return (await look_at_invitation(db, token, LATER + after)).kind is kind
            except InvitationOver:
                return False

    first = await made()
    assert await works(first, LIFE[kind] - timedelta(seconds=1))
    assert not await works(first, LIFE[kind])
    second = await made()
    assert (await works(first), await works(second), await works("x")) == (False, True, False)
    await database.hot.execute("UPDATE account SET active = false")
    assert not await works(second)


async def test_a_reset_stops_the_old_password_and_every_session_and_keeps_the_second_factor(
    service: Service, database: Database, office: AnOffice, head: AClerk
) -> None:
    phone = await a_guarded_clerk(database, office)
    clerk = phone.clerk
    assert (await service.get("/api/desk/queue", clerk.token)).status_code == 200
    reset = await does(service, head, PersonAct.RESET_PASSWORD, clerk)
    assert reset.status_code == 200
    async with a_person(service, clerk.token) as person:
        assert (await person.http.get("/desk")).status_code == 303, "signed out at once"
        assert (await person.signs_in(clerk.login)).status_code == 400
        person.http.cookies.clear()
        chosen = await person.sends(link_in(reset.json()["link"]), password=GOOD_PASSWORD, again=GOOD_PASSWORD)
        assert chosen.headers["location"] == "/desk/login/code", "the link replaces the password, not the code"
        assert "queue_session" not in person.http.cookies
        assert (await person.sends("/desk/login/code", otp=phone.code())).headers["location"] == "/desk"
    assert "account.password_reset" in await acts(database, clerk.account_id)


async def test_a_second_factor_is_reset_for_a_lost_phone(service: Service, database: Database, office: AnOffice, head: AClerk) -> None:
    phone = await a_guarded_clerk(database, office)
    assert (await does(service, head, PersonAct.RESET_SECOND_FACTOR, phone.clerk)).status_code == 200
    assert (await does(service, head, PersonAct.RESET_SECOND_FACTOR, phone.clerk)).json()["code"] == "factor_missing"
    assert isinstance(await Somebody(database).try_(phone.clerk.login), Opened)
    assert await database.hot.fetchval("SELECT count(*) FROM recovery_code") == 0


async def test_who_is_switched_off_is_out_until_switched_on(service: Service, database: Database, office: AnOffice, head: AClerk) -> None:
    clerk = await a_clerk(database, office)
    assert (await does(service, head, PersonAct.SWITCH_OFF, clerk)).status_code == 200
    assert (await service.get("/api/desk/queue", clerk.token)).status_code == 401
    async with a_person(service) as person:
        assert (await person.signs_in(clerk.login)).status_code == 400
        await does(service, head, PersonAct.SWITCH_ON, clerk)
        assert (await person.signs_in(clerk.login)).status_code == 303
    await does(service, head, PersonAct.SWITCH_ON, clerk)
    words = [word for word in await acts(database, clerk.account_id) if word.startswith("account.")]
    assert words == ["account.switched_off", "account.switched_on"], "what changes nothing is no act"


async def test_another_offices_people_are_not_even_there(service: Service, database: Database, head: AClerk) -> None:
    elsewhere = await an_office(database)
    stranger = await a_clerk(database, elsewhere)
    before = await database.hot.fetchval("SELECT account::text FROM account WHERE id = $1", stranger.account_id)
    answers = [await does(service, head, act, stranger) for act in PersonAct]
    seen = {"name": stranger.name, "role": "clerk", "office": elsewhere.slug}
    answers.append(await asks(service, head, f"/{stranger.account_id}/change", name="Х", role="clerk", office=elsewhere.slug, seen=seen))
    answers.append(await service.get(f"{ACCOUNTS}/{stranger.account_id}", head.token))
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(404, "not_found")}
    cookie = {"Cookie": f"queue_session={head.token}", "X-CSRF-Token": head.csrf}
    assert (await service.http.get(f"/admin/staff/{stranger.account_id}", headers=cookie)).status_code == 404
    act = {"act": "switch_off"}
    assert (await service.http.post(f"/admin/staff/{stranger.account_id}/acts", data=act, headers=cookie)).status_code == 404
    assert await database.hot.fetchval("SELECT account::text FROM account WHERE id = $1", stranger.account_id) == before
    assert (await service.get("/api/desk/queue", stranger.token)).status_code == 200
    listed = (await service.get(ACCOUNTS, head.token, active="true")).json()["accounts"]
    assert [each["login"] for each in listed] == [head.login]
    by_office = (await service.get(ACCOUNTS, head.token, office=elsewhere.slug)).json()["accounts"]
    assert by_office == []
    page = (await service.http.post("/admin/staff", data={"active": "all"}, headers=cookie)).text
    assert stranger.login not in page
    assert head.login in page


async def test_people_are_found_by_name_without_the_name_in_an_address(
    service: Service, database: Database, office: AnOffice, head: AClerk
) -> None:
    await database.hot.execute(
        "INSERT INTO account (login, name, role, office_id, active)"
        " SELECT 'many.' || n, 'Иванова ' || to_char(n, 'FM000'), 'clerk', $1, true FROM generate_series(1, 60) AS n",
        office.id,
    )
    form = {"search": "иванова", "role": "clerk", "active": "all"}
    async with a_person(service, head.token) as person:
        first = (await person.sends("/admin/staff", **form)).text
        assert (first.count("data-login="), "Иванова 050" in first, "Иванова 051" in first) == (50, True, False)
        assert f'data-login="{head.login}"' not in first
        # The next page asks for the same, and knows its number.
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', first.split("<nav")[-1]))
        pressed = re.findall(r'<button[^>]* name="page" value="(\d+)"', first)
        assert ({name: hidden[name] for name in form}, pressed) == (form, ["2"])
        second = (await person.sends("/admin/staff", **form, page="2")).text
        assert (second.count("data-login="), "Иванова 051" in second, "Иванова 050" in second) == (10, True, False)
        for odd in ("0", "-1", "²", "9" * 30):
            assert "Иванова 050" in (await person.sends("/admin/staff", **form, page=odd)).text, odd
        assert "Никого не нашлось" in (await person.sends("/admin/staff", search="\0%_")).text
        assert "Иванова 050" in await person.sees("/admin/staff?search=никто"), "the address narrows nothing"
    found = await asks(service, head, "/search", search="ИВАНОВА 06", active=False)
    assert found.json() == {"accounts": [], "more": False}
    found = await asks(service, head, "/search", search="ИВАНОВА 06")
    assert [each["name"] for each in found.json()["accounts"]] == ["Иванова 060"]


async def test_a_head_raises_nobody_and_sends_nobody_away(service: Service, database: Database, office: AnOffice, head: AClerk) -> None:
    clerk, other_head = await a_clerk(database, office), await a_clerk(database, office, role=Role.OFFICE_HEAD)
    elsewhere = await an_office(database)
    seen = {"name": clerk.name, "role": "clerk", "office": office.slug}

    async def change(person: AClerk, role: str, where: str | None, was: dict[str, Any]) -> str:
        answer = await asks(service, head, f"/{person.account_id}/change", name="Х", role=role, office=where, seen=was)
        return str(answer.json()["code"]) if answer.status_code != 204 else "done"

    assert await change(clerk, "office_head", office.slug, seen) == "not_yours"
    assert await change(clerk, "city_administrator", None, seen) == "not_yours"
    assert await change(clerk, "clerk", elsewhere.slug, seen) == "not_yours"
    assert (
        await change(other_head, "clerk", office.slug, {"name": other_head.name, "role": "office_head", "office": office.slug})
        == "not_yours"
    )
    assert (await does(service, head, PersonAct.RESET_PASSWORD, other_head)).json()["code"] == "not_yours"
    for role, where in (("office_head", office.slug), ("clerk", elsewhere.slug), ("auditor", None), ("city_administrator", None)):
        assert (await asks(service, head, login="raised", name="Х", role=role, office=where)).json()["code"] == "not_yours"
    assert (await asks(service, head, login="raised", name="Х", role="clerk", office="no-such")).json()["code"] == "bad_person"
    assert await database.hot.fetchval("SELECT count(*) FROM account WHERE login = 'raised'") == 0
    assert await change(clerk, "hall_administrator", office.slug, seen) == "done"


async def test_nobody_changes_their_own_place(service: Service, database: Database, city: AClerk) -> None:
    await a_clerk(database, None, role=Role.CITY_ADMINISTRATOR)
    for act in (PersonAct.SWITCH_OFF, PersonAct.RESET_PASSWORD, PersonAct.RESET_SECOND_FACTOR):
        assert (await does(service, city, act, city)).json()["code"] == "own_account"
    seen = {"name": city.name, "role": "city_administrator", "office": None}
    lowered = await asks(service, city, f"/{city.account_id}/change", name=city.name, role="auditor", seen=seen)
    assert lowered.json()["code"] == "own_account"
    renamed = await asks(service, city, f"/{city.account_id}/change", name="Другая Фамилия", role="city_administrator", seen=seen)
    assert renamed.status_code == 204


async def test_of_two_administrators_who_switch_each_other_off_at_once_one_stays(database: Database) -> None:
    first, second = [await a_clerk(database, None, role=Role.CITY_ADMINISTRATOR) for _ in range(2)]

    async def switch_off(by: AClerk, whom: AClerk) -> None:
        manager = Manager(Place(by.account_id, Role.CITY_ADMINISTRATOR, None), Actor(by.login, by.account_id))
        async with database.session() as db:
            await act_on(db, manager, whom.account_id, PersonAct.SWITCH_OFF, LATER)

    outcomes = await asyncio.gather(switch_off(first, second), switch_off(second, first), return_exceptions=True)
    assert sorted(type(each).__name__ for each in outcomes) == ["LastAdministrator", "NoneType"]
    assert await database.hot.fetchval("SELECT count(*) FROM account WHERE active") == 1
    assert issubclass(LastAdministrator, Exception)


async def test_who_saves_later_is_told_what_changed(
    service: Service, database: Database, office: AnOffice, head: AClerk, city: AClerk
) -> None:
    clerk = await a_clerk(database, office)
    seen = {"name": clerk.name, "role": "clerk", "office": office.slug}
    path = f"/{clerk.account_id}/change"
    first = await asks(service, head, path, name=clerk.name, role="hall_administrator", office=office.slug, seen=seen)
    assert first.status_code == 204
    later = await asks(service, city, path, name="Другое Имя", role="clerk", office=office.slug, seen=seen)
    assert (later.status_code, later.json()["code"]) == (409, "account_moved")
    assert later.json()["changed"] == {"role": {"seen": "clerk", "now": "hall_administrator"}}
    form = {"name": "Другое Имя", "role": "clerk", "office": str(office.id), "seen_role": "clerk", "seen_office": str(office.id)}
    headers = {"Cookie": f"queue_session={city.token}", "X-CSRF-Token": city.csrf}
    page = await service.http.post(f"/admin/staff/{clerk.account_id}", data={**form, "seen_name": clerk.name}, headers=headers)
    assert page.status_code == 409
    assert "Пока вы писали, это изменили" in page.text
    assert 'value="Другое Имя"' in page.text, "what was typed is kept"
    assert 'name="seen_role" value="hall_administrator"' in page.text, "and can be saved now"
    assert await database.hot.fetchval("SELECT name FROM account WHERE id = $1", clerk.account_id) == clerk.name


async def test_a_new_role_is_known_at_once(service: Service, database: Database, office: AnOffice, head: AClerk) -> None:
    clerk = await a_clerk(database, office)
    assert (await service.get("/api/desk/hall", clerk.token)).status_code == 403
    seen = {"name": clerk.name, "role": "clerk", "office": office.slug}
    change = {"name": clerk.name, "role": "hall_administrator", "office": office.slug, "seen": seen}
    assert (await asks(service, head, f"/{clerk.account_id}/change", **change)).status_code == 204

    async def known() -> bool:
        return (await service.get("/api/desk/hall", clerk.token)).status_code == 200

    await eventually(known)


async def test_a_login_is_given_once(service: Service, office: AnOffice, head: AClerk) -> None:
    answer = await asks(service, head, login=head.login.upper(), name="Двойник", role="clerk", office=office.slug)
    assert (answer.status_code, answer.json()["code"]) == (409, "login_taken")
    both = await asyncio.gather(*(asks(service, head, login="same", name="Х", role="clerk", office=office.slug) for _ in range(2)))
    assert sorted(each.status_code for each in both) == [201, 409]


async def test_the_list_is_searched_and_says_no_more_than_it_should(
    service: Service, database: Database, office: AnOffice, city: AClerk
) -> None:
    phone = await a_guarded_clerk(database, office, role=Role.HALL_ADMINISTRATOR)
    await a_clerk(database, office, active=False)

    async def found(**wish: str) -> list[str]:
        answer = await service.get(ACCOUNTS, city.token, **wish)
        assert answer.status_code == 200, answer.text
        return [each["login"] for each in answer.json()["accounts"]]

    assert len(await found()) == 3
    for typed, logins in ((phone.clerk.login.upper(), [phone.clerk.login]), ("%", [])):
        answer = await asks(service, city, "/search", search=typed)
        assert [each["login"] for each in answer.json()["accounts"]] == logins
    assert await found(role="hall_administrator") == [phone.clerk.login]
    assert len(await found(active="false")) == 1
    assert await found(office="no-such") == []
    assert await found(page="2") == []
    shown = (await service.get(f"{ACCOUNTS}/{phone.clerk.account_id}", city.token)).json()
    assert shown["second_factor"] is True
    assert shown["invited"] is False
    assert shown["last_sign_in"] is None
    assert not {"password_hash", "totp_sealed"} & set(shown)
    async with a_person(service) as person:
        await person.signs_in(phone.clerk.login)
        await person.sends("/desk/login/code", otp=phone.code())
    seen = datetime.fromisoformat((await service.get(f"{ACCOUNTS}/{phone.clerk.account_id}", city.token)).json()["last_sign_in"])
    assert abs(datetime.now(UTC) - seen) < timedelta(minutes=1)


async def test_the_last_sign_in_is_told_on_the_clock_of_the_persons_office(
    service: Service, database: Database, office: AnOffice, city: AClerk
) -> None:
    await database.hot.execute("UPDATE office SET time_zone = 'Asia/Kamchatka' WHERE id = $1", office.id)
    at = datetime(2025, 3, 12, 6, 30, tzinfo=UTC)
    for who in (await a_clerk(database, office), city):
        await database.hot.execute(
            "INSERT INTO audit_record (at, actor_id, actor, act, subject) VALUES ($1, $2, $3, 'session.opened', 'account')",
            at,
            who.account_id,
            who.login,
        )
    async with a_person(service, city.token) as person:
        page = await person.sees("/admin/staff")
    rows = dict(re.findall(r'<tr data-login="([^"]+)".*?(\d\d:\d\d)', page, re.DOTALL))
    assert rows.pop(city.login) == "09:30"
    assert list(rows.values()) == ["18:30"]


async def test_the_record_names_nobody_and_holds_no_link(service: Service, database: Database, office: AnOffice, city: AClerk) -> None:
    invited = (await asks(service, city, login="novikova", name="Новикова Ольга", role="clerk", office=office.slug)).json()
    seen = {"name": "Новикова Ольга", "role": "clerk", "office": office.slug}
    await asks(service, city, f"/{invited['id']}/change", name="Старикова Ольга", role="hall_administrator", office=office.slug, seen=seen)
    rows = await database.hot.fetch("SELECT audit_record::text AS whole, act, actor, before, after FROM audit_record ORDER BY id")
    assert [(row["act"], row["actor"]) for row in rows] == [("account.invited", city.login), ("account.changed", city.login)]
    assert (rows[1]["before"], rows[1]["after"]) == ({"name": "…", "role": "clerk"}, {"name": "…", "role": "hall_administrator"})
    assert not [row for row in rows if "Ольга" in row["whole"] or token_in(invited["link"]) in row["whole"] or PASSWORD in row["whole"]]


async def test_a_reset_ends_a_provider_that_somebody_else_had_tied_and_a_second_one_is_no_invitation(
    service: Service, database: Database, office: AnOffice, head: AClerk
) -> None:
    """Else the way in of whoever found an open desk would outlive every remedy, and a second press would go round the second factor."""
    clerk = await a_clerk(database, office)
    await database.hot.execute("UPDATE account SET oidc_issuer = 'https://id', oidc_subject = 'thief' WHERE id = $1", clerk.account_id)
    for _ in range(2):
        assert (await does(service, head, PersonAct.RESET_PASSWORD, clerk)).status_code == 200
    row = await database.hot.fetchrow("SELECT oidc_issuer, oidc_subject, password_hash FROM account WHERE id = $1", clerk.account_id)
    assert tuple(row or ()) == (None, None, None)
    kinds = await database.hot.fetch("SELECT kind FROM invitation WHERE account_id = $1", clerk.account_id)
    assert [each["kind"] for each in kinds] == ["reset"]
