"""Signing in and out. A browser has a cookie and must also send X-CSRF-Token or a form's `csrf`; a program sends Authorization: Bearer."""

import hmac
from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Response, Router, delete, post
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.db import Pool
from queue_service.errors import BadCredentials, Forbidden
from queue_service.settings import Settings
from queue_service.staff.rights import Audience, Right, for_
from queue_service.staff.sessions import SESSION_LIFE, Identity, Sessions, csrf_token, sign_in, sign_out

SESSION_COOKIE = "queue_session"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

Connection = ASGIConnection[Any, Any, Any, Any]


class SignIn(msgspec.Struct, frozen=True):
    login: str
    password: str
    otp: str | None = None


class AccountOut(msgspec.Struct, frozen=True):
    login: str
    name: str
    role: str
    office: str | None


class SessionOut(msgspec.Struct, frozen=True):
    token: str
    csrf: str
    account: AccountOut


def bearer(connection: Connection) -> str | None:
    scheme, _, token = connection.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def session_cookie(token: str, settings: Settings) -> Cookie:
    return Cookie(
        key=SESSION_COOKIE,
        value=token,
        httponly=True,
        secure=settings.public_url.startswith("https:"),
        samesite="lax",
        max_age=int(SESSION_LIFE.total_seconds()),
    )


def check_csrf(token: str, sent: str | None) -> None:
    """Forbidden unless a changing request made with the cookie also carries the token that only our pages know."""
    if not sent or not hmac.compare_digest(sent.encode(), csrf_token(token).encode()):
        raise Forbidden({"ru": "Страница устарела. Обновите её и повторите.", "en": "This page is stale. Please reload it."})


def provide_identity(request: Request[Any, Any, Any]) -> Identity:
    identity: Identity = request.state["identity"]
    return identity


@post("/sessions", **for_(Audience.EVERYBODY))
async def open_session(data: SignIn, db: AsyncSession, pool: Pool, settings: Settings, now: datetime) -> Response[SessionOut]:
    """201 with the token, which is also set as a cookie; 401 without saying whether login or password was wrong."""
    if len(data.password) > 1000:
        raise BadCredentials
    token, account = await sign_in(db, data.login, data.password, now)
    slug = await pool.fetchval("SELECT slug FROM office WHERE id = $1", account.office_id)
    out = SessionOut(token, csrf_token(token), AccountOut(account.login, account.name, account.role, slug))
    return Response(out, status_code=201, cookies=[session_cookie(token, settings)])


@delete("/sessions", **for_(Right.OWN_ACCOUNT))
async def close_session(request: Request[Any, Any, Any], db: AsyncSession, sessions: Sessions) -> None:
    token = bearer(request) or request.cookies[SESSION_COOKIE]
    await sign_out(db, token)
    sessions.drop()


router = Router("/api/staff", route_handlers=[open_session, close_session], tags=["staff"])
