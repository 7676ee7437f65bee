"""Signing in and out: who gets in, what a browser must show, and how soon a revoked session is over."""

import asyncio
import statistics
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from queue_service.db import Database
from queue_service.errors import BadCredentials, NotSignedIn
from queue_service.staff import sessions
from queue_service.staff.models import Role
from queue_service.staff.passwords import hash_password, is_right
from queue_service.staff.sessions import SESSION_LIFE, csrf_token
from tests.staff.scene import Somebody
from tests.support.factories import PASSWORD, AClerk, AnOffice, a_clerk, a_clerk_at, a_ticket, an_office
from tests.support.service import PATIENCE_SECONDS, Service, eventually


@pytest.fixture
async def office(database: Database) -> AnOffice:
    return await an_office(database)


@pytest.fixture
async def clerk(database: Database, office: AnOffice) -> AClerk:
    return await a_clerk_at(database, office, "1")


async def sign_in(service: Service, login: str, password: str = PASSWORD, **more: Any) -> httpx.Response:
    service.http.cookies.clear()
    answer = await service.http.post("/api/staff/sessions", json={"login": login, "password": password, **more})
    service.http.cookies.clear()
    return answer


async def test_signing_in_gives_a_token_a_cookie_and_who_one_is(service: Service, office: AnOffice, clerk: AClerk) -> None:
    answer = await sign_in(service, clerk.login, otp=None)
    assert answer.status_code == 201
    content = answer.json()
    assert content["account"] == {"login": clerk.login, "name": clerk.name, "role": "clerk", "office": office.slug}
    assert content["csrf"] == csrf_token(content["token"])
    cookies = answer.headers.get_list("Set-Cookie")
    assert cookies[0].startswith(f"queue_session={content['token']}; ")
    assert cookies[1].startswith("queue_browser=")
    for cookie in cookies:
        assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
        assert "Secure" not in cookie, "this service is not behind https"
    queue = await service.get("/api/desk/queue", content["token"])
    assert (queue.status_code, queue.json()["account"]["login"]) == (200, clerk.login)


async def test_a_form_of_our_own_is_ours_whatever_the_proxy_calls_us(
    service: Service, clerk: AClerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service.app.state.gate, "_public_url", "https://queue.example")
    form = {"login": clerk.login, "password": PASSWORD}
    for origin, status in (("https://queue.example", 303), ("https://evil.example", 403)):
        sign = {"Origin": origin, "Sec-Fetch-Site": "same-origin"}
        assert (await service.http.post("/desk/login", data=form, headers=sign)).status_code == status


async def test_the_login_is_forgiving_and_the_password_is_not(service: Service, clerk: AClerk) -> None:
    assert (await sign_in(service, f" {clerk.login.upper()} ")).status_code == 201
    assert (await sign_in(service, clerk.login, f"{PASSWORD} ")).status_code == 401


async def test_a_city_administrator_has_no_office(service: Service, database: Database) -> None:
    admin = await a_clerk(database, None, role=Role.CITY_ADMINISTRATOR)
    assert (await sign_in(service, admin.login)).json()["account"]["office"] is None


async def test_the_answer_does_not_tell_a_wrong_login_from_a_wrong_password(service: Service, database: Database, clerk: AClerk) -> None:
    retired = await a_clerk(database, clerk.office, active=False)
    answers = [
        await sign_in(service, clerk.login, "wrong"),
        await sign_in(service, "nobody"),
        await sign_in(service, retired.login),
        await sign_in(service, clerk.login, ""),
        await sign_in(service, clerk.login, "x" * 1001),
    ]
    assert {(answer.status_code, answer.text) for answer in answers} == {(401, answers[0].text)}
    assert answers[0].json()["code"] == "bad_credentials"
    assert "Set-Cookie" not in answers[0].headers


async def test_an_unknown_login_takes_as_long_as_a_wrong_password(database: Database, office: AnOffice) -> None:
    """Real hashes of the real cost, in seconds of the processor; the measure is generous, the difference that it would find is tenfold."""
    clerk = await a_clerk(database, office)
    await database.hot.execute("UPDATE account SET password_hash = $1", hash_password("another"))

    async def seconds(login: str) -> float:
        started = time.process_time()
        with pytest.raises(BadCredentials):
            await Somebody(database).try_(login, "wrong")
        return time.process_time() - started

    await seconds("nobody")  # the first time also makes the hash that is verified for nobody
    pairs = [(await seconds(clerk.login), await seconds("nobody")) for _ in range(3)]
    known, unknown = (statistics.median(column) for column in zip(*pairs, strict=True))
    assert unknown > known / 3


