"""Limits that stop programs and never a hall, one count for all workers, and ends to what the service waits for."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

import queue_service.app
from queue_service.db import Database
from queue_service.limits import classes, gate, wire
from queue_service.limits.bodies import BODY_LIMIT_BYTES, HEAD_LIMIT_BYTES
from queue_service.limits.classes import DEVICE, PAIRING, READ, SIGN_IN, STAFF, STRANGER, WRITE, Limit, household, limit_of, secret_in
from queue_service.limits.meter import SHARE, Meter
from queue_service.sealing import KeyRing
from queue_service.settings import Settings
from queue_service.staff import api
from queue_service.timing import clock
from tests.support.factories import LATER, AnOffice, a_clerk_at, a_kiosk, an_office
from tests.support.service import HASH_KEY, PATIENCE_SECONDS, SEAL_KEY, Service, bearer, eventually, running

RING = KeyRing.made_of((SEAL_KEY,), HASH_KEY)


@pytest.mark.parametrize(
    ("path", "method", "limit"),
    [
        ("/", "GET", READ),
        ("/t/secret", "GET", READ),
        ("/book/time", "POST", WRITE),
        ("/api/public/tickets/secret", "GET", READ),
        ("/api/public/appointments", "POST", WRITE),
        ("/api/staff/sessions", "POST", SIGN_IN),
        ("/desk/login", "POST", SIGN_IN),
        ("/desk/login", "GET", STAFF),
        ("/account/oidc/callback", "GET", SIGN_IN),
        ("/api/desk/queue", "GET", STAFF),
        ("/admin/staff", "POST", STAFF),
        ("/live/desk", "GET", STAFF),
        ("/api/kiosk/tickets", "POST", DEVICE),
        ("/live/board", "GET", DEVICE),
        ("/api/devices/pairings", "POST", PAIRING),
        ("/static/tokens.css", "GET", None),
        ("/health/live", "GET", None),
        ("/kiosk/", "GET", None),
    ],
)
def test_an_address_has_its_class(path: str, method: str, limit: Limit | None) -> None:
    assert limit_of(path, method) == limit


def test_three_hundred_phones_behind_one_address_are_no_attack() -> None:
    """Sockets cut, all of them ask every five seconds; and all arrive at once, with their page and its views."""
    meter = Meter()
    for phone in range(300):
        for _ in range(12 + 6):
            assert meter.hit(READ, "203.0.113.7", LATER + timedelta(milliseconds=phone)) is None
    for _ in range(100 * 8):
        assert meter.hit(WRITE, "203.0.113.7", LATER) is None, "a reading room books"
    for _ in range(50 * 2):
        assert meter.hit(SIGN_IN, "203.0.113.7", LATER) is None, "the morning of an administration, with second factors"


def test_a_network_of_one_subscriber_is_one() -> None:
    assert household("2001:db8:1:2:3:4:5:6") == household("2001:db8:1:2::1") == "2001:db8:1:2::"
    assert household("2001:db8:1:3::1") != household("2001:db8:1:2::1")
    assert household("::ffff:203.0.113.7") == household("203.0.113.7") == "203.0.113.7"
    assert household(None) == ""


def test_the_secret_is_what_follows_the_page() -> None:
    assert secret_in("/t/abc") == secret_in("/t//abc/leave") == secret_in("/api/public/tickets/abc") == "abc"
    assert secret_in("/ticket/abc") is None


def test_the_cookie_is_the_one_of_the_sessions() -> None:
    assert gate.SESSION_COOKIE == api.SESSION_COOKIE


FEW = Limit("few", SHARE * 2)


async def test_workers_count_together(database: Database) -> None:
    one, two = Meter(), Meter()
    half = FEW.hits // 2
    assert [meter.hit(FEW, "who", LATER) for meter in (one, two) for _ in range(half)] == [None] * FEW.hits
    await one.merge(database.hot, RING, LATER)
    await two.merge(database.hot, RING, LATER)
    assert two.hit(FEW, "who", LATER) == 60, "it has heard of the other's"
    assert one.hit(FEW, "who", LATER) is None, "the other has not yet"
    await one.merge(database.hot, RING, LATER)
    assert one.hit(FEW, "who", LATER) == 60
    assert one.hit(FEW, "somebody else", LATER) is None
    assert one.hit(FEW, "who", LATER + timedelta(seconds=60)) is None, "a minute later everything begins anew"
    assert b"who" not in await database.hot.fetchval("SELECT key FROM rate_count")


async def test_a_hall_of_phones_is_no_row_in_the_database(database: Database) -> None:
    meter = Meter()
    for phone in range(300):
        for _ in range(READ.hits // SHARE - 1):
            meter.hit(READ, f"198.51.100.{phone}", LATER)
    assert await meter.merge(database.hot, RING, LATER) == 0
    assert await database.hot.fetchval("SELECT count(*) FROM rate_count") == 0


async def test_what_two_workers_tell_at_once_is_not_lost(database: Database) -> None:
    meters = [Meter() for _ in range(4)]
    for meter in meters:
        for who in range(50):
            for _ in range(SHARE):
                meter.hit(FEW, str(who), LATER)
    await asyncio.gather(*(meter.merge(database.hot, RING, LATER) for meter in meters))
    assert {row["hits"] for row in await database.hot.fetch("SELECT hits FROM rate_count")} == {4 * SHARE}


# The running service.


@pytest.fixture(scope="module")
def small(running_service: Service) -> Iterator[Any]:
    """Limits that a test can reach, within one minute that does not end before the test does.

    The run's own service has begun by then: it would keep this minute for ever.
    """
    minute = clock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queue_service.app, "clock", lambda: minute)
        for limit in ("READ", "WRITE", "SIGN_IN"):
            patch.setattr(classes, limit, Limit(limit, 10))
        patch.setattr(gate, "STRANGER", Limit("stranger", 5))
        patch.setattr(gate, "GUESS", Limit("guess", 5))
        yield patch


@pytest.fixture(scope="module")
async def limited(small: Any, database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    settings = Settings(
        database_url=database_url,
        second_factor="optional",
        log_level="critical",
        data_dir=tmp_path_factory.mktemp("limited"),
        seal_keys=(SEAL_KEY,),
        hash_key=HASH_KEY,
    )
    with ExitStack() as stack:
        async with Service(*stack.enter_context(running(settings))) as service:
            yield service


@pytest.fixture
async def office(database: Database) -> AnOffice:
    return await an_office(database)


def from_(address: str) -> dict[str, str]:
    """As the proxy says it, which the server trusts on its own machine."""
    return {"X-Forwarded-For": address}


async def test_too_many_reads_are_told_when_to_come_again(limited: Service, office: AnOffice) -> None:
    path, here = f"/api/public/offices/{office.slug}", from_("203.0.113.1")
    answers = [await limited.http.get(path, headers=here) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert answers[-1].json()["code"] == "too_many_requests"
    assert answers[-1].headers["Content-Type"] == "application/problem+json"
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    page = await limited.http.get("/", headers=here)
    assert (page.status_code, "Подождите немного" in page.text) == (429, True)
    assert page.headers["Content-Security-Policy"]
    assert "Retry-After" in page.headers
    with pytest.raises(InvalidStatus):
        async with connect(limited.base_url.replace("http", "ws") + "/live/ticket/x", additional_headers=here, proxy=None):
            pass
    assert (await limited.http.get("/static/tokens.css", headers=here)).status_code == 200
    assert (await limited.http.get(path, headers=from_("203.0.113.2"))).status_code == 200


async def test_what_a_client_claims_of_itself_is_not_its_address(limited: Service, office: AnOffice) -> None:
    """The proxy in front puts the true address last."""
    statuses = [(await limited.http.get("/", headers=from_(f"198.51.100.{number}, 203.0.113.3"))).status_code for number in range(11)]
    assert statuses == [200] * 10 + [429]


async def test_a_desk_and_a_kiosk_that_work_go_on_whatever_others_try_from_their_address(
    limited: Service, database: Database, office: AnOffice
) -> None:
    clerk, kiosk, hall = await a_clerk_at(database, office, "1"), await a_kiosk(database, office), from_("203.0.113.4")
    desk = {"Cookie": f"queue_session={clerk.token}", **hall}
    assert (await limited.http.get("/api/desk/queue", headers=desk)).status_code == 200
    assert (await limited.http.get("/api/kiosk/menu", headers=bearer(kiosk) | hall)).status_code == 200
    tried = [(await limited.http.get("/api/kiosk/menu", headers=bearer(f"wrong-{n}") | hall)).status_code for n in range(8)]
    assert tried[0] == 401
    assert tried[-1] == 429
    for _ in range(15):
        assert (await limited.http.get("/api/desk/queue", headers=desk)).status_code == 200
        assert (await limited.http.get("/api/kiosk/menu", headers=bearer(kiosk) | hall)).status_code == 200


async def test_guessing_secrets_ends_and_a_phone_that_knows_its_own_goes_on(
    limited: Service, database: Database, office: AnOffice, small: Any
) -> None:
    small.setattr(classes, "READ", Limit("plenty", 1000))
    kiosk, hall = await a_kiosk(database, office), from_("203.0.113.5")
    secret = (await limited.taken(kiosk))["secret"]
    assert (await limited.http.get(f"/api/public/tickets/{secret}", headers=hall)).status_code == 200
    guesses = [(await limited.http.get(f"/t/guess-{number}", headers=hall)).status_code for number in range(7)]
    assert guesses == [404] * 5 + [429] * 2
    assert (await limited.http.get("/api/public/appointments/guess", headers=hall)).status_code == 429, "whichever page is tried"
    assert (await limited.http.get(f"/api/public/tickets/{secret}", headers=hall)).status_code == 200
    async with limited.watch(f"/live/ticket/{secret}", additional_headers=hall) as screen:
        assert (await screen.next())["number"]
    assert (await limited.http.get("/t/guess", headers=from_("203.0.113.6"))).status_code == 404


async def test_signing_in_is_counted_for_itself(limited: Service, office: AnOffice) -> None:
    body = {"login": "nobody", "password": "wrong"}
    answers = [await limited.http.post("/api/staff/sessions", json=body, headers=from_("203.0.113.8")) for _ in range(11)]
    assert answers[-1].status_code == 429
    assert answers[-1].json()["code"] in ("too_many_requests", "sign_in_blocked")
    assert (await limited.http.get("/", headers=from_("203.0.113.8"))).status_code == 200


@asynccontextmanager
async def a_line(service: Service) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    url = httpx.URL(service.base_url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def answered(reader: asyncio.StreamReader, seconds: float = PATIENCE_SECONDS) -> bytes:
    """All that comes until the service hangs up."""
    async with asyncio.timeout(seconds):
        try:
            return await reader.read()
        except ConnectionResetError:
            return b"reset"


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * HEAD_LIMIT_BYTES + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nCookie: " + b"a" * HEAD_LIMIT_BYTES + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % number for number in range(3000)) + b"\r\n",
        b"GET / HTTP/1.1\r\nX-Endless: " + b"a" * (2 * HEAD_LIMIT_BYTES),
    ],
    ids=["address", "header", "headers", "a header without end"],
)
async def test_a_head_has_a_size(limited: Service, head: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    endless = not head.endswith(b"\r\n\r\n")
    if endless:  # where the kernel joined all of it into one piece, the patience with a head ends it
        monkeypatch.setattr(wire, "HEAD_SECONDS", 0.3)
    async with a_line(limited) as (reader, writer):
        writer.write(head[:1000])
        await writer.drain()
        await asyncio.sleep(0.02)
        writer.write(head[1000:])
        said = await answered(reader)
        assert said.startswith((b"HTTP/1.1 431", b"reset")) or (said == b"" and endless)


async def test_a_head_of_a_browser_with_many_cookies_is_heard(limited: Service) -> None:
    answer = await limited.http.get("/health/live", headers={"Cookie": "a=" + "b" * 8_000})
    assert answer.status_code == 200


@pytest.mark.parametrize("begun", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n"], ids=["nothing", "a word", "half"])
async def test_a_head_comes_in_time(limited: Service, begun: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "HEAD_SECONDS", 0.3)
    async with a_line(limited) as (reader, writer):
        writer.write(begun)
        assert await answered(reader) in (b"", b"reset")


async def test_a_body_comes_in_time_and_nothing_of_the_database_waits_for_it(
    limited: Service, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "BODY_SECONDS", 0.3)
    half = b"POST /api/public/appointments HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    pool = limited.app.state.database.engine.pool
    async with a_line(limited) as (reader, writer):
        started = time.monotonic()
        writer.write(half)
        await asyncio.sleep(0.1)
        assert pool.checkedout() == 0
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_SECONDS)
        assert head.startswith(b"HTTP/1.1 408")
        assert time.monotonic() - started > 0.25


async def test_a_body_has_a_size_whether_it_says_so_or_not(limited: Service) -> None:
    here = from_("203.0.113.9")
    said = await limited.http.post("/api/public/appointments", content=b" " * (BODY_LIMIT_BYTES + 1), headers=here)

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 4096

    unsaid = await limited.http.post("/api/public/appointments", content=parts(), headers=here)
    form = await limited.http.post("/desk/login", content=b"login=" + b"a" * BODY_LIMIT_BYTES, headers=here | FORM)
    assert [said.status_code, unsaid.status_code, form.status_code] == [413] * 3
    assert said.json()["code"] == "too_large"


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def test_requests_one_after_another_on_one_line_are_all_answered(limited: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    one = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
    async with a_line(limited) as (reader, writer), asyncio.timeout(PATIENCE_SECONDS):

        async def a_good_answer() -> bool:
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
            return head.startswith(b"HTTP/1.1 200")

        writer.write(one * 3)
        assert [await a_good_answer() for _ in range(3)] == [True] * 3
        monkeypatch.setattr(wire, "HEAD_SECONDS", 0.05)  # of the next head, which comes in one piece and so in no time
        writer.write(one)
        assert await a_good_answer()
        await asyncio.sleep(0.2)
        writer.write(one)
        assert await a_good_answer(), "an idle line is kept for a while"


async def test_the_common_count_is_written_by_the_running_service(limited: Service, database: Database, office: AnOffice) -> None:
    for _ in range(3):
        await limited.http.post("/api/public/appointments", json={}, headers=from_("203.0.113.10"))

    async def told() -> bool:
        soon = datetime.now(UTC) + timedelta(minutes=1)
        return bool(await database.hot.fetchval("SELECT max(hits) >= 3 FROM rate_count WHERE until <= $1", soon))

    await eventually(told)


async def test_a_switch_turns_the_limits_off(service: Service, office: AnOffice) -> None:
    for _ in range(STRANGER.hits + 5):
        assert gate.Gate("http://x", False, lambda: LATER)._refusal(a_scope(), "GET", None) is None
    assert (await service.http.get("/")).status_code == 200


def a_scope() -> Any:
    return {"type": "http", "path": "/api/kiosk/menu", "headers": [], "client": ("203.0.113.11", 1), "query_string": b""}
