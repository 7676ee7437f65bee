"""`/account`: the person's password, second factor and open sessions, and what is still missing before work can begin."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.audit.journal import Actor
from queue_service.db import Pool
from queue_service.errors import DomainError
from queue_service.offices.catalogue import Catalogues
from queue_service.pages.account.frame import ZONE, AnyRequest, Form, account_page, browser_name, token_of
from queue_service.pages.desk.sign_in import provider_name
from queue_service.pages.render import translator_of
from queue_service.settings import Settings
from queue_service.staff.account import change_password, end_other_sessions, end_session, open_sessions
from queue_service.staff.errors import SignInBlocked, WeakPassword, WrongPassword
from queue_service.staff.models import Account
from queue_service.staff.rights import Right, for_
from queue_service.staff.second_factor import codes_left
from queue_service.staff.sessions import SECOND_FACTOR_ROLES, Identity, Sessions
from queue_service.staff.sign_in import Entrance, check_own_password

DONE: Final = {
    "password": "The password is changed. Everywhere else you are signed out.",
    "second_factor": "The second factor is set up.",
    "second_factor_off": "The second factor is switched off.",
    "linked": "From now on you can sign in with it too.",
    "unlinked": "It no longer signs you in.",
    "session": "Signed out there.",
    "sessions": "Signed out everywhere else.",
}
"""What ?saved= says."""


class PasswordForm(msgspec.Struct, frozen=True):
    current: str = ""
    password: str = ""
    again: str = ""
    csrf: str = ""


class SessionForm(msgspec.Struct, frozen=True):
    session: str = ""
    csrf: str = ""


@dataclass(frozen=True, slots=True)
class Refusals:
    """What was wrong with which form."""

    errors: list[dict[str, str | None]] = field(default_factory=list)
    status_code: int = 200
    retry_after: int | None = None


@get("/account", include_in_schema=False, **for_(Right.OWN_ACCOUNT))
async def account(request: AnyRequest, identity: Identity, db: AsyncSession, now: datetime) -> Response[str]:
    return await overview(request, identity, db, Refusals(), now)


async def overview(request: AnyRequest, identity: Identity, db: AsyncSession, refusals: Refusals, now: datetime) -> Response[str]:
    """The page, also with what was refused of its forms."""
    t = translator_of(request)
    state = request.app.state
    pool: Pool = state.database.hot
    catalogues: Catalogues = state.catalogues
    settings: Settings = state.settings
    done = request.query_params.get("saved", "")
    row = await db.get_one(Account, identity.account_id)
    zone = (await catalogues.of(identity.office_id, now)).time_zone if identity.office_id is not None else ZONE
    sessions: list[dict[str, Any]] = [
        {
            "id": each.id,
            "browser": browser_name(t, each.agent),
            "address": each.address or "—",
            "opened": t.day_and_time(each.opened_at, zone, now),
            "this_one": each.this_one,
        }
        for each in await open_sessions(pool, identity.account_id, token_of(request), now)
    ]
    context = {
        "errors": refusals.errors,
        "saved": t.gettext(DONE[done]) if done in DONE else None,
        "has_password": row.password_hash is not None,
        "provider": provider_name(request),
        "linked": row.oidc_subject is not None,
        "second_factor": row.totp_sealed is not None,
        "codes_left": await codes_left(db, identity.account_id),
        "required": identity.role in SECOND_FACTOR_ROLES[settings.second_factor],
        "sessions": sessions,
    }
    answer = account_page(request, "account/overview.html", context, identity, refusals.status_code)
    if refusals.retry_after is not None:
        answer.headers["Retry-After"] = str(refusals.retry_after)
    return answer


def refused(request: AnyRequest, field: str | None, error: DomainError) -> Refusals:
    sentence: str | None = translator_of(request).text(error.text)
    status = error.status if isinstance(error, SignInBlocked) else 422
    return Refusals([{"field": field, "text": sentence}], status, error.retry_after)


@post("/account/password", include_in_schema=False, **for_(Right.OWN_ACCOUNT))
async def new_password(
    request: AnyRequest,
    data: Annotated[PasswordForm, Form],
    identity: Identity,
    actor: Actor,
    db: AsyncSession,
    entrance: Entrance,
    sessions: Sessions,
    now: datetime,
) -> Response[str] | Redirect:
    t = translator_of(request)
    if data.password != data.again:
        different = Refusals([{"field": "again", "text": t.gettext("The two passwords differ.")}], 422)
        return await overview(request, identity, db, different, now)
    try:
        await check_own_password(db, entrance, identity.account_id, data.current, now)
        await change_password(db, actor, token_of(request), data.password, now)
    except (WrongPassword, SignInBlocked) as error:
        return await overview(request, identity, db, refused(request, "current", error), now)
    except WeakPassword as error:
        return await overview(request, identity, db, refused(request, "password", error), now)
    sessions.drop()
    return Redirect("/account?saved=password", status_code=HTTP_303_SEE_OTHER)


@post("/account/sessions/end", include_in_schema=False, **for_(Right.OWN_ACCOUNT))
async def end_one(
    request: AnyRequest, data: Annotated[SessionForm, Form], identity: Identity, actor: Actor, db: AsyncSession, now: datetime
) -> Response[str] | Redirect:
    try:
        # NUL, letters and numbers beyond bigint are as unknown as a session that has ended.
        await end_session(db, actor, int(data.session) if data.session.isdecimal() and len(data.session) < 18 else 0, now)
    except DomainError as error:
        return await overview(request, identity, db, refused(request, None, error), now)
    return Redirect("/account?saved=session", status_code=HTTP_303_SEE_OTHER)


@post("/account/sessions/end-others", include_in_schema=False, **for_(Right.OWN_ACCOUNT))
async def end_others(request: AnyRequest, actor: Actor, db: AsyncSession, now: datetime) -> Redirect:
    await end_other_sessions(db, actor, token_of(request), now)
    return Redirect("/account?saved=sessions", status_code=HTTP_303_SEE_OTHER)


HANDLERS = [account, new_password, end_one, end_others]
