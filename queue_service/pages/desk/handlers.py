"""Signing in and choosing a desk are forms without JavaScript; the working place is a shell that the live snapshot fills."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.desks.commands import open_shift
from queue_service.errors import BadCredentials, DomainError, NotSignedIn
from queue_service.live.hub import Hub
from queue_service.live.views.desk import desk_snapshot
from queue_service.offices.catalogue import Catalogue, Catalogues
from queue_service.pages.render import check_own_form, office_head, own_path, page, plain, translator_of
from queue_service.settings import Settings
from queue_service.staff.api import SESSION_COOKIE, bearer, session_cookie
from queue_service.staff.rights import Audience, Right, for_
from queue_service.staff.sessions import Identity, Sessions, sign_in, sign_out

AnyRequest = Request[Any, Any, Any]
Form = Body(media_type=RequestEncodingType.URL_ENCODED)


class LoginForm(msgspec.Struct, frozen=True):
    login: str = ""
    password: str = ""
    otp: str = ""
    next: str = ""
    csrf: str = ""


class DeskForm(msgspec.Struct, frozen=True):
    desk: str = ""
    csrf: str = ""


@get("/desk", include_in_schema=False, **for_(Right.SERVE))
async def desk_page(request: AnyRequest, identity: Identity, catalogues: Catalogues, hub: Hub, now: datetime) -> Response[str]:
    return await _desk_page(request, identity, await catalogues.of(identity.own_office, now), hub, error=None)


async def _desk_page(request: AnyRequest, identity: Identity, catalogue: Catalogue, hub: Hub, error: DomainError | None) -> Response[str]:
    snapshot = plain(desk_snapshot(await hub.feed(catalogue.id).fresh(), identity))
    if snapshot["shift"] is not None and error is None:
        context = {"account": snapshot["account"], "desk": snapshot["shift"]["desk"]}
        return page(request, "desk/work.html", context, office_head(catalogue))
    context = {
        "account": snapshot["account"],
        "desks": snapshot["desks"],
        "error": translator_of(request).text(error.text) if error else None,
    }
    return page(request, "desk/choose.html", context, office_head(catalogue), status_code=error.status if error else 200)


@post("/desk/shift", include_in_schema=False, **for_(Right.SERVE))
async def choose_desk(
    request: AnyRequest,
    data: Annotated[DeskForm, Form],
    identity: Identity,
    catalogues: Catalogues,
    hub: Hub,
    db: AsyncSession,
    now: datetime,
) -> Response[str] | Redirect:
    catalogue = await catalogues.of(identity.own_office, now)
    try:
        async with db.begin_nested():
            await open_shift(db, catalogue, identity.account_id, data.desk, now)
    except DomainError as error:
        return await _desk_page(request, identity, catalogue, hub, error)
    return Redirect("/desk", status_code=HTTP_303_SEE_OTHER)


@get("/desk/login", include_in_schema=False, **for_(Audience.EVERYBODY))
async def login_page(request: AnyRequest, sessions: Sessions, now: datetime) -> Response[str] | Redirect:
    try:
        await sessions.identify(request.cookies.get(SESSION_COOKIE), now)
    except NotSignedIn:
        return _login_page(request, "", own_path(request.query_params.get("next"), "/desk"), [])
    return Redirect("/desk", status_code=HTTP_303_SEE_OTHER)


def _login_page(request: AnyRequest, login: str, next_path: str, errors: list[dict[str, Any]]) -> Response[str]:
    context = {"login": login, "ask_otp": False, "errors": errors, "next": next_path}
    return page(request, "desk/login.html", context, status_code=400 if errors else 200)


@post("/desk/login", include_in_schema=False, **for_(Audience.EVERYBODY))
async def log_in(
    request: AnyRequest, data: Annotated[LoginForm, Form], db: AsyncSession, settings: Settings, now: datetime
) -> Response[str] | Redirect:
    check_own_form(request)
    t = translator_of(request)
    next_path = own_path(data.next, "/desk")
    missing = [
        {"field": field, "text": t.gettext(message)}
        for field, value, message in (
            ("login", data.login, "Enter your login"),
            ("password", data.password, "Enter your password"),
        )
        if not value.strip()
    ]
    if missing:
        return _login_page(request, data.login, next_path, missing)
    try:
        token, _ = await sign_in(db, data.login, data.password, now)
    except BadCredentials as error:
        return _login_page(request, data.login, next_path, [{"field": "login", "text": t.text(error.text)}])
    answer = Redirect(next_path, status_code=HTTP_303_SEE_OTHER)
    answer.set_cookie(session_cookie(token, settings))
    return answer


@post("/desk/logout", include_in_schema=False, **for_(Right.OWN_ACCOUNT))
async def log_out(request: AnyRequest, db: AsyncSession, sessions: Sessions) -> Redirect:
    await sign_out(db, bearer(request) or request.cookies[SESSION_COOKIE])
    sessions.drop()
    answer = Redirect("/desk/login", status_code=HTTP_303_SEE_OTHER)
    answer.delete_cookie(SESSION_COOKIE)
    return answer


HANDLERS = [desk_page, choose_desk, login_page, log_in, log_out]
