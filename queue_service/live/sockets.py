"""The websockets: each shows one view of one office, whole, and again whenever its bytes change.

A slow client skips what it missed. Handlers never take `db`: its transaction would stay open until the client leaves. Refuses
anonymous boards and desks; a phone's right is its ticket's secret.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import structlog
from litestar import Router, WebSocket, websocket
from litestar.datastructures import State
from litestar.exceptions import WebSocketDisconnect

from queue_service.booking.queries import appointment_by_secret
from queue_service.desks.notices import NoticeRow, notices_now
from queue_service.devices.api import device_token
from queue_service.devices.models import DeviceKind
from queue_service.devices.registry import Devices
from queue_service.errors import BadToken, DomainError, Forbidden
from queue_service.limits.gate import is_foreign
from queue_service.live.appointments import Followed
from queue_service.live.hub import HEARTBEAT_SECONDS, Hub
from queue_service.live.state import ENDED, OfficeState
from queue_service.live.views import board, desk, hall, menu, phone
from queue_service.live.views.parts import encoded, enveloped
from queue_service.offices.catalogue import Catalogues
from queue_service.settings import Settings
from queue_service.staff.api import SESSION_COOKIE, bearer
from queue_service.staff.rights import Audience, Right, for_, may
from queue_service.staff.sessions import Identity, Sessions
from queue_service.tickets.queries import TicketNow, ticket_by_id, ticket_by_secret
from queue_service.timing import clock

log = structlog.get_logger(__name__)
Socket = WebSocket[Any, Any, State]
Render = Callable[[OfficeState], Awaitable[bytes]]

PHONE_SILENCE_SECONDS = 30.0
"""An unchanged phone is told again this often, so that it can tell quiet from cut off; tens of thousands follow."""
REFUSED = 4401
"""Close code for "who are you?": the client must not reconnect with the same token at once."""


async def _drain(socket: Socket) -> None:
    """Returns when the client has gone; what it sends is nobody's business."""
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            await socket.receive_data(mode="text")


async def _push(socket: Socket, hub: Hub, office_id: int, render: Render, silence: float) -> None:
    last, sent_at, version = b"", 0.0, 0
    async with hub.watch(office_id) as feed:
        while True:
            state = await feed.after(version)
            version = state.version
            content = await render(state)
            # Heartbeats come on a coarse clock; half a beat of slack keeps `silence` from doubling.
            if content != last or time.monotonic() - sent_at >= silence - HEARTBEAT_SECONDS / 2:
                await socket.send_data(enveloped(state, content), mode="text")
                last, sent_at = content, time.monotonic()


async def follow(socket: Socket, office_id: int, render: Render, silence: float = HEARTBEAT_SECONDS) -> None:
    """Shows the view until either side goes."""
    hub: Hub = socket.app.state.hub
    await socket.accept()
    tasks = [asyncio.create_task(_drain(socket)), asyncio.create_task(_push(socket, hub, office_id, render, silence))]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    error = tasks[1].exception() if tasks[1] in done else None
    if tasks[0] in done or isinstance(error, (WebSocketDisconnect, OSError)):
        return  # the client has gone
    if isinstance(error, DomainError):
        await socket.close(code=REFUSED, reason=error.code)
        return
    log.warning("socket_ended", path=socket.scope["path_template"], error=repr(error))
    with contextlib.suppress(Exception):
        await socket.close(code=1011)


def _remembered(state: OfficeState, key: object, view: Callable[[], msgspec.Struct]) -> bytes:
    """The view as it was encoded for the first socket that shows the same."""
    content = state.rendered.get(key)
    if content is None:
        content = state.rendered[key] = encoded(view())
    return content


@asynccontextmanager
async def _refusing(socket: Socket) -> AsyncIterator[None]:
    """A refusal before the first snapshot becomes a close code: browsers cannot read the body of a refused handshake.

    Another site's page is refused whatever it shows: with our cookie it would watch a desk, with a secret it has stolen the secret.
    """
    settings: Settings = socket.app.state.settings
    try:
        if is_foreign(socket.scope, settings.public_url):
            raise Forbidden
        yield
    except DomainError as error:
        await socket.accept()
        await socket.close(code=REFUSED, reason=error.code)


