"""Every reason not to issue a ticket has its own status, its own code and its own sentence, in Russian and in English."""

import json
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from queue_service.db import Database
from tests.support.factories import AnOffice, a_display, a_kiosk, a_privilege, a_service, an_office
from tests.support.service import Service, bearer, the_clock_stands

NOTHING_HERE = [
    a_service("passport"),
    a_service("closed", "В", active=False),
    a_service("booked", "Г", walk_in=False),
    a_service("gone", "Д", limit=1),
]


@pytest.fixture
async def office(database: Database) -> AnOffice:
    return await an_office(database, *NOTHING_HERE)


@pytest.fixture
async def kiosk(database: Database, office: AnOffice) -> str:
    return await a_kiosk(database, office)


async def post(service: Service, content: str | bytes, kiosk: str = "", **headers: str) -> httpx.Response:
    sent = {"Content-Type": "application/json", "Idempotency-Key": "key", **bearer(kiosk), **headers}
    return await service.http.post("/api/kiosk/tickets", content=content, headers={name: value for name, value in sent.items() if value})


def is_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Checks the one shape of errors (RFC 9457)."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["code"] == code
    assert problem["type"] == "/problems/" + code.replace("_", "-")
    assert problem["status"] == status
    assert problem["title"]
    assert len(problem["detail"]) > 10
    return problem


Refused = Callable[[Service, Database, str, str], Awaitable[httpx.Response]]


async def without_a_key(service: Service, database: Database, kiosk: str, language: str) -> httpx.Response:
    return await post(service, '{"service": "passport"}', kiosk, **{"Idempotency-Key": "", "Accept-Language": language})


async def malformed(service: Service, database: Database, kiosk: str, language: str) -> httpx.Response:
    return await post(service, "{", kiosk, **{"Accept-Language": language})


async def with_a_bad_token(service: Service, database: Database, kiosk: str, language: str) -> httpx.Response:
    return await service.take("no such token", accept=language)


def asking_for(code: str) -> Refused:
    async def refused(service: Service, database: Database, kiosk: str, language: str) -> httpx.Response:
        return await service.take(kiosk, code, accept=language)

    return refused


async def when_closed(service: Service, database: Database, kiosk: str, language: str) -> httpx.Response:
    closed = await a_kiosk(database, await an_office(database, hours=[]))
    return await service.take(closed, accept=language)


async def after_the_last(service: Service, database: Database, kiosk: str, language: str) -> httpx.Response:
    await service.taken(kiosk, "gone")
    return await service.take(kiosk, "gone", accept=language)


async def with_a_used_key(service: Service, database: Database, kiosk: str, language: str) -> httpx.Response:
    await service.taken(kiosk, key="used")
    return await service.take(kiosk, key="used", accept=language, needs=["hearing"])


async def for_no_such_privilege(service: Service, database: Database, kiosk: str, language: str) -> httpx.Response:
    return await service.take(kiosk, privilege="king", accept=language)


REFUSALS: list[tuple[Refused, int, str]] = [
    (malformed, 400, "malformed_body"),
    (without_a_key, 400, "idempotency_key_missing"),
    (for_no_such_privilege, 400, "unknown_privilege"),
    (with_a_bad_token, 401, "bad_token"),
    (asking_for("unheard-of"), 404, "unknown_service"),
    (asking_for("closed"), 403, "service_closed"),
    (asking_for("booked"), 403, "booking_only"),
    (when_closed, 409, "office_closed"),
    (with_a_used_key, 422, "idempotency_key_reused"),
    (after_the_last, 429, "daily_limit_reached"),
]


@pytest.mark.parametrize(("refused", "status", "code"), REFUSALS, ids=[code for _, _, code in REFUSALS])
async def test_a_refusal_says_what_and_why(
    service: Service, database: Database, kiosk: str, refused: Refused, status: int, code: str
) -> None:
    problem = is_problem(await refused(service, database, kiosk, "ru"), status, code)
    assert re.search("[а-я]", problem["detail"])
    assert not re.search("[A-Za-z]{3}", problem["detail"].replace("Idempotency-Key", ""))


@pytest.mark.parametrize(("refused", "status", "code"), REFUSALS, ids=[code for _, _, code in REFUSALS])
async def test_a_refusal_is_told_in_english_to_who_asks_in_english(
    service: Service, database: Database, kiosk: str, refused: Refused, status: int, code: str
) -> None:
    problem = is_problem(await refused(service, database, kiosk, "en-GB,en;q=0.9,ru;q=0.5"), status, code)
    assert not re.search("[А-Яа-я]", problem["detail"])


async def test_no_two_refusals_share_a_sentence(service: Service, database: Database, kiosk: str) -> None:
    sentences = [(await refused(service, database, kiosk, "ru")).json()["detail"] for refused, _, _ in REFUSALS]
    assert len(set(sentences)) == len(REFUSALS)


