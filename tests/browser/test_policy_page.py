"""The head of an office changes its rules in Chromium: sees what last week would have been, saves, and is told of others' changes."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from playwright.async_api import Page, expect

from queue_service.db import Database
from queue_service.offices.policy import change_policy, present_policy
from queue_service.staff.api import SESSION_COOKIE
from queue_service.staff.models import Role
from tests.browser.conftest import DESK, PHONE, OpenPage, leads_on
from tests.browser.test_accessibility import THEMES, ZOOMED, prefer, scrolls_sideways, violations
from tests.support.factories import AClerk, AnOffice, a_clerk, a_desk, a_privilege, a_service, an_office
from tests.support.service import Service

MINUTE = timedelta(minutes=1)
PATH = "/desk/policy"

_DAY = """
WITH visit AS (
    SELECT * FROM unnest($2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::int[]) AS each (came, called, ended, privilege)
), put AS (
    INSERT INTO ticket (office_id, local_date, letter, number, secret, service_id, state, source, language, needs, privilege_id,
                        privilege_state, late, issued_at, due_at, rank_at, rank_from, desk_id, clerk_id, called_at, calls, ended_at)
    SELECT $1, $6, 'А', row_number() OVER (ORDER BY came), md5(random()::text), $7, 'served', 'walk_in', 'ru', '{}', privilege,
           CASE WHEN privilege IS NOT NULL THEN 'claimed' END, false, came, came + interval '15 minutes',
           came + interval '15 minutes', came, $8, $9, called, 1, ended FROM visit
 RETURNING id, issued_at, called_at, ended_at
)
INSERT INTO ticket_event (ticket_id, office_id, kind, at, desk_id, clerk_id, details)
SELECT id, $1, kind, at, $8, $9, jsonb_build_object('service', $7::int)
  FROM put CROSS JOIN LATERAL (VALUES (1, 'called', called_at), (2, 'finished', ended_at)) AS event (step, kind, at) ORDER BY id, step
