"""The websockets of the four audiences: who may watch, what a watcher is told and when, and that a slow one is never behind."""

import asyncio
import socket
from contextlib import AsyncExitStack
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from queue_service.db import Database
from queue_service.devices.registry import hash_token
from queue_service.events import access_changed, setup_changed
from queue_service.live import hub, screens
from queue_service.settings import Settings
from queue_service.staff.models import Role
from tests.support.factories import (
    AnOffice,
    Queued,
    a_clerk,
    a_clerk_at,
    a_desk,
    a_display,
    a_kiosk,
    a_queue,
    a_service,
    a_ticket,
    an_office,
)
from tests.support.service import Api, Screen, Service, eventually, running


@pytest.fixture
async def office(database: Database) -> AnOffice:
    return await an_office(database, desks=[a_desk("1", zone="hall"), a_desk("2", zone="floor-2")])


async def test_a_call_is_on_every_screen(service: Service, database: Database, office: AnOffice) -> None:
    kiosk, display, clerk = await a_kiosk(database, office), await a_display(database, office), await a_clerk_at(database, office, "1")
    ticket = await service.taken(kiosk)
    async with AsyncExitStack() as open_:
        board = await open_.enter_async_context(service.watch(f"/live/board?office={office.slug}&token={display}"))
        desk = await open_.enter_async_context(service.watch(f"/live/desk?token={clerk.token}"))
        phone = await open_.enter_async_context(service.watch(f"/live/ticket/{ticket['secret']}"))
        menu = await open_.enter_async_context(service.watch(f"/live/kiosk?token={kiosk}"))
        await board.until(lambda each: each["next"] == [ticket["number"]] and not each["calls"])
        await desk.until(lambda each: [row["number"] for row in each["queue"]] == [ticket["number"]])
        await phone.until(lambda each: (each["state"], each["ahead"]) == ("waiting", 0))
        await menu.until(lambda each: each["groups"][0]["services"][0]["ahead"] == 1)

        called = await service.called(clerk)

        shown = await board.until(lambda each: each["calls"])
        (call,) = shown["calls"]
        assert (call["ticket"], call["desk"], call["state"], call["recall"]) == (ticket["number"], "1", "called", False)
        assert (call["called_at"], shown["next"]) == (called["called_at"], [])
        assert (await desk.until(lambda each: each["current"]))["current"] == called
        assert (await phone.until(lambda each: each["state"] == "called"))["desk"] == "1"
        await menu.until(lambda each: each["groups"][0]["services"][0]["ahead"] == 0)


async def test_a_screen_is_told_the_present_when_it_comes(service: Service, database: Database, office: AnOffice) -> None:
    display, clerk = await a_display(database, office), await a_clerk_at(database, office, "1")
    await a_ticket(database, office)
    called = await service.called(clerk)

    async def heard() -> bool:
        return bool((await service.get(f"/api/public/offices/{office.slug}/board")).json()["calls"])

    await eventually(heard)
    async with service.watch(f"/live/board?office={office.slug}&token={display}") as board:
        assert [call["ticket"] for call in (await board.next())["calls"]] == [called["number"]]


async def test_a_push_and_a_look_show_the_same(service: Service, database: Database, office: AnOffice) -> None:
    display = await a_display(database, office)
    async with service.watch(f"/live/board?office={office.slug}&token={display}") as board:
        pushed = await board.next()
    looked = (await service.get(f"/api/public/offices/{office.slug}/board")).json()
    assert {**pushed, "now": 0, "version": 0} == {**looked, "now": 0, "version": 0}


async def test_versions_only_grow(service: Service, database: Database, office: AnOffice) -> None:
    kiosk, display = await a_kiosk(database, office), await a_display(database, office)
    async with service.watch(f"/live/board?office={office.slug}&token={display}") as board:
        for _ in range(5):
            number = (await service.taken(kiosk))["number"]
            await board.until(lambda each, number=number: number in each["next"])
    versions = [each["version"] for each in board.seen]
    assert versions == sorted(set(versions))


async def test_a_display_shows_its_own_zone_with_its_own_settings(service: Service, database: Database, office: AnOffice) -> None:
    upstairs = await a_display(database, office, "floor-2", distance_m=12)
    clerk = await a_clerk_at(database, office, "1")
    await a_ticket(database, office)
    await service.called(clerk)
    async with service.watch(f"/live/board?office={office.slug}&token={upstairs}") as board:
        shown = await board.until(lambda each: each["desks"]["closed"] == 1)
        assert (shown["zone"]["code"], shown["calls"], shown["settings"]["distance_m"]) == ("floor-2", [], 12)
    async with service.watch(f"/live/board?office={office.slug}&zone=hall&token={upstairs}") as board:
        await board.until(lambda each: each["zone"]["code"] == "hall" and each["calls"])