@websocket("/board", **for_(Audience.DISPLAY))
async def board_socket(socket: Socket, office: str, zone: str | None = None) -> None:
    devices: Devices = socket.app.state.devices
    catalogues: Catalogues = socket.app.state.catalogues
    token = device_token(socket)
    async with _refusing(socket):
        device = await devices.identify(token, DeviceKind.DISPLAY)
        catalogue = await catalogues.by_slug(office, clock())
        if catalogue.id != device.office_id:
            raise BadToken
        board.check_zone(catalogue, zone)

        async def render(state: OfficeState) -> bytes:
            display = await devices.identify(token, DeviceKind.DISPLAY)  # a revoked one sees nothing more, a changed one its new settings
            shown = zone or display.zone
            key = ("board", shown, repr(sorted(display.settings.items())))
            return _remembered(state, key, lambda: board.board(state, shown, display.settings))

        await follow(socket, catalogue.id, render)


@websocket("/kiosk", **for_(Audience.KIOSK))
async def kiosk_socket(socket: Socket) -> None:
    devices: Devices = socket.app.state.devices
    token = device_token(socket)
    async with _refusing(socket):
        device = await devices.identify(token, DeviceKind.KIOSK)

        async def render(state: OfficeState) -> bytes:
            kiosk = await devices.identify(token, DeviceKind.KIOSK)
            return _remembered(state, ("menu", kiosk.id, repr(sorted(kiosk.settings.items()))), lambda: menu.menu(state, kiosk))

        await follow(socket, device.office_id, render)


async def _office_of(socket: Socket, token: str | None, right: Right) -> tuple[Identity, int]:
    """Who watches, and their office. Raises NotSignedIn, Forbidden."""
    sessions: Sessions = socket.app.state.sessions
    identity = await sessions.identify(token or socket.cookies.get(SESSION_COOKIE), clock())
    identity.refuse_if_unfinished(right)
    if identity.office_id is None or not may(identity.role, identity.office_id, right, identity.office_id):
        raise Forbidden
    return identity, identity.office_id


async def _still(socket: Socket, token: str | None, right: Right, office_id: int) -> Identity:
    """The same person, as they are now: who was signed out, moved or given another role sees nothing more."""
    identity, office = await _office_of(socket, token, right)
    if office != office_id:
        raise Forbidden
    return identity


@websocket("/desk", **for_(Right.SERVE))
async def desk_socket(socket: Socket) -> None:
    token = bearer(socket) or socket.query_params.get("token")
    async with _refusing(socket):
        _, office_id = await _office_of(socket, token, Right.SERVE)

        async def render(state: OfficeState) -> bytes:
            return encoded(desk.desk_snapshot(state, await _still(socket, token, Right.SERVE, office_id)))

        await follow(socket, office_id, render)


@websocket("/hall", **for_(Right.HALL))
async def hall_socket(socket: Socket) -> None:
    pool = socket.app.state.database.hot
    token = bearer(socket) or socket.query_params.get("token")
    async with _refusing(socket):
        _, office_id = await _office_of(socket, token, Right.HALL)

        async def render(state: OfficeState) -> bytes:
            identity = await _still(socket, token, Right.HALL, office_id)
            reading: asyncio.Task[list[NoticeRow]] | None = state.shared.get("notices")
            if reading is None:
                reading = state.shared["notices"] = asyncio.create_task(notices_now(pool, office_id, state.now))
            return encoded(hall.hall_snapshot(state, identity, await asyncio.shield(reading)))

        await follow(socket, office_id, render)


@websocket("/ticket/{secret:str}", **for_(Audience.EVERYBODY))
async def ticket_socket(socket: Socket, secret: str) -> None:
    pool = socket.app.state.database.hot
    async with _refusing(socket):
        office_id, ticket = await ticket_by_secret(pool, secret)
        ended: TicketNow | None = ticket if ticket.state in ENDED else None

        async def render(state: OfficeState) -> bytes:
            nonlocal ended
            shown = state.ticket(ticket.id) or ended
            if shown is None:
                shown = await ticket_by_id(pool, ticket.id)
                ended = shown if shown.state in ENDED else None
            return encoded(phone.ticket(state, shown))

        await follow(socket, office_id, render, PHONE_SILENCE_SECONDS)


@websocket("/appointment/{secret:str}", **for_(Audience.EVERYBODY))
async def appointment_socket(socket: Socket, secret: str) -> None:
    followed: Followed = socket.app.state.followed
    async with _refusing(socket):
        shown = await appointment_by_secret(socket.app.state.database.hot, secret)

        async def render(state: OfficeState) -> bytes:
            return encoded(await followed.view(state, shown.id))

        with followed.following(shown.office_id, shown.id):
            await follow(socket, shown.office_id, render, PHONE_SILENCE_SECONDS)


router = Router("/live", route_handlers=[board_socket, kiosk_socket, desk_socket, hall_socket, ticket_socket, appointment_socket])
