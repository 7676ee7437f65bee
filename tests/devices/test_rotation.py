"""A device's next token: when it works, when the old one stops, and who is taken for a thief."""

import asyncio
import logging

import httpx
import pytest

from queue_service.db import Database
from queue_service.events import access_changed
from tests.support.factories import AnOffice, a_display, a_kiosk, an_office
from tests.support.service import Service, bearer, the_clock_stands


@pytest.fixture
async def office(database: Database) -> AnOffice:
    return await an_office(database)


async def renew(service: Service, token: str) -> httpx.Response:
    return await service.http.post("/api/devices/token", headers=bearer(token))


async def successor(service: Service, token: str) -> str:
    answer = await renew(service, token)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["token"])


async def opens(service: Service, token: str) -> bool:
    return (await service.get("/api/kiosk/menu", token)).status_code == 200


async def long_after(database: Database) -> None:
    """Whatever was under way when the token changed has long been answered."""
    await database.hot.execute("UPDATE device SET token_at = token_at - interval '1 minute'")


async def replayed(database: Database) -> bool:
    return bool(await database.hot.fetchval("SELECT replayed_at IS NOT NULL FROM device"))


async def test_both_tokens_work_until_the_new_one_is_used(service: Service, database: Database, office: AnOffice) -> None:
    old = await a_kiosk(database, office)
    new = await successor(service, old)
    assert new != old
    assert await opens(service, old)
    assert await opens(service, new)
    assert not await opens(service, old)
    assert await opens(service, new)
    assert new not in await database.hot.fetchval("SELECT device::text FROM device")


async def test_a_display_renews_its_token_too(service: Service, database: Database, office: AnOffice) -> None:
    old = await a_display(database, office)
    new = await successor(service, old)
    async with service.watch(f"/live/board?office={office.slug}&token={new}") as screen:
        await screen.next()
    async with service.watch(f"/live/board?office={office.slug}&token={old}") as screen:
        assert await screen.closed() == 4401


async def test_who_comes_with_the_old_token_later_raises_an_alarm(service: Service, database: Database, office: AnOffice) -> None:
    old = await a_kiosk(database, office)
    assert await opens(service, await successor(service, old))
    await long_after(database)
    assert (await renew(service, old)).status_code == 401
    assert await replayed(database)


async def test_what_was_under_way_raises_none(service: Service, database: Database, office: AnOffice) -> None:
    old = await a_kiosk(database, office)
    assert await opens(service, await successor(service, old))
    assert not await opens(service, old), "refused all the same"
    assert not await replayed(database)


async def test_two_tabs_that_renew_at_once_do_not_lock_the_device_out(service: Service, database: Database, office: AnOffice) -> None:
    old = await a_kiosk(database, office)
    tokens = await asyncio.gather(*(successor(service, old) for _ in range(6)))
    assert len(set(tokens)) == 1, "whichever tab writes last, the device keeps a token that works"
    assert all(await asyncio.gather(*(opens(service, token) for token in tokens)))
    assert await database.hot.fetchval("SELECT next_token_hash IS NULL FROM device")
    assert not await replayed(database)


async def test_whoever_asked_long_before_the_device_is_left_with_nothing(
    service: Service, database: Database, office: AnOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    the_clock_stands(monkeypatch)  # else the five minutes end at some moment of some test
    stolen = await a_kiosk(database, office)
    early = await successor(service, stolen)
    # As if that had been in another five minutes than the device's own question.
    await database.hot.execute("UPDATE device SET next_token_hash = sha256('another spell')")
    own = await successor(service, stolen)
    assert own == early, "within the same minutes"
    await database.hot.execute("UPDATE device SET next_token_hash = NULL")
    assert not await opens(service, early), "what is not the next token opens nothing"


async def test_a_successor_is_renewed_in_turn(service: Service, database: Database, office: AnOffice) -> None:
    first = await a_kiosk(database, office)
    second = await successor(service, first)
    third = await successor(service, second)
    assert await opens(service, third)
    assert not await opens(service, second)
    await long_after(database)
    assert not await opens(service, first)
    assert not await replayed(database), "two generations back is nobody's copy of what works"


async def test_an_open_screen_with_the_old_token_closes(service: Service, database: Database, office: AnOffice) -> None:
    old = await a_kiosk(database, office)
    new = await successor(service, old)
    async with service.watch(f"/live/kiosk?token={old}") as screen:
        await screen.next()
        assert await opens(service, new)
        assert await screen.closed() == 4401


async def test_a_device_is_told_when_it_is_time(service: Service, database: Database, office: AnOffice) -> None:
    kiosk = await a_kiosk(database, office)

    async def told() -> bool:
        return bool((await service.http.post("/api/devices/health", json={}, headers=bearer(kiosk))).json()["renew"])

    assert not await told(), "a token for programs stays"
    await database.hot.execute("UPDATE device SET token_at = now() - interval '29 days'")
    assert not await told()
    await database.hot.execute("UPDATE device SET token_at = now() - interval '31 days'")
    assert await told()
    assert await opens(service, await successor(service, kiosk))
    assert await database.hot.fetchval("SELECT token_at > now() - interval '1 minute' FROM device")


async def test_a_revoked_device_gets_no_successor(service: Service, database: Database, office: AnOffice) -> None:
    kiosk = await a_kiosk(database, office)
    waiting = await successor(service, kiosk)
    await database.hot.execute("UPDATE device SET revoked_at = now()")
    async with database.session() as db:
        await access_changed(db)
    service.app.state.devices.drop()
    assert (await renew(service, kiosk)).status_code == 401
    assert not await opens(service, waiting)


async def test_the_log_names_the_device_and_not_its_token(
    service: Service, database: Database, office: AnOffice, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    old = await a_kiosk(database, office)
    new = await successor(service, old)
    assert await opens(service, new)
    await long_after(database)
    assert not await opens(service, old)
    printed = "".join(capfd.readouterr()) + caplog.text
    assert old not in printed
    assert new not in printed
