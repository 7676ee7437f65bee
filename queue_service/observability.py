"""What an operator can see: structured logs with request ids, and Prometheus metrics over all workers.

Refuses to log bodies, headers or query strings: tokens and secrets travel there. And refuses the words of exceptions where they repeat
what somebody typed: a failure is told by its kind, its place in the code and the names of our own tables.
"""

import logging
import os
import re
import sys
import time
import uuid
from collections.abc import Callable
from typing import Any

import structlog
from litestar import Response, get
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from structlog.typing import EventDict

log = structlog.get_logger(__name__)

METRICS_TYPE = CONTENT_TYPE_LATEST.partition("; charset")[0]
"""The framework adds the charset of a text itself."""
SLOW_SECONDS = 1.0
"""A request this slow is worth a line even when it succeeded; the rest would be a line per tap."""

LINES_A_SECOND = 10
"""Of those: past capacity every request is slow or refused, and a line each would cost more than the answers. The next line that is
written says how many were not."""

SANE_ID = re.compile(rb"[A-Za-z0-9_-]{1,64}")
"""Request ids that proxies and programs make, UUIDs among them; nothing that could forge a line of the log."""

REQUESTS = Counter("queue_requests_total", "HTTP requests by method and status class.", ["method", "status"])
SECONDS = Histogram(
    "queue_request_seconds",
    "Time to answer an HTTP request.",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)


_TYPED = re.compile(
    r"""
    \[parameters:.*?\]$            # SQLAlchemy's values of a statement, to the end of their line
  | ^\s*(?:DETAIL|CONTEXT):.*?$    # PostgreSQL's, which repeats rows and keys
  | '(?:[^'\\\n]|\\.)*'           # what Python quotes in its messages
  | "(?![a-z_0-9]{1,63}")[^"\n]*"  # and what others do, the names of tables and constraints aside
  | [^\s@<>()]+@[^\s@<>()]+        # an address
  | \+?\d[\d ()-]{8,}\d            # a telephone number
  | [^\x00-\x7f]+(?:[ -][^\x00-\x7f]+)*
    """,
    re.VERBOSE | re.MULTILINE,
)
_FRAME = '  File "'
_TEXTS_OF_FAILURES = ("exception", "error")


def without_what_was_typed(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Masks, in the texts of failures, whatever may have come from a person; the lines that name our own code stay."""
    for name in _TEXTS_OF_FAILURES:
        text = event.get(name)
        if isinstance(text, str):
            lines = text.splitlines()
            ours = [line.startswith(_FRAME) or (number > 0 and lines[number - 1].startswith(_FRAME)) for number, line in enumerate(lines)]
            event[name] = "\n".join(line if own else _TYPED.sub("…", line) for line, own in zip(lines, ours, strict=True))
    return event


def configure_logging(level: str) -> None:
    """One JSON object per line on standard error; a person's terminal gets the readable form."""
    renderer = structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            without_what_was_typed,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping().get(level.upper(), logging.INFO)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def request_id_middleware(app: ASGIApp) -> ASGIApp:
    """Gives each request an id (the caller's, if it sent a sane one), answers with it, counts and times the request."""

    notes = _Notes()

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        sent = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        request_id = sent.decode() if SANE_ID.fullmatch(sent) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started = time.perf_counter()

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), (b"x-request-id", request_id.encode())]
                _observe(scope, message["status"], time.perf_counter() - started, notes)
            await send(message)

        try:
            await app(scope, receive, send_with_id)
        finally:
            structlog.contextvars.clear_contextvars()

    return middleware


class _Notes:
    """Lines about single requests, at most so many a second."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._second, self._written, self._left_out = 0, 0, 0

    def write(self, **about: object) -> None:
        second = int(self._monotonic())
        if second != self._second:
            self._second, self._written = second, 0
        if self._written >= LINES_A_SECOND:
            self._left_out += 1
            return
        self._written += 1
        more = {"left_out": self._left_out} if self._left_out else {}
        self._left_out = 0
        log.warning("slow_or_failed", **about, **more)


def _observe(scope: HTTPScope, status: int, seconds: float, notes: _Notes) -> None:
    REQUESTS.labels(scope["method"], f"{status // 100}xx").inc()
    SECONDS.observe(seconds)
    if seconds >= SLOW_SECONDS or status >= 500:
        notes.write(method=scope["method"], path=scope.get("path_template"), status=status, seconds=round(seconds, 3))


@get("/metrics", include_in_schema=False, sync_to_thread=False)
def metrics_route() -> Response[bytes]:
    """All workers together where several run (PROMETHEUS_MULTIPROC_DIR), else this process."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return Response(generate_latest(registry), media_type=METRICS_TYPE)
    return Response(generate_latest(), media_type=METRICS_TYPE)
