"""From a code on a screen to a token in a device: who may enter it, how often, and what becomes of the device before."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest

from queue_service.audit.journal import Actor
from queue_service.db import Database
from queue_service.devices import pairing
from queue_service.devices.keeping import count_alarms
from queue_service.devices.models import DeviceKind
from queue_service.staff.models import Role
from queue_service.timing import clock
from tests.support.factories import AClerk, AnOffice, a_clerk, a_desk, a_display, a_kiosk, an_office
from tests.support.service import PATIENCE_SECONDS, Service, bearer, eventually, running


@pytest.fixture
async def office(database: Database) -> AnOffice:
    return await an_office(database, desks=(a_desk("1", zone="hall"),))


@pytest.fixture
async def head(database: Database, office: AnOffice) -> AClerk:
    return await a_clerk(database, office, role=Role.OFFICE_HEAD)


async def a_code(service: Service, kind: str = "kiosk", **body: Any) -> dict[str, Any]:
    answer = await service.http.post("/api/devices/pairings", json={"kind": kind, "version": "2", **body})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def enter(service: Service, who: AClerk, code: str, **body: Any) -> httpx.Response:
    wish = {"code": code, "name": "Терминал у входа", **body}
    return await service.http.post("/api/admin/pairings", json=wish, headers=bearer(who.token))


async def fetch(service: Service, claim: str) -> httpx.Response:
    return await service.http.get(f"/api/devices/pairings/{claim}", timeout=PATIENCE_SECONDS)


@asynccontextmanager
async def waiting(service: Service, claim: str) -> AsyncIterator["asyncio.Task[httpx.Response]"]:
    """A device on its long poll, and the service knows it."""
    poll = asyncio.create_task(fetch(service, claim))

    async def waits() -> bool:
        return pairing.hash_claim(claim).hex() in service.app.state.pairings._waiting

    await eventually(waits)
    yield poll
    await poll


async def test_a_waiting_kiosk_learns_at_once_that_its_code_was_entered(
    service: Service, database: Database, office: AnOffice, head: AClerk
) -> None:
    shown = await a_code(service)
    async with waiting(service, shown["claim"]) as poll:
        entered = await enter(service, head, f"{shown['code'][:3]} {shown['code'][3:]}", zone="hall")
        assert entered.status_code == 201, entered.text
        answer = (await poll).json()
    assert {name: answer[name] for name in ("state", "kind", "office", "zone", "name")} == {
        "state": "paired",
        "kind": "kiosk",
        "office": office.slug,
        "zone": "hall",
        "name": "Терминал у входа",
    }
    assert (await service.get("/api/kiosk/menu", answer["token"])).json()["device"]["name"] == "Терминал у входа"
    assert (await fetch(service, shown["claim"])).status_code == 404, "the token is handed over once"
    acts = await database.hot.fetch("SELECT act, actor, subject, office_id FROM audit_record")
    assert [tuple(act) for act in acts] == [("device.paired", head.login, f"device:{entered.json()['id']}", office.id)]


async def test_nobody_enters_the_code_and_the_device_asks_again(service: Service, office: AnOffice) -> None:
    shown = await a_code(service)
    pairings = service.app.state.pairings
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await _in_service(service, pairings.fetch(shown["claim"], seconds=0.05)) is None


def _in_service(service: Service, coroutine: Any) -> "asyncio.Future[Any]":
    """On the service's own loop, where its pool lives."""
    loop = service.app.state.database.hot._loop
    return asyncio.wrap_future(asyncio.run_coroutine_threadsafe(coroutine, loop))


async def test_a_page_that_is_loaded_anew_does_not_take_the_token_with_it(service: Service, office: AnOffice, head: AClerk) -> None:
    shown = await a_code(service)
    poll = asyncio.create_task(fetch(service, shown["claim"]))
    waiting_for = pairing.hash_claim(shown["claim"]).hex()

    async def waits() -> bool:
        return waiting_for in service.app.state.pairings._waiting

    async def has_gone() -> bool:
        return not await waits()

    await eventually(waits)
    poll.cancel()
    await eventually(has_gone)
    await enter(service, head, shown["code"])
    assert (await fetch(service, shown["claim"])).json()["state"] == "paired"


