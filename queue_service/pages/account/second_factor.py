"""The second factor of one's own account: set up with a QR code, recovery codes shown once, new ones, switched off.

It begins with the password, or right after signing in: whoever finds an open desk must not lock its owner out with a telephone of their
own. Until the first code is right the secret lies sealed in the owner's browser. Refuses to keep drawn codes: they are secrets.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.audit.journal import Actor
from queue_service.db import Pool
from queue_service.errors import DomainError, NotFound
from queue_service.pages.account.frame import AnyRequest, Form, account_page, token_of
from queue_service.pages.account.handlers import Refusals, overview, refused
from queue_service.pages.desk.sign_in import home_of
from queue_service.pages.qr import qr_svg
from queue_service.settings import Settings
from queue_service.staff.account import has_just_signed_in
from queue_service.staff.api import own_cookie
from queue_service.staff.browsers import sealed, unsealed
from queue_service.staff.errors import (
    EnrolmentExpired,
    FactorKnown,
    FactorRequired,
    SignInBlocked,
    WrongCode,
    WrongPassword,
)
from queue_service.staff.lockout import Lockout
from queue_service.staff.models import Account
from queue_service.staff.rights import RIGHTS, Right, for_
from queue_service.staff.second_factor import (
    ENROLMENT_COOKIE,
    ENROLMENT_LIFE,
    Enrolment,
    Shown,
    confirm,
    in_groups,
    new_enrolment,
    reissue,
    switch_off,
    uri,
)
from queue_service.staff.sessions import SECOND_FACTOR_ROLES, Identity, Sessions
from queue_service.staff.sign_in import Entrance, check_own_password


class CodeForm(msgspec.Struct, frozen=True):
    code: str = ""
    csrf: str = ""


class BeginForm(msgspec.Struct, frozen=True):
    password: str = ""
    csrf: str = ""


class SwitchOffForm(msgspec.Struct, frozen=True):
    factor_password: str = ""
    factor_code: str = ""
    csrf: str = ""


def _enrolment(request: AnyRequest, identity: Identity, now: datetime) -> Enrolment | None:
    entrance: Entrance = request.app.state.entrance
    held = unsealed(entrance.ring, request.cookies.get(ENROLMENT_COOKIE), Enrolment)
    return held if held is not None and held.account_id == identity.account_id and held.until > now else None


@get("/account/second-factor", include_in_schema=False, **for_(Right.OWN_ACCOUNT))
async def set_up(request: AnyRequest, identity: Identity, db: AsyncSession, now: datetime) -> Response[str] | Redirect:
    if (await db.get_one(Account, identity.account_id)).totp_sealed is not None:
        return Redirect("/account", status_code=HTTP_303_SEE_OTHER)
    return await _set_up_page(request, identity, db, Refusals(), now)


async def _set_up_page(request: AnyRequest, identity: Identity, db: AsyncSession, refusals: Refusals, now: datetime) -> Response[str]:
    """The same secret as long as the page is tried again: the authenticator may have it already. Before there is one, the password."""
    pool: Pool = request.app.state.database.hot
    enrolment = _enrolment(request, identity, now)
    if enrolment is None and await has_just_signed_in(pool, token_of(request), now):
        enrolment = new_enrolment(identity.account_id, now)
    context = {
        "key": in_groups(enrolment.secret) if enrolment is not None else None,
        "has_password": (await db.get_one(Account, identity.account_id)).password_hash is not None,
        "errors": refusals.errors,
    }
    answer = account_page(request, "account/second_factor.html", context, identity, refusals.status_code)
    if refusals.retry_after is not None:
        answer.headers["Retry-After"] = str(refusals.retry_after)
    if enrolment is not None:
        answer.set_cookie(_enrolment_cookie(request, enrolment))
    return answer


def _enrolment_cookie(request: AnyRequest, enrolment: Enrolment) -> Cookie:
    entrance: Entrance = request.app.state.entrance
    return own_cookie(ENROLMENT_COOKIE, sealed(entrance.ring, enrolment), request.app.state.settings, int(ENROLMENT_LIFE.total_seconds()))


@post("/account/second-factor/begin", include_in_schema=False, **for_(Right.OWN_ACCOUNT))
async def begin(
    request: AnyRequest, data: Annotated[BeginForm, Form], identity: Identity, db: AsyncSession, entrance: Entrance, now: datetime
) -> Response[str] | Redirect:
    try:
        await check_own_password(db, entrance, identity.account_id, data.password, now)
    except (WrongPassword, SignInBlocked) as error:
        return await _set_up_page(request, identity, db, refused(request, "password", error), now)
    answer = Redirect("/account/second-factor", status_code=HTTP_303_SEE_OTHER)
    answer.set_cookie(_enrolment_cookie(request, new_enrolment(identity.account_id, now)))
    return answer


@get("/account/second-factor/qr.svg", include_in_schema=False, **for_(Right.OWN_ACCOUNT))
async def qr_code(request: AnyRequest, identity: Identity, now: datetime) -> Response[bytes]:
    enrolment = _enrolment(request, identity, now)
    if enrolment is None:
        raise NotFound
    drawn = await asyncio.to_thread(qr_svg, uri(enrolment.secret, identity.login))
    return Response(drawn, media_type="image/svg+xml", headers={"Cache-Control": "no-store"})


@post("/account/second-factor", include_in_schema=False, **for_(Right.OWN_ACCOUNT))
async def confirm_it(
    request: AnyRequest,
    data: Annotated[CodeForm, Form],
    identity: Identity,
    actor: Actor,
    db: AsyncSession,
    entrance: Entrance,
    sessions: Sessions,
    now: datetime,
) -> Response[str] | Redirect:
    enrolment = _enrolment(request, identity, now)
    try:
        async with db.begin_nested():
            codes = await confirm(db, entrance.ring, enrolment, Shown(actor, data.code), now)
    except FactorKnown:
        return Redirect("/account", status_code=HTTP_303_SEE_OTHER)
    except (WrongCode, EnrolmentExpired) as error:
        return await _set_up_page(request, identity, db, refused(request, "code" if enrolment is not None else None, error), now)
    sessions.drop()
    answer = _codes_page(request, identity, codes, set_up=True)
    answer.delete_cookie(ENROLMENT_COOKIE)
    return answer


def _codes_page(request: AnyRequest, identity: Identity, codes: list[str], *, set_up: bool) -> Response[str]:
    """`set_up`: just now, so that the second factor is no longer missing."""
    go_on = home_of(identity.office_id, RIGHTS[identity.role]) if set_up else "/account"
    return account_page(request, "account/recovery_codes.html", {"codes": codes, "set_up": set_up, "go_on": go_on}, identity)


async def _counted_code(entrance: Entrance, identity: Identity, now: datetime, work: Callable[[], Awaitable[None]]) -> None:
    """A stolen session must not be a place to guess codes."""
    lockout: Lockout = entrance.lockout
    counted = await lockout.enter_own(identity.account_id, now)
    try:
        await work()
    except WrongCode:
        await lockout.wrong(counted, now)
        raise
    await lockout.right(counted, now)


@post("/account/recovery-codes", include_in_schema=False, status_code=200, **for_(Right.OWN_ACCOUNT))
async def new_codes(
    request: AnyRequest,
    data: Annotated[CodeForm, Form],
    identity: Identity,
    actor: Actor,
    db: AsyncSession,
    entrance: Entrance,
    now: datetime,
) -> Response[str]:
    codes: list[str] = []

    async def work() -> None:
        async with db.begin_nested():
            codes.extend(await reissue(db, entrance.ring, Shown(actor, data.code), now))

    try:
        await _counted_code(entrance, identity, now, work)
    except DomainError as error:
        return await overview(request, identity, db, refused(request, "code", error), now)
    return _codes_page(request, identity, codes, set_up=False)


@post("/account/second-factor/off", include_in_schema=False, **for_(Right.OWN_ACCOUNT))
async def switch_it_off(
    request: AnyRequest,
    data: Annotated[SwitchOffForm, Form],
    identity: Identity,
    actor: Actor,
    db: AsyncSession,
    settings: Settings,
    now: datetime,
) -> Response[str] | Redirect:
    entrance: Entrance = request.app.state.entrance

    async def work() -> None:
        async with db.begin_nested():
            await switch_off(db, entrance.ring, Shown(actor, data.factor_code), now)

    try:
        if identity.role in SECOND_FACTOR_ROLES[settings.second_factor]:
            raise FactorRequired
        await check_own_password(db, entrance, identity.account_id, data.factor_password, now)
        await _counted_code(entrance, identity, now, work)
    except DomainError as error:
        field = "factor_password" if isinstance(error, WrongPassword) else "factor_code"
        return await overview(request, identity, db, refused(request, field, error), now)
    return Redirect("/account?saved=second_factor_off", status_code=HTTP_303_SEE_OTHER)


HANDLERS = [set_up, begin, qr_code, confirm_it, new_codes, switch_it_off]
