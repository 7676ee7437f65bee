"""One's own account: the password, the open sessions, and what comes before work."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from queue_service.audit.journal import Actor
from queue_service.db import Database
from queue_service.pages.account.frame import browser_name
from queue_service.pages.i18n import translator
from queue_service.staff.housekeeping import KEPT, keep_accounts
from queue_service.staff.invitations import LIFE, make_invitation
from queue_service.staff.models import InvitationKind, Role
from queue_service.staff.sessions import hash_token
from tests.staff.scene import GOOD_PASSWORD, Person, a_guarded_clerk, a_person, acts
from tests.staff.test_second_factor import set_up
from tests.support.factories import PASSWORD, AnOffice, a_clerk, a_clerk_at, an_office
from tests.support.service import NoSender, Service, eventually, running


@pytest.fixture
async def office(database: Database) -> AnOffice:
    return await an_office(database)


@pytest.fixture
async def neighbour(service: Service, tmp_path: Path) -> AsyncIterator[Service]:
    """Another worker on the same database, where administrators need a second factor."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("queue_service.app.Sender", NoSender)
        with running(replace(service.settings, second_factor="administrators", data_dir=tmp_path)) as (base_url, app, settings):
            async with Service(base_url, app, settings) as other:
                yield other


async def is_in(service: Service, token: str) -> bool:
    return (await service.get("/api/desk/queue", token)).status_code == 200


async def token_of(person: Person) -> str:
    token = person.http.cookies.get("queue_session")
    assert token
    return token


async def test_changing_the_password_ends_every_other_session_on_every_worker(
    service: Service, neighbour: Service, database: Database, office: AnOffice
) -> None:
    clerk = await a_clerk_at(database, office, "1")
    async with a_person(service) as person:
        await person.signs_in(clerk.login)
        mine = await token_of(person)
        assert await is_in(service, clerk.token)
        assert await is_in(neighbour, clerk.token), "both workers remember the other session"
        for wrong in (
            {"current": "wrong", "password": GOOD_PASSWORD, "again": GOOD_PASSWORD},
            {"current": PASSWORD, "password": GOOD_PASSWORD, "again": "x"},
            {"current": PASSWORD, "password": "1234567890", "again": "1234567890"},
        ):
            assert (await person.sends("/account/password", **wrong)).status_code == 422
        assert await is_in(service, clerk.token)
        done = await person.sends("/account/password", current=PASSWORD, password=GOOD_PASSWORD, again=GOOD_PASSWORD)
        assert (done.status_code, done.headers["location"]) == (303, "/account?saved=password")

        async def out_everywhere() -> bool:
            return not await is_in(service, clerk.token) and not await is_in(neighbour, clerk.token)

        await eventually(out_everywhere)
        assert await is_in(service, mine), "whoever changed it goes on"
        assert "Пароль изменён" in await person.sees("/account?saved=password")
    assert (await acts(database, clerk.account_id))[-1] == "account.password_changed"


async def test_a_session_that_is_ended_is_over_on_every_worker(
    service: Service, neighbour: Service, database: Database, office: AnOffice
) -> None:
    clerk = await a_clerk_at(database, office, "1")
    async with a_person(service) as person:
        await person.signs_in(clerk.login)
        assert await is_in(neighbour, clerk.token)
        page = await person.sees("/account")
        assert page.count("Chrome, Windows") >= 1
        assert "этот" in page
        session = await database.hot.fetchval("SELECT id FROM staff_session WHERE token_hash = $1", hash_token(clerk.token))
        assert f'value="{session}"' in page
        assert (await person.sends("/account/sessions/end", session=str(session))).status_code == 303

        async def out() -> bool:
            return not await is_in(neighbour, clerk.token)

        await eventually(out)
        assert (await person.sends("/account/sessions/end", session=str(session))).status_code == 422
        assert (await person.sends("/account/sessions/end", session="9" * 30)).status_code == 422


async def test_nobody_ends_a_strangers_session(service: Service, database: Database, office: AnOffice) -> None:
    clerk, stranger = await a_clerk_at(database, office, "1"), await a_clerk(database, office)
    session = await database.hot.fetchval("SELECT id FROM staff_session WHERE token_hash = $1", hash_token(clerk.token))
    async with a_person(service, stranger.token) as person:
        assert (await person.sends("/account/sessions/end", session=str(session))).status_code == 422
        assert (await person.sends("/account/sessions/end-others")).status_code == 303
        assert f'value="{session}"' not in await person.sees("/account")
    assert await is_in(service, clerk.token)