async def test_a_device_has_one_open_code(service: Service, database: Database, office: AnOffice, head: AClerk) -> None:
    first = await a_code(service)
    second = await a_code(service, previous=first["claim"])
    assert await database.hot.fetchval("SELECT count(*) FROM device_pairing") == 1
    assert (await enter(service, head, first["code"])).json()["code"] == "unknown_code"
    assert (await fetch(service, first["claim"])).status_code == 404
    assert (await enter(service, head, second["code"])).status_code == 201


async def test_a_code_is_over_after_ten_minutes(service: Service, database: Database, head: AClerk) -> None:
    shown = await a_code(service)
    lives = await database.hot.fetchval("SELECT expires_at - created_at FROM device_pairing")
    assert lives.total_seconds() == 600
    await database.hot.execute("UPDATE device_pairing SET expires_at = now() - interval '1 second'")
    assert (await enter(service, head, shown["code"])).json()["code"] == "unknown_code"
    answer = await fetch(service, shown["claim"])
    assert (answer.status_code, answer.json()["code"]) == (404, "pairing_over")


async def test_a_code_is_used_once(service: Service, head: AClerk) -> None:
    shown = await a_code(service)
    assert (await enter(service, head, shown["code"])).status_code == 201
    assert (await enter(service, head, shown["code"])).json()["code"] == "unknown_code"


async def test_of_two_who_enter_the_same_code_one_wins(service: Service, database: Database, office: AnOffice, head: AClerk) -> None:
    other = await a_clerk(database, None, role=Role.CITY_ADMINISTRATOR)
    for _ in range(5):
        shown = await a_code(service)
        answers = await asyncio.gather(enter(service, head, shown["code"]), enter(service, other, shown["code"], office=office.slug))
        assert sorted(each.status_code for each in answers) == [201, 422]
    assert await database.hot.fetchval("SELECT count(*) FROM device") == 5


async def test_a_wrong_code_is_recorded_and_not_kept(service: Service, database: Database, office: AnOffice, head: AClerk) -> None:
    assert (await enter(service, head, "000000")).status_code == 422
    row = await database.hot.fetchrow("SELECT act, actor_id, office_id, before, after FROM audit_record")
    assert row is not None
    assert tuple(row) == ("device.pairing_refused", head.account_id, office.id, None, None)


async def test_who_guesses_is_stopped_and_so_is_who_asks_for_codes(service: Service, database: Database, head: AClerk) -> None:
    with running(replace(service.settings, rate_limits=True)) as (url, _, _settings):
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=PATIENCE_SECONDS) as http:
            wish = {"code": "123456", "name": "Терминал"}
            tried = [await http.post("/api/admin/pairings", json=wish, headers=bearer(head.token)) for _ in range(31)]
            assert [each.status_code for each in tried] == [422] * 30 + [429]
            assert int(tried[-1].headers["Retry-After"]) > 0
            shown = [await http.post("/api/devices/pairings", json={"kind": "kiosk"}) for _ in range(61)]
            assert [each.status_code for each in shown] == [201] * 60 + [429]


async def test_who_asks_for_codes_without_end_displaces_only_their_own(
    service: Service, database: Database, office: AnOffice, head: AClerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pairing, "CODES_IN_CITY", 12)
    with running(replace(service.settings, rate_limits=True)) as (url, _, _settings):
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=PATIENCE_SECONDS) as http:

            async def asks(address: str) -> dict[str, Any]:
                answer = await http.post("/api/devices/pairings", json={"kind": "kiosk"}, headers={"X-Forwarded-For": address})
                assert answer.status_code == 201, answer.text
                return dict(answer.json())

            kiosk, hall = await asks("198.51.100.7"), [await asks("192.0.2.9") for _ in range(3)]
            strangers = [await asks(f"203.0.113.{n}") for n in range(15)] + [await asks(f"2001:db8:0:{n:x}::1") for n in range(15)]
            newcomer = await asks("198.51.101.7")
            assert await database.hot.fetchval("SELECT count(*) FROM device_pairing") == 12
            entered = [await enter(service, head, shown["code"]) for shown in (kiosk, *hall, newcomer)]
            assert [answer.status_code for answer in entered] == [201] * 5
            for shown in (strangers[0], strangers[15]):
                assert (await fetch(service, shown["claim"])).status_code == 404, "its device asks anew"
            assert await database.hot.fetchval("SELECT count(*) FROM device_pairing WHERE device_id IS NOT NULL") == 5
            for n in range(8):
                await asks(f"203.0.113.{n}")
            assert await database.hot.fetchval("SELECT count(*) FROM device_pairing WHERE device_id IS NOT NULL") == 5, "tokens wait"


