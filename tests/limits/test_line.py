"""A kept line: open without a handler, told nothing by its client, and gone without a trace."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from queue_service.db import Database
from queue_service.limits.line import SILENT, Line
from tests.support.factories import AnOffice, a_kiosk, an_office
from tests.support.service import Screen, Service, eventually


@asynccontextmanager
async def phones(service: Service, office: AnOffice, kiosk: str, count: int) -> AsyncIterator[list[tuple[Screen, Line]]]:
    """Open ticket pages, and the service's end of each."""
    watchers = service.app.state.hub.feed(office.id).watchers
    async with AsyncExitStack() as open_:
        found: list[tuple[Screen, Line]] = []
        for _ in range(count):
            ticket = await service.taken(kiosk)
            screen = await open_.enter_async_context(service.watch(f"/live/ticket/{ticket['secret']}"))
            await screen.next()
            found.append((screen, next(reversed(watchers._phones))._line))
        yield found


async def test_an_open_phone_is_no_task_and_keeps_nothing_of_its_request(service: Service, database: Database) -> None:
    office = await an_office(database)
    kiosk = await a_kiosk(database, office)
    async with phones(service, office, kiosk, 1) as ((_, line),):
        before = len(asyncio.all_tasks(line.loop))
        async with phones(service, office, kiosk, 20) as more:
            assert len(asyncio.all_tasks(line.loop)) < before + 10
            for _, each in more:
                assert not {"scope", "request", "response"} & vars(each).keys()


@pytest.mark.parametrize("said", ["hello", b"\x00"], ids=["text", "bytes"])
async def test_whoever_talks_on_the_line_is_let_go(service: Service, database: Database, said: str | bytes) -> None:
    """Nobody listens, and somebody who talked without end would cost the hall its time."""
    office = await an_office(database)
    async with phones(service, office, await a_kiosk(database, office), 1) as ((screen, _),):
        await (await screen.connection.ping())
        await screen.connection.send(said)
        assert await screen.closed() == SILENT


async def test_a_message_that_is_longer_than_clients_have_to_say_ends_the_line(service: Service, database: Database) -> None:
    office = await an_office(database)
    async with phones(service, office, await a_kiosk(database, office), 1) as ((screen, line),):
        await screen.connection.send("x" * 5000)
        assert await screen.closed() == 1009

        async def gone() -> bool:
            return line.disconnected and not line._over

        await eventually(gone)
    assert len(service.app.state.hub.feed(office.id).watchers) == 0


async def test_a_line_that_is_over_says_so_at_once(service: Service, database: Database) -> None:
    office = await an_office(database)
    over: list[str] = []
    async with phones(service, office, await a_kiosk(database, office), 1) as ((screen, line),):
        line.when_over(lambda: over.append("later"))
        screen.connection.transport.abort()

        async def gone() -> bool:
            return over == ["later"]

        await eventually(gone)
        line.when_over(lambda: over.append("at once"))
        assert over == ["later", "at once"]
        line.push(b"to nobody")
        line.hang_up(1000)
