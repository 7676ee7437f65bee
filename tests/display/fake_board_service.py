"""A service that says exactly what a test wants the display to hear, and dies and returns when told.

It exists so that the display can be tested without the real service and its database, and for what the real one never
does on purpose: duplicates, stale calls, silence on an open socket. It serves the page's files and the two ways to the
board. One thread per connection; refuses everything else with 404. Its clock stands still unless a test sets it: how old a call is when
it arrives is said by the test and not by how long the machine took.
"""

from __future__ import annotations

import io
import json
import mimetypes
import threading
import wave
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

from tests.support.service import a_free_port

NOON = datetime(2031, 3, 12, 9, 0, tzinfo=UTC)
"""In the office's zone; a Wednesday."""
ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {
    "/display/": ROOT / "display",
    "/static/": ROOT / "queue_service" / "pages" / "static",
    "/assets/": ROOT / ".assets",
    "/node_modules/": ROOT / "node_modules",
}
POLICY = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'"

CLIPS = ["gong", "ticket", "recall", "go", *"АВГДЕКЛМНПРСТУФЭ", *map(str, [*range(20), *range(20, 1000, 10)])]
LONGEST_CLIP_SECONDS = 0.5
"""Of sound; the manifest may promise more, and the page waits as long as that says."""

Board = dict[str, Any]
Call = dict[str, Any]


def instant(ago: float = 0.0) -> str:
    return (NOON - timedelta(seconds=ago)).isoformat(timespec="microseconds").replace("+00:00", "Z")


def a_call(call_id: int, ticket: str = "А012", desk: str = "5", *, ago: float = 0.0, **more: Any) -> Call:
    place = more.pop("place", None)
    return {
        "call_id": call_id,
        "ticket": ticket,
        "desk": desk,
        "place": {"ru": place, "en": place} if place else None,
        "called_at": instant(ago),
        "recall": False,
        "state": "called",
        "zone": "hall",
        "accessible": False,
        **more,
    }


def a_board(*calls: Call, **more: Any) -> Board:
    """Calls are given oldest first, as they happened; the board carries them newest first."""
    office = {
        "slug": "admiralteysky",
        "name": {"ru": "Администрация Адмиралтейского района", "en": "Admiralteysky District Administration"},
        "time_zone": "Europe/Moscow",
    }
    return {
        "version": 1,
        "now": instant(),
        "office": office,
        "zone": {"code": "hall", "name": {"ru": "зал 1", "en": "hall 1"}},
        "open": {"now": True, "opens_at": None, "closes_at": instant(-3 * 3600), "sentence": None},
        "calls": list(reversed(calls)),
        "next": ["А013", "В008", "К004", "А014"],
        "ticker": [],
        "desks": {"open": 7, "paused": 1, "closed": 2},
        "desk_states": [],
        "settings": {"distance_m": 5, "volume": 80, "rows": 6, "theme": "dark", "gong": True},
        **more,
    }


@dataclass
class FakeService:
    """Start it, change `board` through `show`, kill it with `stop`, bring it back on the same port with `start`."""

    port: int = field(default_factory=a_free_port)
    board: Board = field(default_factory=a_board)
    sockets_work: bool = True
    quiet: bool = False
    """An open socket on which nothing comes any more."""
    asked: list[str] = field(default_factory=list)
    overrides: dict[str, bytes] = field(default_factory=dict)
    """Paths that answer something else than the file: a new version of the page."""
    clip_seconds: float | None = 0.05
    """Length of every voice clip, so that tests need not listen; None serves the real ones."""
    ahead: float = 0.0
    """Seconds by which the service's clock is ahead of ours."""
    close_code: int | None = None
    """Accept sockets, then close them with this code, as the service does with a token that it does not know."""

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        self._version = 0
        self._stopping = False
        self._server: Server | None = None
        self._thread: threading.Thread | None = None
        self._connections: set[ServerConnection] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._stopping = False
        self._server = serve(self._live, "127.0.0.1", self.port, process_request=self._answer, compression=None)
        self.port = self._server.socket.getsockname()[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        if self._server and self._thread:
            self._stopping = True
            self.drop_sockets()
            self._server.shutdown()
            self._thread.join()
            self._server = None

    def show(self, board: Board) -> None:
        """Every socket gets this board at once, every later one first of all."""
        with self._changed:
            self.board = board
            self._version += 1
            self._changed.notify_all()

    def drop_sockets(self) -> None:
        for connection in list(self._connections):
            connection.close_socket()
        with self._changed:
            self._changed.notify_all()

    def _present(self) -> str:
        return json.dumps({**self.board, "version": self._version, "now": instant(-self.ahead)}, ensure_ascii=False)

    def _live(self, connection: ServerConnection) -> None:
        self._connections.add(connection)
        try:
            if self.close_code:
                connection.close(self.close_code, "bad_token")
                return
            while not self._stopping:
                with self._changed:
                    version, text = self._version, self._present()
                if not self.quiet:
                    connection.send(text)
                with self._changed:
                    if self._version == version and not self._stopping:
                        self._changed.wait(timeout=10)
        except (ConnectionClosed, OSError):
            pass
        finally:
            self._connections.discard(connection)

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        address = urlsplit(request.path)
        self.asked.append(request.path)
        if address.path == "/live/board":
            return None if self.sockets_work else connection.respond(HTTPStatus.FORBIDDEN, "no\n")
        if address.path == f"/api/public/offices/{self.board['office']['slug']}/board":
            return respond(200, self._present().encode(), "application/json")
        if address.path.startswith("/api/"):
            problem = {"status": 404, "code": "unknown_office", "detail": "Такого отделения нет."}
            return respond(404, json.dumps(problem).encode(), "application/problem+json")
        return self._file(address.path)

    def _short_clip(self, path: str) -> Response:
        if path.endswith("manifest.json"):
            manifest = {name: {"file": "clip.wav", "seconds": self.clip_seconds} for name in CLIPS}
            return respond(200, json.dumps(manifest).encode(), "application/json")
        sound = io.BytesIO()
        with wave.open(sound, "wb") as clip:
            clip.setnchannels(1)
            clip.setsampwidth(2)
            clip.setframerate(22_050)
            clip.writeframes(b"\0\1" * int(22_050 * min(self.clip_seconds or 0, LONGEST_CLIP_SECONDS)))
        return respond(200, sound.getvalue(), "audio/wav")

    def _file(self, path: str) -> Response:
        if path in self.overrides:
            return respond(200, self.overrides[path], mimetypes.guess_type(path)[0] or "text/html")
        if path.startswith("/assets/voice/") and self.clip_seconds is not None:
            return self._short_clip(path)
        for prefix, folder in FOLDERS.items():
            if path.startswith(prefix):
                file = folder / (path.removeprefix(prefix) or "index.html")
                if file.is_file():
                    return respond(200, file.read_bytes(), mimetypes.guess_type(file.name)[0] or "text/plain")
        return respond(404, b"", "text/plain")


def respond(status: int, body: bytes, kind: str) -> Response:
    headers = Headers(
        {
            "Content-Type": f"{kind}; charset=utf-8" if kind.startswith("text/") else kind,
            "Content-Length": str(len(body)),
            "Content-Security-Policy": POLICY,
            "Cache-Control": "no-cache",
            "Connection": "close",
        }
    )
    return Response(status, HTTPStatus(status).phrase, headers, body)


def query(path: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}


def live_requests(asked: Iterable[str]) -> list[dict[str, str]]:
    return [query(path) for path in asked if path.startswith("/live/board")]
