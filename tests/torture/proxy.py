"""The bad network between clients and service: a loopback proxy that delays, splits, cuts and refuses, by a seed.

It never changes a byte and never delivers one after it has cut: what a client's request did, the service did. Websockets are connections
like any other. Refuses to know HTTP.
"""

import asyncio
import time
from random import Random

CHUNK = 65_536
LONGEST_DELAY = 0.12
"""Seconds: a bad mobile network; more would only make the run slow."""
STORM_ROUGHNESS = 0.08
"""The share of packets in whose middle a connection is cut in a storm."""


class Proxy:
    def __init__(self, seed: int, port: int, roughness: float) -> None:
        self._chance = Random(seed)
        self._upstream = port
        self._roughness = roughness
        self._storm_until = 0.0
        self._refusing_until = 0.0
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.cuts = 0
        self.refused = 0

    async def start(self) -> str:
        """The address that clients use."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        self.cut_all()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def be_kind(self) -> None:
        """From now on it is a cable."""
        self._roughness = self._storm_until = self._refusing_until = 0.0

    def storm(self, seconds: float) -> None:
        self._storm_until = time.monotonic() + seconds
        self.cut_all()

    def refuse(self, seconds: float) -> None:
        self._refusing_until = time.monotonic() + seconds

    def cut_all(self) -> None:
        for writer in list(self._open):
            writer.transport.abort()
        self.cuts += len(self._open)
        self._open.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if time.monotonic() < self._refusing_until:
            self.refused += 1
            writer.transport.abort()
            return
        try:
            there_reader, there = await asyncio.open_connection("127.0.0.1", self._upstream)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, there}
        self._open |= both
        pumps = [
            asyncio.create_task(self._pump(reader, there, both)),
            asyncio.create_task(self._pump(there_reader, writer, both)),
        ]
        self._tasks.update(pumps)
        for pump in pumps:
            pump.add_done_callback(self._tasks.discard)
        await asyncio.gather(*pumps, return_exceptions=True)
        for each in both:
            each.close()  # what is on its way still arrives
        self._open -= both

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, both: set[asyncio.StreamWriter]) -> None:
        try:
            while content := await reader.read(CHUNK):
                if not await self._pass_on(content, writer):
                    break
            else:
                writer.write_eof()  # this direction has ended; the other may still speak
                return
        except OSError:
            pass
        for each in both:
            each.transport.abort()

    async def _pass_on(self, content: bytes, writer: asyncio.StreamWriter) -> bool:
        """False where the connection is to be cut; then a part of the content may have gone through."""
        roughness = STORM_ROUGHNESS if time.monotonic() < self._storm_until else self._roughness
        if self._chance.random() < roughness:
            part = self._chance.randrange(len(content) + 1)
            if part:
                writer.write(content[:part])
                await writer.drain()
                await asyncio.sleep(0.001)  # abort() forgets what the kernel has not taken yet
            self.cuts += 1
            return False
        if roughness and self._chance.random() < roughness * 5:
            await asyncio.sleep(self._chance.uniform(0.0, LONGEST_DELAY))
        if roughness and len(content) > 1 and self._chance.random() < roughness * 5:
            middle = self._chance.randrange(1, len(content))
            writer.write(content[:middle])
            await writer.drain()
            await asyncio.sleep(0.002)
            content = content[middle:]
        writer.write(content)
        await writer.drain()
        return True
