"""How an exception becomes an answer: problem+json for programs, a page for people.

Refuses to let a stack trace or a statement out; those go to the log with the request's id.
"""

from collections.abc import Callable
from typing import Any

import asyncpg
import sqlalchemy.exc
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException

from queue_service.errors import DomainError, Forbidden, Malformed, NotFound, NotSignedIn, Unavailable, problem
from queue_service.text import accepted_language

log = structlog.get_logger(__name__)

DATABASE_AWAY: tuple[type[Exception], ...] = (
    OSError,  # refused, timed out, or the socket's file is gone
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.TooManyConnectionsError,
    sqlalchemy.exc.InterfaceError,
    sqlalchemy.exc.OperationalError,
    sqlalchemy.exc.TimeoutError,
)
"""What a restarting PostgreSQL looks like from here: nothing was done, so the client may try again."""
NOT_TEXT: tuple[type[Exception], ...] = (
    UnicodeDecodeError,
    RecursionError,  # thousands of brackets, one within the other
    asyncpg.CharacterNotInRepertoireError,  # NUL, which PostgreSQL's text cannot hold
    asyncpg.UntranslatableCharacterError,
    asyncpg.DataError,  # a number that no id of ours is as large as
)
"""What a client sends that no form and no program of ours would."""
MACHINE_PATHS = ("/api/", "/health/", "/metrics", "/schema", "/live/")

AnyRequest = Request[Any, Any, Any]


class InternalError(DomainError):
    status = 500
    code = "internal_error"
    sentence = {"ru": "Произошла ошибка. Мы уже знаем о ней.", "en": "Something went wrong. We have a record of it."}


class MethodNotAllowed(DomainError):
    status = 405
    code = "method_not_allowed"
    sentence = {"ru": "Здесь так сделать нельзя.", "en": "This cannot be done here."}


class TooLarge(DomainError):
    status = 413
    code = "too_large"
    sentence = {"ru": "Запрос слишком большой.", "en": "The request is too large."}


def domain_error(error: Exception) -> DomainError:
    """Every exception as one of ours."""
    if isinstance(error, DomainError):
        return error
    if isinstance(error, HTTPException):
        return _http_error(error)
    if isinstance(error, ExceptionGroup):  # the request's own error and that of its rollback
        ours = [domain_error(each) for each in error.exceptions]
        return next((each for each in ours if isinstance(each, Unavailable)), ours[0])
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, DATABASE_AWAY) or (isinstance(cause, sqlalchemy.exc.DBAPIError) and cause.connection_invalidated):
            return Unavailable(retry_after=1)
        if isinstance(cause, NOT_TEXT):
            return Malformed()
        cause = getattr(cause, "orig", None) or cause.__cause__
    return InternalError()


def _http_error(error: HTTPException) -> DomainError:
    if error.status_code == 400:
        return Malformed(errors=error.extra) if error.extra else Malformed()
    known: dict[int, type[DomainError]] = {
        401: NotSignedIn,
        403: Forbidden,
        404: NotFound,
        405: MethodNotAllowed,
        413: TooLarge,
        503: Unavailable,
    }
    return known.get(error.status_code, Malformed if error.status_code < 500 else InternalError)()


def render(request: AnyRequest, error: Exception) -> Response[Any]:
    ours = domain_error(error)
    if ours.status >= 500:
        log.error("request_failed", path=request.scope.get("path_template"), code=ours.code, exc_info=error)
    return told(request, ours)


def told(request: AnyRequest, error: DomainError) -> Response[Any]:
    """The answer alone, for who refuses thousands a second and for whom none of them is a failure."""
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after is not None else {}
    path = request.url.path
    page = request.app.state.get("error_page")
    if page is not None and not path.startswith(MACHINE_PATHS):
        answer: Response[Any] = page(request, error)
        answer.headers.update(headers)
        return answer
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    language = accepted_language(request.headers.get("Accept-Language"))
    return Response(problem(error, language), status_code=error.status, media_type="application/problem+json", headers=headers)


def exception_handlers() -> dict[int | type[Exception], Callable[[AnyRequest, Any], Response[Any]]]:
    return {Exception: render, HTTPException: render, DomainError: render}
