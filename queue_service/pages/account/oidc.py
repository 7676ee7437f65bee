"""Signing in at a provider and back: the sealed cookie in between, and a sentence for everything that can go wrong there.

A form never leads to the provider by itself, because our pages send forms nowhere else (CSP): it leads to a page that does.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import structlog
from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.audit.journal import Actor
from queue_service.booking.office import Booking
from queue_service.doors import address_of
from queue_service.errors import DomainError, Forbidden, NotFound
from queue_service.pages.account.handlers import overview, refused
from queue_service.pages.desk.sign_in import signed_in
from queue_service.pages.render import own_path, page, translator_of
from queue_service.settings import Settings
from queue_service.staff.api import SESSION_COOKIE, origin_of
from queue_service.staff.browsers import sealed, unsealed
from queue_service.staff.errors import SignInBlocked, SignInExpired, WrongPassword
from queue_service.staff.linking import accept_invitation_with, account_of, link, unlink
from queue_service.staff.oidc import BEGUN_LIFE, AnswerRejected, Elsewhere, Subject, leave
from queue_service.staff.rights import Audience, Right, for_
from queue_service.staff.sessions import Identity, Sessions, open_session_for
from queue_service.staff.sign_in import Opened, check_own_password

if TYPE_CHECKING:
    from queue_service.staff.provider import Provider

log = structlog.get_logger(__name__)
AnyRequest = Request[Any, Any, Any]
COOKIE = "queue_oidc"
PATH = "/account/oidc"


class Linking(msgspec.Struct, frozen=True):
    link_password: str = ""


class Accepting(msgspec.Struct, frozen=True):
    invitation: str = ""


def provider_of(request: AnyRequest) -> "Provider":
    """NotFound where none is configured."""
    provider: Provider | None = request.app.state.oidc
    if provider is None:
        raise NotFound
    return provider


@get(f"{PATH}/start", include_in_schema=False, **for_(Audience.EVERYBODY))
async def start(request: AnyRequest, booking: Booking, settings: Settings, now: datetime) -> Response[Any]:
    begun = leave(now, to=own_path(request.query_params.get("next"), ""))
    try:
        address = await provider_of(request).address(begun, now)
    except DomainError as error:
        return _failed(request, error)
    answer = Redirect(address, status_code=HTTP_303_SEE_OTHER)
    answer.set_cookie(_cookie(sealed(booking.ring, begun), settings))
    return answer


@post(f"{PATH}/link", status_code=200, include_in_schema=False, **for_(Right.OWN_ACCOUNT))
async def start_linking(
    request: AnyRequest,
    data: Annotated[Linking, Body(media_type=RequestEncodingType.URL_ENCODED)],
    identity: Identity,
    booking: Booking,
    db: AsyncSession,
    settings: Settings,
    now: datetime,
) -> Response[Any]:
    """With the password: whoever finds an open desk must not leave a way in of their own."""
    try:
        await check_own_password(db, request.app.state.entrance, identity.account_id, data.link_password, now)
    except (WrongPassword, SignInBlocked) as error:
        return await overview(request, identity, db, refused(request, "link_password", error), now)
    return await _led_on(request, leave(now, link=identity.account_id), (booking, settings), now)


@post(f"{PATH}/accept", status_code=200, include_in_schema=False, **for_(Audience.EVERYBODY))
async def start_accepting(
    request: AnyRequest,
    data: Annotated[Accepting, Body(media_type=RequestEncodingType.URL_ENCODED)],
    booking: Booking,
    settings: Settings,
    now: datetime,
) -> Response[Any]:
    return await _led_on(request, leave(now, invitation=data.invitation[:100]), (booking, settings), now)


async def _led_on(request: AnyRequest, begun: Elsewhere, means: tuple[Booking, Settings], now: datetime) -> Response[Any]:
    booking, settings = means
    provider = provider_of(request)
    try:
        address = await provider.address(begun, now)
    except DomainError as error:
        return _failed(request, error)
    answer = page(request, "account/oidc.html", {"provider": provider.name, "address": address, "error": None})
    answer.headers["Refresh"] = f"0; url={address}"
    answer.set_cookie(_cookie(sealed(booking.ring, begun), settings))
    return answer


@get(f"{PATH}/callback", include_in_schema=False, **for_(Audience.EVERYBODY))
async def come_back(request: AnyRequest, db: AsyncSession, booking: Booking, now: datetime) -> Response[Any]:
    begun = unsealed(booking.ring, request.cookies.get(COOKIE), Elsewhere)
    provider = provider_of(request)
    try:
        # Once: a second answer to the same beginning is somebody else's, or a reloaded page.
        if begun is not None and await booking.guard.limiter.hit(f"oidc {begun.state}", 1, BEGUN_LIFE, now) is not None:
            raise SignInExpired
        subject = await provider.subject(dict(request.query_params), begun, now)
        assert begun is not None
        async with db.begin_nested():
            opened = await _opened(request, db, begun, subject, now)
    except DomainError as error:
        return _failed(request, error)
    if opened is None:
        answer = Redirect("/account?saved=linked", status_code=HTTP_303_SEE_OTHER)
    else:
        answer = await signed_in(request, db, opened, begun.next)
    answer.delete_cookie(COOKIE, path=PATH)
    return answer


async def _opened(request: AnyRequest, db: AsyncSession, begun: Elsewhere, subject: Subject, now: datetime) -> Opened | None:
    """A new session; none where somebody who has one tied the provider to their account."""
    address = address_of(request)
    if begun.link is not None:
        sessions: Sessions = request.app.state.sessions
        identity = await sessions.identify(request.cookies.get(SESSION_COOKIE), now)
        if identity.account_id != begun.link:
            raise Forbidden  # somebody else signed in here meanwhile
        await link(db, Actor(identity.login, identity.account_id, address), subject, now)
        return None
    if begun.invitation is not None:
        account = await accept_invitation_with(db, begun.invitation, subject, address, now)
    else:
        account = await account_of(db, subject)
    return Opened(account, await open_session_for(db, account, origin_of(request, "oidc"), now), "oidc")


@post(f"{PATH}/unlink", include_in_schema=False, **for_(Right.OWN_ACCOUNT))
async def forget(request: AnyRequest, db: AsyncSession, actor: Actor, now: datetime) -> Response[Any]:
    try:
        await unlink(db, actor, now)
    except DomainError as error:
        return _failed(request, error)
    return Redirect("/account?saved=unlinked", status_code=HTTP_303_SEE_OTHER)


def _failed(request: AnyRequest, error: DomainError) -> Response[Any]:
    log.warning("oidc_failed", code=error.code, why=error.why if isinstance(error, AnswerRejected) else None)
    context = {"error": translator_of(request).text(error.text), "address": None, "provider": None}
    answer = page(request, "account/oidc.html", context, status_code=403 if error.status == 401 else error.status)
    answer.delete_cookie(COOKIE, path=PATH)
    return answer


def _cookie(content: str, settings: Settings) -> Cookie:
    return Cookie(
        COOKIE,
        value=content,
        path=PATH,
        max_age=int(BEGUN_LIFE.total_seconds()),
        httponly=True,
        secure=settings.public_url.startswith("https:"),
        samesite="lax",
    )


HANDLERS = [start, start_linking, start_accepting, come_back, forget]