"""


async def a_worked_day(database: Database, office: AnOffice, clerk: AClerk) -> None:
    """Yesterday, with one desk and a queue: forty visitors, every fourth out of turn."""
    chance, privilege = Random(4), await a_privilege(database)
    opened = datetime.now(UTC) - timedelta(days=1)
    came = sorted(opened + chance.uniform(0, 180) * MINUTE for _ in range(40))
    called, free = [], opened
    for moment in came:
        free = max(free, moment)
        called.append(free)
        free += 5 * MINUTE
    ended = [moment + 5 * MINUTE for moment in called]
    privileges = [privilege if number % 4 == 0 else None for number in range(40)]
    await database.hot.execute(
        "INSERT INTO shift (office_id, desk_id, account_id, opened_at, closed_at, served, serving_seconds)"
        " VALUES ($1, $2, $3, $4, $5, 40, 1)",
        office.id,
        office.desks["1"],
        clerk.account_id,
        opened,
        free,
    )
    what = (office.services["passport"], office.desks["1"], clerk.account_id)
    await database.hot.execute(_DAY, office.id, came, called, ended, privileges, opened.date(), *what)


@pytest.fixture
async def office(database: Database) -> AnOffice:
    return await an_office(database, a_service("passport"), a_service("advice", "В", limit=30), desks=(a_desk("1"),))


@pytest.fixture
async def head(database: Database, office: AnOffice) -> AClerk:
    return await a_clerk(database, office, role=Role.OFFICE_HEAD)


async def the_editor(open_page: OpenPage, service: Service, head: AClerk, size: tuple[int, int] = DESK, **options: Any) -> Page:
    page = await open_page(f"{service.base_url}/desk/login", size, **options)
    await page.context.add_cookies([{"name": SESSION_COOKIE, "value": head.token, "url": service.base_url}])
    await page.goto(service.base_url + PATH)
    return page


@pytest.mark.parametrize("scripts", [True, False])
async def test_a_change_is_looked_at_and_then_saved(
    service: Service, database: Database, office: AnOffice, head: AClerk, open_page: OpenPage, scripts: bool
) -> None:
    await a_worked_day(database, office, await a_clerk(database, office))
    page = await the_editor(open_page, service, head, java_script_enabled=scripts)
    await expect(page.get_by_role("button", name="Сохранить изменение")).to_have_count(0)
    await page.get_by_label("Вне очереди: вызвать раньше срока на, минут").fill("0")
    await page.get_by_label("advice по-русски: Талонов в день").fill("")
    await page.get_by_role("button", name="Показать, что изменилось бы").click()

    result = page.get_by_role("region", name="Что изменилось бы").first
    await expect(result).to_contain_text("Вне очереди: вызвать раньше срока на, минут: 120 → 0")
    await expect(result).to_contain_text("advice по-русски: Талонов в день: 30 → нет")
    privileged, ordinary = page.locator('[data-group="privileged"]'), page.locator('[data-group="ordinary"]')
    await expect(privileged.locator("td").first).to_have_text("10")
    await expect(ordinary.locator("td").first).to_have_text("30")
    await expect(privileged.locator('[data-mark="worse"]').first).to_contain_text("хуже")
    await expect(ordinary.locator('[data-mark="better"]').first).to_contain_text("лучше")
    assert await database.hot.fetchval("SELECT privilege_head_start_minutes FROM office WHERE id = $1", office.id) == 120

    await page.get_by_role("button", name="Сохранить изменение").click()
    await expect(page.get_by_role("status")).to_contain_text("Сохранено")
    await expect(page.get_by_label("Вне очереди: вызвать раньше срока на, минут")).to_have_value("0")
    await expect(page.get_by_role("region", name="Последние изменения")).to_contain_text(head.name)
    assert await database.hot.fetchval("SELECT privilege_head_start_minutes FROM office WHERE id = $1", office.id) == 0
    assert await database.hot.fetchval("SELECT daily_limit FROM service WHERE code = 'advice'") is None


async def test_enter_in_a_number_shows_and_never_saves(
    service: Service, database: Database, office: AnOffice, head: AClerk, open_page: OpenPage
) -> None:
    page = await the_editor(open_page, service, head)
    number = page.get_by_label("Записавшийся опоздал, если прошло, минут")
    for value in ("20", "25"):
        await number.fill(value)
        await number.press("Enter")
        await expect(page.get_by_role("region", name="Что изменилось бы").first).to_contain_text(f"15 → {value}")
    await expect(page.get_by_text("За последние семь дней никто не приходил")).to_be_visible()
    assert await database.hot.fetchval("SELECT count(*) FROM policy_change") == 0


async def test_what_was_not_looked_at_is_not_saved(
    service: Service, database: Database, office: AnOffice, head: AClerk, open_page: OpenPage
) -> None:
    page = await the_editor(open_page, service, head)
    number = page.get_by_label("Записавшийся опоздал, если прошло, минут")
    await number.fill("20")
    async with page.expect_navigation():
        await number.press("Enter")
    await number.fill("90")
    await page.get_by_role("button", name="Сохранить изменение").click()
    await expect(page.get_by_role("status")).to_contain_text("вы ещё не видели")
    assert await database.hot.fetchval("SELECT late_grace_minutes FROM office WHERE id = $1", office.id) == 15
    await page.get_by_role("button", name="Сохранить изменение").click()
    await expect(page.get_by_role("status")).to_contain_text("Сохранено")
    assert await database.hot.fetchval("SELECT late_grace_minutes FROM office WHERE id = $1", office.id) == 90


async def test_a_change_of_somebody_else_is_told_and_kept(
    service: Service, database: Database, office: AnOffice, head: AClerk, open_page: OpenPage
) -> None:
    page = await the_editor(open_page, service, head)
    await page.get_by_label("Записавшийся опоздал, если прошло, минут").fill("20")
    await leads_on(page.get_by_role("button", name="Показать, что изменилось бы"))
    async with database.session() as db:
        seen = await present_policy(db, office.id)
        wanted = {**seen, "booked_head_start_minutes": 45}
        await change_policy(db, office.id, head.account_id, seen, wanted, datetime.now(UTC))
    await page.get_by_role("button", name="Сохранить изменение").click()
    alert = page.get_by_role("alert")
    await expect(alert).to_contain_text("Пока вы смотрели, правила изменили")
    await expect(alert).to_contain_text("По записи: вызвать раньше срока на, минут: 60 → 45")
    await expect(page.get_by_label("По записи: вызвать раньше срока на, минут")).to_have_value("45")
    assert await database.hot.fetchval("SELECT late_grace_minutes FROM office WHERE id = $1", office.id) == 15
    await page.get_by_role("button", name="Сохранить изменение").click()
    await expect(page.get_by_role("status")).to_contain_text("Сохранено")
    row = await database.hot.fetchrow("SELECT late_grace_minutes, booked_head_start_minutes FROM office WHERE id = $1", office.id)
    assert tuple(row or ()) == (20, 45)


async def test_a_wrong_number_is_told_at_its_field(service: Service, office: AnOffice, head: AClerk) -> None:
    cookie = {"Cookie": f"{SESSION_COOKIE}={head.token}"}
    form = {"csrf": head.csrf, "do": "save", "late_grace_minutes": "1441", "no_show_min_calls": "два", "advice.daily_limit": "0"}
    answer = await service.http.post(PATH, data=form, headers=cookie)
    assert answer.status_code == 422
    assert answer.text.count("aria-invalid") == 3
    assert "Целое число от 0 до 1440." in answer.text
    assert 'value="два"' in answer.text


@pytest.mark.parametrize("role", [Role.CLERK, Role.HALL_ADMINISTRATOR])
async def test_only_the_head_of_the_office_may(service: Service, database: Database, office: AnOffice, head: AClerk, role: Role) -> None:
    other = await a_clerk(database, office, role=role)
    cookie = {"Cookie": f"{SESSION_COOKIE}={other.token}"}
    assert (await service.http.get(PATH, headers=cookie)).status_code == 403
    assert (await service.http.post(PATH, data={"csrf": other.csrf, "do": "save"}, headers=cookie)).status_code == 403
    assert PATH not in (await service.http.get("/desk", headers=cookie)).text
    mine = {"Cookie": f"{SESSION_COOKIE}={head.token}"}
    assert PATH in (await service.http.get("/desk", headers=mine)).text
    foreign = await service.http.post(PATH, data={"csrf": "wrong", "do": "save"}, headers=mine)
    assert foreign.status_code == 403
    assert (await service.http.get(PATH)).headers["location"] == "/desk/login?next=/desk/policy"


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("language", ["ru", "en"])
async def test_the_editor_is_for_everybody(
    service: Service, database: Database, office: AnOffice, head: AClerk, open_page: OpenPage, theme: str, language: str
) -> None:
    await a_worked_day(database, office, await a_clerk(database, office))
    page = await the_editor(open_page, service, head, PHONE)
    await prefer(page, service.base_url, theme, language)
    await page.reload()
    assert await violations(page) == []
    await page.locator('[name="privilege_head_start_minutes"]').fill("0")
    await page.locator('.bottom [value="show"]').click()
    await expect(page.locator("#effect")).to_be_visible()
    await page.locator("#effect summary").click()
    assert await violations(page) == []
    for size in (ZOOMED, PHONE, DESK):
        await page.set_viewport_size({"width": size[0], "height": size[1]})
        assert not await scrolls_sideways(page)
