"""The week of an office and of a lane in Chromium: drawn with the mouse, by keyboard, and by plain lines; and who would be left without
their time, before anything is saved."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from queue_service.db import Database
from queue_service.staff.api import SESSION_COOKIE
from queue_service.staff.models import Role
from tests.administration.scene import load, two_offices
from tests.administration.test_editing import made_office
from tests.browser.conftest import DESK, PHONE, OpenPage
from tests.browser.test_accessibility import ZOOMED, prefer, scrolls_sideways, violations
from tests.support.factories import AClerk, a_clerk
from tests.support.service import Service

HOURS = "/admin/offices/central/hours"


@pytest.fixture
async def head(database: Database) -> AClerk:
    city = two_offices()
    city["offices"][0]["opening_hours"] = [{"days": [1, 2, 3, 4, 5], "from": "09:00", "to": "18:00"}]
    await load(database, city)
    return await a_clerk(database, await made_office(database), role=Role.OFFICE_HEAD)


async def opened(open_page: OpenPage, service: Service, head: AClerk, path: str, size: tuple[int, int] = DESK, **options: Any) -> Page:
    page = await open_page(f"{service.base_url}/desk/login", size, **options)
    await page.context.add_cookies([{"name": SESSION_COOKIE, "value": head.token, "url": service.base_url}])
    await page.goto(service.base_url + path)
    return page


async def at(page: Page, day: int, minute: int) -> tuple[float, float]:
    """Where a minute is drawn; the week shows six in the morning to ten in the evening."""
    box = await page.locator(f"[data-column='{day}']").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] * (minute - 360) / 960


async def drag(page: Page, day: int, begin: int, end: int) -> None:
    await page.locator(f"[data-column='{day}']").scroll_into_view_if_needed()
    await page.mouse.move(*await at(page, day, begin))
    await page.mouse.down()
    await page.mouse.move(*await at(page, day, (begin + end) // 2))
    await page.mouse.move(*await at(page, day, end))
    await page.mouse.up()


async def test_a_week_is_drawn_with_the_mouse_and_saved(service: Service, head: AClerk, open_page: OpenPage, database: Database) -> None:
    page = await opened(open_page, service, head, HOURS)
    saturday, monday = page.locator("[name='day.6']"), page.locator("[name='day.1']")
    await drag(page, 6, 10 * 60 + 4, 14 * 60 + 26)
    await expect(saturday).to_have_value("10:00–14:30")
    await drag(page, 6, 15 * 60, 17 * 60)
    await expect(saturday).to_have_value("10:00–14:30, 15:00–17:00")
    await drag(page, 6, 16 * 60, 17 * 60)
    await expect(saturday).to_have_value("10:00–14:30, 16:00–18:00")
    box = await page.locator("[data-column='1'] .week-span").bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 20, box["y"] + box["height"] - 3)
    await page.mouse.down()
    await page.mouse.move(*await at(page, 1, 17 * 60))
    await page.mouse.up()
    await expect(monday).to_have_value("09:00–17:00")
    await page.locator("[data-column='2'] .week-drop").click()
    await expect(page.locator("[name='day.2']")).to_have_value("")
    await page.get_by_role("button", name="Сохранить").click()
    await expect(page.get_by_role("status")).to_contain_text("Сохранено")
    rows = await database.hot.fetch(
        "SELECT weekday, opens, closes FROM opening_hours JOIN office ON office.id = office_id WHERE slug = 'central' ORDER BY 1, 2"
    )
    assert [tuple(row) for row in rows] == [
        (1, 540, 1020),
        *((day, 540, 1080) for day in (3, 4, 5)),
        (6, 600, 870),
        (6, 960, 1080),
    ]


async def test_the_same_by_keyboard(service: Service, head: AClerk, open_page: OpenPage) -> None:
    page = await opened(open_page, service, head, HOURS)
    sunday = page.locator("[data-column='7']")
    await sunday.focus()
    await expect(sunday).to_have_attribute("aria-valuetext", "в 09:00 закрыто")
    await page.keyboard.press("Shift+ArrowDown")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Shift+ArrowDown")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.locator("[name='day.7']")).to_have_value("10:00–11:15")
    await page.keyboard.press("ArrowUp")
    await expect(sunday).to_have_attribute("aria-valuetext", "11:00, с 10:00 до 11:15")
    await page.keyboard.press("Delete")
    await expect(page.locator("[name='day.7']")).to_have_value("")


async def test_without_scripts_the_lines_are_all_there_is(service: Service, head: AClerk, open_page: OpenPage, database: Database) -> None:
    page = await opened(open_page, service, head, HOURS, PHONE, java_script_enabled=False)
    await page.fill("[name='day.1']", "9.00-13.00, с обеда")
    await page.get_by_role("button", name="Сохранить").click()
    await expect(page.locator("[id='day.1-error']")).to_be_visible()
    await expect(page.locator("[name='day.1']")).to_have_value("9.00-13.00, с обеда")
    await page.fill("[name='day.1']", "9:00-13:00, 14:00–18:00")
    await page.fill("[name='closures.1.date']", "2031-05-09")
    await page.fill("[name='closures.1.reason.ru']", "День Победы")
    await page.get_by_role("button", name="Сохранить").click()
    await expect(page.locator("[name='day.1']")).to_have_value("09:00–13:00, 14:00–18:00")
    assert await database.hot.fetchval("SELECT reason ->> 'ru' FROM closure WHERE local_date = '2031-05-09'") == "День Победы"


async def test_a_lane_is_drawn_and_no_longer_follows_the_office(
    service: Service, head: AClerk, open_page: OpenPage, database: Database
) -> None:
    page = await opened(open_page, service, head, "/admin/offices/central/lane")
    await page.fill("[name='name']", "Утро")
    await page.get_by_label("Услуга").first.check()
    await expect(page.locator("#follows")).to_be_checked()
    await drag(page, 6, 8 * 60, 10 * 60)
    await expect(page.locator("#follows")).not_to_be_checked()
    await page.get_by_role("button", name="Сохранить").click()
    await expect(page.get_by_role("link", name="Утро")).to_be_visible()
    found = await database.hot.fetch("SELECT opens, closes FROM lane_hours JOIN lane ON id = lane_id WHERE name = 'Утро' AND weekday = 6")
    assert [tuple(row) for row in found] == [(480, 600)]


@pytest.mark.parametrize(("theme", "language"), [("ordinary", "ru"), ("contrast", "en")])
async def test_the_pages_of_hours_have_no_fault_that_axe_knows(
    service: Service, head: AClerk, open_page: OpenPage, theme: str, language: str
) -> None:
    page = await opened(open_page, service, head, HOURS, ZOOMED)
    await prefer(page, service.base_url, theme, language)
    for path in (HOURS, "/admin/offices/central/lanes", "/admin/offices/central/lane?name=Паспорта"):
        for size in (DESK, ZOOMED):
            await page.set_viewport_size({"width": size[0], "height": size[1]})
            await page.goto(service.base_url + path)
            assert await violations(page) == []
            assert not await scrolls_sideways(page)
