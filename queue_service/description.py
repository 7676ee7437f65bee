"""What the OpenAPI description says of every route besides its own inputs and outputs: how to sign in, and which refusals there are.

Written once from each route's audience, so that no handler can forget it. Refuses to describe what a handler says itself.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Components, SecurityScheme

from queue_service.staff.rights import AUDIENCE, Audience


class Problem(msgspec.Struct, frozen=True):
    """RFC 9457: why a request was refused. Some refusals carry more, such as the times that are still free."""

    type: str
    code: str
    title: str
    status: int
    detail: str
    """A sentence for the person, in the language that Accept-Language asks for."""


REFUSALS: Final[Mapping[int, str]] = {
    400: "The request is malformed.",
    401: "Nobody is signed in, the token is not valid, or the password is wrong.",
    403: "The caller may not do this, or not now.",
    404: "There is no such thing, or not here.",
    409: "The state of things does not allow it; `code` says why.",
    413: "The body is too large.",
    422: "A value cannot be taken; `code` says which rule it breaks.",
    429: "Too often; Retry-After says when again.",
    503: "Not available now; Retry-After says when again.",
}
STAFF: Final = "staff"
BROWSER: Final = "browser"
DEVICE: Final = "device"
COMPONENTS: Final = Components(
    security_schemes={
        STAFF: SecurityScheme(type="http", scheme="bearer", description="The token of POST /api/staff/sessions."),
        BROWSER: SecurityScheme(
            type="apiKey",
            name="queue_session",
            security_scheme_in="cookie",
            description="With X-CSRF-Token for whatever changes something.",
        ),
        DEVICE: SecurityScheme(type="http", scheme="bearer", description="The token of a paired kiosk or display."),
    }
)


def describe(app: Litestar) -> None:
    """Before the description is first asked for."""
    for handler in _handlers(app):
        audience = handler.opt.get(AUDIENCE)
        handler.responses = {**{status: _problem(why) for status, why in REFUSALS.items()}, **(handler.responses or {})}
        if audience is not Audience.EVERYBODY:
            handler.security = [{DEVICE: []}] if isinstance(audience, Audience) else [{STAFF: []}, {BROWSER: []}]


def _handlers(app: Litestar) -> Iterator[HTTPRouteHandler]:
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if isinstance(handler, HTTPRouteHandler) and handler.resolve_include_in_schema():
                yield handler


def _problem(why: str) -> Any:
    return ResponseSpec(Problem, generate_examples=False, description=why, media_type="application/problem+json")
