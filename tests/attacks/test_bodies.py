"""Bodies that no form and no program of ours sends, to every route that takes one: a refusal each, never our fault and never a wait."""

import json
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from litestar.handlers import HTTPRouteHandler

from queue_service.app import create_app
from queue_service.db import Database
from queue_service.settings import Settings
from queue_service.staff.models import Role
from queue_service.staff.rights import AUDIENCE, OF_AN_OFFICE, RIGHTS, Audience, Right
from queue_service.staff.sessions import hash_token
from tests.support.factories import AnOffice, a_clerk, a_clerk_at, a_display, a_kiosk, an_office
from tests.support.service import Service, bearer

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
FIELDS: tuple[str, ...] = (
    "login",
    "password",
    "otp",
    "office",
    "service",
    "starts_at",
    "name",
    "contact",
    "code",
    "desk",
    "reason",
    "ticket",
    "token",
)
FIELDS += (
    "settings",
    "text",
    "comment",
    "privilege",
    "needs",
    "role",
    "title",
    "until",
    "minutes",
    "zone",
    "hours",
    "acts",
    "page",
    "file",
)


def filled(value: object) -> bytes:
    return json.dumps(dict.fromkeys(FIELDS, value)).encode()


BODIES: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", JSON),
    "no object": (b"17", JSON),
    "an array": (b"[[]]", JSON),
    "null": (b"null", JSON),
    "half": (b'{"login": "a', JSON),
    "brackets": (b"[" * 60_000, JSON),
    "objects in objects": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, JSON),
    "no UTF-8": (b'{"login": "\xff\xfe", "service": "\xc0\xaf"}', JSON),
    "half a surrogate": (b'{"login": "\\ud800", "password": "\\ud800", "name": "\\ud800", "reason": "\\ud800", "code": "\\ud800"}', JSON),
    "NUL": (filled("a\0b"), JSON),
    "the same key twice": (b'{"login": "a", "login": "b", "password": "x", "password": "y", "desk": "1", "desk": "2"}', JSON),
    "a number without end": (b'{"desk": ' + b"9" * 5_000 + b', "minutes": ' + b"9" * 400 + b', "ticket": 1e400}', JSON),
    "numbers": (filled(10**30), JSON),
    "words that are no numbers": (b'{"minutes": NaN, "ticket": Infinity}', JSON),
    "lists": (filled([1, [2]]), JSON),
    "objects": (filled({"ru": {"en": []}}), JSON),
    "nulls": (filled(None), JSON),
    "booleans": (filled(True), JSON),
    "long texts": (filled("Ж" * 900), JSON),
    "SQL": (filled("'; DROP TABLE ticket; --"), JSON),
    "dates beyond the calendar": (filled("99999-12-31T25:61:61Z"), JSON),
    "days before the calendar": (filled("0000-00-00"), JSON),
    "a form of NULs": (b"&".join(b"%s=%%00" % field.encode() for field in FIELDS), FORM),
    "a form that is no UTF-8": (b"login=%ff&password=%c0%af&name=%ed%a0%80", FORM),
    "a form of a thousand fields": (b"&".join(b"f%d=x" % number for number in range(5_000)), FORM),
    "a form in parts without a border": (b"--x\r\n\r\n", "multipart/form-data"),
    "a form in parts that breaks off": (b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1', "multipart/form-data; boundary=x"),
    "a kind that is none": (b"<a/>", "application/xml"),
    "a kind that lies": (filled("x"), "text/html; charset=utf-7"),
    "a kind of nonsense": (b"{}", ";;;=,"),
    "msgpack": (b"\x81\xa5login\xa1a", "application/x-msgpack"),
}


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    audience: Audience | Right


def routes() -> Iterator[Route]:
    """Everything that changes something."""
    for route in create_app(Settings()).routes:
        for handler in getattr(route, "route_handlers", []):
            if isinstance(handler, HTTPRouteHandler):
                for method in sorted(handler.http_methods - {"GET", "HEAD", "OPTIONS"}):
                    yield Route(method, route.path, handler.opt[AUDIENCE])


ROUTES = sorted(routes(), key=lambda route: (route.path, route.method))