async def test_every_sign_in_gives_a_new_session_and_ends_the_browsers_old_one(
    service: Service, database: Database, office: AnOffice
) -> None:
    """A token that somebody planted in the browser before is worth nothing afterwards."""
    clerk, planted = await a_clerk_at(database, office, "1"), "planted-by-an-attacker"
    async with a_person(service, planted) as person:
        await person.http.post("/desk/login", data={"login": clerk.login, "password": PASSWORD})
        first = await token_of(person)
        assert first != planted
        assert not await is_in(service, planted)
        await person.http.post("/desk/login", data={"login": clerk.login, "password": PASSWORD})
        assert await token_of(person) != first
        assert not await is_in(service, first)


async def test_an_unfinished_account_reaches_only_itself(neighbour: Service, database: Database, office: AnOffice) -> None:
    """A head without a second factor, on a service where heads need one."""
    head = await a_clerk(database, office, role=Role.OFFICE_HEAD)
    async with a_person(neighbour) as person:
        assert (await person.signs_in(head.login, next="/admin/staff")).headers["location"] == "/account"
        page = await person.sees("/account")
        assert "Прежде чем начать работу" in page
        assert 'href="/admin"' not in page, "no way leads on yet"
        for path in ("/desk", "/admin/staff", "/desk/hall"):
            assert (await person.http.get(path)).status_code == 403
        api = await neighbour.get("/api/desk/queue", await token_of(person))
        assert (api.status_code, api.json()["code"]) == (403, "account_unfinished")
        used, _ = await set_up(person)

        async def at_work() -> bool:
            return (await person.http.get("/admin/staff")).status_code == 200

        await eventually(at_work)
        refused = await person.sends("/account/second-factor/off", factor_password=PASSWORD, factor_code=used)
        assert refused.status_code == 422
        assert "обязателен" in refused.text


@pytest.mark.parametrize(
    ("role", "of_city", "home"),
    [
        (Role.CLERK, False, "/desk"),
        (Role.OFFICE_HEAD, False, "/desk"),
        (Role.CITY_ADMINISTRATOR, True, "/admin"),
        (Role.AUDITOR, True, "/admin"),
    ],
)
async def test_who_signs_in_begins_where_their_work_is(
    service: Service, database: Database, office: AnOffice, role: Role, of_city: bool, home: str
) -> None:
    somebody = await a_clerk(database, None if of_city else office, role=role)
    async with a_person(service) as person:
        assert (await person.signs_in(somebody.login)).headers["location"] == home
        assert (await person.http.get("/desk/login")).headers["location"] == home
        assert (await person.signs_in(somebody.login, next="//evil.example/")).headers["location"] == home


async def test_cookies_are_for_our_pages_only(service: Service, database: Database, office: AnOffice) -> None:
    phone = await a_guarded_clerk(database, office)
    async with a_person(service) as person:
        first = await person.signs_in(phone.clerk.login)
        last = await person.sends("/desk/login/code", otp=phone.code())
        cookies = [*first.headers.get_list("Set-Cookie"), *last.headers.get_list("Set-Cookie")]
        assert {each.split("=")[0] for each in cookies} == {"queue_sign_in", "queue_session", "queue_browser"}
        assert all("HttpOnly" in each and "SameSite=" in each for each in cookies if "Max-Age=0" not in each)
        foreign = await person.http.post(
            "/desk/login/code", data={"otp": "1"}, headers={"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
        )
        assert foreign.status_code == 403


async def test_a_link_that_nobody_can_use_goes_after_the_days_in_which_somebody_may_ask(database: Database, office: AnOffice) -> None:
    now, clerk = datetime.now(UTC), await a_clerk(database, office)
    async with database.session() as db:
        await make_invitation(db, clerk.account_id, InvitationKind.RESET, Actor("head"), now)
    over = now + LIFE[InvitationKind.RESET]
    await keep_accounts(database.hot, over + KEPT)
    assert await database.hot.fetchval("SELECT count(*) FROM invitation") == 1
    await keep_accounts(database.hot, over + KEPT + timedelta(seconds=1))
    assert await database.hot.fetchval("SELECT count(*) FROM invitation") == 0


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36", "Chrome, Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox, Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Safari/604.1", "Safari, iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/138.0 YaBrowser/25.8 Safari/537.36", "Яндекс Браузер, Windows"),
        ("python-httpx/0.28", "python-httpx 0.28"),
        (None, "Программа"),
    ],
)
def test_a_browser_is_called_as_its_owner_calls_it(agent: str | None, name: str) -> None:
    assert browser_name(translator("ru"), agent) == name
