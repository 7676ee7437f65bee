"""The sign-in of staff: login and password, then a code where the account has a second factor. Forms without JavaScript.

Between the two steps the browser holds a sealed cookie of five minutes, never the password. Refuses to lead a person to another site.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.errors import BadCredentials, DomainError, NotSignedIn
from queue_service.pages.render import own_path, page, translator_of
from queue_service.settings import Settings
from queue_service.staff.api import SESSION_COOKIE, bearer, browser_cookie, browser_of, origin_of, own_cookie, session_cookie
from queue_service.staff.browsers import BEGUN_COOKIE, BEGUN_LIFE, Begun, begun, sealed, unsealed
from queue_service.staff.errors import SignInBlocked, SignInExpired, WrongOtp
from queue_service.staff.models import Account
from queue_service.staff.rights import RIGHTS, Audience, Right, for_
from queue_service.staff.sessions import Sessions, sign_out, unfinished
from queue_service.staff.sign_in import Attempt, Entrance, Opened, finish_sign_in, sign_in

if TYPE_CHECKING:
    from queue_service.staff.provider import Provider

AnyRequest = Request[Any, Any, Any]
Form = Body(media_type=RequestEncodingType.URL_ENCODED)
ACCOUNT: Final = "/account"


class LoginForm(msgspec.Struct, frozen=True):
    login: str = ""
    password: str = ""
    next: str = ""
    csrf: str = ""


class CodeForm(msgspec.Struct, frozen=True):
    otp: str = ""
    next: str = ""
    csrf: str = ""


@get("/desk/login", include_in_schema=False, **for_(Audience.EVERYBODY))
async def login_page(request: AnyRequest, sessions: Sessions, now: datetime) -> Response[str] | Redirect:
    next_path = own_path(request.query_params.get("next"), "")
    try:
        identity = await sessions.identify(request.cookies.get(SESSION_COOKIE), now)
    except NotSignedIn:
        return _login_page(request, "", next_path, [])
    if identity.unfinished:
        return Redirect(ACCOUNT, status_code=HTTP_303_SEE_OTHER)
    return Redirect(home_of(identity.office_id, RIGHTS[identity.role]), status_code=HTTP_303_SEE_OTHER)


def home_of(office_id: int | None, rights: frozenset[Right]) -> str:
    """Where somebody begins who was going nowhere in particular."""
    return "/desk" if Right.SERVE in rights and office_id is not None else "/admin"


def _login_page(
    request: AnyRequest, login: str, next_path: str, errors: list[dict[str, Any]], refusal: DomainError | None = None
) -> Response[str]:
    context = {"login": login, "errors": errors, "next": next_path, "provider": provider_name(request)}
    return _refused(page(request, "desk/login.html", context), errors, refusal)


def provider_name(request: AnyRequest) -> str | None:
    """Of whom one may also sign in with."""
    provider: Provider | None = request.app.state.oidc
    return provider.name if provider is not None else None


def _refused(answer: Response[str], errors: list[dict[str, Any]], refusal: DomainError | None) -> Response[str]:
    if errors:
        answer.status_code = 429 if isinstance(refusal, SignInBlocked) else 400
    if refusal is not None and refusal.retry_after is not None:
        answer.headers["Retry-After"] = str(refusal.retry_after)
    return answer


@post("/desk/login", include_in_schema=False, **for_(Audience.EVERYBODY))
async def log_in(
    request: AnyRequest, data: Annotated[LoginForm, Form], db: AsyncSession, entrance: Entrance, now: datetime
) -> Response[str] | Redirect:
    t = translator_of(request)
    next_path = own_path(data.next, "")
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
    attempt = Attempt(data.login, data.password, origin_of(request), browser_of(request, entrance.ring))
    try:
        outcome = await sign_in(db, entrance, attempt, now)
    except (BadCredentials, SignInBlocked) as error:
        field = "login" if isinstance(error, BadCredentials) else None
        return _login_page(request, data.login, next_path, [{"field": field, "text": t.text(error.text)}], error)
    if isinstance(outcome, Opened):
        return await signed_in(request, db, outcome, next_path)
    return ask_for_code(request, outcome, next_path, now)


def ask_for_code(request: AnyRequest, account: Account, next_path: str, now: datetime) -> Redirect:
    """To the second step."""
    entrance: Entrance = request.app.state.entrance
    settings: Settings = request.app.state.settings
    back = f"?{urlencode({'next': next_path})}" if next_path else ""
    answer = Redirect(f"/desk/login/code{back}", status_code=HTTP_303_SEE_OTHER)
    held = sealed(entrance.ring, begun(entrance.ring, account, now))
    answer.set_cookie(own_cookie(BEGUN_COOKIE, held, settings, int(BEGUN_LIFE.total_seconds())))
    return answer


async def signed_in(request: AnyRequest, db: AsyncSession, opened: Opened, next_path: str = "") -> Redirect:
    """On to where the person was going, or first to what is still missing. A session that the browser had before ends."""
    entrance: Entrance = request.app.state.entrance
    settings: Settings = request.app.state.settings
    before = request.cookies.get(SESSION_COOKIE)
    if before:
        await sign_out(db, before)
    account = opened.account
    home = ACCOUNT if unfinished(account, opened.via, settings.second_factor) else home_of(account.office_id, RIGHTS[account.role])
    answer = Redirect(next_path if next_path and home != ACCOUNT else home, status_code=HTTP_303_SEE_OTHER)
    answer.set_cookie(session_cookie(opened.token, settings))
    answer.set_cookie(browser_cookie(entrance.ring, browser_of(request, entrance.ring), account, settings))
    answer.delete_cookie(BEGUN_COOKIE)
    return answer


def _begun(request: AnyRequest, entrance: Entrance, now: datetime) -> Begun | None:
    held = unsealed(entrance.ring, request.cookies.get(BEGUN_COOKIE), Begun)
    return held if held is not None and held.until > now else None


@get("/desk/login/code", include_in_schema=False, **for_(Audience.EVERYBODY))
async def code_page(request: AnyRequest, entrance: Entrance, now: datetime) -> Response[str] | Redirect:
    if _begun(request, entrance, now) is None:
        return Redirect("/desk/login", status_code=HTTP_303_SEE_OTHER)
    return _code_page(request, own_path(request.query_params.get("next"), ""), [])


def _code_page(request: AnyRequest, next_path: str, errors: list[dict[str, Any]], refusal: DomainError | None = None) -> Response[str]:
    return _refused(page(request, "desk/login_code.html", {"errors": errors, "next": next_path}), errors, refusal)


@post("/desk/login/code", include_in_schema=False, **for_(Audience.EVERYBODY))
async def enter_code(
    request: AnyRequest, data: Annotated[CodeForm, Form], db: AsyncSession, entrance: Entrance, now: datetime
) -> Response[str] | Redirect:
    t, next_path, held = translator_of(request), own_path(data.next, ""), _begun(request, entrance, now)
    if held is not None and not data.otp.strip():
        return _code_page(request, next_path, [{"field": "otp", "text": t.gettext("Enter the code")}])
    attempt = Attempt("", "", origin_of(request), browser_of(request, entrance.ring), data.otp)
    try:
        opened = await finish_sign_in(db, entrance, held, attempt, now)
    except SignInExpired as error:
        return _login_page(request, "", next_path, [{"field": None, "text": t.text(error.text)}])
    except (WrongOtp, SignInBlocked) as error:
        field = "otp" if isinstance(error, WrongOtp) else None
        return _code_page(request, next_path, [{"field": field, "text": t.text(error.text)}], error)
    return await signed_in(request, db, opened, next_path)


@post("/desk/logout", include_in_schema=False, **for_(Right.OWN_ACCOUNT))
async def log_out(request: AnyRequest, db: AsyncSession, sessions: Sessions) -> Redirect:
    await sign_out(db, bearer(request) or request.cookies[SESSION_COOKIE])
    sessions.drop()
    answer = Redirect("/desk/login", status_code=HTTP_303_SEE_OTHER)
    answer.delete_cookie(SESSION_COOKIE)
    return answer


HANDLERS = [login_page, log_in, code_page, enter_code, log_out]