async def test_a_code_that_is_being_entered_is_not_displaced(
    service: Service, database: Database, office: AnOffice, head: AClerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or there would be a device that never learns its token."""
    monkeypatch.setattr(pairing, "CODES_IN_CITY", 1)
    shown = await a_code(service)

    async def asks() -> None:
        async with database.session() as db:
            await pairing.open_pairing(db, pairing.Wish(DeviceKind.KIOSK, "2", None, b"another"), clock())

    waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%DELETE FROM device_pairing%'"
    async with database.session() as db:
        place, actor = pairing.Place(office.id, "Терминал"), Actor(head.login, head.account_id)
        await pairing.pair(db, service.app.state.pairings.ring, shown["code"], place, actor, clock())
        other = asyncio.create_task(asks())
        await eventually(lambda: database.hot.fetchval(waits))
    await other
    assert (await fetch(service, shown["claim"])).json()["state"] == "paired"


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("198.51.100.7", "198.51.100.200", True),
        ("198.51.100.7", "198.51.101.7", False),
        ("::ffff:198.51.100.7", "198.51.100.9", True),
        ("2001:db8:1:2::3", "2001:db8:1:ffff::1", True),
        ("2001:db8:1::1", "2001:db8:2::1", False),
        ("", "", True),
        ("testclient", "other", False),
    ],
)
def test_who_shares_a_network(one: str, other: str, together: bool) -> None:
    assert (pairing.network_of(one) == pairing.network_of(other)) is together


async def test_a_replaced_kiosk_hands_over_its_place_and_is_out(
    service: Service, database: Database, office: AnOffice, head: AClerk
) -> None:
    old = await a_kiosk(database, office, idle_seconds=90)
    device = await database.hot.fetchval("SELECT id FROM device")
    assert (await service.get("/api/kiosk/menu", old)).status_code == 200
    async with service.watch(f"/live/kiosk?token={old}") as screen:
        await screen.next()
        shown = await a_code(service)
        assert (await enter(service, head, shown["code"], replaces=device)).json() == {"id": device}
        assert await screen.closed() == 4401
    new = (await fetch(service, shown["claim"])).json()["token"]
    assert (await service.get("/api/kiosk/menu", old)).status_code == 401
    assert (await service.get("/api/kiosk/menu", new)).json()["device"] == {
        "name": "Терминал",
        "settings": {"idle_seconds": 90, "print": True},
    }
    row = await database.hot.fetchrow("SELECT id, replayed_at, (SELECT count(*) FROM device) FROM device")
    assert row is not None
    assert tuple(row) == (device, None, 1), "a device that was replaced is no thief"


async def test_a_kiosk_does_not_replace_a_display(service: Service, database: Database, office: AnOffice, head: AClerk) -> None:
    await a_display(database, office)
    device = await database.hot.fetchval("SELECT id FROM device")
    shown = await a_code(service)
    assert (await enter(service, head, shown["code"], replaces=device)).json()["code"] == "other_kind"
    assert (await enter(service, head, shown["code"])).status_code == 201, "the code is not used up by a mistake"


async def test_a_revoked_device_comes_back_by_a_code(service: Service, database: Database, office: AnOffice, head: AClerk) -> None:
    kiosk = await a_kiosk(database, office)
    device = await database.hot.fetchval("SELECT id FROM device")
    assert (await service.http.delete(f"/api/admin/devices/{device}", headers=bearer(head.token))).status_code == 204
    assert (await service.get("/api/kiosk/menu", kiosk)).status_code == 401
    shown = await a_code(service)
    assert (await enter(service, head, shown["code"], replaces=device)).status_code == 201
    token = (await fetch(service, shown["claim"])).json()["token"]
    assert (await service.get("/api/kiosk/menu", token)).status_code == 200


@pytest.mark.parametrize(
    ("body", "code"), [({"name": " "}, "name_needed"), ({"name": "я" * 81}, "name_needed"), ({"zone": "nowhere"}, "unknown_zone")]
)
async def test_what_a_new_device_needs(service: Service, head: AClerk, body: dict[str, Any], code: str) -> None:
    shown = await a_code(service)
    assert (await enter(service, head, shown["code"], **body)).json()["code"] == code


async def test_the_city_says_which_office(service: Service, database: Database, office: AnOffice) -> None:
    city = await a_clerk(database, None, role=Role.CITY_ADMINISTRATOR)
    shown = await a_code(service)
    assert (await enter(service, city, shown["code"])).json()["code"] == "office_needed"
    assert (await enter(service, city, shown["code"], office=office.slug)).status_code == 201


async def test_another_offices_head_cannot_pair_see_or_change(service: Service, database: Database, office: AnOffice) -> None:
    await a_kiosk(database, office)
    device = await database.hot.fetchval("SELECT id FROM device")
    elsewhere = await an_office(database)
    stranger = await a_clerk(database, elsewhere, role=Role.OFFICE_HEAD)
    shown = await a_code(service)
    assert (await enter(service, stranger, shown["code"], office=office.slug)).status_code == 403
    assert (await enter(service, stranger, shown["code"], replaces=device)).status_code == 403
    assert (await service.get("/api/admin/devices", stranger.token)).json() == []
    headers = bearer(stranger.token)
    assert (await service.http.delete(f"/api/admin/devices/{device}", headers=headers)).status_code == 403
    assert (await service.http.get(f"/admin/devices/{device}", headers=headers)).status_code == 403
    assert (await service.http.post(f"/admin/devices/{device}", headers=headers, data={"name": "Мой"})).status_code == 403
    for act in ("revoke", "renew", "settle"):
        assert (await service.http.post(f"/admin/devices/{device}/{act}", headers=headers)).status_code == 403
    row = await database.hot.fetchrow("SELECT name, revoked_at FROM device")
    assert row is not None
    assert tuple(row) == ("Терминал", None)


async def test_no_token_and_no_claim_lies_in_clear(
    service: Service, database: Database, head: AClerk, capfd: pytest.CaptureFixture[str]
) -> None:
    shown = await a_code(service)
    await enter(service, head, shown["code"])
    everything = await database.hot.fetchval(
        "SELECT (SELECT string_agg(d::text, '') FROM device d) || (SELECT string_agg(p::text, '') FROM device_pairing p)"
        " || (SELECT string_agg(a::text, '') FROM audit_record a)"
    )
    sealed = await database.hot.fetchval("SELECT token_sealed FROM device_pairing")
    token = (await fetch(service, shown["claim"])).json()["token"]
    assert service.app.state.pairings.ring.unseal(sealed) == token
    for secret in (token, token.encode().hex(), shown["claim"], shown["claim"].encode().hex()):
        assert secret not in everything
    assert await database.hot.fetchval("SELECT count(*) FROM device_pairing") == 0
    printed = "".join(capfd.readouterr())
    assert token not in printed
    assert shown["claim"] not in printed


async def test_the_metric_counts_alarms_and_names_nobody(service: Service, database: Database, office: AnOffice) -> None:
    kiosk = await a_kiosk(database, office)
    report = {"page": {"version": "1"}, "printer": {"state": "error"}}
    assert (await service.http.post("/api/devices/health", json=report, headers=bearer(kiosk))).status_code == 200
    await _in_service(service, count_alarms(service.app.state.database.hot))
    lines = [line for line in (await service.http.get("/metrics")).text.splitlines() if line.startswith("queue_devices_alarms{")]
    assert 'queue_devices_alarms{alarm="printer"} 1.0' in lines
    assert 'queue_devices_alarms{alarm="old_version"} 1.0' in lines
    assert 'queue_devices_alarms{alarm="sound"} 0.0' in lines
    assert not [line for line in lines if office.slug in line or "Терминал" in line]


async def test_the_page_asks_first_for_the_code_and_then_for_the_place(
    service: Service, database: Database, office: AnOffice, head: AClerk
) -> None:
    async def send(**form: str) -> httpx.Response:
        return await service.http.post("/admin/devices/pairing", data=form, headers=bearer(head.token))

    shown = await a_code(service, "display")
    wrong = await send(code="12345")
    assert (wrong.status_code, "Код не подходит" in wrong.text) == (422, True)
    assert await database.hot.fetchval("SELECT act FROM audit_record") == "device.pairing_refused", "although nothing was changed"
    asked = await send(code=shown["code"])
    assert (asked.status_code, 'value="Табло 1"' in asked.text) == (200, True)
    nameless = await send(code=shown["code"], do="pair", name="")
    assert (nameless.status_code, "Дайте устройству имя" in nameless.text) == (422, True)
    done = await send(code=shown["code"], do="pair", name="Табло у входа", zone="hall")
    assert (done.status_code, done.headers["location"].partition("=")[0]) == (303, "/admin/devices?paired")
    assert (await fetch(service, shown["claim"])).json()["zone"] == "hall"
