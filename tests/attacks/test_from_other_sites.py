"""What another site's page can make a browser do with the cookies of a signed-in person: nothing."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from litestar.handlers import HTTPRouteHandler

from queue_service.app import create_app
from queue_service.db import Database
from queue_service.headers import policy, security_headers_middleware
from queue_service.settings import CHECKOUT, Settings
from queue_service.staff.api import session_cookie
from queue_service.staff.sessions import csrf_token
from tests.support.factories import PASSWORD, AClerk, AnOffice, a_clerk_at, a_display, a_kiosk, a_ticket, an_office
from tests.support.service import Service, bearer

EVIL = "https://evil.example"
SESSION = "queue_session"
REFUSED = 4401


@pytest.fixture
async def office(database: Database) -> AnOffice:
    return await an_office(database)


@pytest.fixture
async def clerk(database: Database, office: AnOffice) -> AClerk:
    return await a_clerk_at(database, office, "1")


def changing_routes() -> list[tuple[str, str]]:
    """Method and address of everything that changes something."""
    found = []
    for route in create_app(Settings()).routes:
        for handler in getattr(route, "route_handlers", []):
            if isinstance(handler, HTTPRouteHandler):
                path = re.sub(r"\{\w+:\w+\}", "1", route.path)
                found += [(method, path) for method in handler.http_methods - {"GET", "HEAD", "OPTIONS"}]
    return sorted(found)


async def test_no_route_takes_a_form_or_a_script_of_another_site(service: Service, clerk: AClerk) -> None:
    routes = changing_routes()
    assert len(routes) > 60
    signed_in = {"Cookie": f"{SESSION}={clerk.token}", "X-CSRF-Token": clerk.csrf}
    for method, path in routes:
        for sign in ({"Origin": EVIL}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null", "Sec-Fetch-Site": "cross-site"}):
            answer = await service.http.request(method, path, headers={**signed_in, **sign}, content=b"csrf=" + clerk.csrf.encode())
            assert answer.status_code == 403, (method, path, sign)
            assert "чужого сайта" in answer.text, (method, path, sign)


async def test_a_form_without_our_token_changes_nothing_even_where_the_browser_hides_whose_it_is(
    service: Service, database: Database, clerk: AClerk, office: AnOffice
) -> None:
    ticket = await a_ticket(database, office)
    cookie = {"Cookie": f"{SESSION}={clerk.token}"}
    for content, kind in ((b"", "application/x-www-form-urlencoded"), (b"{}", "text/plain"), (b"{}", "application/json")):
        answer = await service.http.post("/api/desk/call-next", headers={**cookie, "Content-Type": kind}, content=content)
        assert answer.status_code == 403
    page = await service.http.post("/desk/shift", headers=cookie, data={"desk": "1"})
    assert page.status_code == 403
    assert await database.hot.fetchval("SELECT state FROM ticket WHERE id = $1", ticket) == "waiting"


async def test_a_victim_is_not_signed_in_as_somebody_else(service: Service, clerk: AClerk) -> None:
    """Login CSRF: the attacker's own login and password, sent by the victim's browser."""
    form = {"login": clerk.login, "password": PASSWORD}
    for sign in ({"Origin": EVIL}, {"Sec-Fetch-Site": "cross-site"}):
        answer = await service.http.post("/desk/login", data=form, headers=sign)
        assert (answer.status_code, "Set-Cookie" in answer.headers) == (403, False)


async def test_a_session_that_an_attacker_put_into_the_browser_does_not_become_the_victims(service: Service, clerk: AClerk) -> None:
    """Session fixation, by the form and by the interface."""
    planted = "planted-by-the-attacker-0123456789"
    with_it = {"Cookie": f"{SESSION}={planted}"}
    form = await service.http.post("/desk/login", data={"login": clerk.login, "password": PASSWORD}, headers=with_it)
    program = await service.http.post("/api/staff/sessions", json={"login": clerk.login, "password": PASSWORD}, headers=with_it)
    service.http.cookies.clear()
    for answer in (form, program):
        given = answer.cookies[SESSION]
        assert given not in (planted, clerk.token)
        assert len(given) >= 43
    assert (await service.http.get("/api/desk/queue", headers=with_it)).status_code == 401
    forged = {**with_it, "X-CSRF-Token": csrf_token(planted)}
    assert (await service.http.post("/api/desk/call-next", headers=forged)).status_code == 401


async def test_no_other_site_may_read_our_answers(service: Service, clerk: AClerk) -> None:
    signed_in = {"Cookie": f"{SESSION}={clerk.token}", "Origin": EVIL}
    preflight = {**signed_in, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-csrf-token"}
    for answer in (
        await service.http.get("/api/desk/queue", headers=signed_in),
        await service.http.options("/api/desk/call-next", headers=preflight),
        await service.http.options("/api/public/appointments", headers=preflight),
    ):
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
    assert (await service.http.get("/api/desk/queue", headers=signed_in)).headers["Cross-Origin-Resource-Policy"] == "same-origin"


async def test_a_socket_opens_for_no_other_site_and_for_nobody_without_a_right(
    service: Service, database: Database, office: AnOffice, clerk: AClerk
) -> None:
    other = await an_office(database)
    kiosk, display, elsewhere = await a_kiosk(database, office), await a_display(database, office), await a_display(database, other)
    secret = (await service.taken(kiosk))["secret"]
    cookie = {"Cookie": f"{SESSION}={clerk.token}"}
    board = f"/live/board?office={office.slug}"
    foreign = {"origin": EVIL}
    cases: list[tuple[str, dict[str, Any]]] = [
        ("/live/desk", {"additional_headers": cookie, **foreign}),
        ("/live/hall", {"additional_headers": cookie, **foreign}),
        (f"/live/desk?token={clerk.token}", foreign),
        (f"{board}&token={display}", foreign),
        (f"/live/kiosk?token={kiosk}", foreign),
        (f"/live/ticket/{secret}", foreign),
        ("/live/desk", {}),
        ("/live/hall", {}),
        ("/live/kiosk", {}),
        (board, {}),
        ("/live/desk?token=wrong", {}),
        (f"{board}&token=wrong", {}),
        (f"{board}&token={elsewhere}", {}),
        (f"{board}&token={kiosk}", {}),
        (f"{board}&token={clerk.token}", {}),
        (f"/live/kiosk?token={display}", {}),
        ("/live/ticket/wrong", {}),
        ("/live/appointment/wrong", {}),
    ]
    for path, how in cases:
        async with service.watch(path, **how) as screen:
            assert await screen.closed() == REFUSED, path
            assert screen.seen == [], path
    for path in (f"/live/ticket/{secret}", f"{board}&token={display}"):
        async with service.watch(path, origin=service.base_url) as screen:
            assert await screen.next(), "and our own page sees it"


async def answered(public_url: str, path: str, sent: list[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    """The headers of an answer with `sent`."""
    out: list[Any] = []

    async def app(scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": sent})

    async def send(message: Any) -> None:
        out.append(message)

    scope: Any = {"type": "http", "path": path, "headers": [(b"host", b"queue.example.ru")]}
    await security_headers_middleware(app, public_url)(scope, None, send)  # type: ignore[arg-type]
    return [(name.decode(), value.decode()) for name, value in out[0]["headers"]]


async def test_behind_https_every_cookie_is_secure_and_the_browser_stays_there() -> None:
    cookies = [(b"set-cookie", b"lang=ru; Path=/"), (b"set-cookie", b"queue_session=x; HttpOnly; Secure; SameSite=lax")]
    over_tls = await answered("https://queue.example.ru", "/", cookies)
    assert [value.count("Secure") for name, value in over_tls if name == "set-cookie"] == [1, 1]
    assert ("strict-transport-security", "max-age=31536000") in over_tls
    assert "wss://queue.example.ru" in dict(over_tls)["content-security-policy"]
    plain = await answered("http://localhost:8000", "/", cookies)
    assert [value.count("Secure") for name, value in plain if name == "set-cookie"] == [0, 1]
    assert "strict-transport-security" not in dict(plain)


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites() -> None:
    cookie = session_cookie("token", Settings(public_url="https://queue.example.ru"))
    assert (cookie.httponly, cookie.secure, cookie.samesite, cookie.domain, cookie.path) == (True, True, "lax", None, "/")


async def test_every_cookie_that_we_set_keeps_to_our_site(service: Service, clerk: AClerk) -> None:
    answers = [
        await service.http.post("/desk/login", data={"login": clerk.login, "password": PASSWORD}),
        await service.http.get("/?lang=en"),
        await service.http.get("/?theme=contrast"),
    ]
    service.http.cookies.clear()
    seen = [value for answer in answers for value in answer.headers.get_list("Set-Cookie")]
    assert any(value.startswith(SESSION) for value in seen)
    for value in seen:
        assert "samesite=lax" in value.lower() or "samesite=strict" in value.lower(), value
        assert "domain=" not in value.lower(), value
        if value.startswith("queue_") and "Max-Age=0" not in value:
            assert "httponly" in value.lower(), value


def test_the_policy_allows_nothing_inline_nothing_foreign_and_no_frame() -> None:
    strict = policy(b"queue.example.ru", True, False).decode()
    rules = dict(part.strip().split(" ", 1) for part in strict.split(";"))
    assert {rules["default-src"], rules["script-src"], rules["style-src"]} == {"'self'"}
    assert {rules[name] for name in ("object-src", "base-uri", "script-src-attr", "style-src-attr", "frame-ancestors")} == {"'none'"}
    assert "unsafe" not in strict
    assert "*" not in strict
    assert policy(b"queue.example.ru", True, True).decode().endswith("frame-ancestors 'self'")
    assert b"evil" not in policy(b"evil; script-src *", False, False), "a host that is none is not believed"


async def test_answers_of_the_interface_stay_in_no_cache(service: Service, clerk: AClerk) -> None:
    for path in ("/api/desk/queue", "/api/public/offices"):
        assert "no-store" in (await service.http.get(path, headers=bearer(clerk.token))).headers["Cache-Control"]


INLINE = re.compile(
    r"""<style\b | <script\b(?![^>]*\bsrc=) | \sstyle\s*= | \son[a-z]{3,}\s*=\s*["'] | (?:href|src|action)\s*=\s*["']\s*javascript:""",
    re.VERBOSE | re.IGNORECASE,
)
DATA = re.compile(r"""<script\b[^>]*\btype="application/json"[^>]*>""", re.IGNORECASE)
"""Plain data in a page is no script: nothing runs it."""


