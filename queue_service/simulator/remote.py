"""HTTP as a patient client speaks it: the same request again, with the same key, until the service is back.

A restart of the service or of its database is an ordinary event and costs a retry. Only what no retry cures becomes an exception:
`ServiceGone` when nothing answers, `BrokenPromise` when it answers with failures. Refuses to interpret refusals (4xx).
"""

import asyncio
import random
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
import msgspec

from queue_service.errors import SettingsError
from queue_service.simulator.tally import Tally
from queue_service.simulator.wire import Problem

SILENCE_SECONDS = 120.0
"""How long nothing may answer: somebody restarts the service by hand, or a database recovers."""
FAILURE_SECONDS = 30.0
"""How long answers may be 5xx: a database restart takes a few seconds, and a defect would stay for ever."""
HURRIED_SECONDS = 5.0
"""The same when a person has pressed Ctrl-C and waits."""
FIRST_DELAY, LONGEST_DELAY = 0.1, 3.0
"""Seconds between tries, doubling, with jitter so that twenty desks do not come back in step."""
ANSWER_SECONDS = 15.0
"""An answer takes milliseconds; this is for a machine that is busy with something else."""
KEEP_ALIVE_SECONDS = 2.0
"""Shorter than the server's five, so that we never write into a connection that it is closing."""
CONNECTIONS = 40

ReadT = TypeVar("ReadT")


class BrokenPromise(Exception):
    """The service answered, and no client could make sense of it."""


class ServiceGone(SettingsError):
    """Nothing answers any more."""


@dataclass(frozen=True, slots=True)
class Answer:
    request: str
    status: int
    content: bytes
    retry_after: float
    retried: bool
    """An earlier try got no answer; the service may have obeyed it all the same."""

    def read(self, kind: type[ReadT]) -> ReadT:
        try:
            return msgspec.json.decode(self.content, type=kind)
        except msgspec.DecodeError as error:
            raise BrokenPromise(f"{self.request}: ответ {self.status} не такой, как описано ({error}).") from error

    @property
    def problem(self) -> Problem:
        try:
            return msgspec.json.decode(self.content, type=Problem)
        except msgspec.DecodeError:
            return Problem()


class Service:
    """One office's clients share it: one pool of connections, one memory of whether the service is there."""

    def __init__(self, base_url: str, tally: Tally, transport: httpx.AsyncBaseTransport | None = None) -> None:
        limits = httpx.Limits(max_connections=CONNECTIONS, keepalive_expiry=KEEP_ALIVE_SECONDS)
        timeout = httpx.Timeout(ANSWER_SECONDS, pool=None)
        self._client = httpx.AsyncClient(base_url=base_url, limits=limits, timeout=timeout, transport=transport, trust_env=False)
        self._tally = tally
        self.base_url = base_url
        self.hurried = False
        self.away_since: float | None = None
        """Since when (monotonic) nothing answers; None while something does."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._client.aclose()

    async def send(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        body: Any = None,
        key: str | None = None,
        language: str = "ru",
        patient: bool = True,
    ) -> Answer:
        """The answer below 500, however long a restart takes, or of the first try. Raises ServiceGone, BrokenPromise."""
        headers = {"Accept-Language": language}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if key is not None:
            headers["Idempotency-Key"] = key
        started, delay, retried = time.monotonic(), FIRST_DELAY, False
        while True:
            answer: Answer | None = None
            try:
                response = await self._client.request(method, path, json=body, headers=headers)
            except httpx.TransportError as error:
                reason = repr(error)
                self.away_since = self.away_since or time.monotonic()
            else:
                self.away_since = None
                waits = _seconds(response.headers.get("Retry-After"))
                answer = Answer(f"{method} {path}", response.status_code, response.content, waits, retried)
                if not _worth_a_retry(answer):
                    return answer
                delay = max(delay, min(waits, LONGEST_DELAY))
                reason = f"{answer.status} {answer.problem.code}".strip()
            if not patient or time.monotonic() - started + delay > self._patience(answer):
                raise _given_up(f"{method} {path}", answer, reason, self.base_url)
            self._tally.retries += 1
            retried = True
            await asyncio.sleep(delay * random.uniform(0.7, 1.3))
            delay = min(delay * 2, LONGEST_DELAY)

    def _patience(self, answer: Answer | None) -> float:
        if self.hurried:
            return HURRIED_SECONDS
        return SILENCE_SECONDS if answer is None else FAILURE_SECONDS


def _worth_a_retry(answer: Answer) -> bool:
    """Failures, and "not so fast"; the end of the day's tickets also says 429, and no patience helps there."""
    return answer.status >= 500 or (answer.status == 429 and answer.problem.code != "daily_limit_reached")


def _given_up(request: str, answer: Answer | None, reason: str, base_url: str) -> Exception:
    if answer is None:
        return ServiceGone(f"Сервис {base_url} перестал отвечать ({reason}).")
    return BrokenPromise(f"{request}: ответ {reason}, и повторы не помогли.")


def _seconds(header: str | None) -> float:
    try:
        return float(header or 0)
    except ValueError:
        return 0.0
