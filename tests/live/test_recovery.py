"""What was lost comes back by itself: the LISTEN connection, PostgreSQL, the service. Every screen then shows the present."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import AsyncTestClient

from queue_service import events
from queue_service.app import create_app
from queue_service.db import OFFICE_CHANGED, Database, opened
from queue_service.live.listener import Listener
from queue_service.schema import upgrade
from queue_service.settings import Settings
from tests.support.factories import AClerk, AnOffice, a_clerk_at, a_desk, a_display, a_kiosk, a_ticket, an_office
from tests.support.postgres import a_server, execute_as_owner, no_new_connections
from tests.support.service import HASH_KEY, PATIENCE_SECONDS, SEAL_KEY, Api, Screen, Service, ServiceProcess, bearer, eventually, running


async def health(service: Service) -> tuple[int, list[str]]:
    answer = await service.get("/health/ready")
    return answer.status_code, answer.json()["wrong"]


async def is_ready(service: Service) -> bool:
    return await health(service) == (200, [])


class Heard:
    """What a listener passed on."""

    def __init__(self) -> None:
        self.gaps = 0
        self.payloads: asyncio.Queue[str] = asyncio.Queue()

    def gap(self) -> None:
        self.gaps += 1


@pytest.fixture
async def heard(database_url: str) -> AsyncIterator[tuple[Listener, Heard]]:
    heard = Heard()
    listener = Listener(database_url, {OFFICE_CHANGED: heard.payloads.put_nowait}, heard.gap)
    task = asyncio.create_task(listener.run())

    async def hears() -> bool:
        return listener.hears and heard.gaps > 0

    await eventually(hears)
    yield listener, heard
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def pid_of(listener: Listener) -> int:
    assert listener._connection is not None
    return listener._connection.get_server_pid()


async def test_a_listener_passes_on_what_was_committed_and_not_what_was_rolled_back(
    database: Database, heard: tuple[Listener, Heard]
) -> None:
    _, ears = heard
    async with database.session() as db:
        await events.office_changed(db, 1)
        await db.rollback()
    async with database.session() as db:
        await events.office_changed(db, 2)
        await events.office_changed(db, 2)
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await ears.payloads.get() == "2"
    assert ears.payloads.empty(), "equal payloads of one transaction are one"


async def test_a_killed_listener_listens_again_and_says_that_it_was_deaf(
    database: Database, database_url: str, heard: tuple[Listener, Heard]
) -> None:
    listener, ears = heard
    async with no_new_connections(database_url) as inside:
        await inside.execute("SELECT pg_terminate_backend($1)", pid_of(listener))

        async def deaf() -> bool:
            return not listener.hears

        await eventually(deaf)
        before = ears.gaps
        await inside.execute("SELECT pg_notify('office_changed', '1')")
        assert ears.gaps == before

    async def hears_again() -> bool:
        return listener.hears and ears.gaps > before

    await eventually(hears_again)
    assert ears.payloads.empty(), "what was said meanwhile is lost, which is why there is a gap to report"
    await database.hot.execute("SELECT pg_notify('office_changed', '2')")
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await ears.payloads.get() == "2"


class Screens:
    """A board, a desk and a phone of one office."""

    def __init__(self, board: Screen, desk: Screen, phone: Screen) -> None:
        self.board, self.desk, self.phone = board, desk, phone

    async def show_the_call_of(self, number: str) -> None:
        await self.board.until(lambda each: [call["ticket"] for call in each["calls"]] == [number])
        await self.desk.until(lambda each: each["current"] and each["current"]["number"] == number)
        await self.phone.until(lambda each: each["state"] == "called")


async def open_screens(open_: AsyncExitStack, service: Service, office: AnOffice, display: str, clerk: AClerk, secret: str) -> Screens:
    paths = (f"/live/board?office={office.slug}&token={display}", f"/live/desk?token={clerk.token}", f"/live/ticket/{secret}")
    screens = [await open_.enter_async_context(service.watch(path)) for path in paths]
    for screen in screens:
        await screen.next()
    return Screens(*screens)


async def test_screens_show_the_present_after_the_listen_connection_was_killed(
    service: Service, database: Database, database_url: str
) -> None:
    """A call made while the service was deaf is on every screen as soon as it hears again, without anybody doing anything."""
    office = await an_office(database)
    kiosk, display, clerk = await a_kiosk(database, office), await a_display(database, office), await a_clerk_at(database, office, "1")
    ticket = await service.taken(kiosk)
    listener: Listener = service.app.state.listener
    async with AsyncExitStack() as open_:
        screens = await open_screens(open_, service, office, display, clerk, ticket["secret"])
        async with no_new_connections(database_url) as inside:
            await inside.execute("SELECT pg_terminate_backend($1)", pid_of(listener))

            async def deaf() -> bool:
                return await health(service) == (503, ["live updates: the LISTEN connection is down"])

            await eventually(deaf)
            await service.called(clerk)
        await screens.show_the_call_of(ticket["number"])
    await eventually(lambda: is_ready(service))


async def test_a_session_that_was_revoked_while_the_service_was_deaf_is_over(
    service: Service, database: Database, database_url: str
) -> None:
    clerk = await a_clerk_at(database, await an_office(database), "1")
    assert (await service.get("/api/desk/queue", clerk.token)).status_code == 200
    listener: Listener = service.app.state.listener
    async with no_new_connections(database_url) as inside:
        await inside.execute("SELECT pg_terminate_backend($1)", pid_of(listener))

        async def deaf() -> bool:
            return not listener.hears

        await eventually(deaf)
        await inside.execute("DELETE FROM staff_session")
    await eventually(lambda: is_ready(service))

    async def over() -> bool:
        return (await service.get("/api/desk/queue", clerk.token)).status_code == 401

    await eventually(over)


async def test_everything_recovers_when_all_connections_are_cut_at_once(service: Service, database: Database) -> None:
    office = await an_office(database)
    kiosk, display, clerk = await a_kiosk(database, office), await a_display(database, office), await a_clerk_at(database, office, "1")
    ticket = await service.taken(kiosk)
    async with AsyncExitStack() as open_:
        screens = await open_screens(open_, service, office, display, clerk, ticket["secret"])
        all_others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        await execute_as_owner(database, f"SELECT count(pg_terminate_backend(pid)) {all_others}")
        await eventually(lambda: is_ready(service))

        async def called() -> bool:
            return (await service.desk(clerk, "call-next", key="press")).status_code == 200

        await eventually(called)
        await screens.show_the_call_of(ticket["number"])


async def test_postgresql_is_restarted_under_a_working_hall() -> None:
    """While it is away people are told so, and afterwards nothing needs a hand: sockets stayed open and show the present."""
    with a_server() as server:
        await upgrade(server.url)
        async with opened(server.url) as database, AsyncExitStack() as open_:
            office = await an_office(database)
            kiosk, display = await a_kiosk(database, office), await a_display(database, office)
            clerk = await a_clerk_at(database, office, "1")
            with running(Settings(database_url=server.url, rate_limits=False, log_level="critical")) as (base_url, app, settings):
                service = await open_.enter_async_context(Service(base_url, app, settings))
                ticket = await service.taken(kiosk)
                screens = await open_screens(open_, service, office, display, clerk, ticket["secret"])

                await asyncio.to_thread(server.stop)
                await the_service_says_that_it_cannot(service, kiosk, clerk)
                await asyncio.to_thread(server.start)

                await eventually(lambda: is_ready(service))
                again = await service.take(kiosk, key="after")
                assert (again.status_code, again.json()["number"]) == (201, "А002")
                assert (await service.called(clerk))["number"] == ticket["number"]
                await screens.show_the_call_of(ticket["number"])


async def the_service_says_that_it_cannot(service: Service, kiosk: str, clerk: AClerk) -> None:
    status, wrong = await health(service)
    assert status == 503
    assert any(each.startswith("database: ") for each in wrong)
    attempts: list[Callable[[], Awaitable[Any]]] = [
        lambda: service.take(kiosk),
        lambda: service.desk(clerk, "call-next"),
        lambda: service.desk(clerk, "start"),
        lambda: service.desk(clerk, "shift", "PUT", desk="1"),
        lambda: service.http.post("/api/staff/sessions", json={"login": clerk.login, "password": "any"}),
        lambda: service.get("/api/public/tickets/any"),
    ]
    for attempt in attempts:
        answer = await attempt()
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable"), answer.request.url
        assert answer.json()["detail"] == "Система временно недоступна. Попробуйте ещё раз."
        assert answer.headers["Retry-After"] == "1"
    assert (await service.get("/health/live")).status_code == 200


async def test_the_service_is_killed_and_started_again(
    service_process: Callable[..., Awaitable[ServiceProcess]], database: Database
) -> None:
    """A display that connects again sees the same call under the same id, so it is not announced twice, in a newer version."""
    office = await an_office(database, desks=[a_desk("1"), a_desk("2")])
    display, kiosk = await a_display(database, office), await a_kiosk(database, office)
    clerk, other = await a_clerk_at(database, office, "1"), await a_clerk_at(database, office, "2")
    path = f"/live/board?office={office.slug}&token={display}"
    service = await service_process(workers=1)
    await service.taken(kiosk)
    await service.called(clerk)
    async with service.watch(path) as board:
        before = await board.until(lambda each: each["calls"])
        service.kill()
        assert await board.closed() in (None, 1006)

    ticket = await a_ticket(database, office)
    service.start()
    await service.ready()

    async with service.watch(path) as board:
        after = await board.next()
        assert after["calls"] == before["calls"]
        assert after["version"] > before["version"]
        assert len(after["next"]) == 1
        called = await service.called(other)
        assert called["id"] == ticket
        shown = await board.until(lambda each: len(each["calls"]) == 2)
        assert shown["calls"][1] == before["calls"][0]


async def test_what_one_worker_does_the_other_knows(service_process: Callable[..., Awaitable[ServiceProcess]], database: Database) -> None:
    """A call is on the screens of the other worker, and a session that ended at one is over at the other."""
    office = await an_office(database)
    kiosk, display, clerk = await a_kiosk(database, office), await a_display(database, office), await a_clerk_at(database, office, "1")
    service = await service_process(workers=2)
    one, other = service.worker_pids()
    async with AsyncExitStack() as open_:
        with service.only_awake(other):
            board = await open_.enter_async_context(service.watch(f"/live/board?office={office.slug}&token={display}"))
            there = await open_.enter_async_context(Api(service.base_url))
            assert (await there.get("/api/desk/queue", clerk.token)).status_code == 200
            await board.next()
        with service.only_awake(one):
            number = (await service.taken(kiosk))["number"]
        await board.until(lambda each: each["next"] == [number])
        soon = calls = 0
        while soon < 4:
            assert calls < 20, "the heartbeat of ten seconds never brings four in a row as soon as that; a machine that stands still passes"
            called_at = time.monotonic()
            await service.called(clerk)
            await board.until(lambda each: [call["ticket"] for call in each["calls"]] == [number])
            soon = soon + 1 if time.monotonic() - called_at < 1.5 else 0
            calls += 1
            await service.desk(clerk, "return")
            await board.until(lambda each: each["next"] == [number])
        assert (await service.http.delete("/api/staff/sessions", headers=bearer(clerk.token))).status_code == 204

        async def over() -> bool:
            return (await there.get("/api/desk/queue", clerk.token)).status_code == 401

        await eventually(over)


async def test_a_worker_that_starts_while_the_database_is_away_waits_for_it(tmp_path: Path) -> None:
    """A worker was killed, PostgreSQL was restarted, and the one that takes its place must not end the whole service."""
    nowhere = f"postgresql://postgres@/queue?host={tmp_path}"
    settings = Settings(database_url=nowhere, log_level="critical", data_dir=tmp_path, seal_keys=(SEAL_KEY,), hash_key=HASH_KEY)
    async with AsyncTestClient(create_app(settings)) as client:
        assert (await client.get("/health/live")).status_code == 200
        assert (await client.get("/health/ready")).status_code == 503
