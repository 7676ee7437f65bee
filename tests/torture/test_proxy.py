"""The bad network hurts and does not lie: bytes arrive as they were sent, in order, or not at all."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from tests.torture.proxy import Proxy

CONTENT = bytes(range(256)) * 20


@asynccontextmanager
async def an_echo_behind(roughness: float, seed: int = 1) -> AsyncIterator[tuple[Proxy, int]]:
    """A proxy before a server that says everything again, and the port to talk to."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while content := await reader.read(1000):
                writer.write(content)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    proxy = Proxy(seed, server.sockets[0].getsockname()[1], roughness)
    try:
        yield proxy, urlsplit(await proxy.start()).port or 0
    finally:
        await proxy.close()
        server.close()


async def said(port: int) -> bytes:
    """What comes back, until the end or the cut."""
    received = b""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(CONTENT)
        writer.write_eof()
        while part := await reader.read(1000):
            received += part
        writer.close()
    except OSError:
        pass
    return received


async def test_a_cable_passes_everything_on() -> None:
    async with an_echo_behind(0.0) as (proxy, port):
        assert await asyncio.gather(*(said(port) for _ in range(10))) == [CONTENT] * 10
        assert proxy.cuts == 0


async def test_a_bad_network_cuts_in_the_middle_and_changes_nothing() -> None:
    async with an_echo_behind(0.08) as (proxy, port):
        heard = await asyncio.gather(*(said(port) for _ in range(60)))
    assert all(CONTENT.startswith(each) for each in heard)
    assert any(each == CONTENT for each in heard)
    assert any(0 < len(each) < len(CONTENT) for each in heard)
    assert proxy.cuts > 0


async def test_a_storm_cuts_whoever_is_connected() -> None:
    async with an_echo_behind(0.0) as (proxy, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"hello")
        assert await reader.read(5) == b"hello"
        proxy.storm(0.0)
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read(5) == b""


async def test_whoever_comes_while_it_refuses_is_turned_away_and_then_let_in() -> None:
    async with an_echo_behind(0.0) as (proxy, port):
        proxy.refuse(60)
        assert await said(port) == b""
        assert proxy.refused == 1
        proxy.be_kind()
        assert await said(port) == CONTENT
