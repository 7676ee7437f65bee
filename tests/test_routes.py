"""Every route has an audience, and every cell of the table role × route is allowed or refused as declared.

The declared audiences stand once more in `audiences.txt`, where a person reads them: a new route, or one that became more public, shows
itself there. Cross-office cells are asked with another office's address.
"""

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler, WebsocketRouteHandler
from litestar.handlers.base import BaseRouteHandler

from queue_service.app import create_app
from queue_service.db import Database
from queue_service.doors import DESCRIPTION
from queue_service.settings import Settings
from queue_service.staff.api import SAFE_METHODS, SESSION_COOKIE
from queue_service.staff.models import Role
from queue_service.staff.rights import AUDIENCE, OF_AN_OFFICE, RIGHTS, Audience, Right, may
from queue_service.staff.sessions import csrf_token, hash_token
from tests.support.factories import AnOffice, a_clerk, a_display, a_kiosk, an_office
from tests.support.service import PATIENCE_SECONDS, Service, bearer

TABLE = Path(__file__).with_name("audiences.txt")


@dataclass(frozen=True)
class Route:
    """One method of one address."""

    method: str
    path: str
    handler: BaseRouteHandler

    @property
    def audience(self) -> Audience | Right | None:
        declared: Audience | Right | None = self.handler.opt.get(AUDIENCE)
        return declared

    @property
    def line(self) -> str:
        return f"{self.method:<6} {self.path} {self.audience}"

    def asked_for(self, office: str) -> str:
        """The address with something in the places of its parameters, and ids that nothing has."""
        path = re.sub(r"\{office:str\}", office, self.path)
        return re.sub(r"\{\w+:\w+\}", "leave", re.sub(r"\{\w+:int\}", "2000000000", path))


def routes(app: Litestar) -> Iterator[Route]:
    for route in app.routes:
        if route.path.startswith(DESCRIPTION):
            continue
        for handler in getattr(route, "route_handlers", None) or [getattr(route, "route_handler", None)]:
            if isinstance(handler, HTTPRouteHandler):
                yield from (Route(method, route.path, handler) for method in sorted(handler.http_methods) if method != "OPTIONS")
            elif isinstance(handler, WebsocketRouteHandler):
                yield Route("WS", route.path, handler)


ROUTES = sorted(routes(create_app(Settings())), key=lambda route: (route.path, route.method))
STATIC = {"/static", "/kiosk", "/display", "/assets"}
ASKED = [route for route in ROUTES if route.method not in ("WS", "HEAD") and route.path.split("/{")[0] not in STATIC]
OF_STAFF = [route for route in ASKED if isinstance(route.audience, Right)]
OF_DEVICES = [route for route in ASKED if route.audience in (Audience.KIOSK, Audience.DISPLAY, Audience.DEVICE)]


def test_every_route_says_for_whom_it_is() -> None:
    assert not [route.line for route in ROUTES if route.audience is None]


def test_the_audiences_are_those_that_somebody_has_read() -> None:
    """After a change on purpose: copy the lines that this prints into audiences.txt, and say in the commit why."""
    declared, read = [route.line for route in ROUTES], TABLE.read_text().splitlines()
    missing, gone = sorted(set(declared) - set(read)), sorted(set(read) - set(declared))
    assert [f"+ {line}" for line in missing] + [f"- {line}" for line in gone] == []


def test_there_is_something_to_ask() -> None:
    assert len(OF_STAFF) > 40
    assert len(OF_DEVICES) > 3


@dataclass(frozen=True)
class Caller:
    """Somebody with an account; each request has a session of its own, because some requests end it."""

    role: Role
    account_id: int
    office_id: int | None


@dataclass(frozen=True)
class Scene:
    database: Database
    service: Service
    own: AnOffice
    foreign: AnOffice
    callers: tuple[Caller, ...]

    async def token(self, caller: Caller) -> str:
        token, now = secrets.token_urlsafe(16), datetime.now(UTC)
        await self.database.hot.execute(
            "INSERT INTO staff_session (token_hash, account_id, created_at, expires_at) VALUES ($1, $2, $3, $4)",
            hash_token(token),
            caller.account_id,
            now,
            now + timedelta(hours=1),
        )
        return token

    async def ask(self, route: Route, office: AnOffice, headers: dict[str, str]) -> httpx.Response:
        slug = await self.database.hot.fetchval("SELECT slug FROM office WHERE id = $1", office.id)
        return await self.service.http.request(route.method, route.asked_for(slug), headers=headers, timeout=PATIENCE_SECONDS)


