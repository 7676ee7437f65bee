"""A crowd of new connections is let in many at a time, so that a desk's does not stand behind them turn by turn."""

import asyncio
import socket
from collections import Counter

import uvloop

from queue_service.limits.wire import DOORS, doors_of

CROWD = 200


def test_one_turn_of_the_loop_lets_as_many_in_as_there_are_doors() -> None:
    let_in: Counter[int] = Counter()

    async def serve(listening: socket.socket) -> None:
        loop, turn = asyncio.get_running_loop(), 0

        class Guest(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                let_in[turn] += 1

        servers = [await loop.create_server(Guest, sock=each, backlog=CROWD) for each in doors_of(listening)]
        while let_in.total() < CROWD:
            turn += 1
            await asyncio.sleep(0)
        for server in servers:
            server.close()

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(CROWD)
        crowd = [socket.create_connection(listening.getsockname()) for _ in range(CROWD)]
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(listening))
        for each in crowd:
            each.close()
    assert max(let_in.values()) == DOORS
