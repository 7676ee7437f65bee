"""The service under test: in a thread of this process for most tests, as real processes where they are to be loaded or killed.

Never in the tests' own event loop: a test that computes for a while must not make the service deaf.
"""

import asyncio
import base64
import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from http.server import ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from typing import Any, Self

import httpx
import psutil  # type: ignore[import-untyped]  # comes with the embedded server, without types
import pytest
import uvicorn
import uvloop
from litestar import Litestar
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

import queue_service.app
from queue_service.app import create_app
from queue_service.cli import STANDSTILL_SECONDS
from queue_service.limits.line import Line
from queue_service.limits.wire import BoundedProtocol
from queue_service.settings import Settings
from queue_service.timing import clock
from tests.support.factories import AClerk
from tests.support.wire import Wire

READY_SECONDS = 90.0
"""Two workers start in four seconds; beside three test processes on two cores it takes ten times as long."""
PATIENCE_SECONDS = 60.0
"""How long a test waits for what must come. It comes in milliseconds, but a machine may stand still for many seconds. That something
comes soon is proved without a clock: nothing else would ever have brought it."""

Json = dict[str, Any]

SEAL_KEY, HASH_KEY = (base64.urlsafe_b64encode(bytes([byte]) * 32).decode() for byte in (7, 11))
"""Keys of every service under test: several of them work on one database."""


class NoSender:
    """In place of the sender where a test reads the outbox itself."""

    def __init__(self, *_: object) -> None: ...

    def wake(self) -> None: ...

    async def run(self) -> None:
        await asyncio.Event().wait()


