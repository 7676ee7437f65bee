"""The record and the evidence as people and programs read them: searched, paged, kept to one's office, taken away as a file."""

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest

from queue_service.audit.journal import Act, Actor, record
from queue_service.audit.queries import PAGE
from queue_service.booking.models import Destruction
from queue_service.db import Database
from queue_service.staff.models import Role
from queue_service.timing import clock
from tests.support.factories import AClerk, AnOffice, a_clerk, an_office
from tests.support.service import Service, bearer


async def put(database: Database, *acts: Act, login: str = "anna", days_ago: int = 0) -> None:
    async with database.session() as db:
        for act in acts:
            record(db, Actor(login, 1, "10.0.0.7"), act, clock() - timedelta(days=days_ago))
            await db.flush()


async def page(service: Service, who: AClerk, path: str, language: str = "ru", **typed: str) -> str:
    headers = {**bearer(who.token), "Cookie": f"lang={language}"}
    answer = await service.http.request("POST" if typed else "GET", path, data=typed or None, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text


async def searched(service: Service, who: AClerk, **wanted: Any) -> Any:
    answer = await service.http.post("/api/admin/audit/search", json=wanted or None, headers=bearer(who.token))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def listed(service: Service, who: AClerk, **wanted: Any) -> list[str]:
    """Reasons, the newest first."""
    return [each["reason"] for each in (await searched(service, who, **wanted))["records"]]


@pytest.fixture
async def office(database: Database) -> AnOffice:
    return await an_office(database)


@pytest.fixture
async def auditor(database: Database) -> AClerk:
    return await a_clerk(database, None, role=Role.AUDITOR)


async def test_an_act_reads_as_a_sentence_in_both_languages(
    service: Service, database: Database, office: AnOffice, auditor: AClerk
) -> None:
    await put(database, Act("device.changed", "device:5", office.id, {"volume": 3}, {"volume": 7}, "Слишком тихо <script>"))
    await put(database, Act("moon.landed", "moon:1"))
    said = await page(service, auditor, "/admin/audit")
    for expected in (
        "Изменены настройки устройства",
        "устройство 5",
        "10.0.0.7",
        "anna",
        "volume",
        "Слишком тихо &lt;script&gt;",
        "moon.landed",
    ):
        assert expected in said
    assert "A device was changed" in await page(service, auditor, "/admin/audit", "en")


async def test_each_filter_finds_its_rows(service: Service, database: Database, office: AnOffice, auditor: AClerk) -> None:
    await put(database, Act("device.changed", "device:5", office.id, reason="один"), login="anna", days_ago=3)
    await put(database, Act("device.revoked", "device:6", reason="Два слова"), login="boris")
    await put(database, Act("policy.changed", f"office:{office.slug}", office.id, reason="три"), login="boris")
    since = (clock() - timedelta(days=1)).isoformat()
    for asked, expected in (
        ({}, ["три", "Два слова", "один"]),
        ({"actor": "boris"}, ["три", "Два слова"]),
        ({"act": "device.changed"}, ["один"]),
        ({"act": "device"}, ["Два слова", "один"]),
        ({"subject": "device:6"}, ["Два слова"]),
        ({"subject": "device"}, ["Два слова", "один"]),
        ({"office": office.slug}, ["три", "один"]),
        ({"words": "ДВА"}, ["Два слова"]),
        ({"words": "%"}, []),
        ({"since": since}, ["три", "Два слова"]),
        ({"until": since}, ["один"]),
    ):
        assert await listed(service, auditor, **asked) == expected, asked
    html = await page(service, auditor, "/admin/audit", actor="boris", words="слова")
    assert re.findall(r'data-act="([^"]+)"', html) == ["device.revoked"]
    html = await page(service, auditor, "/admin/audit", until=(clock() - timedelta(days=2)).date().isoformat(), since="nonsense")
    assert re.findall(r'data-act="([^"]+)"', html) == ["device.changed"]


async def test_pages_stay_where_they_are_while_others_add(service: Service, database: Database, auditor: AClerk) -> None:
    await put(database, *(Act("setup.changed", "office:1", reason=f"{number}") for number in range(PAGE + 10)))
    first = await searched(service, auditor)
    await put(database, Act("setup.changed", "office:1", reason="later"))
    second = await searched(service, auditor, cursor=first["next"])
    assert [each["reason"] for each in [*first["records"], *second["records"]]] == [f"{number}" for number in reversed(range(PAGE + 10))]
    assert second["next"] is None
    html = await page(service, auditor, "/admin/audit")
    older = re.search(r'name="before" value="(\d+)"', html)
    assert older is not None
    assert "The newest" in await page(service, auditor, "/admin/audit", "en", before=older[1])
    await page(service, auditor, "/admin/audit", before="nonsense")


async def test_an_offices_head_reads_that_office_only(service: Service, database: Database, office: AnOffice) -> None:
    other = await an_office(database)
    head = await a_clerk(database, office, role=Role.OFFICE_HEAD)
    await put(database, *(Act("setup.changed", "x", each, reason=f"{each}") for each in (office.id, other.id, None)))
    async with database.session() as db:
        for each in (office.id, other.id):
            db.add(Destruction(at=clock(), office_id=each, category="appointment", count=each, reason="retention", actor="system"))
    assert await listed(service, head) == [f"{office.id}"]
    assert await listed(service, head, office=other.slug) == []
    got = (await service.get("/api/admin/destructions", head.token, office=other.slug)).json()["destructions"]
    assert [each["count"] for each in got] == [office.id]
    number = await database.hot.fetchval("SELECT id FROM destruction WHERE office_id = $1", other.id)
    assert (await service.http.get(f"/admin/privacy/{number}", headers=bearer(head.token))).status_code == 404
    for path in ("/admin/audit", "/admin/privacy"):
        assert other.slug not in await page(service, head, path)
    clerk = await a_clerk(database, office)
    for method, path in (
        ("POST", "/api/admin/audit/search"),
        ("GET", "/api/admin/destructions"),
        ("POST", "/admin/audit.csv"),
        ("GET", "/admin/privacy.csv"),
    ):
        assert (await service.http.request(method, path, headers=bearer(clerk.token))).status_code == 403


def rows_of(content: bytes) -> list[list[str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))


async def test_the_file_has_what_was_wanted_and_leaves_a_record(
    service: Service, database: Database, office: AnOffice, auditor: AClerk
) -> None:
    await put(database, *(Act("device.changed", "device:5", office.id, None, {"a": 1}, "=1+1") for _ in range(3)))
    await put(database, Act("device.revoked", "device:5", office.id))
    answer = await service.http.post("/admin/audit.csv", data={"act": "device.changed"}, headers=bearer(auditor.token))
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["Content-Disposition"]
    head, *rows = rows_of(answer.content)
    assert (head[0], len(rows)) == ("Номер", 3)
    assert {(row[2], row[5], row[7], row[10]) for row in rows} == {("anna", "Изменены настройки устройства", "устройство 5", "'=1+1")}
    exported = await database.hot.fetchrow("SELECT actor, after FROM audit_record WHERE act = 'audit.exported'")
    assert exported is not None
    assert (exported["actor"], exported["after"]) == (auditor.login, {"act": "device.changed"})


async def test_the_evidence_reads_as_the_order_wants_it(service: Service, database: Database, office: AnOffice, auditor: AClerk) -> None:
    async with database.session() as db:
        db.add(Destruction(at=clock(), office_id=office.id, category="appointment", count=12, reason="retention", actor="system"))
        await db.flush()
        db.add(Destruction(at=clock(), office_id=None, category="contact", count=2, reason="citizen", actor="citizen"))
    said = await page(service, auditor, "/admin/privacy")
    for expected in ("имя и контакт в записи на приём", "истёк срок хранения", "требование субъекта персональных данных", "12"):
        assert expected in said
    head, newest, oldest = rows_of((await service.get("/admin/privacy.csv", auditor.token)).content)
    assert len(head) == len(oldest) == 9
    assert oldest[3:] == [
        "имя и контакт в записи на приём",
        "12",
        "Электронная очередь и предварительная запись",
        "истёк срок хранения",
        "Стирание в базе данных без возможности восстановления",
        "автоматически",
    ]
    assert newest[2] == ""
    assert await database.hot.fetchval("SELECT count(*) FROM audit_record WHERE act = 'destruction.exported'") == 1
    act = await page(service, auditor, f"/admin/privacy/{oldest[0]}", "en")
    assert "name and contact of a booking" in act
    assert "№ 179" in act
