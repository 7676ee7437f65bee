"""Whole days against the real service: they end well, survive what happens to a service, and notice a broken promise."""

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from queue_service.db import Database
from queue_service.errors import SettingsError
from queue_service.simulator import clerk, plan, remote
from queue_service.simulator.run import Order, play_day
from tests.support.factories import ALWAYS, PASSWORD, AClerk, AnOffice, a_clerk, a_desk, a_display, a_kiosk, a_service, an_office
from tests.support.service import PATIENCE_SECONDS, Service, ServiceProcess, eventually

SPEED = 600.0
"""A minute is a tenth of a second: a day of an hour takes a few seconds, and an answer still less than a minute."""


@pytest.fixture(autouse=True)
def quick_recalls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clerk, "RECALL_AFTER_SECONDS", 0.2)


@dataclass
class AHall:
    office: AnOffice
    clerks: list[AClerk]
    demo_json: Path

    def order(self, **wishes: Any) -> Order:
        return Order(self.demo_json, **{"speed": SPEED, "hours": 0.4, "visitors": 14, **wishes})


async def a_hall(database: Database, base_url: str, folder: Path, *, zone: str | None = None, **office: Any) -> AHall:
    """An office with three desks, two of them for everything, as the demo would write it down."""
    desks = (a_desk("1", zone=zone), a_desk("2", zone=zone), a_desk("3", ["passport"], help_out=["advice"], zone=zone))
    services = (
        a_service("passport", typical=6),
        a_service("advice", "В", typical=3, chain=["passport"]),
        a_service("legal-aid", "В", typical=5, limit=2),
    )
    policy = {"no_show_min_calls": 2, "no_show_min_seconds": 1}
    made = await an_office(database, *services, desks=desks, **{**policy, **office})
    clerks = [await a_clerk(database, made) for _ in desks]
    content = {
        "base_url": base_url,
        "office": made.slug,
        "kiosk_token": await a_kiosk(database, made),
        "display_token": await a_display(database, made, zone),
        "clerks": [
            {"login": account.login, "password": PASSWORD, "desk": desk.number} for account, desk in zip(clerks, desks, strict=True)
        ],
    }
    path = folder / "demo.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return AHall(made, clerks, path)


async def states(database: Database) -> dict[str, int]:
    rows = await database.hot.fetch("SELECT state, count(*) AS tickets FROM ticket GROUP BY state")
    return {row["state"]: row["tickets"] for row in rows}


async def open_shifts(database: Database) -> int:
    return int(await database.hot.fetchval("SELECT count(*) FROM shift WHERE closed_at IS NULL"))


