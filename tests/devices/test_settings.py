"""What administration sets reaches the device's screen by a push; who was last heard of is written down in one statement."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from queue_service.db import Database
from queue_service.staff.models import Role
from tests.support.factories import AClerk, AnOffice, a_clerk, a_desk, a_display, a_kiosk, an_office
from tests.support.service import Service, bearer, eventually

NIGHT = {"night.from": "21:00", "night.to": "07:00", "night.dim": "60"}


@pytest.fixture
async def office(database: Database) -> AnOffice:
    return await an_office(database, desks=(a_desk("1", zone="hall"), a_desk("2", zone="upstairs")))


@pytest.fixture
async def head(database: Database, office: AnOffice) -> AClerk:
    return await a_clerk(database, office, role=Role.OFFICE_HEAD)


DISPLAY = {"name": "Табло", "distance_m": "5", "screen_inches": "43", "volume": "80", "rows": "6", "theme": "dark", "gong": "yes"}
KIOSK = {"name": "Терминал", "idle_seconds": "60", "print": "yes", "languages.en": "yes"}


async def set_(service: Service, database: Database, who: AClerk, form: dict[str, str], **changed: str) -> httpx.Response:
    """The form of the only device, as the page sends it."""
    device = await database.hot.fetchval("SELECT id FROM device")
    sent = {"seen": "{}", **form, **changed}
    return await service.http.post(f"/admin/devices/{device}", data=sent, headers=bearer(who.token))


async def test_a_display_obeys_at_once(service: Service, database: Database, office: AnOffice, head: AClerk) -> None:
    display = await a_display(database, office)
    async with service.watch(f"/live/board?office={office.slug}&token={display}") as screen:
        await screen.next()
        answer = await set_(service, database, head, DISPLAY, distance_m="12", volume="30", zone="upstairs", **NIGHT)
        assert answer.status_code == 303, answer.text
        board = await screen.until(lambda each: each["settings"]["distance_m"] == 12)
    assert board["zone"]["code"] == "upstairs"
    assert board["settings"]["volume"] == 30
    assert board["settings"]["night"] == {"from": "21:00", "to": "07:00", "dim": 60}


async def test_a_display_shows_english_from_the_moment_it_is_set(
    service: Service, database: Database, office: AnOffice, head: AClerk
) -> None:
    display = await a_display(database, office)
    async with service.watch(f"/live/board?office={office.slug}&token={display}") as screen:
        assert (await screen.next())["settings"]["languages"] == ["ru"]
        looked = await set_(service, database, head, DISPLAY, do="show", **{"languages.en": "yes"})
        assert "написано и по-английски" in looked.text
        assert (await set_(service, database, head, DISPLAY, **{"languages.en": "yes"})).status_code == 303
        await screen.until(lambda each: each["settings"]["languages"] == ["ru", "en"])
        assert (await set_(service, database, head, DISPLAY)).status_code == 303
        await screen.until(lambda each: each["settings"]["languages"] == ["ru"])


async def test_a_kiosk_obeys_at_once(service: Service, database: Database, office: AnOffice, head: AClerk) -> None:
    kiosk = await a_kiosk(database, office)
    async with service.watch(f"/live/kiosk?token={kiosk}") as screen:
        await screen.next()
        form = {name: value for name, value in KIOSK.items() if name != "languages.en"}
        closed = {"closed.ru": "Терминал на ремонте", "closed.en": "This kiosk is being repaired"}
        assert (await set_(service, database, head, form, **closed)).status_code == 303
        menu = await screen.until(lambda each: each["device"]["settings"].get("closed"))
    assert menu["device"]["settings"]["languages"] == ["ru"]
    refused = await service.take(kiosk, accept="en")
    assert (refused.status_code, refused.json()["code"], refused.json()["detail"]) == (409, "kiosk_closed", closed["closed.en"])
    assert (await set_(service, database, head, KIOSK)).status_code == 303

    async def open_again() -> bool:
        return (await service.take(kiosk)).status_code == 201

    await eventually(open_again)  # the token is looked up anew when the change is heard of


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"distance_m": "500"}, "Нужно целое число от 2 до 25."),
        ({"volume": "громко"}, "Нужно целое число от 0 до 100."),
        ({"theme": "pink"}, "Выберите один из вариантов."),
        ({"night.from": "21:00"}, "Нужно время вида 22:00."),
        ({"closed.en": "Closed"}, "Напишите, что прочтут посетители."),
        ({"name": " "}, "Дайте устройству имя"),
    ],
)
async def test_what_cannot_be_is_said_beside_the_field_and_nothing_is_changed(
    service: Service, database: Database, office: AnOffice, head: AClerk, changed: dict[str, str], sentence: str
) -> None:
    await a_display(database, office)
    answer = await set_(service, database, head, DISPLAY, **{"rows": "3", **changed})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'name="rows" type="text" value="3"' in answer.text, "what was typed is still there"
    assert await database.hot.fetchval("SELECT settings FROM device") == {}
    assert await database.hot.fetchval("SELECT count(*) FROM audit_record") == 0


async def test_a_preview_saves_nothing(service: Service, database: Database, office: AnOffice, head: AClerk) -> None:
    await a_display(database, office)
    answer = await set_(service, database, head, DISPLAY, do="show", distance_m="8", **NIGHT)
    assert answer.status_code == 200
    assert "Цифры высотой 40 мм: их читают с 8 м." in answer.text
    assert "С 21:00 до 07:00 экран темнее на 60 %." in answer.text
    assert await database.hot.fetchval("SELECT settings FROM device") == {}
    far = await set_(service, database, head, DISPLAY, do="show", distance_m="20")
    assert "Крупнее на этом экране не поместится" in far.text


async def test_the_later_of_two_editors_is_told_and_loses_nothing(
    service: Service, database: Database, office: AnOffice, head: AClerk
) -> None:
    await a_display(database, office)
    seen = json.dumps({"name": "Табло", "zone": None, "volume": 80, "rows": 6})
    assert (await set_(service, database, head, DISPLAY, volume="20", seen=seen)).status_code == 303
    answer = await set_(service, database, head, DISPLAY, rows="4", seen=seen)
    assert answer.status_code == 409
    assert "Громкость, процентов" in answer.text
    assert 'name="rows" type="text" value="4"' in answer.text
    settings = await database.hot.fetchval("SELECT settings FROM device")
    assert (settings["volume"], settings["rows"]) == (20, 6)


async def test_two_editors_at_the_same_moment_do_not_both_win(service: Service, database: Database, office: AnOffice, head: AClerk) -> None:
    await a_display(database, office)
    seen = json.dumps({"name": "Табло", "volume": 80})
    answers = await asyncio.gather(*(set_(service, database, head, DISPLAY, volume=volume, seen=seen) for volume in ("10", "20")))
    assert sorted(each.status_code for each in answers) == [303, 409]


async def test_who_has_a_socket_open_is_seen_without_a_write_per_message(service: Service, database: Database, office: AnOffice) -> None:
    kiosk = await a_kiosk(database, office)
    state = service.app.state
    async with service.watch(f"/live/kiosk?token={kiosk}") as screen:
        await screen.next()
        for _ in range(3):
            await service.taken(kiosk)
            await screen.next()
        assert await database.hot.fetchval("SELECT seen_at FROM device") is None, "nothing is written per message"
        loop = state.listener._connection._loop
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(state.devices.write_down_who_was_seen(), loop))
    assert await database.hot.fetchval("SELECT seen_at > now() - interval '10 seconds' FROM device")


async def test_health_is_kept_with_the_clock_and_since_when_a_complaint_stands(
    service: Service, database: Database, office: AnOffice
) -> None:
    display = await a_display(database, office)

    async def told(**report: Any) -> dict[str, Any]:
        answer = await service.http.post("/api/devices/health", json=report, headers=bearer(display))
        assert answer.status_code == 200, answer.text
        health: dict[str, Any] = await database.hot.fetchval("SELECT health FROM device")
        return health

    first = await told(sound="blocked", clock="2020-01-01T00:00:00Z", page={"version": "3", "errors": ["TypeError"]})
    assert set(first["since"]) == {"sound", "clock", "page_errors"}
    assert first["skew_seconds"] < -1e8
    second = await told(sound="blocked", page={"version": "3"}, screen={"width": 1920, "height": 1080})
    assert second["since"] == {name: first["since"][name] for name in ("sound", "page_errors")}, "since the first report, not this one"
    assert (second["screen"], second["skew_seconds"]) == ([1920, 1080], None)
    listed = (await service.get("/api/admin/devices", (await a_clerk(database, office, role=Role.HALL_ADMINISTRATOR)).token)).json()
    assert [(each["standing"], {alarm["alarm"] for alarm in each["alarms"]}) for each in listed] == [
        ("attention", {"sound", "page_errors"})
    ]


@pytest.mark.parametrize("report", [{"screen": {"width": 0, "height": 1}}, {"round_trip_ms": -1}, {"clock": "yesterday"}, {"page": 5}, []])
async def test_a_report_that_makes_no_sense_is_refused(service: Service, database: Database, office: AnOffice, report: Any) -> None:
    display = await a_display(database, office)
    assert (await service.http.post("/api/devices/health", json=report, headers=bearer(display))).status_code == 400
