"""A patient client: whatever a restart does costs a retry, and what no retry cures is named."""

from collections.abc import Callable, Sequence

import httpx
import pytest

from queue_service.simulator import remote
from queue_service.simulator.remote import BrokenPromise, Service, ServiceGone
from queue_service.simulator.tally import Tally
from queue_service.simulator.wire import Issued

Event = httpx.Response | Exception


@pytest.fixture(autouse=True)
def _tries_follow_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "FIRST_DELAY", 0.001)


@pytest.fixture
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only for what never ends: a machine that stands still must not make a client give up what would have passed."""
    for name in ("SILENCE_SECONDS", "FAILURE_SECONDS"):
        monkeypatch.setattr(remote, name, 0.2)


def problem(status: int, code: str, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "detail": "…"}, headers=headers)


class Story:
    """A service that does these things one after the other, the last one for ever."""

    def __init__(self, *events: Event) -> None:
        self._events = list(events)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        event = self._events.pop(0) if len(self._events) > 1 else self._events[0]
        if isinstance(event, Exception):
            raise event
        return event


def a_service(answer: Callable[[httpx.Request], httpx.Response]) -> Service:
    return Service("http://hall", Tally(60), httpx.MockTransport(answer))


TROUBLES: Sequence[Event] = (
    httpx.ConnectError("refused"),
    httpx.ReadError("reset while answering"),
    httpx.RemoteProtocolError("closed without an answer"),
    problem(503, "unavailable", **{"Retry-After": "0"}),
    problem(500, "internal_error"),
    problem(429, "too_many_requests"),
)


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda each: repr(each)[:30])
async def test_a_trouble_that_passes_costs_a_retry_with_the_same_key(trouble: Event) -> None:
    story = Story(trouble, httpx.Response(201, json={}))
    async with a_service(story) as service:
        answer = await service.send("POST", "/api/kiosk/tickets", body={"service": "passport"}, key="one-wish")
    assert (answer.status, answer.retried) == (201, True)
    assert [request.headers["Idempotency-Key"] for request in story.requests] == ["one-wish", "one-wish"]
    assert story.requests[0].content == story.requests[1].content


async def test_a_refusal_is_an_answer_and_not_a_trouble() -> None:
    story = Story(problem(429, "daily_limit_reached", **{"Retry-After": "3600"}))
    async with a_service(story) as service:
        answer = await service.send("POST", "/api/kiosk/tickets")
    assert (answer.problem.code, answer.retried, len(story.requests)) == ("daily_limit_reached", False, 1)


@pytest.mark.usefixtures("impatience")
async def test_failures_that_stay_are_a_broken_promise() -> None:
    async with a_service(Story(problem(500, "internal_error"))) as service:
        with pytest.raises(BrokenPromise, match="POST /api/desk/finish: ответ 500 internal_error"):
            await service.send("POST", "/api/desk/finish")


@pytest.mark.usefixtures("impatience")
async def test_silence_that_stays_means_that_the_service_has_gone() -> None:
    async with a_service(Story(httpx.ConnectError("refused"))) as service:
        with pytest.raises(ServiceGone, match="перестал отвечать"):
            await service.send("GET", "/api/kiosk/menu")
        assert service.away_since is not None


async def test_the_silence_is_over_with_the_first_answer() -> None:
    async with a_service(Story(httpx.ConnectError("refused"), httpx.Response(204))) as service:
        await service.send("POST", "/api/desk/call-next")
        assert service.away_since is None


async def test_an_impatient_request_is_tried_once() -> None:
    story = Story(httpx.ConnectError("refused"))
    async with a_service(story) as service:
        with pytest.raises(ServiceGone):
            await service.send("GET", "/api/kiosk/menu", patient=False)
    assert len(story.requests) == 1


@pytest.mark.parametrize("content", [b"", b"<html>", b'{"id": "seven"}', b"{}"])
async def test_an_answer_that_lost_a_field_is_a_broken_promise(content: bytes) -> None:
    async with a_service(Story(httpx.Response(201, content=content))) as service:
        answer = await service.send("POST", "/api/kiosk/tickets")
        with pytest.raises(BrokenPromise, match="не такой, как описано"):
            answer.read(Issued)


async def test_an_error_page_of_something_in_between_is_not_taken_for_a_problem() -> None:
    async with a_service(Story(httpx.Response(404, content=b"<html>nginx</html>"))) as service:
        assert (await service.send("GET", "/api/kiosk/menu")).problem.code == ""
