"""Every route has an audience: nobody reaches a kiosk's or a clerk's route without saying who they are."""

import re
from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

from queue_service.app import create_app
from queue_service.db import Database
from queue_service.settings import Settings
from queue_service.staff.api import SAFE_METHODS, SESSION_COOKIE
from tests.support.factories import a_clerk_at, a_kiosk, an_office
from tests.support.service import Service, bearer

PUBLIC = ("/api/public/", "/api/staff/sessions")
"""For everybody; signing in is among them, and signing out asks for itself."""


def routes(app: Litestar, prefix: str) -> Iterator[tuple[str, str]]:
    """Method and path of every HTTP route below the prefix."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", []):
            if isinstance(handler, HTTPRouteHandler) and route.path.startswith(prefix):
                yield from ((method, _asked_for(route.path)) for method in sorted(handler.http_methods) if method != "OPTIONS")


def _asked_for(path: str) -> str:
    """The path with something in the places of its parameters."""
    return re.sub(r"\{\w+:str\}", "leave", re.sub(r"\{\w+:int\}", "1", path))


APP = create_app(Settings())
OF_KIOSKS, OF_CLERKS = list(routes(APP, "/api/kiosk")), list(routes(APP, "/api/desk"))


def test_there_is_no_audience_that_this_module_does_not_know() -> None:
    paths = {path for _, path in routes(APP, "/api/")}
    assert not [path for path in paths if not path.startswith((*PUBLIC, "/api/kiosk/", "/api/desk/"))]
    assert len(OF_KIOSKS) >= 3
    assert len(OF_CLERKS) >= 11


@pytest.mark.parametrize(("method", "path"), OF_KIOSKS)
async def test_a_kiosks_route_is_for_kiosks(service: Service, database: Database, method: str, path: str) -> None:
    for token in ({}, bearer("wrong")):
        answer = await service.http.request(method, path, headers=token)
        assert (answer.status_code, answer.json()["code"]) == (401, "bad_token")


@pytest.mark.parametrize(("method", "path"), OF_CLERKS)
async def test_a_clerks_route_is_for_clerks(service: Service, method: str, path: str) -> None:
    for token in ({}, bearer("wrong"), {"Cookie": f"{SESSION_COOKIE}=wrong"}):
        answer = await service.http.request(method, path, headers=token)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")


async def test_a_kiosk_is_no_clerk_and_a_clerk_is_no_kiosk(service: Service, open_database: Database) -> None:
    office = await an_office(open_database)
    kiosk, clerk = await a_kiosk(open_database, office), await a_clerk_at(open_database, office, "1")
    for method, path in OF_KIOSKS:
        assert (await service.http.request(method, path, headers=bearer(clerk.token))).status_code == 401
    for method, path in OF_CLERKS:
        assert (await service.http.request(method, path, headers=bearer(kiosk))).status_code == 401


@pytest.mark.parametrize(("method", "path"), [route for route in OF_CLERKS if route[0] not in SAFE_METHODS])
async def test_a_browser_changes_nothing_without_the_token_of_our_pages(
    service: Service, database: Database, method: str, path: str
) -> None:
    clerk = await a_clerk_at(database, await an_office(database), "1")
    answer = await service.http.request(method, path, headers={"Cookie": f"{SESSION_COOKIE}={clerk.token}"}, json={})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
