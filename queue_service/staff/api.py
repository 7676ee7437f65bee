"""Signing in and out. A browser has a cookie and must also send X-CSRF-Token or a form's `csrf`; a program sends Authorization: Bearer."""

import hmac
from datetime import datetime
from typing import Any, Final

import msgspec
from litestar import Request, Response, Router, delete, post
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.openapi.datastructures import ResponseSpec
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.db import Pool
from queue_service.errors import Forbidden
from queue_service.sealing import KeyRing
from queue_service.settings import Settings
from queue_service.staff.browsers import BROWSER_COOKIE, BROWSER_LIFE, Browser, sealed, unsealed, with_account
from queue_service.staff.models import Account
from queue_service.staff.rights import Audience, Right, for_
from queue_service.staff.sessions import SESSION_LIFE, Identity, Origin, Sessions, csrf_token, sign_out
from queue_service.staff.sign_in import Attempt, Entrance, needs_code
from queue_service.staff.sign_in import sign_in as sign_in_with

SESSION_COOKIE = "queue_session"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

AnyRequest = Request[Any, Any, Any]
Connection = ASGIConnection[Any, Any, Any, Any]


class SignIn(msgspec.Struct, frozen=True):
    login: str
    password: str
    otp: str | None = None
    """A code of the authenticator or a recovery code; left out, the answer says whether one is needed."""


class AccountOut(msgspec.Struct, frozen=True):
    login: str
    name: str
    role: str
    office: str | None


class SessionOut(msgspec.Struct, frozen=True):
    token: str
    csrf: str
    account: AccountOut


class SignInProblem(msgspec.Struct, frozen=True):
    """RFC 9457."""

    type: str
    code: str
    """bad_credentials, otp_needed, wrong_otp."""
    title: str
    status: int
    detail: str


REFUSED: Final = {
    401: ResponseSpec(
        SignInProblem, generate_examples=False, description="Not signed in; `code` says why.", media_type="application/problem+json"
    )
}


def bearer(connection: Connection) -> str | None:
    scheme, _, token = connection.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def session_cookie(token: str, settings: Settings) -> Cookie:
    return _cookie(SESSION_COOKIE, token, settings, int(SESSION_LIFE.total_seconds()))


def browser_cookie(ring: KeyRing, browser: Browser | None, account: Account, settings: Settings) -> Cookie:
    """Renewed at every sign-in: this browser is known to the account from now on."""
    assert account.id is not None
    known = with_account(browser, account.id)
    return _cookie(BROWSER_COOKIE, sealed(ring, known), settings, int(BROWSER_LIFE.total_seconds()))


def _cookie(name: str, value: str, settings: Settings, seconds: int) -> Cookie:
    return Cookie(
        key=name,
        value=value,
        httponly=True,
        secure=settings.public_url.startswith("https:"),
        samesite="lax",
        max_age=seconds,
    )


def own_cookie(name: str, value: str, settings: Settings, seconds: int) -> Cookie:
    """For what only our own pages send back, and only for a while."""
    return Cookie(key=name, value=value, httponly=True, secure=settings.public_url.startswith("https:"), samesite="strict", max_age=seconds)


def origin_of(request: AnyRequest, via: str = "password") -> Origin:
    return Origin(request.client.host if request.client else None, request.headers.get("User-Agent"), via)


def browser_of(request: AnyRequest, ring: KeyRing) -> Browser | None:
    return unsealed(ring, request.cookies.get(BROWSER_COOKIE), Browser)


def check_csrf(token: str, sent: str | None) -> None:
    """Forbidden unless a changing request made with the cookie also carries the token that only our pages know."""
    if not sent or not hmac.compare_digest(sent.encode(), csrf_token(token).encode()):
        raise Forbidden({"ru": "Страница устарела. Обновите её и повторите.", "en": "This page is stale. Please reload it."})


def provide_identity(request: AnyRequest) -> Identity:
    identity: Identity = request.state["identity"]
    return identity


@post("/sessions", responses=REFUSED, **for_(Audience.EVERYBODY))
async def open_session(
    request: AnyRequest, data: SignIn, db: AsyncSession, pool: Pool, settings: Settings, entrance: Entrance, now: datetime
) -> Response[SessionOut]:
    """201 with the token, which is also set as a cookie; 401 without saying whether login or password was wrong; 429 after too many."""
    browser = browser_of(request, entrance.ring)
    attempt = Attempt(data.login, data.password, origin_of(request), browser, data.otp)
    opened = needs_code(await sign_in_with(db, entrance, attempt, now))
    account = opened.account
    slug = await pool.fetchval("SELECT slug FROM office WHERE id = $1", account.office_id)
    out = SessionOut(opened.token, csrf_token(opened.token), AccountOut(account.login, account.name, account.role, slug))
    cookies = [session_cookie(opened.token, settings), browser_cookie(entrance.ring, browser, account, settings)]
    return Response(out, status_code=201, cookies=cookies)


@delete("/sessions", **for_(Right.OWN_ACCOUNT))
async def close_session(request: AnyRequest, db: AsyncSession, sessions: Sessions) -> None:
    token = bearer(request) or request.cookies[SESSION_COOKIE]
    await sign_out(db, token)
    sessions.drop()


router = Router("/api/staff", route_handlers=[open_session, close_session], tags=["staff"])