REFUSED = 4401


async def test_who_has_no_right_to_watch_is_told_so_and_shown_nothing(service: Service, database: Database, office: AnOffice) -> None:
    other = await an_office(database)
    kiosk, display, foreign = (await a_kiosk(database, office), await a_display(database, office), await a_display(database, other))
    homeless = await a_clerk(database, None, role=Role.CITY_ADMINISTRATOR)
    for path in (
        f"/live/board?office={office.slug}",
        f"/live/board?office={office.slug}&token=wrong",
        f"/live/board?office={office.slug}&token={kiosk}",
        f"/live/board?office={office.slug}&token={foreign}",
        f"/live/board?office=atlantis&token={display}",
        "/live/kiosk",
        f"/live/kiosk?token={display}",
        "/live/desk",
        "/live/desk?token=wrong",
        f"/live/desk?token={homeless.token}",
        "/live/ticket/none",
    ):
        async with service.watch(path) as screen:
            assert await screen.closed() == REFUSED, path
            assert screen.seen == [], path


@pytest.mark.parametrize("kind", ["display", "kiosk"])
async def test_a_revoked_device_is_shown_nothing_more(service: Service, database: Database, office: AnOffice, kind: str) -> None:
    display, kiosk, working = await a_display(database, office), await a_kiosk(database, office), await a_kiosk(database, office)
    path = f"/live/board?office={office.slug}&token={display}" if kind == "display" else f"/live/kiosk?token={kiosk}"
    async with service.watch(path) as screen:
        await screen.next()
        token = display if kind == "display" else kiosk
        await database.hot.execute("UPDATE device SET revoked_at = now() WHERE token_hash = $1", hash_token(token))
        async with database.session() as db:
            await access_changed(db)

        async def forgotten() -> bool:
            return not service.app.state.devices._known

        await eventually(forgotten)
        await service.taken(working)
        assert await screen.closed() == REFUSED
        assert len(screen.seen) == 1


async def test_a_changed_display_shows_its_new_settings_without_a_hand(service: Service, database: Database, office: AnOffice) -> None:
    display = await a_display(database, office, distance_m=5)
    async with service.watch(f"/live/board?office={office.slug}&token={display}") as board:
        await board.next()
        await database.hot.execute("UPDATE device SET settings = $1", {"distance_m": 20})
        async with database.session() as db:
            await access_changed(db)
            await setup_changed(db, office.id)
        await board.until(lambda each: each["settings"]["distance_m"] == 20)


async def test_another_sites_page_cannot_watch_a_desk_with_our_cookie(service: Service, database: Database, office: AnOffice) -> None:
    clerk = await a_clerk_at(database, office, "1")
    cookie = {"Cookie": f"queue_session={clerk.token}"}
    async with service.watch("/live/desk", additional_headers=cookie, origin="https://evil.example") as screen:
        assert await screen.closed() == REFUSED
        assert screen.seen == []
    async with service.watch("/live/desk", additional_headers=cookie, origin=service.base_url) as screen:
        assert (await screen.next())["account"]["login"] == clerk.login


async def test_a_path_that_is_not_there_is_no_socket(service: Service) -> None:
    with pytest.raises(InvalidStatus):
        async with connect(service.base_url.replace("http", "ws") + "/live/nothing", proxy=None):
            pass


async def test_a_phone_goes_on_after_the_visit_and_is_not_told_of_others(service: Service, database: Database, office: AnOffice) -> None:
    kiosk, clerk = await a_kiosk(database, office), await a_clerk_at(database, office, "1")
    ticket = await service.taken(kiosk)
    async with service.watch(f"/live/ticket/{ticket['secret']}") as phone:
        await service.called(clerk)
        await service.desk(clerk, "start")
        await service.desk(clerk, "finish")
        await phone.until(lambda each: each["state"] == "served")
        before = len(phone.seen)
        await a_queue(database, office, [Queued()] * 3)
        async with service.watch(f"/live/desk?token={clerk.token}") as desk:
            await desk.until(lambda each: each["counts"]["waiting"] == 3)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await phone.connection.recv()
        assert len(phone.seen) == before


async def test_a_no_show_and_a_return_are_on_the_phone(service: Service, database: Database) -> None:
    office = await an_office(database, no_show_min_calls=1, no_show_min_seconds=0)
    kiosk, clerk = await a_kiosk(database, office), await a_clerk_at(database, office, "1")
    ticket = await service.taken(kiosk)
    async with service.watch(f"/live/ticket/{ticket['secret']}") as phone:
        await service.called(clerk)
        await phone.until(lambda each: each["state"] == "called")
        await service.desk(clerk, "return")
        assert (await phone.until(lambda each: each["state"] == "waiting"))["ahead"] == 0
        await service.called(clerk)
        await service.desk(clerk, "no-show")
        await phone.until(lambda each: each["state"] == "no_show")


