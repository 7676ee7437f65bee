"""The one guard of the service: every request passes here, and a route that does not say for whom it is lets nobody in.

What a signed-in person may do is decided by their role, their office and the office in the address (`{office:str}`); a form or a script
that changes something with the browser's cookie must also carry the token of our own pages. Refuses to know what a route does.
Websockets are asked here only whether they declare an audience; they check their tokens themselves, because a refusal must reach the
client as a close code.
"""

from collections.abc import Mapping
from typing import Any, Final

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.handlers.base import BaseRouteHandler

from queue_service.audit.journal import Actor
from queue_service.devices.api import device_token
from queue_service.devices.models import DeviceKind
from queue_service.devices.registry import Devices
from queue_service.errors import Forbidden
from queue_service.offices.catalogue import Catalogues
from queue_service.staff.api import SAFE_METHODS, SESSION_COOKIE, bearer, check_csrf
from queue_service.staff.rights import AUDIENCE, OF_AN_OFFICE, Audience, Right, may
from queue_service.staff.sessions import Identity, Sessions
from queue_service.text import Text
from queue_service.timing import clock

Connection = ASGIConnection[Any, Any, Any, Any]

FOR_WHOM: Final[Mapping[Right, Text]] = {
    Right.SERVE: {"ru": "Рабочее место есть только у сотрудников отделения.", "en": "Only an office's staff has a desk."},
    Right.HALL: {
        "ru": "Это делают администратор зала и руководитель отделения.",
        "en": "This is for the hall administrator and the head of the office.",
    },
    Right.POLICY: {"ru": "Правила меняет руководитель отделения.", "en": "The head of the office changes the rules."},
    Right.CITY: {"ru": "Это делает администратор города.", "en": "This is for the city's administrator."},
}
"""The sentence of a refusal, where it can say more than that something is refused."""
DEVICES: Final = {Audience.KIOSK: DeviceKind.KIOSK, Audience.DISPLAY: DeviceKind.DISPLAY, Audience.DEVICE: None}
DESCRIPTION: Final = "/schema"
"""The framework's own handlers, which cannot say an audience: what is described there is no secret."""


def address_of(connection: Connection) -> str | None:
    """Where the request came from; behind a proxy that uvicorn trusts, what the proxy says."""
    return connection.client.host if connection.client else None


async def admit(connection: Connection, handler: BaseRouteHandler) -> None:
    """Guard of the whole application. NotSignedIn, BadToken, Forbidden, or NotFound for an office that there is not."""
    audience = handler.opt.get(AUDIENCE)
    if audience is None and not connection.scope["path"].startswith(DESCRIPTION):
        raise Forbidden
    if audience is None or audience is Audience.EVERYBODY or connection.scope["type"] == ScopeType.WEBSOCKET:
        return
    if isinstance(audience, Audience):
        devices: Devices = connection.app.state.devices
        connection.state["device"] = await devices.identify(device_token(connection), DEVICES[audience])
        return
    await _admit_person(connection, audience)


async def _admit_person(connection: Connection, right: Right) -> None:
    sessions: Sessions = connection.app.state.sessions
    token, cookie = bearer(connection), connection.cookies.get(SESSION_COOKIE)
    identity = await sessions.identify(token or cookie, clock())
    if token is None and cookie is not None and connection.scope.get("method", "GET") not in SAFE_METHODS:
        check_csrf(cookie, await _sent_token(connection))
    await _check(connection, identity, right)
    connection.state["identity"] = identity
    connection.state["actor"] = Actor(identity.login, identity.account_id, address_of(connection))


async def _sent_token(connection: Connection) -> str | None:
    """From the header of a script or the field of a form."""
    header = connection.headers.get("X-CSRF-Token")
    form = "form" in connection.headers.get("Content-Type", "") and isinstance(connection, Request)
    if header or not form or not isinstance(connection, Request):
        return header
    sent = (await connection.form()).get("csrf")
    return sent if isinstance(sent, str) else None


async def _check(connection: Connection, identity: Identity, right: Right) -> None:
    identity.refuse_if_unfinished(right)
    slug = connection.path_params.get("office")
    if slug is not None:
        catalogues: Catalogues = connection.app.state.catalogues
        office_id: int | None = (await catalogues.by_slug(slug, clock())).id
    elif identity.office_id is None and right is not Right.OWN_ACCOUNT and connection.scope["path"].startswith(OF_AN_OFFICE):
        raise Forbidden(FOR_WHOM.get(right))
    else:
        # Without an office in the address a handler shows what is the person's own; only the city's routes are about all offices.
        office_id = None if right is Right.CITY else identity.office_id
    if not may(identity.role, identity.office_id, right, office_id):
        raise Forbidden(FOR_WHOM.get(right))


def provide_actor(request: Request[Any, Any, Any]) -> Actor:
    """Who acts, for the audit record."""
    actor: Actor = request.state["actor"]
    return actor
