"""What an operator sees: whether the service is ready and what is wrong, request ids in the log, figures of all workers together."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from queue_service import observability
from queue_service.db import Database
from queue_service.settings import Settings
from tests.support.factories import a_clerk_at, a_kiosk, an_office
from tests.support.postgres import a_database_on, execute_as_owner
from tests.support.service import Api, Service, ServiceProcess, eventually, running

Start = Callable[..., Awaitable[ServiceProcess]]


async def test_a_service_that_can_serve_is_ready(service: Service) -> None:

    async def ready() -> bool:
        answer = await service.get("/health/ready")
        return (answer.status_code, answer.json()) == (200, {"status": "ready", "wrong": []})

    await eventually(ready)
    assert (await service.get("/health/live")).json() == {"status": "live"}


@pytest.fixture
def bare(database_url: str) -> Iterator[str]:
    """A database that nobody has migrated."""
    with a_database_on(database_url, "bare") as url:
        yield url


async def test_a_database_without_tables_is_told_as_such(bare: str) -> None:
    with running(Settings(database_url=bare, log_level="critical")) as (base_url, _, _):
        async with Api(base_url) as service:

            async def told() -> bool:
                answer = await service.get("/health/ready")
                assert (answer.status_code, answer.json()["status"]) == (503, "not ready")
                return bool(answer.json()["wrong"][0].startswith("database: UndefinedTableError"))

            await eventually(told)  # a database that stands still says nothing of its tables


async def test_a_request_keeps_the_id_that_it_came_with(service: Service) -> None:
    for sent in ("abc123", "7b0d1f5e-0f0e-4c41-8b7b-3c33f9a3a4b4", "trace_42", "x" * 64):
        assert (await service.http.get("/health/live", headers={"X-Request-ID": sent})).headers["X-Request-ID"] == sent


@pytest.mark.parametrize("sent", ["", "x" * 65, 'a"b', "a b", "a;b", '{"level":"info"}'])
async def test_an_id_that_could_forge_a_line_of_the_log_is_replaced(service: Service, sent: str) -> None:
    given = (await service.http.get("/health/live", headers={"X-Request-ID": sent})).headers["X-Request-ID"]
    assert re.fullmatch("[0-9a-f]{32}", given)


async def test_two_requests_have_two_ids(service: Service) -> None:
    answers = await asyncio.gather(*(service.get("/health/live") for _ in range(10)))
    assert len({answer.headers["X-Request-ID"] for answer in answers}) == 10


def figures(text: str) -> dict[str, float]:
    """Prometheus' text format, name with labels -> value."""
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


async def test_requests_are_counted_by_method_and_outcome(service: Service) -> None:
    name = 'queue_requests_total{method="GET",status="4xx"}'
    before = figures((await service.get("/metrics")).text).get(name, 0)
    for _ in range(3):
        await service.get("/api/kiosk/menu")
    after = figures((await service.get("/metrics")).text)
    assert after[name] == before + 3
    assert after["queue_request_seconds_count"] >= 3


async def test_the_figures_are_those_of_both_workers(service_process: Start, database: Database) -> None:
    kiosk = await a_kiosk(database, await an_office(database))
    service = await service_process(workers=2)
    for worker in service.worker_pids():
        with service.only_awake(worker):
            async with Api(service.base_url) as client:
                for _ in range(5):
                    await client.taken(kiosk)

    async def counted() -> bool:
        async with Api(service.base_url) as client:
            seen = [figures((await client.get("/metrics")).text) for _ in range(2)]
        return all(each.get('queue_requests_total{method="POST",status="2xx"}') == 10 for each in seen)

    for worker in service.worker_pids():
        with service.only_awake(worker):
            await eventually(counted)

    # The log of both is one JSON object per line.
    lines = [line for line in service.log.read_text().splitlines() if line.startswith("{")]
    assert [json.loads(line)["event"] for line in lines].count("listener_ready") == 2


async def test_a_failure_is_in_the_log_under_the_id_that_the_person_was_told(service_process: Start, database: Database) -> None:
    office = await an_office(database)
    clerk = await a_clerk_at(database, office, "1")
    service = await service_process()
    ticket = await service.taken(await a_kiosk(database, office), key="key-in-the-log")
    await execute_as_owner(database, "ALTER TABLE shift RENAME TO shift_away")
    try:
        answer = await service.desk(clerk, "start")
    finally:
        await execute_as_owner(database, "ALTER TABLE shift_away RENAME TO shift")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "shift" not in answer.text
    log = service.log.read_text()
    lines: list[dict[str, Any]] = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    (failed,) = [line for line in lines if line["event"] == "request_failed"]
    assert failed["request_id"] == answer.headers["X-Request-ID"]
    assert "UndefinedTableError" in failed["exception"]
    for secret in (ticket["secret"], clerk.token, "key-in-the-log"):
        assert secret not in log


class Written:
    """In place of the log."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def warning(self, event: str, **about: Any) -> None:
        self.lines.append({"event": event, **about})


def test_past_capacity_a_second_has_a_few_lines_and_the_next_one_says_how_many_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    written, now = Written(), [100.0]
    monkeypatch.setattr(observability, "log", written)
    notes = observability._Notes(lambda: now[0])
    for _ in range(observability.LINES_A_SECOND + 3):
        notes.write(status=503)
    now[0] += 1
    notes.write(status=503)
    notes.write(status=503)
    assert [line.get("left_out") for line in written.lines] == [None] * observability.LINES_A_SECOND + [3, None]
