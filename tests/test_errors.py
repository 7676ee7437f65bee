"""Every failure is one shape (RFC 9457) with a sentence, none is a stack trace, and nothing that a client sends is our fault."""

import json
from typing import Any

import asyncpg
import httpx
import pytest
import sqlalchemy.exc
from litestar.exceptions import HTTPException

from queue_service import errors
from queue_service.db import Database
from queue_service.errors import DomainError, NotFound, Unavailable, problem
from queue_service.problems import InternalError, domain_error
from queue_service.staff.models import Role
from tests.support.factories import a_clerk, a_clerk_at, a_kiosk, an_office
from tests.support.service import Service, bearer


def every_error(root: type[DomainError] = DomainError) -> list[type[DomainError]]:
    return [root, *(each for child in root.__subclasses__() for each in every_error(child))]


@pytest.mark.parametrize("error", every_error(), ids=lambda error: error.__name__)
def test_every_error_has_a_status_a_code_and_a_sentence_in_both_languages(error: type[DomainError]) -> None:
    assert 400 <= error.status <= 503
    assert error.code.replace("_", "").isalpha()
    assert error.code.islower()
    assert set(error.sentence) == {"ru", "en"}
    assert all(len(sentence) > 8 and sentence.endswith((".", "?")) for sentence in error.sentence.values())


def test_no_two_errors_share_a_code() -> None:
    codes = [error.code for error in every_error() if "code" in vars(error)]
    assert len(codes) == len(set(codes))


def test_the_shape_of_a_problem() -> None:
    content = json.loads(problem(errors.DailyLimitReached(limit=5), "en"))
    assert content == {
        "type": "/problems/daily-limit-reached",
        "code": "daily_limit_reached",
        "title": "daily limit reached",
        "status": 429,
        "detail": "There are no tickets left for today.",
        "limit": 5,
    }
    assert json.loads(problem(errors.DailyLimitReached(), "fi"))["detail"] == "Талоны на сегодня закончились."


def wrapped(error: Exception) -> Exception:
    """As SQLAlchemy's asyncpg dialect hands it on."""
    outer = sqlalchemy.exc.DBAPIError("SELECT 1", None, error)
    outer.__cause__ = error
    return outer


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(),
        FileNotFoundError(),
        TimeoutError(),
        asyncpg.CannotConnectNowError(),
        asyncpg.AdminShutdownError(),
        asyncpg.TooManyConnectionsError(),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.ConnectionDoesNotExistError(),
        wrapped(asyncpg.AdminShutdownError()),
        sqlalchemy.exc.TimeoutError(),
        sqlalchemy.exc.DBAPIError("SELECT 1", None, ValueError(), connection_invalidated=True),
    ],
    ids=repr,
)
def test_a_database_that_is_away_is_no_mistake_of_anybody(error: Exception) -> None:
    ours = domain_error(error)
    assert (ours.status, ours.code, ours.retry_after) == (503, "unavailable", 1)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.DeskTaken(), "desk_taken"),
        (HTTPException(status_code=404), "not_found"),
        (HTTPException(status_code=405), "method_not_allowed"),
        (HTTPException(status_code=413), "too_large"),
        (HTTPException(status_code=400), "malformed_body"),
        (HTTPException(status_code=415), "malformed_body"),
        (HTTPException(status_code=500), "internal_error"),
        (wrapped(asyncpg.CharacterNotInRepertoireError()), "malformed_body"),
        (wrapped(asyncpg.UniqueViolationError()), "internal_error"),
        (RuntimeError("secret"), "internal_error"),
    ],
    ids=repr,
)
def test_every_exception_is_one_of_ours(error: Exception, code: str) -> None:
    assert domain_error(error).code == code


def test_what_went_wrong_inside_is_not_told_outside() -> None:
    assert "secret" not in problem(domain_error(RuntimeError("secret")), "en").decode()
    assert domain_error(RuntimeError("secret")).text == InternalError.sentence