def pages() -> list[Path]:
    folders = ("queue_service/pages/templates", "kiosk", "display")
    return sorted(path for folder in folders for path in (CHECKOUT / folder).rglob("*.html"))


def test_nothing_is_inline_anywhere() -> None:
    assert len(pages()) > 40
    found = [f"{path.relative_to(CHECKOUT)}: {hit[0]}" for path in pages() for hit in INLINE.finditer(DATA.sub("", path.read_text()))]
    assert found == []


def test_what_is_inline_would_be_found() -> None:
    for bad in ("<p style='x'>", "<style>", "<script>", '<a onclick="x">', "<a href=' javascript:x'>", "<SCRIPT async>"):
        assert INLINE.search(bad), bad
    for good in ('<script src="/x.js" defer></script>', '<p data-on="x" class="style">', "<b>one = two</b>"):
        assert not INLINE.search(good), good


FOREIGN = re.compile(r"""(?:src|href|action|url\()\s*=?\s*["'(]?\s*(?:https?:)?//(?!www\.w3\.org)""", re.IGNORECASE)


def test_no_page_style_or_script_names_another_origin() -> None:
    files = [
        *pages(),
        *(path for folder in ("queue_service/pages/static", "kiosk", "display") for path in (CHECKOUT / folder).rglob("*.css")),
    ]
    assert [str(path) for path in files if FOREIGN.search(path.read_text(encoding="utf-8"))] == []
