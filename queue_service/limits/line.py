"""The server's websocket, which outlives its handler: ten thousand open phones must not be ten thousand suspended calls.

A handler admits, answers and keeps the line for whatever will write to it; then it ends, and with it go the request, its headers and
every middleware around it. What is left of a socket is this object and its transport. Refuses to queue: whoever writes is told that a
slow client has no room and tells it the newest when there is some again. Refuses to listen: clients have nothing to tell us.
"""

from collections.abc import Callable
from typing import Any, Final

from litestar.types import Scope
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Request

SILENT: Final = 1008
"""Close code for a client that talks on a line where nobody listens."""
LINE: Final = "queue.line"
"""The extension of the scope under which a handler finds its line."""


class _NothingIsRead:
    """In place of the queue of what a client sent; an `asyncio.Queue` weighs 3 KB."""

    def put_nowait(self, message: object) -> None: ...

    def empty(self) -> bool:
        return True


class _NobodyWaits:
    """In place of the event that a handler's `send` waits for."""

    def set(self) -> None: ...

    def clear(self) -> None: ...


class Line(WebSocketsSansIOProtocol):
    """uvicorn's websocket until it is kept, and bare afterwards."""

    has_room = True
    """False while the client reads more slowly than we write."""
    kept = False
    _over: tuple[Callable[[], None], ...] = ()
    _room: Callable[[], None] | None = None

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.close_sent:  # a handshake that was no handshake has no scope
            self.scope["extensions"][LINE] = self  # type: ignore[assignment]  # what lies there is between server and application

    async def run_asgi(self) -> None:
        """As uvicorn does it, but for the end: a kept line stays open."""
        try:
            await self.app(self.scope, self.receive, self.send)
        except ClientDisconnected:
            pass
        except BaseException:
            self.logger.exception("Exception in ASGI application\n")
            self.send_500_response()
            self.kept = False
        else:
            if not self.handshake_complete:
                self.logger.error("ASGI callable returned without completing handshake.")
                self.send_500_response()
        if self.kept:
            self._forget_the_request()
        elif self.close_timer is None:
            self.transport.close()

    def keep(self, room: Callable[[], None], over: Callable[[], None]) -> None:
        """The line stays open when its handler ends. `room` is called when a slow client has caught up, `over` once at the end."""
        self.kept, self._room = True, room
        self.when_over(over)

    def when_over(self, call: Callable[[], None]) -> None:
        """Calls when the client or the service has gone: at once, if that is so already."""
        if self.disconnected:
            call()
        else:
            self._over = (*self._over, call)

    def push(self, text: bytes) -> None:
        """One message, given to the network before this returns or never; the caller looks at `has_room` first."""
        if self.close_sent or self.transport.is_closing():
            return
        self.transport.write(Frame(Opcode.TEXT, text).serialize(mask=False))

    def hang_up(self, code: int, reason: str = "") -> None:
        """The closing handshake: the client reads the code."""
        if self.close_sent or self.transport.is_closing():
            return
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.close_timer = self.loop.call_later(self.close_timeout, self.transport.abort)

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.transport.abort()  # to close is to wait for a client that reads nothing any more

    def shutdown(self) -> None:
        if self.transport.is_closing():
            self.transport.abort()  # both sides have said goodbye, and only what it does not read is left
        else:
            super().shutdown()

    def _forget_the_request(self) -> None:
        self.queue, self.writable = _NothingIsRead(), _NobodyWaits()  # type: ignore[assignment]  # what is called of them from now on
        del self.scope, self.request, self.response
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()

    def send_receive_event_to_app(self) -> None:
        if self.kept:
            self.frames = []
            self.hang_up(SILENT)
        else:
            super().send_receive_event_to_app()

    def pause_writing(self) -> None:
        self.has_room = False
        super().pause_writing()

    def resume_writing(self) -> None:
        self.has_room = True
        super().resume_writing()
        if self._room is not None:
            self._room()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        over, self._over, self._room = self._over, (), None
        for call in over:
            call()


def line_of(scope: Scope) -> Line:
    """Raises KeyError where another server speaks the protocol: it would close what a handler leaves open."""
    extensions: dict[str, Any] = scope["extensions"] or {}
    line: Line = extensions[LINE]
    return line
