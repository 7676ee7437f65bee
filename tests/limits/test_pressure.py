"""Past capacity citizens are asked to come again, at once and in words, while the hall goes on."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from queue_service import problems
from queue_service.app import create_app
from queue_service.errors import Unavailable
from queue_service.limits import pressure
from queue_service.limits.line import LINE
from queue_service.limits.pressure import FULL, Capacity, Pressure, Room
from queue_service.settings import Settings

APP = create_app(Settings())
"""Not started: it only writes the refusals."""
SOON = 0.05
"""Seconds at the door in these tests."""


@dataclass
class Place:
    """An application that answers when the test says so, and what came to it."""

    open: asyncio.Event = field(default_factory=asyncio.Event)
    came: list[str] = field(default_factory=list)

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        self.came.append(scope["path"])
        await self.open.wait()
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})


def a_scope(path: str, kind: str = "http") -> dict[str, Any]:
    asked = {"type": kind, "path": path, "headers": [], "query_string": b"", "client": ("127.0.0.1", 1)}
    return asked | {"state": {}, "path_params": {}, "litestar_app": APP, "app": APP}


async def ask(app: Any, path: str, method: str = "GET", kind: str = "http", line: object = None) -> dict[str, Any]:
    """The first message of the answer, with the body of a refusal."""
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False} if kind == "http" else {"type": "websocket.connect"}

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    scope = {
        "type": kind,
        "path": path,
        "headers": [],
        "query_string": b"",
        "client": ("127.0.0.1", 1),
        "state": {},
        "path_params": {},
        "litestar_app": APP,
        "app": APP,
        "extensions": {LINE: line},
    }
    await app({**scope, **({"method": method} if kind == "http" else {})}, receive, send)
    return {**said[0], "body": said[-1].get("body")} if said else {}


async def everybody_has_moved() -> None:
    """The loop has run every task until it waits for something: none of these tasks takes as many steps."""
    for _ in range(20):
        await asyncio.sleep(0)


async def until_inside(place: Place, count: int) -> None:
    await everybody_has_moved()
    assert len(place.came) == count


async def test_a_full_room_lets_a_few_wait_and_sends_the_rest_away_at_once() -> None:
    room = Room(inside=1, waiting=1, patience=60)
    order: list[str] = []

    async def stay(name: str, leave: asyncio.Event) -> None:
        async with room.place():
            order.append(name)
            await leave.wait()

    leave = asyncio.Event()
    inside, waiting = asyncio.create_task(stay("first", leave)), asyncio.create_task(stay("second", leave))
    await everybody_has_moved()
    with pytest.raises(Unavailable):
        await stay("third", leave)
    leave.set()
    await asyncio.gather(inside, waiting)
    assert (order, room.at_the_door) == (["first", "second"], 0)
    await stay("fourth", leave)  # and nobody's place was lost


async def test_whoever_waits_too_long_is_told_to_come_again_and_takes_no_place() -> None:
    room = Room(inside=1, waiting=5, patience=SOON)
    async with room.place():
        with pytest.raises(Unavailable) as told:
            async with room.place():
                raise AssertionError("let in")
    assert told.value.retry_after
    async with room.place():
        assert room.at_the_door == 0


async def test_somebody_who_goes_away_from_the_door_leaves_no_trace() -> None:
    room = Room(inside=1, waiting=1, patience=60)
    async with room.place():
        gone = asyncio.create_task(room.place().__aenter__())
        await everybody_has_moved()
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
    async with room.place():
        assert room.at_the_door == 0


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/api/desk/call-next", "POST"),
        ("/api/kiosk/tickets", "POST"),
        ("/desk", "GET"),
        ("/admin", "GET"),
        ("/api/staff/sessions", "POST"),
        ("/health/ready", "GET"),
        ("/static/tokens.css", "GET"),
        ("/metrics", "GET"),
    ],
)
async def test_the_hall_goes_on_while_citizens_are_sent_away(path: str, method: str) -> None:
    place = Place()
    app = Pressure(Capacity(reads=1, writes=1, waiting=0, linger=0)).around(place.app)
    citizens = [asyncio.create_task(ask(app, "/book")), asyncio.create_task(ask(app, "/api/public/appointments", "POST"))]
    await until_inside(place, 2)
    for refused in (await ask(app, "/t/secret"), await ask(app, "/api/public/appointments", "POST")):
        assert refused["status"] == 503
        assert (b"retry-after", b"3") in refused["headers"]
    hall = asyncio.create_task(ask(app, path, method))
    await until_inside(place, 3)
    place.open.set()
    assert (await hall)["status"] == 200
    assert [(await each)["status"] for each in citizens] == [200, 200]


@pytest.mark.parametrize("path", ["/book/secret/confirm", "/api/public/appointments/secret/confirm", "/a/secret/accept", "/t/secret/leave"])
async def test_whoever_has_a_place_does_not_lose_it_behind_those_who_want_one(path: str) -> None:
    place = Place()
    app = Pressure(Capacity(writes=1, own=1, waiting=0, linger=0)).around(place.app)
    wanting = asyncio.create_task(ask(app, "/book/hold", "POST"))
    await until_inside(place, 1)
    assert (await ask(app, "/api/public/appointments", "POST"))["status"] == 503
    having = asyncio.create_task(ask(app, path, "POST"))
    await until_inside(place, 2)
    assert (await ask(app, path, "POST"))["status"] == 503, "nor is there room for everybody"
    place.open.set()
    assert [(await each)["status"] for each in (wanting, having)] == [200, 200]


async def test_nobody_gets_a_new_place_while_somebody_who_has_one_waits_at_the_door() -> None:
    """Holds that come faster than they are confirmed would only lapse."""
    place = Place()
    app = Pressure(Capacity(writes=2, own=1, linger=0)).around(place.app)
    own = [asyncio.create_task(ask(app, f"/api/public/appointments/{each}/confirm", "POST")) for each in "ab"]
    await until_inside(place, 1)
    wanting = asyncio.create_task(ask(app, "/api/public/appointments", "POST"))
    await until_inside(place, 1)
    place.open.set()
    assert [(await each)["status"] for each in (*own, wanting)] == [200] * 3
    assert place.came[-1] == "/api/public/appointments"


async def test_a_door_that_empties_because_somebody_went_away_lets_the_others_in() -> None:
    place = Place()
    app = Pressure(Capacity(writes=2, own=1, linger=0)).around(place.app)
    own = [asyncio.create_task(ask(app, f"/api/public/appointments/{each}/confirm", "POST")) for each in "ab"]
    wanting = asyncio.create_task(ask(app, "/api/public/appointments", "POST"))
    await until_inside(place, 1)
    own[1].cancel()
    await until_inside(place, 2)
    place.open.set()
    assert [(await each)["status"] for each in (own[0], wanting)] == [200] * 2


async def test_whoever_is_let_in_at_the_moment_of_going_away_leaves_the_place_to_the_next() -> None:
    room = Room(inside=1, waiting=5, patience=60)
    async with room.place():
        gone = asyncio.create_task(room.place().__aenter__())
        await everybody_has_moved()
    gone.cancel()  # let in, and not yet aware of it
    await asyncio.gather(gone, return_exceptions=True)
    async with room.place():
        assert room.at_the_door == 0


async def test_whoever_reads_the_answer_slowly_holds_no_place() -> None:
    drained = asyncio.Event()

    async def answering(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await drained.wait()
        await send({"type": "http.response.body", "body": b""})

    app = Pressure(Capacity(reads=1, waiting=0, linger=0)).around(answering)
    slow = [asyncio.create_task(ask(app, "/book")) for _ in range(3)]
    await everybody_has_moved()
    drained.set()
    assert [(await each)["status"] for each in slow] == [200] * 3


async def test_a_program_reads_why_in_its_language_and_a_person_reads_a_page() -> None:
    place = Place()
    app = Pressure(Capacity(reads=1, waiting=0, linger=0)).around(place.app)
    inside = asyncio.create_task(ask(app, "/book"))
    await until_inside(place, 1)
    refused = await ask(app, "/api/public/offices")
    assert json.loads(refused["body"]) | {"type": None} == {
        "type": None,
        "code": "unavailable",
        "title": "unavailable",
        "status": 503,
        "detail": FULL["ru"],
    }
    place.open.set()
    await inside


async def test_whoever_asks_again_at_once_is_told_later_but_no_more_than_a_few_are_kept_for_that() -> None:
    place = Place()
    app = Pressure(Capacity(reads=1, waiting=0, linger=60, lingering=1)).around(place.app)
    inside = asyncio.create_task(ask(app, "/book"))
    await until_inside(place, 1)
    kept = asyncio.create_task(ask(app, "/api/public/offices"))
    await everybody_has_moved()
    assert not kept.done()
    assert (await ask(app, "/api/public/offices"))["status"] == 503
    kept.cancel()
    await asyncio.gather(kept, return_exceptions=True)
    after = asyncio.create_task(ask(app, "/api/public/offices"))
    await everybody_has_moved()
    assert not after.done()  # who went away made room
    after.cancel()
    place.open.set()
    await inside


async def test_those_who_are_turned_away_together_are_told_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    naps: list[float] = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)
        await asyncio.Event().wait()

    place = Place()
    app = Pressure(Capacity(reads=1, waiting=0, linger=1, told=10)).around(place.app)
    inside = asyncio.create_task(ask(app, "/book"))
    await until_inside(place, 1)
    monkeypatch.setattr(pressure, "sleep", nap)
    together = [asyncio.create_task(ask(app, "/api/public/offices")) for _ in range(4)]
    await everybody_has_moved()
    assert naps == pytest.approx([1.0, 1.1, 1.2, 1.3])
    together.pop().cancel()
    await everybody_has_moved()
    together.append(asyncio.create_task(ask(app, "/api/public/offices")))
    await everybody_has_moved()
    assert naps[4:] == pytest.approx([1.3]), "who went away holds nobody up"
    for each in (*together, inside):
        each.cancel()
    await asyncio.gather(*together, inside, return_exceptions=True)


async def test_turning_somebody_away_writes_nothing_into_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(problems, "log", None)  # whoever writes into it fails
    place = Place()
    app = Pressure(Capacity(reads=1, waiting=0, linger=0)).around(place.app)
    inside = asyncio.create_task(ask(app, "/book"))
    await until_inside(place, 1)
    for path in ("/api/public/offices", "/t/secret"):
        assert (await ask(app, path))["status"] == 503
    place.open.set()
    await inside


class ALine:
    """What the server knows of a socket; it lives as long as the test likes."""

    def __init__(self) -> None:
        self.end: Callable[[], None] = lambda: None

    def when_over(self, call: Callable[[], None]) -> None:
        self.end = call


async def test_phones_beyond_the_sockets_of_a_worker_are_refused_before_they_are_accepted_and_displays_never() -> None:
    place, line = Place(), ALine()
    app = Pressure(Capacity(sockets=1)).around(place.app)
    place.open.set()
    await ask(app, "/live/ticket/one", kind="websocket", line=line)  # its handler has returned, the line is open
    assert len(place.came) == 1
    assert await ask(app, "/live/ticket/two", kind="websocket") == {
        "type": "websocket.close",
        "code": 1013,
        "reason": "unavailable",
        "body": None,
    }
    await ask(app, "/live/board", kind="websocket")
    assert len(place.came) == 2
    line.end()
    assert await ask(app, "/live/appointment/three", kind="websocket", line=ALine()) == {}  # the place is free again


async def test_a_slow_body_holds_nobodys_place() -> None:
    place = Place()
    place.open.set()
    app = Pressure(Capacity(writes=1, waiting=0, linger=0)).around(place.app)
    arrived = asyncio.Event()

    async def slowly() -> Any:
        await arrived.wait()
        return {"type": "http.request", "body": b"{}", "more_body": False}

    said: list[Any] = []

    async def send(message: Any) -> None:
        said.append(message)

    scope: Any = a_scope("/api/public/appointments") | {"method": "POST"}
    slow: asyncio.Task[Any] = asyncio.ensure_future(app(scope, slowly, send))
    await everybody_has_moved()
    assert (await ask(app, "/api/public/appointments", "POST"))["status"] == 200
    arrived.set()
    await slow
    assert said[0]["status"] == 200