async def test_a_day_ends_with_everybody_served_and_every_desk_closed(
    service: Service, database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hall = await a_hall(database, service.base_url, tmp_path)
    assert await play_day(hall.order()) == 0
    ended = await states(database)
    assert set(ended) <= {"served", "no_show", "left"}
    assert ended["served"] >= 8
    assert await open_shifts(database) == 0
    assert await database.hot.fetchval("SELECT count(*) FROM staff_session") == len(hall.clerks)  # only those of the factory
    said = capsys.readouterr().out
    assert "посетителей 14, операторов 3" in said
    assert f"Выдано талонов  {sum(ended.values())}" in said
    assert f"Принято         {ended['served']}, неявок {ended.get('no_show', 0)}, ушли сами {ended.get('left', 0)}, ещё ждут 0" in said
    assert "выполнил все" in said


async def test_a_clerk_says_how_a_visit_ended_where_the_service_asks(service: Service, database: Database, tmp_path: Path) -> None:
    hall = await a_hall(database, service.base_url, tmp_path)
    results = [{"code": "accepted", "name": {"ru": "Принято"}}, {"code": "refused", "name": {"ru": "Отказ"}}]
    await database.hot.execute("UPDATE service SET result_codes = $1 WHERE code = 'passport'", results)
    assert await play_day(hall.order(visitors=8)) == 0
    said = await database.hot.fetch("SELECT DISTINCT details->>'result' AS code FROM ticket_event WHERE kind = 'finished'")
    assert "accepted" in {row["code"] for row in said} <= {"accepted", None}


async def test_the_crowd_is_as_mixed_as_planned(
    service: Service, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "NO_SHOWS", 0.2)
    monkeypatch.setattr(plan, "COME_LATE", 0.2)
    monkeypatch.setattr(plan, "LOSE_THE_ANSWER", 0.3)
    monkeypatch.setattr(plan, "DOUBLE_TAP", 0.3)
    hall = await a_hall(database, service.base_url, tmp_path)
    assert await play_day(hall.order(visitors=15)) == 0
    assert (await states(database)).get("no_show", 0) >= 1
    assert await database.hot.fetchval("SELECT count(*) FROM ticket_event WHERE kind = 'recalled'") >= 2
    assert await database.hot.fetchval("SELECT count(*) FROM ticket") <= 15


async def test_impatient_visitors_leave_from_their_phones(
    service: Service, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "IMPATIENT", 1.0)
    hall = await a_hall(database, service.base_url, tmp_path)
    assert await play_day(hall.order(visitors=40, clerks=1)) == 0
    assert (await states(database))["left"] >= 3


async def test_where_the_display_is_one_zones_people_rely_on_their_phones(service: Service, database: Database, tmp_path: Path) -> None:
    hall = await a_hall(database, service.base_url, tmp_path, zone="upstairs")
    assert await play_day(hall.order(visitors=10)) == 0
    assert (await states(database))["served"] >= 5


async def test_a_killed_and_restarted_service_costs_nobody_a_ticket(
    service_process: Callable[..., Awaitable[ServiceProcess]], database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    process = await service_process()
    hall = await a_hall(database, process.base_url, tmp_path)
    playing = asyncio.create_task(play_day(hall.order(hours=0.7)))
    await asyncio.sleep(2.5)
    process.kill()
    await asyncio.sleep(0.5)
    process.start()
    assert await playing == 0
    ended = await states(database)
    assert sum(ended.values()) == await database.hot.fetchval("SELECT sum(last_number) FROM ticket_counter")
    assert set(ended) <= {"served", "no_show", "left"}
    assert await open_shifts(database) == 0
    assert "выполнил все" in capsys.readouterr().out


class BadNetwork(httpx.AsyncBaseTransport):
    """The service obeys, and every third time nobody hears its answer."""

    def __init__(self) -> None:
        self._inner = httpx.AsyncHTTPTransport()
        self._requests = 0
        self.lost = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        self._requests += 1
        if request.method != "GET" and self._requests % 3 == 0:
            await answer.aclose()
            self.lost += 1
            raise httpx.ReadError("the answer is lost")
        return answer


async def test_lost_answers_are_asked_for_again_and_nothing_happens_twice(service: Service, database: Database, tmp_path: Path) -> None:
    hall = await a_hall(database, service.base_url, tmp_path)
    network = BadNetwork()
    assert await play_day(hall.order(visitors=12), network) == 0
    assert network.lost >= 10
    assert sum((await states(database)).values()) <= 12
    assert await open_shifts(database) == 0


class Forger(httpx.AsyncBaseTransport):
    """Changes what the service says."""

    def __init__(self, forge: Callable[[httpx.Request, dict[str, Any]], dict[str, Any]]) -> None:
        self._inner = httpx.AsyncHTTPTransport()
        self._forge = forge

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        content = await answer.aread()
        await answer.aclose()
        if answer.status_code in (200, 201) and content:
            content = json.dumps(self._forge(request, json.loads(content))).encode()
        return httpx.Response(answer.status_code, content=content)


async def test_a_number_given_twice_fails_the_run(
    service: Service, database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def same_number(request: httpx.Request, content: dict[str, Any]) -> dict[str, Any]:
        return {**content, "number": "А001"} if request.url.path == "/api/kiosk/tickets" else content

    hall = await a_hall(database, service.base_url, tmp_path)
    assert await play_day(hall.order(visitors=3, hours=0.1), Forger(same_number)) == 1
    assert "Номер А001 выдан дважды за день." in capsys.readouterr().out


async def test_a_failure_that_no_retry_cures_fails_the_run_and_not_the_day(
    service: Service, database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class NoTicketsToday(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path == "/api/kiosk/tickets":
                return httpx.Response(500, json={"code": "internal_error"})
            return await super().handle_async_request(request)

    monkeypatch.setattr(remote, "FAILURE_SECONDS", 0.3)
    hall = await a_hall(database, service.base_url, tmp_path)
    assert await play_day(hall.order(visitors=2, hours=0.1), NoTicketsToday()) == 1
    assert "POST /api/kiosk/tickets: ответ 500 internal_error, и повторы не помогли." in capsys.readouterr().out
    assert await open_shifts(database) == 0


async def test_ctrl_c_lets_clerks_finish_and_close(
    service: Service, database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hall = await a_hall(database, service.base_url, tmp_path)
    playing = asyncio.create_task(play_day(hall.order(hours=9, visitors=400)))

    async def busy() -> bool:
        return (await states(database)).get("serving", 0) >= 2

    await eventually(busy)
    os.kill(os.getpid(), signal.SIGINT)
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await playing == 0
    assert not {"called", "serving"} & set(await states(database))
    assert await open_shifts(database) == 0
    assert "Остановлено в" in capsys.readouterr().out


async def test_a_spectators_ticket_is_served_like_any_other(
    service: Service, database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hall = await a_hall(database, service.base_url, tmp_path)
    token = json.loads(hall.demo_json.read_text())["kiosk_token"]
    mine = await service.taken(token)
    assert await play_day(hall.order(visitors=1, hours=0.1)) == 0
    assert (await service.get(f"/api/public/tickets/{mine['secret']}")).json()["state"] == "served"
    assert "Чужие талоны    принято 1" in capsys.readouterr().out


async def test_a_desk_where_a_person_works_is_left_to_them(service: Service, database: Database, tmp_path: Path) -> None:
    hall = await a_hall(database, service.base_url, tmp_path)
    person = await a_clerk(database, hall.office)
    assert (await service.desk(person, "shift", "PUT", desk="3")).status_code == 200
    assert await play_day(hall.order(visitors=5, hours=0.2)) == 0
    assert await open_shifts(database) == 1
    assert await database.hot.fetchval("SELECT count(*) FROM ticket WHERE clerk_id = $1", person.account_id) == 0


async def test_a_visitor_left_at_a_desk_by_an_earlier_run_is_served_first(service: Service, database: Database, tmp_path: Path) -> None:
    hall = await a_hall(database, service.base_url, tmp_path)
    earlier = hall.clerks[0]
    await service.desk(earlier, "shift", "PUT", desk="1")
    left_over = await service.taken(json.loads(hall.demo_json.read_text())["kiosk_token"])
    await service.called(earlier)
    await service.desk(earlier, "start")
    assert await play_day(hall.order(visitors=1, hours=0.1)) == 0
    assert (await service.get(f"/api/public/tickets/{left_over['secret']}")).json()["state"] == "served"


async def test_a_closed_office_is_told_with_the_hour_of_its_opening(service: Service, database: Database, tmp_path: Path) -> None:
    hours = [(weekday, 0, 1) for weekday, _, _ in ALWAYS]  # noon in the test's zone is never the first minute of a day
    hall = await a_hall(database, service.base_url, tmp_path, hours=hours)
    with pytest.raises(SettingsError, match=r"Отделение сейчас закрыто\. Откроется"):
        await play_day(hall.order())


async def test_a_service_that_does_not_answer_is_told(tmp_path: Path, service: Service, database: Database) -> None:
    hall = await a_hall(database, "http://127.0.0.1:9", tmp_path)
    with pytest.raises(SettingsError, match=r"не отвечает\. Запустите его"):
        await play_day(hall.order())


async def test_a_file_of_another_database_is_told(service: Service, database: Database, tmp_path: Path) -> None:
    hall = await a_hall(database, service.base_url, tmp_path)
    content = json.loads(hall.demo_json.read_text())
    hall.demo_json.write_text(json.dumps({**content, "kiosk_token": "forged"}))
    with pytest.raises(SettingsError, match="это другая база"):
        await play_day(hall.order())
    hall.demo_json.write_text(json.dumps({**content, "clerks": [{"login": "nobody", "password": "x", "desk": "1"}]}))
    with pytest.raises(SettingsError, match="не могут войти"):
        await play_day(hall.order())