@pytest.fixture(scope="module")
async def scene(open_database: Database, running_service: Service) -> Scene:
    own, foreign = await an_office(open_database), await an_office(open_database)
    callers = []
    for role in Role:
        of_office = await a_clerk(open_database, own, role=role)
        callers.append(Caller(role, of_office.account_id, own.id))
    for role in (Role.CITY_ADMINISTRATOR, Role.AUDITOR):
        of_city = await a_clerk(open_database, None, role=role)
        callers.append(Caller(role, of_city.account_id, None))
    return Scene(open_database, running_service, own, foreign, tuple(callers))


REFUSALS = {"not_signed_in", "bad_token", "forbidden"}


def refused(answer: httpx.Response) -> bool:
    """By the doors: with one of their codes, or for a page with the way to the sign-in."""
    if answer.headers.get("location", "").startswith("/desk/login?next="):
        return True
    if answer.status_code not in (401, 403):
        return False
    machine = answer.headers["content-type"].startswith("application/problem+json")
    return answer.json()["code"] in REFUSALS if machine else True


def expected(route: Route, caller: Caller, office: AnOffice) -> bool:
    """What the table of rights says about this cell."""
    right = route.audience
    assert isinstance(right, Right)
    if "{office:str}" in route.path:
        return may(caller.role, caller.office_id, right, office.id)
    if caller.office_id is None and right is not Right.OWN_ACCOUNT and route.path.startswith(OF_AN_OFFICE):
        return False
    return may(caller.role, caller.office_id, right, None if right is Right.CITY else caller.office_id)


@pytest.mark.parametrize("route", OF_STAFF, ids=lambda route: route.line)
async def test_a_staff_route_is_for_those_who_have_its_right(scene: Scene, route: Route) -> None:
    offices = [scene.own, scene.foreign] if "{office:str}" in route.path else [scene.own]
    for office in offices:
        for caller in scene.callers:
            answer = await scene.ask(route, office, bearer(await scene.token(caller)))
            assert refused(answer) != expected(route, caller, office), (caller, office is scene.own, answer.status_code, answer.text[:300])
            assert answer.status_code < 500
    kiosk = await a_kiosk(scene.database, scene.own)
    for headers in ({}, bearer("wrong"), bearer(kiosk), {"Cookie": f"{SESSION_COOKIE}=wrong"}):
        assert refused(await scene.ask(route, scene.own, headers))


@pytest.mark.parametrize("route", OF_DEVICES, ids=lambda route: route.line)
async def test_a_devices_route_is_for_its_kind_of_device(scene: Scene, route: Route) -> None:
    kiosk, display = await a_kiosk(scene.database, scene.own), await a_display(scene.database, scene.own)
    clerk = await scene.token(scene.callers[0])
    kinds = {Audience.KIOSK: {kiosk}, Audience.DISPLAY: {display}, Audience.DEVICE: {kiosk, display}}
    assert isinstance(route.audience, Audience)
    for token in (kiosk, display, clerk, "wrong", None):
        answer = await scene.ask(route, scene.own, bearer(token) if token else {})
        assert refused(answer) != (token in kinds[route.audience]), (answer.status_code, answer.text[:300])


@pytest.mark.parametrize("route", [route for route in OF_STAFF if route.method not in SAFE_METHODS], ids=lambda route: route.line)
async def test_a_browser_changes_nothing_without_the_token_of_our_pages(scene: Scene, route: Route) -> None:
    able = next(each for each in scene.callers if expected(route, each, scene.own))
    for wrong in (None, "wrong", csrf_token("another session")):
        token = await scene.token(able)
        headers = {"Cookie": f"{SESSION_COOKIE}={token}"} | ({"X-CSRF-Token": wrong} if wrong else {})
        assert (await scene.ask(route, scene.own, headers)).status_code == 403
    token = await scene.token(able)
    answer = await scene.ask(route, scene.own, {"Cookie": f"{SESSION_COOKIE}={token}", "X-CSRF-Token": csrf_token(token)})
    assert not refused(answer), answer.text[:300]


READ_RIGHTS = {
    Role.CLERK: "own_account see_bookings serve",
    Role.HALL_ADMINISTRATOR: "hall own_account see_bookings see_devices serve",
    Role.OFFICE_HEAD: "audit devices hall own_account policy see_bookings see_devices see_setup serve setup staff",
    Role.CITY_ADMINISTRATOR: "audit city devices own_account policy see_devices see_setup setup staff",
    Role.AUDITOR: "audit own_account see_devices see_setup",
}
"""Written by hand: a right that a role gains shows itself here."""


def test_the_rights_of_each_role_are_those_that_somebody_has_read() -> None:
    assert {role: " ".join(sorted(rights)) for role, rights in RIGHTS.items()} == READ_RIGHTS


def test_every_role_can_do_something_and_no_right_is_nobodys() -> None:
    assert set(RIGHTS) == set(Role)
    assert set().union(*RIGHTS.values()) == set(Right)
