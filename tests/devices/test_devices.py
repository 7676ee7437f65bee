"""Kiosks and displays: what a token opens, what a report keeps, and that a revoked one opens nothing."""

import asyncio

import pytest

from queue_service.db import Database
from queue_service.devices.models import DeviceKind
from queue_service.devices.registry import DeviceIdentity, Devices, hash_token
from queue_service.errors import BadToken
from queue_service.events import access_changed
from tests.support.factories import AnOffice, a_display, a_kiosk, an_office
from tests.support.service import Service, bearer, eventually


@pytest.fixture
async def office(database: Database) -> AnOffice:
    return await an_office(database)


async def test_a_kiosk_sees_its_own_office(service: Service, database: Database, office: AnOffice) -> None:
    await an_office(database)
    kiosk = await a_kiosk(database, office, idle_seconds=90)
    menu = (await service.get("/api/kiosk/menu", kiosk)).json()
    assert menu["office"]["slug"] == office.slug
    assert menu["device"] == {"name": "Терминал", "settings": {"idle_seconds": 90, "print": True}}


@pytest.mark.parametrize("path", ["/api/kiosk/menu", "/api/kiosk/health", "/api/kiosk/tickets"])
async def test_a_display_is_not_a_kiosk(service: Service, database: Database, office: AnOffice, path: str) -> None:
    display = await a_display(database, office)
    answer = await service.http.request("GET" if path.endswith("menu") else "POST", path, headers=bearer(display), json={})
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_token")


async def test_a_revoked_kiosk_is_refused_at_once(service: Service, database: Database, office: AnOffice) -> None:
    kiosk = await a_kiosk(database, office)
    assert (await service.get("/api/kiosk/menu", kiosk)).status_code == 200
    await database.hot.execute("UPDATE device SET revoked_at = now()")
    async with database.session() as db:
        await access_changed(db)

    async def refused() -> bool:
        return (await service.get("/api/kiosk/menu", kiosk)).status_code == 401

    await eventually(refused)


async def test_a_look_up_that_began_before_a_revocation_is_not_remembered_after_it(
    database: Database, office: AnOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a revoked device would go on for ten seconds in the process that was just asking."""
    display = await a_display(database, office)
    devices, read, answered = Devices(database.hot), asyncio.Event(), asyncio.Event()
    look_up = devices._look_up

    async def slowly(digest: bytes) -> DeviceIdentity:
        found = await look_up(digest)
        read.set()
        await answered.wait()
        return found

    monkeypatch.setattr(devices, "_look_up", slowly)
    asking = asyncio.create_task(devices.identify(display, DeviceKind.DISPLAY))
    await read.wait()
    await database.hot.execute("UPDATE device SET revoked_at = now()")
    devices.drop()
    answered.set()
    await asking
    with pytest.raises(BadToken):
        await devices.identify(display, DeviceKind.DISPLAY)


async def test_a_kiosk_reports_how_it_is(service: Service, database: Database, office: AnOffice) -> None:
    kiosk = await a_kiosk(database, office)
    report = {"page": {"version": "7", "errors": ["no paper"]}, "printer": {"state": "error"}}
    answer = await service.http.post("/api/kiosk/health", json=report, headers=bearer(kiosk))
    assert answer.status_code == 204
    row = await database.hot.fetchrow("SELECT health, version, seen_at > now() - interval '1 minute' AS seen FROM device")
    assert row is not None
    assert (row["health"]["page"], row["health"]["printer"]["state"]) == (report["page"], "error")
    assert (row["version"], row["seen"]) == ("7", True)


async def test_a_page_in_a_loop_of_errors_does_not_fill_the_table(service: Service, database: Database, office: AnOffice) -> None:
    kiosk = await a_kiosk(database, office)
    report = {"page": {"version": "v" * 300, "errors": ["e" * 1000] * 50}, "printer": {"state": "s" * 300}}
    assert (await service.http.post("/api/kiosk/health", json=report, headers=bearer(kiosk))).status_code == 204
    health = await database.hot.fetchval("SELECT health FROM device")
    assert (len(health["page"]["version"]), len(health["printer"]["state"])) == (100, 50)
    assert [len(error) for error in health["page"]["errors"]] == [500] * 20


async def test_a_token_in_an_address_opens_only_a_websocket(service: Service, database: Database, office: AnOffice) -> None:
    """There a browser has no other way; every other address stays in histories and in logs of proxies."""
    kiosk = await a_kiosk(database, office)
    assert (await service.http.get(f"/api/kiosk/menu?token={kiosk}")).status_code == 401
    assert (await service.http.post(f"/api/devices/health?token={kiosk}", json={})).status_code == 401
    assert (await service.http.post(f"/api/devices/token?token={kiosk}")).status_code == 401
    async with service.watch(f"/live/kiosk?token={kiosk}") as screen:
        await screen.next()


async def test_a_token_is_kept_only_as_a_hash(database: Database, office: AnOffice) -> None:
    kiosk = await a_kiosk(database, office)
    row = await database.hot.fetchrow("SELECT device::text AS everything, token_hash FROM device")
    assert row is not None
    assert kiosk not in row["everything"]
    assert row["token_hash"] == hash_token(kiosk)