async def test_a_session_ends_after_its_working_day(service: Service, database: Database, office: AnOffice) -> None:
    fresh = await a_clerk(database, office, signed_in_at=datetime.now(UTC) - SESSION_LIFE + timedelta(minutes=1))
    stale = await a_clerk(database, office, signed_in_at=datetime.now(UTC) - SESSION_LIFE - timedelta(minutes=1))
    assert (await service.get("/api/desk/queue", fresh.token)).status_code == 200
    assert (await service.get("/api/desk/queue", stale.token)).json()["code"] == "not_signed_in"


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer wrong"}, {"Cookie": "queue_session=wrong"}, {"Cookie": "queue_session="}]
)
async def test_nobody_acts_without_a_session(service: Service, headers: dict[str, str]) -> None:
    for method, path in (("GET", "/api/desk/queue"), ("POST", "/api/desk/call-next"), ("DELETE", "/api/staff/sessions")):
        answer = await service.http.request(method, path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in"), path


@pytest.mark.parametrize("sent", [None, "", "wrong"])
async def test_a_browser_must_show_that_our_page_sent_it(service: Service, database: Database, clerk: AClerk, sent: str | None) -> None:
    ticket = await a_ticket(database, clerk.office or await an_office(database))
    headers = {"Cookie": f"queue_session={clerk.token}"} | ({} if sent is None else {"X-CSRF-Token": sent})
    answer = await service.http.post("/api/desk/call-next", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert await database.hot.fetchval("SELECT state FROM ticket WHERE id = $1", ticket) == "waiting"


async def test_a_token_of_another_session_does_not_do(service: Service, database: Database, clerk: AClerk, office: AnOffice) -> None:
    other = await a_clerk(database, office)
    headers = {"Cookie": f"queue_session={clerk.token}", "X-CSRF-Token": other.csrf}
    assert (await service.http.post("/api/desk/call-next", headers=headers)).status_code == 403


async def test_a_browser_with_our_token_acts_and_needs_none_to_look(service: Service, clerk: AClerk) -> None:
    cookie = {"Cookie": f"queue_session={clerk.token}"}
    assert (await service.http.get("/api/desk/queue", headers=cookie)).status_code == 200
    answer = await service.http.post("/api/desk/call-next", headers={**cookie, "X-CSRF-Token": clerk.csrf})
    assert answer.status_code == 204


async def test_who_signs_out_is_out_at_once(service: Service, clerk: AClerk) -> None:
    token = (await sign_in(service, clerk.login)).json()["token"]
    assert (await service.get("/api/desk/queue", token)).status_code == 200
    ended = await service.http.delete("/api/staff/sessions", headers={"Authorization": f"Bearer {token}"})
    assert ended.status_code == 204
    assert (await service.get("/api/desk/queue", token)).status_code == 401
    assert (await service.get("/api/desk/queue", clerk.token)).status_code == 200, "the other session goes on"


async def test_a_revoked_session_is_forgotten_by_every_worker(service: Service, database: Database, clerk: AClerk) -> None:
    """The service remembers whom it knows for ten seconds; NOTIFY makes it forget at once."""
    assert (await service.get("/api/desk/queue", clerk.token)).status_code == 200
    async with database.session() as db:
        await sessions.sign_out(db, clerk.token)

    async def refused() -> bool:
        return (await service.get("/api/desk/queue", clerk.token)).status_code == 401

    await eventually(refused)


async def test_a_look_up_that_began_before_a_revocation_is_not_remembered_after_it(
    database: Database, clerk: AClerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, read, answered = sessions.Sessions(database.hot, "optional"), asyncio.Event(), asyncio.Event()

    async def slowly(*arguments: Any) -> Any:
        row = await database.hot.fetchrow(*arguments)
        read.set()
        await answered.wait()
        return row

    monkeypatch.setattr(known, "_pool", type("Pool", (), {"fetchrow": staticmethod(slowly)}))
    asking = asyncio.create_task(known.identify(clerk.token, datetime.now(UTC)))
    await read.wait()
    await database.hot.execute("DELETE FROM staff_session")
    known.drop()
    answered.set()
    await asking
    with pytest.raises(NotSignedIn):
        await known.identify(clerk.token, datetime.now(UTC))


async def test_a_desk_screen_of_a_revoked_session_shows_nothing_more(
    service: Service, database: Database, clerk: AClerk, office: AnOffice
) -> None:
    async with service.watch(f"/live/desk?token={clerk.token}") as screen:
        await screen.next()
        async with database.session() as db:
            await sessions.sign_out(db, clerk.token)
        await a_ticket(database, office)
        await screen.closed()
        assert all(snapshot["counts"]["waiting"] == 0 for snapshot in screen.seen)


async def test_nothing_that_a_thief_could_use_is_in_the_database(service: Service, database: Database, clerk: AClerk) -> None:
    token = (await sign_in(service, clerk.login)).json()["token"]
    rows = await database.hot.fetch("SELECT staff_session::text FROM staff_session UNION ALL SELECT account::text FROM account")
    assert len(rows) == 3
    for row in rows:
        assert token not in row[0]
        assert PASSWORD not in row[0]


async def test_a_password_does_not_hold_up_the_hall(
    service: Service, database: Database, clerk: AClerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """argon2 takes tens of milliseconds of a core, here as long as the test likes; meanwhile the loop must go on answering others."""
    begun, may_end = threading.Event(), threading.Event()

    def slowly(kept: str, password: str) -> bool:
        begun.set()
        assert may_end.wait(PATIENCE_SECONDS), "nobody else was answered meanwhile"
        return is_right(kept, password)

    monkeypatch.setattr("queue_service.staff.sign_in.is_right", slowly)
    signing = [asyncio.create_task(sign_in(service, clerk.login)) for _ in range(3)]
    try:
        assert await asyncio.to_thread(begun.wait, PATIENCE_SECONDS)
        assert (await service.http.get("/health/live")).status_code == 200
        assert (await service.get("/api/desk/queue", clerk.token)).status_code == 200
        assert not any(task.done() for task in signing)
    finally:
        may_end.set()
    assert [answer.status_code for answer in await asyncio.gather(*signing)] == [201] * 3