def the_clock_stands(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """This moment, which the running service's handlers are told until the test ends: no wait is over because a machine stood still."""
    now = clock()
    monkeypatch.setattr(queue_service.app, "clock", lambda: now)
    return now


class Api:
    """A service's address and what clients do there, each in one call; answers come back unchecked, for the test to judge."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.http = httpx.AsyncClient(
            base_url=base_url,
            timeout=PATIENCE_SECONDS,
            limits=httpx.Limits(max_connections=200, max_keepalive_connections=200, keepalive_expiry=3),  # sooner than the service
            verify=False,
            trust_env=False,
        )

    async def take(
        self, kiosk: str, service: str = "passport", key: str | None = None, *, accept: str = "ru", **body: Any
    ) -> httpx.Response:
        """The kiosk's POST; a new key unless given."""
        return await self.http.post(
            "/api/kiosk/tickets",
            json={"service": service, **body},
            headers={**bearer(kiosk), "Idempotency-Key": key or uuid.uuid4().hex, "Accept-Language": accept},
        )

    async def taken(self, kiosk: str, service: str = "passport", **body: Any) -> Json:
        """The same where the test is not about taking: the ticket."""
        answer = await self.take(kiosk, service, **body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def desk(self, clerk: AClerk, action: str, method: str = "POST", key: str | None = None, **body: Any) -> httpx.Response:
        """`action` below /api/desk, as the clerk."""
        headers = bearer(clerk.token) | ({"Idempotency-Key": key} if key else {})
        return await self.http.request(method, f"/api/desk/{action}", json=body or None, headers=headers)

    async def called(self, clerk: AClerk) -> Json:
        """Call-next where the test is not about calling: the ticket."""
        answer = await self.desk(clerk, "call-next")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def get(self, path: str, token: str | None = None, **parameters: str) -> httpx.Response:
        return await self.http.get(path, params=parameters, headers=bearer(token) if token else {})

    @asynccontextmanager
    async def watch(self, path: str, **options: Any) -> AsyncIterator["Screen"]:
        """A websocket below /live, as a screen has it open."""
        address = self.base_url.replace("http://", "ws://") + path
        async with connect(address, compression=None, max_size=None, proxy=None, **options) as connection:
            yield Screen(connection)

    async def close(self) -> None:
        await self.http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


class Screen:
    """One open websocket."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.seen: list[Json] = []

    async def next(self) -> Json:
        async with asyncio.timeout(PATIENCE_SECONDS):
            snapshot: Json = json.loads(await self.connection.recv())
        self.seen.append(snapshot)
        return snapshot

    async def until(self, condition: Any, seconds: float = PATIENCE_SECONDS) -> Json:
        """The first snapshot from now on of which the condition is true."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    snapshot = await self.next()
                    if condition(snapshot):
                        return snapshot
        except TimeoutError:
            raise AssertionError(f"never shown; the last of {len(self.seen)} snapshots: {self.seen[-1:]}") from None

    async def closed(self) -> int | None:
        """Waits for the service to close it; the close code."""
        try:
            while True:
                await self.next()
        except ConnectionClosed as end:
            return end.rcvd.code if end.rcvd else None


@dataclass
class Service(Api):
    """The service in a thread, and its insides for the few tests that look there."""

    app: Litestar
    settings: Settings

    def __init__(self, base_url: str, app: Litestar, settings: Settings) -> None:
        super().__init__(base_url)
        self.app = app
        self.settings = settings


class _Server(uvicorn.Server):
    """Says when it is up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


class HttpServer(ThreadingHTTPServer):
    """Python's own, which would ask the name service for its name, and wait for its silence on a machine that has none."""

    def server_bind(self) -> None:
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.socket.getsockname()[1]


def a_free_socket(port: int = 0) -> socket.socket:
    free = socket.socket()
    free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    free.bind(("127.0.0.1", port))
    return free


def a_free_port() -> int:
    """For a program that binds it itself, later. Below the ports that the system gives to whoever connects: it would give this one too;
    above 10080, which Chromium refuses to open."""
    while True:
        with contextlib.suppress(OSError), a_free_socket(random.SystemRandom().randrange(10_100, 32_000)) as free:
            port: int = free.getsockname()[1]
            return port


@contextmanager
def running(settings: Settings, port: int = 0) -> Iterator[tuple[str, Litestar, Settings]]:
    """The real application on a real server in a thread, until the block ends; its address and itself."""
    listening = a_free_socket(port)
    base_url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    settings = replace(settings, port=listening.getsockname()[1], public_url=base_url)
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        http=BoundedProtocol,
        ws=Line,
        ws_per_message_deflate=False,
        ws_max_size=4096,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=1,
        # A client that finds its line idle may stand still before it writes; the service must not have hung up meanwhile.
        timeout_keep_alive=int(PATIENCE_SECONDS),
    )
    server = _Server(config)

    def run() -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(server.serve([listening]))

    thread = threading.Thread(target=run, name="service", daemon=True)
    thread.start()
    try:
        while not server.up.wait(0.1):
            assert thread.is_alive(), "the service ended while it started"
        yield base_url, app, settings
    finally:
        server.should_exit = True
        thread.join(READY_SECONDS)
        listening.close()
        assert not thread.is_alive(), "the service did not end"


class ServiceProcess(Api):
    """`queue-service serve` as real processes that can be killed and started again on the same port."""

    def __init__(self, environment: Mapping[str, str], workers: int, folder: Path) -> None:
        self.port = a_free_port()
        super().__init__(f"http://127.0.0.1:{self.port}")
        self.workers = workers
        self.log = folder / f"service-{self.port}.log"
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("QUEUE_", "PROMETHEUS_"))},
            "QUEUE_PORT": str(self.port),
            "QUEUE_WORKERS": str(workers),
            "QUEUE_DATA_DIR": str(folder),
            "QUEUE_PUBLIC_URL": self.base_url,
            "QUEUE_RATE_LIMITS": "off",
            "QUEUE_SECOND_FACTOR": "optional",
            "QUEUE_SEAL_KEYS": SEAL_KEY,
            "QUEUE_HASH_KEY": HASH_KEY,
            **environment,
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [Path(sys.executable).parent / "queue-service", "serve"],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    async def ready(self, seconds: float = READY_SECONDS) -> None:
        """Waits for /health/ready from as many workers as there should be."""
        deadline = time.monotonic() + seconds
        said = "nothing"
        while time.monotonic() < deadline:
            assert self._process is not None
            assert self._process.poll() is None, f"the service ended: {self.log.read_text()[-3000:]}"
            try:
                async with httpx.AsyncClient(verify=False, trust_env=False) as fresh:
                    answer = await fresh.get(f"{self.base_url}/health/ready", timeout=5)
                said = answer.text
                if answer.status_code == 200 and len(self.worker_pids()) >= self.workers:
                    return
            except httpx.TransportError as error:
                said = repr(error)
            await asyncio.sleep(0.05)
        raise AssertionError(f"not ready after {seconds} s: {said}; {self.log.read_text()[-3000:]}")

    async def each_ready(self) -> None:
        """And every worker by itself answers. One that still starts is a process too, and would keep whoever is sent to it waiting while
        the others are asleep, until the one that watches over them takes those for dead."""
        await self.ready()
        for worker in self.worker_pids():

            async def answers(worker: int = worker) -> bool:
                with self.only_awake(worker):
                    try:
                        async with httpx.AsyncClient(verify=False, trust_env=False, timeout=STANDSTILL_SECONDS / 4) as fresh:
                            return (await fresh.get(f"{self.base_url}/health/ready")).status_code == 200
                    except httpx.TransportError:
                        return False

            await eventually(answers, READY_SECONDS)

    def worker_pids(self) -> list[int]:
        """The processes that serve: with one worker, the process itself."""
        if self.workers == 1:
            return [self.pid]
        return [child.pid for child in psutil.Process(self.pid).children() if _serves(child)]

    def connections(self) -> dict[int, int]:
        """How many clients each worker has."""
        found = {}
        for pid in self.worker_pids():
            with contextlib.suppress(psutil.NoSuchProcess):  # it was killed a moment ago
                found[pid] = sum(each.status == "ESTABLISHED" for each in psutil.Process(pid).net_connections("tcp"))
        return found

    @contextmanager
    def only_awake(self, worker: int) -> Iterator[None]:
        """All other workers sleep meanwhile: whoever connects now is served by this one.

        Workers share one listening socket, and an idle one takes nearly everybody: chance does not spread clients.
        """
        asleep = [pid for pid in self.worker_pids() if pid != worker]
        for pid in asleep:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in asleep:
                os.kill(pid, signal.SIGCONT)

    async def spread(self, wires: Sequence[Wire]) -> None:
        """Connects the clients so that each worker has its share."""
        workers = self.worker_pids()
        for number, worker in enumerate(workers):
            with self.only_awake(worker):
                await asyncio.gather(*(wire.open() for wire in wires[number :: len(workers)]))
        assert min(self.connections().values()) >= len(wires) // len(workers), self.connections()

    def kill_worker(self) -> None:
        """kill -9 of the worker that has the most clients."""
        clients = self.connections()
        os.kill(max(clients, key=clients.__getitem__), signal.SIGKILL)

    def kill(self) -> None:
        """kill -9 of everything at once, as a power cut does it."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):  # it ended by itself
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def stop(self, seconds: float = READY_SECONDS) -> int:
        """As systemd stops it; its exit code."""
        assert self._process is not None
        self._process.terminate()
        code = self._process.wait(seconds)
        self._process = None
        return code


def _serves(child: psutil.Process) -> bool:
    """A live worker: neither a helper of multiprocessing nor one that was killed and not yet buried."""
    try:
        return "resource_tracker" not in " ".join(child.cmdline())
    except psutil.Error:
        return False


async def eventually(condition: Any, seconds: float = PATIENCE_SECONDS) -> Any:
    """The first truthy result of an async condition; for what no event announces."""
    deadline = time.monotonic() + seconds
    while True:
        result = await condition()
        if result:
            return result
        assert time.monotonic() < deadline, f"still {result!r} after {seconds} s"
        await asyncio.sleep(0.02)