async def answers_to_what_makes_no_sense(service: Service, database: Database) -> dict[str, httpx.Response]:
    office = await an_office(database)
    kiosk, clerk = bearer(await a_kiosk(database, office)), await a_clerk_at(database, office, "1")
    http, desk = service.http, bearer(clerk.token)
    csrf = [(b"Cookie", f"queue_session={clerk.token}".encode()), (b"X-CSRF-Token", b"\xff")]
    content = {"Content-Type": "application/json", "Idempotency-Key": "key", **kiosk}
    return {
        "NUL in a login": await http.post("/api/staff/sessions", json={"login": "a\0b", "password": "x"}),
        "NUL in a password": await http.post("/api/staff/sessions", json={"login": clerk.login, "password": "a\0b"}),
        "NUL in a login form": await http.post("/desk/login", data={"login": "a\0b", "password": "x"}),
        "NUL in a note": await http.post("/api/desk/shift/pause", json={"reason": "lunch", "note": "a\0b"}, headers=desk),
        "NUL in a report": await http.post("/api/kiosk/health", json={"page": {"version": "\0", "errors": ["\0"]}}, headers=kiosk),
        "NUL in a secret": await http.get("/api/public/tickets/%00"),
        "NUL in a page": await http.get("/t/%00"),
        "NUL in a slug": await http.get("/api/public/offices/%00/board"),
        "a secret that is no UTF-8": await http.get("/api/public/tickets/%ff"),
        "a body that is no UTF-8": await http.post("/api/kiosk/tickets", content=b'{"service": "\xff"}', headers=content),
        "a body of brackets": await http.post("/api/kiosk/tickets", content="[" * 60_000, headers=content),
        "a CSRF token that is no ASCII": await http.post("/api/desk/call-next", headers=csrf),
        "a token that is no ASCII": await http.get("/api/kiosk/menu", headers=[(b"Authorization", b"Bearer \xff")]),
        "an unknown zone": await http.get(f"/api/public/offices/{office.slug}/board?zone=%00"),
        "an unknown address": await http.get("/api/nothing"),
        "an unknown page": await http.get("/nothing"),
        "a way out of a folder": await http.get("/static/..%2f..%2f..%2fapp.py"),
        "another method": await http.get("/api/kiosk/tickets"),
        "another method of a page": await http.delete("/desk"),
        "an enormous number": await http.put("/api/desk/shift", json={"desk": 10**400}, headers=desk),
    }


async def test_nothing_that_a_client_sends_is_our_fault(service: Service, database: Database) -> None:
    answers = await answers_to_what_makes_no_sense(service, database)
    assert {what: answer.status_code for what, answer in answers.items() if answer.status_code >= 500} == {}
    assert [what for what, answer in answers.items() if answer.status_code < 400] == []


async def test_programs_get_problems_and_people_get_pages(service: Service, database: Database) -> None:
    for what, answer in (await answers_to_what_makes_no_sense(service, database)).items():
        if answer.status_code == 200:
            continue
        if answer.request.url.path.startswith(("/api/", "/live/")):
            assert answer.headers["Content-Type"] == "application/problem+json", what
            content: dict[str, Any] = answer.json()
            assert content["status"] == answer.status_code, what
            assert content["detail"], what
        else:
            assert answer.headers["Content-Type"].startswith("text/html"), what
            assert "{" not in answer.text.partition("<main")[2].partition("</main>")[0], what


async def test_every_answer_has_its_id_and_the_headers_of_safety(service: Service, database: Database) -> None:
    answers = await answers_to_what_makes_no_sense(service, database)
    answers["a good one"] = await service.http.get("/health/live")
    answers["a file"] = await service.http.get("/static/tokens.css")
    for what, answer in answers.items():
        assert answer.headers.get("X-Request-ID"), what
        assert answer.headers.get("Content-Security-Policy", "").startswith("default-src 'self'"), what
        assert answer.headers.get("X-Content-Type-Options") == "nosniff", what
        assert answer.headers.get("Referrer-Policy") == "same-origin", what


async def test_a_wrong_field_is_named(service: Service, database: Database) -> None:
    clerk = await a_clerk_at(database, await an_office(database), "1")
    answer = await service.desk(clerk, "shift/pause", reason="holiday")
    assert "reason" in json.dumps(answer.json()["errors"])


async def test_the_api_is_described(service: Service) -> None:
    schema = (await service.http.get("/schema/openapi.json")).json()
    assert {
        "/api/kiosk/tickets",
        "/api/kiosk/menu",
        "/api/kiosk/health",
        "/api/staff/sessions",
        "/api/desk/call-next",
        "/api/desk/shift",
        "/api/desk/queue",
        "/api/public/offices/{slug}/board",
        "/api/public/tickets/{secret}",
        "/api/public/tickets/{secret}/leave",
    } <= set(schema["paths"])
    assert (await service.http.get("/schema")).status_code == 200


def test_a_database_that_goes_away_in_the_middle_of_a_request_and_of_its_rollback_is_no_failure_of_ours() -> None:
    """The framework hands on the error and that of the rollback as one group."""
    away = asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
    assert isinstance(domain_error(ExceptionGroup("unhandled errors", [away, away])), Unavailable)
    assert isinstance(domain_error(ExceptionGroup("unhandled errors", [NotFound(), away])), Unavailable)
    assert isinstance(domain_error(ExceptionGroup("unhandled errors", [NotFound(), ValueError()])), NotFound)


@pytest.mark.parametrize("path", ["/api/desk/hall/notices/99999999999", "/api/desk/hall/notices/99999999999999999999"])
async def test_a_number_that_no_id_is_as_large_as_is_the_clients_mistake(service: Service, database: Database, path: str) -> None:
    head = await a_clerk(database, await an_office(database), role=Role.OFFICE_HEAD)
    assert (await service.http.delete(path, headers=bearer(head.token))).status_code in (400, 404)