@dataclass(frozen=True)
class Hall:
    database: Database
    office: AnOffice
    accounts: dict[Role, int]
    kiosk: str
    display: str

    async def token(self, audience: Audience | Right) -> str | None:
        """Of somebody who may; a session of its own, because some requests end it."""
        if isinstance(audience, Audience):
            return {Audience.EVERYBODY: None, Audience.DISPLAY: self.display}.get(audience, self.kiosk)
        role = next(role for role in (Role.OFFICE_HEAD, Role.CITY_ADMINISTRATOR, Role.AUDITOR) if audience in RIGHTS[role])
        if role is Role.OFFICE_HEAD and audience not in OF_AN_OFFICE and audience is Right.CITY:
            role = Role.CITY_ADMINISTRATOR
        token, now = secrets.token_urlsafe(16), datetime.now(UTC)
        statement = "INSERT INTO staff_session (token_hash, account_id, created_at, expires_at) VALUES ($1, $2, $3, $4)"
        await self.database.hot.execute(statement, hash_token(token), self.accounts[role], now, now + timedelta(hours=1))
        return token


@pytest.fixture
async def hall(service: Service, database: Database) -> Hall:
    office = await an_office(database)
    accounts = {role: (await a_clerk(database, office, role=role)).account_id for role in (Role.OFFICE_HEAD, Role.AUDITOR)}
    accounts[Role.CITY_ADMINISTRATOR] = (await a_clerk(database, None, role=Role.CITY_ADMINISTRATOR)).account_id
    return Hall(database, office, accounts, await a_kiosk(database, office), await a_display(database, office))


def address(route: Route, office: AnOffice) -> str:
    return re.sub(r"\{\w+:int\}", "1", re.sub(r"\{\w+:str\}", "leave", route.path.replace("{office:str}", office.slug)))


ALWAYS = ("brackets", "objects")
"""What most often found something."""
EACH = int(os.environ.get("QUEUE_HOSTILE_BODIES", "2"))
"""Of the others, so many for each route in turn; a night's run asks for all of them."""


def bodies_for(number: int) -> Iterator[tuple[str, bytes, str]]:
    others = [what for what in BODIES if what not in ALWAYS]
    turn = [others[(number * EACH + step) % len(others)] for step in range(min(EACH, len(others)))]
    yield from ((what, *BODIES[what]) for what in (*ALWAYS, *turn))


async def test_no_body_is_our_fault(service: Service, hall: Hall) -> None:
    assert len(ROUTES) > 60
    ours: list[str] = []
    for number, route in enumerate(ROUTES):
        who = await hall.token(route.audience)
        headers = {"Idempotency-Key": secrets.token_hex(8), **(bearer(who) if who else {})}
        for what, body, kind in bodies_for(number):
            answer = await service.http.request(
                route.method, address(route, hall.office), content=body, headers={**headers, "Content-Type": kind}
            )
            if answer.status_code >= 500 or (route.path.startswith("/api/") and answer.status_code >= 400 and not _is_problem(answer)):
                ours.append(f"{route.method} {route.path}: {what}: {answer.status_code} {answer.text[:100]}")
            if answer.status_code == 401 and isinstance(route.audience, Right):
                headers |= bearer(await hall.token(route.audience) or "")  # the act before ended the session
    service.http.cookies.clear()
    assert ours == []


def _is_problem(answer: httpx.Response) -> bool:
    return bool(answer.headers.get("Content-Type") == "application/problem+json" and answer.json()["status"] == answer.status_code)


async def test_what_is_too_large_is_refused_before_it_is_read(service: Service, hall: Hall) -> None:
    """Everywhere but where a whole configuration may come."""
    large = b'{"x": "' + b"y" * 70_000 + b'"}'
    for route in ROUTES:
        who = await hall.token(route.audience)
        answer = await service.http.request(
            route.method, address(route, hall.office), content=large, headers={"Content-Type": JSON, **(bearer(who) if who else {})}
        )
        assert answer.status_code < 500, route
        assert answer.status_code >= 400 or not _takes_a_body(route), route
    service.http.cookies.clear()


def _takes_a_body(route: Route) -> bool:
    """Some acts need none and never look at it."""
    return route.path.startswith("/api/") and any(part in route.path for part in ("/confirm", "/move", "/check-ins", "/transfer"))


async def test_of_the_same_key_twice_the_last_is_what_is_checked_and_done(service: Service, database: Database) -> None:
    """Two readers of one body must not see two things."""
    clerk = await a_clerk_at(database, await an_office(database), "1")
    body = b'{"desk": "1", "reason": "no such reason", "reason": "lunch"}'
    headers = {**bearer(clerk.token), "Content-Type": JSON}
    assert (await service.http.post("/api/desk/shift/pause", content=body, headers=headers)).status_code < 300
    assert await database.hot.fetchval("SELECT pause_reason FROM shift WHERE account_id = $1", clerk.account_id) == "lunch"
