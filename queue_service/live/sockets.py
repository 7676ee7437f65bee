"""The websockets: each admits whoever may watch, shows the first view of one office, and leaves the rest to a `Screen`.

Handlers never take `db`: its transaction would stay open while the client is slow. Refuses anonymous boards and desks; a phone's right
is its ticket's secret.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import msgspec
import structlog
from litestar import Router, WebSocket, websocket
from litestar.datastructures import State
from litestar.exceptions import WebSocketDisconnect
from uvicorn.protocols.utils import ClientDisconnected

from queue_service.booking.queries import appointment_by_secret
from queue_service.db import Pool
from queue_service.desks.notices import NoticeRow, notices_now
from queue_service.devices.api import device_token
from queue_service.devices.models import DeviceKind
from queue_service.devices.registry import Devices
from queue_service.errors import BadToken, DomainError, Forbidden
from queue_service.limits.gate import is_foreign
from queue_service.limits.line import line_of
from queue_service.live.appointments import Followed
from queue_service.live.hub import HEARTBEAT_SECONDS, Hub
from queue_service.live.screens import BROKEN, REFUSED, Screen, View
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

PHONE_SILENCE_SECONDS = 30.0
"""An unchanged phone is told again this often, so that it can tell quiet from cut off; tens of thousands follow."""


async def follow(socket: Socket, office_id: int, view: View, silence: float = HEARTBEAT_SECONDS, about: int | None = None) -> None:
    """Shows the view now, and leaves a screen behind that shows it until either side goes."""
    hub: Hub = socket.app.state.hub
    line = line_of(socket.scope)
    await socket.accept()
    feed = hub.feed(office_id)
    with contextlib.suppress(WebSocketDisconnect, ClientDisconnected):
        try:
            state = await feed.present()
            content = view(state)
            if not isinstance(content, bytes):
                content = await content
        except (asyncpg.PostgresError, OSError) as error:
            log.warning("screen_not_opened", office=office_id, error=repr(error))
            await socket.close(code=BROKEN)
            return
        await socket.send_data(enveloped(state, content), mode="text")
        Screen(feed, line, view, silence, about).open(state, content)


def _remembered(state: OfficeState, key: object, view: Callable[[], msgspec.Struct]) -> bytes:
    """The view as it was encoded for the first socket that shows the same."""
    content = state.rendered.get(key)
    if content is None:
        content = state.rendered[key] = encoded(view())
    return content


@asynccontextmanager
async def _refusing(socket: Socket) -> AsyncIterator[None]:
    """A refusal becomes a close code: browsers cannot read the body of a refused handshake.

    Another site's page is refused whatever it shows: with our cookie it would watch a desk, with a secret it has stolen the secret.
    """
    settings: Settings = socket.app.state.settings
    try:
        if is_foreign(socket.scope, settings.public_url):
            raise Forbidden
        yield
    except DomainError as error:
        if socket.connection_state == "init":
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

        async def view(state: OfficeState) -> bytes:
            display = await devices.identify(token, DeviceKind.DISPLAY)  # a revoked one sees nothing more, a changed one its new settings
            shown = zone or display.zone
            key = ("board", shown, repr(sorted(display.settings.items())))
            return _remembered(state, key, lambda: board.board(state, shown, display.settings))

        await follow(socket, catalogue.id, view)


@websocket("/kiosk", **for_(Audience.KIOSK))
async def kiosk_socket(socket: Socket) -> None:
    devices: Devices = socket.app.state.devices
    token = device_token(socket)
    async with _refusing(socket):
        device = await devices.identify(token, DeviceKind.KIOSK)

        async def view(state: OfficeState) -> bytes:
            kiosk = await devices.identify(token, DeviceKind.KIOSK)
            return _remembered(state, ("menu", kiosk.id, repr(sorted(kiosk.settings.items()))), lambda: menu.menu(state, kiosk))

        await follow(socket, device.office_id, view)


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

        async def view(state: OfficeState) -> bytes:
            return encoded(desk.desk_snapshot(state, await _still(socket, token, Right.SERVE, office_id)))

        await follow(socket, office_id, view)


@websocket("/hall", **for_(Right.HALL))
async def hall_socket(socket: Socket) -> None:
    pool = socket.app.state.database.hot
    token = bearer(socket) or socket.query_params.get("token")
    async with _refusing(socket):
        _, office_id = await _office_of(socket, token, Right.HALL)

        async def view(state: OfficeState) -> bytes:
            identity = await _still(socket, token, Right.HALL, office_id)
            reading: asyncio.Task[list[NoticeRow]] | None = state.shared.get("notices")
            if reading is None:
                reading = state.shared["notices"] = asyncio.create_task(notices_now(pool, office_id, state.now))
            return encoded(hall.hall_snapshot(state, identity, await asyncio.shield(reading)))

        await follow(socket, office_id, view)


class _Phone:
    """A ticket's view; it knows the ticket again when it has ended and is no longer part of the state."""

    __slots__ = ("_ended", "_id", "_pool")

    def __init__(self, pool: Pool, ticket: TicketNow) -> None:
        self._pool = pool
        self._id = ticket.id
        self._ended = ticket if ticket.state in ENDED else None

    def __call__(self, state: OfficeState) -> bytes | Awaitable[bytes]:
        shown = state.ticket(self._id) or self._ended
        return self._read(state) if shown is None else encoded(phone.ticket(state, shown))

    async def _read(self, state: OfficeState) -> bytes:
        shown = await ticket_by_id(self._pool, self._id)
        self._ended = shown if shown.state in ENDED else None
        return encoded(phone.ticket(state, shown))


@websocket("/ticket/{secret:str}", **for_(Audience.EVERYBODY))
async def ticket_socket(socket: Socket, secret: str) -> None:
    pool = socket.app.state.database.hot
    async with _refusing(socket):
        office_id, ticket = await ticket_by_secret(pool, secret)
        await follow(socket, office_id, _Phone(pool, ticket), PHONE_SILENCE_SECONDS, about=ticket.id)


@websocket("/appointment/{secret:str}", **for_(Audience.EVERYBODY))
async def appointment_socket(socket: Socket, secret: str) -> None:
    followed: Followed = socket.app.state.followed
    async with _refusing(socket):
        shown = await appointment_by_secret(socket.app.state.database.hot, secret)
        office_id, appointment_id = shown.office_id, shown.id
        line_of(socket.scope).when_over(followed.follow(office_id, appointment_id))

        async def view(state: OfficeState) -> bytes:
            return encoded(await followed.view(state, appointment_id))

        await follow(socket, office_id, view, PHONE_SILENCE_SECONDS, about=0)


router = Router("/live", route_handlers=[board_socket, kiosk_socket, desk_socket, hall_socket, ticket_socket, appointment_socket])