async def test_a_refused_wish_leaves_nothing_behind(service: Service, database: Database, kiosk: str) -> None:
    for refused in (asking_for("closed"), asking_for("booked"), asking_for("unheard-of"), for_no_such_privilege, malformed, without_a_key):
        await refused(service, database, kiosk, "ru")
    for table in ("ticket", "ticket_counter", "service_day", "ticket_event"):
        assert await database.hot.fetchval(f"SELECT count(*) FROM {table}") == 0
    assert (await service.taken(kiosk))["number"] == "А001"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "nonsense",
        "[]",
        '"passport"',
        "null",
        "{}",
        '{"service": 5}',
        '{"service": null}',
        '{"service": "passport", "needs": "hearing"}',
        '{"service": "passport", "needs": ["dragon"]}',
        '{"service": "passport", "language": "fr"}',
        '{"service": "passport", "privilege": 7}',
        b'{"service": "\xff"}',
        '{"service": "\\ud800"}',
        '{"service": "passport"} trailing',
    ],
)
async def test_a_body_that_makes_no_sense_is_malformed(service: Service, kiosk: str, content: str | bytes) -> None:
    is_problem(await post(service, content, kiosk), 400, "malformed_body")


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"])
async def test_a_form_is_not_a_wish(service: Service, kiosk: str, kind: str) -> None:
    answer = await post(service, "service=passport", kiosk, **{"Content-Type": kind})
    is_problem(answer, 400, "malformed_body")


@pytest.mark.parametrize("service_code", ["\u0000", "x" * 10_000, "passport'; DROP TABLE ticket;--", "PASSPORT", " passport"])
async def test_a_strange_service_is_an_unknown_one(service: Service, kiosk: str, service_code: str) -> None:
    is_problem(await service.take(kiosk, service_code), 404, "unknown_service")


async def test_a_body_beyond_all_measure_is_too_large(service: Service, kiosk: str) -> None:
    is_problem(await post(service, json.dumps({"service": "x" * 100_000}), kiosk), 413, "too_large")


async def test_a_key_beyond_all_measure_is_malformed(service: Service, kiosk: str) -> None:
    is_problem(await service.take(kiosk, key="k" * 201), 400, "malformed_body")
    assert (await service.take(kiosk, key="k" * 200)).status_code == 201


@pytest.mark.parametrize("authorization", ["", "Bearer", "Basic abc", "Bearer wrong", "wrong"])
async def test_a_kiosk_must_say_who_it_is(service: Service, kiosk: str, authorization: str) -> None:
    answer = await post(service, '{"service": "passport"}', Authorization=authorization)
    is_problem(answer, 401, "bad_token")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_a_display_may_not_issue_tickets(service: Service, database: Database, office: AnOffice) -> None:
    is_problem(await service.take(await a_display(database, office)), 401, "bad_token")


async def test_the_limit_says_when_to_come_again(service: Service, kiosk: str) -> None:
    await service.taken(kiosk, "gone")
    answer = await service.take(kiosk, "gone")
    midnight = timedelta(seconds=int(answer.headers["Retry-After"]))
    assert timedelta(0) < midnight <= timedelta(days=1)


async def test_a_closed_office_says_when_it_opens(service: Service, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    tomorrow = the_clock_stands(monkeypatch) + timedelta(days=1)
    office = await an_office(database, hours=[(tomorrow.isoweekday(), 9 * 60, 18 * 60)], time_zone="UTC")
    answer = await service.take(await a_kiosk(database, office))
    problem = is_problem(answer, 409, "office_closed")
    assert problem["detail"] == f"Отделение сейчас закрыто. Откроется {tomorrow:%d.%m} в 09:00."


async def test_a_holiday_is_named(service: Service, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    today = the_clock_stands(monkeypatch).date()
    office = await an_office(database, closed_on=[(today, "санитарный день")], time_zone="UTC")
    problem = is_problem(await service.take(await a_kiosk(database, office)), 409, "office_closed")
    assert problem["detail"].startswith("Сегодня отделение закрыто: санитарный день. Откроется ")


async def test_a_privilege_counts_only_while_it_is_in_force(service: Service, database: Database, kiosk: str) -> None:
    today = datetime.now(UTC).date()
    await a_privilege(database, "former", until=today - timedelta(days=2))
    await a_privilege(database, "future", since=today + timedelta(days=2))
    await a_privilege(database, "present", since=today - timedelta(days=2), until=today + timedelta(days=2))
    for code in ("former", "future"):
        is_problem(await service.take(kiosk, privilege=code), 400, "unknown_privilege")
    await service.taken(kiosk, privilege="present")


async def test_a_misspelt_field_is_malformed_and_not_a_ticket_without_it(service: Service, database: Database) -> None:
    office = await an_office(database)
    answer = await service.take(await a_kiosk(database, office), privelege="veteran")
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_body")