async def test_a_change_in_one_office_is_not_pushed_in_another(service: Service, database: Database, office: AnOffice) -> None:
    quiet = await an_office(database)
    kiosk, display, quiet_display = await a_kiosk(database, office), await a_display(database, office), await a_display(database, quiet)
    async with (
        service.watch(f"/live/board?office={office.slug}&token={display}") as board,
        service.watch(f"/live/board?office={quiet.slug}&token={quiet_display}") as quiet_board,
    ):
        await quiet_board.next()
        number = (await service.taken(kiosk))["number"]
        await board.until(lambda each: number in each["next"])
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await quiet_board.connection.recv()


async def test_a_quiet_screen_is_told_again_so_that_silence_means_cut_off(
    database: Database, database_url: str, office: AnOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "HEARTBEAT_SECONDS", 0.05)
    now = 0.0
    monkeypatch.setattr(screens, "time", SimpleNamespace(monotonic=lambda: now))
    display = await a_display(database, office)
    with running(Settings(database_url=database_url, log_level="error")) as (base_url, app, _):
        feed = app.state.hub.feed(office.id)

        async def read_since(version: int) -> int:
            async def read() -> int | None:
                return feed.state.version if feed.state.version > version else None

            return int(await eventually(read))

        async with Api(base_url) as service, service.watch(f"/live/board?office={office.slug}&token={display}") as board:
            version = (await board.next())["version"]
            for _ in range(3):
                version = await read_since(version)
            now = 10.0
            assert (await board.next())["version"] >= version, "an unchanged board was pushed without need"


async def a_slow_screen(service: Service, path: str) -> socket.socket:
    """A connection that has hardly any room for what it does not read."""
    address = urlsplit(service.base_url)
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    narrow.setblocking(False)
    await asyncio.get_running_loop().sock_connect(narrow, (address.hostname, address.port))
    return narrow


async def test_a_slow_screen_skips_to_the_newest(service: Service, database: Database) -> None:
    """Thirty changes of a heavy board: who reads none of them meanwhile is then told a handful, the last of them the newest."""
    changes = 30
    office = await an_office(database, ticker=[{"ru": "бегущая строка " * 40_000}])
    display, clerk = await a_display(database, office), await a_clerk_at(database, office, "1")
    await a_ticket(database, office)
    await service.called(clerk)
    path = f"/live/board?office={office.slug}&token={display}"
    narrow = await a_slow_screen(service, path)
    async with service.watch(path) as fast, service.watch(path, sock=narrow, max_queue=1) as slow:
        newest = (await fast.until(lambda each: each["calls"]))["calls"][0]["call_id"]
        for _ in range(changes):
            await service.desk(clerk, "recall")
            shown = await fast.until(lambda each, before=newest: each["calls"][0]["call_id"] > before)
            newest = shown["calls"][0]["call_id"]
        await slow.until(lambda each: each["calls"] and each["calls"][0]["call_id"] == newest)
    assert len(fast.seen) > changes
    assert len(slow.seen) < changes / 2


async def test_a_screen_that_went_away_is_forgotten(service: Service, database: Database, office: AnOffice) -> None:
    display = await a_display(database, office)
    watching = service.app.state.hub.watching

    async def nobody() -> bool:
        return bool(watching() == 0)

    await eventually(nobody)  # the screens of the test before may still be leaving
    async with AsyncExitStack() as open_:
        path = f"/live/board?office={office.slug}&token={display}"
        opened: list[Screen] = [await open_.enter_async_context(service.watch(path)) for _ in range(20)]
        for screen in opened:
            await screen.next()
        assert watching() == 20
        opened[0].connection.transport.abort()
    await eventually(nobody)


async def test_a_mistyped_zone_is_said_and_not_shown_as_an_empty_hall(service: Service, database: Database) -> None:
    office = await an_office(database)
    display = await a_display(database, office)
    answer = await service.get(f"/api/public/offices/{office.slug}/board", zone="typo")
    assert (answer.status_code, answer.json()["detail"]) == (404, "Зоны «typo» в этом отделении нет.")
    async with service.watch(f"/live/board?office={office.slug}&zone=typo&token={display}") as screen:
        assert await screen.closed() == 4401


async def test_before_the_first_desk_opens_everybody_who_waits_is_counted(service: Service, database: Database) -> None:
    office = await an_office(database, a_service("passport"), a_service("address"))
    kiosk = await a_kiosk(database, office)
    for _ in range(3):
        await service.taken(kiosk, "passport")
    menu = (await service.get("/api/kiosk/menu", kiosk)).json()
    counted = {each["code"]: (each["ahead"], each["wait"]) for group in menu["groups"] for each in group["services"]}
    assert counted == {"passport": (3, None), "address": (3, None)}
