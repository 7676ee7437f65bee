"""Devices in real browsers: a code becomes a working kiosk or display, settings arrive by themselves, administration follows."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from queue_service.db import Database
from queue_service.staff.api import SESSION_COOKIE
from queue_service.staff.models import Role
from tests.browser.conftest import DESK, DISPLAY, KIOSK, Hall, OpenPage, until
from tests.browser.test_accessibility import ZOOMED, prefer, scrolls_sideways, violations
from tests.support.factories import AClerk, a_clerk
from tests.support.service import Service, bearer

CODE = "[data-code]"
SIX_DIGITS = re.compile(r"^[0-9]{6}$")


@pytest.fixture
async def head(database: Database, hall: Hall) -> AClerk:
    return await a_clerk(database, hall.office, role=Role.OFFICE_HEAD)


async def administration(open_page: OpenPage, service: Service, who: AClerk, path: str = "/admin/devices", **options: Any) -> Page:
    page = await open_page(f"{service.base_url}/desk/login", DESK, **options)
    await page.context.add_cookies([{"name": SESSION_COOKIE, "value": who.token, "url": service.base_url}])
    await page.goto(service.base_url + path)
    return page


async def shown_code(page: Page) -> str:
    await expect(page.locator(CODE)).to_have_attribute("data-code", SIX_DIGITS)
    return await page.locator(CODE).get_attribute("data-code") or ""


async def enter(page: Page, code: str) -> None:
    """The code as it is read from the screen, in two groups."""
    await page.get_by_label("Код на его экране").fill(f"{code[:3]} {code[3:]}")
    await page.get_by_role("button", name="Продолжить").click()


async def set_(page: Page, label: str, value: str) -> None:
    await page.get_by_label(label).fill(value)
    await page.get_by_role("button", name="Сохранить").click()
    await expect(page.get_by_text("Сохранено.")).to_be_visible()


async def test_a_kiosk_is_paired_set_and_replaced(service: Service, hall: Hall, open_page: OpenPage, head: AClerk) -> None:
    kiosk = await open_page(f"{service.base_url}/kiosk/", KIOSK)
    await expect(kiosk.get_by_role("heading", level=1)).to_have_text("Терминал не\u00a0подключён")
    assert await violations(kiosk) == []
    code = await shown_code(kiosk)
    await kiosk.reload()
    assert await shown_code(kiosk) == code, "one device, one code"

    page = await administration(open_page, service, head, java_script_enabled=False)
    await enter(page, code)
    await page.get_by_label("Имя", exact=True).fill("Терминал у лестницы")
    await page.get_by_role("button", name="Подключить").click()
    await expect(page.get_by_text("Подключено: Терминал у лестницы.")).to_be_visible()
    await expect(kiosk.locator("[data-screen=home]")).to_be_visible()

    await page.get_by_role("link", name="Терминал у лестницы").last.click()
    await page.get_by_label("Предлагает английский").uncheck()
    await set_(page, "Слова на весь экран, по-русски", "Терминал на ремонте")
    await expect(kiosk.locator("[data-screen=shut]")).to_contain_text("Терминал на ремонте")
    await expect(kiosk.locator("[data-action=lang]")).to_have_count(0)
    assert await violations(kiosk) == []
    token = await kiosk.evaluate("localStorage.getItem('kiosk-token')")
    refused = await service.take(token)
    assert (refused.status_code, refused.json()["detail"]) == (409, "Терминал на ремонте"), "an old page gives no ticket either"
    await set_(page, "Слова на весь экран, по-русски", "")
    await expect(kiosk.locator("[data-screen=home]")).to_be_visible()

    successor = await open_page(f"{service.base_url}/kiosk/", KIOSK)
    await page.goto(f"{service.base_url}/admin/devices")
    await enter(page, await shown_code(successor))
    await page.get_by_label("Терминал у лестницы").check()
    await page.get_by_role("button", name="Заменить").click()
    await expect(successor.locator("[data-screen=home]")).to_be_visible()
    await expect(successor.locator("[data-action=lang]")).to_have_count(0)
    await expect(kiosk.get_by_role("heading", level=1)).to_have_text("Терминал отключён от\u00a0отделения")
    await expect(kiosk.locator(CODE)).not_to_have_attribute("data-code", code)
    await shown_code(kiosk)
    assert (await service.get("/api/kiosk/menu", token)).status_code == 401


async def test_a_display_is_paired_set_and_disconnected(service: Service, hall: Hall, open_page: OpenPage, head: AClerk) -> None:
    display = await open_page(f"{service.base_url}/display/", DISPLAY)
    code = await shown_code(display)
    assert await violations(display) == []
    page = await administration(open_page, service, head)
    await enter(page, code)
    await page.get_by_role("button", name="Подключить").click()
    await expect(display.locator("body[data-kind=idle]")).to_be_visible()
    await expect(display.locator("#pairing")).to_be_hidden()
    await display.reload()
    await expect(display.locator("body[data-kind=idle]")).to_be_visible()

    await page.get_by_role("link", name="Настройки").click()
    letters = "parseFloat(document.getElementById('next-list').style.fontSize)"
    before = await display.evaluate(letters)
    await set_(page, "Читают с расстояния", "9")
    await until(display, f"before => {letters} > before * 1.5", before)
    await page.get_by_label("Темнее с").fill("00:00")
    await page.get_by_label("Темнее до").fill("23:59")
    await set_(page, "Темнее на", "50")
    await until(display, "document.getElementById('dark').style.opacity === '0.5'")

    await page.get_by_text("Отключить устройство").click()
    await page.get_by_role("button", name="Отключить", exact=True).click()
    await expect(display.locator("#pairing-title")).to_have_text("Табло отключено от\u00a0отделения")
    await expect(display.locator(CODE)).not_to_have_attribute("data-code", code)
    await shown_code(display)
    assert (await violations(display)) == []


async def test_a_kiosk_renews_its_token_and_so_do_its_tabs(service: Service, database: Database, hall: Hall, open_page: OpenPage) -> None:
    first = await open_page(f"{service.base_url}/kiosk/?token={hall.kiosk}", KIOSK)
    await expect(first.locator("[data-screen=home]")).to_be_visible()
    second = await first.context.new_page()
    await database.hot.execute("UPDATE device SET token_at = '2020-01-01' WHERE kind = 'kiosk'")
    await second.goto(f"{service.base_url}/kiosk/?token={hall.kiosk}")
    for page in (first, second):
        await until(page, "old => localStorage.getItem('kiosk-token') !== old", hall.kiosk)
    token = await second.evaluate("localStorage.getItem('kiosk-token')")
    assert (await service.get("/api/kiosk/menu", token)).status_code == 200
    assert (await service.get("/api/kiosk/menu", hall.kiosk)).status_code == 401
    await first.reload()
    await second.goto(f"{service.base_url}/kiosk/?token={hall.kiosk}")
    for page in (first, second):
        await expect(page.locator("[data-screen=home]")).to_be_visible()
    assert await second.evaluate("localStorage.getItem('kiosk-token')") == token, "an old link does not bring the old token back"
    assert await database.hot.fetchval("SELECT count(*) FROM device WHERE replayed_at IS NOT NULL") == 0


async def test_alarms_come_by_themselves_and_can_be_told_to_wait(service: Service, hall: Hall, open_page: OpenPage, head: AClerk) -> None:
    page = await administration(open_page, service, head)
    await page.clock.install()
    await page.reload()
    await expect(page.get_by_text("Всё в порядке.")).to_be_visible()
    report = {"page": {"version": "2"}, "printer": {"state": "error", "paper": "out"}}
    await service.http.post("/api/devices/health", json=report, headers=bearer(hall.kiosk))
    await page.clock.run_for(5_000)
    await expect(page.locator("[data-alarm=paper_out]")).to_contain_text("Нет бумаги")
    await page.get_by_role("button", name="Приостановить обновление").click()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await service.http.post("/api/devices/health", json={"page": {"version": "2"}}, headers=bearer(hall.kiosk))
    await page.clock.run_for(30_000)
    assert asked == []
    await page.get_by_role("button", name="Возобновить обновление").click()
    await page.clock.run_for(10_000)
    await expect(page.get_by_text("Всё в порядке.")).to_be_visible()


async def test_who_saves_later_is_told_what_changed_meanwhile(
    service: Service, database: Database, hall: Hall, open_page: OpenPage, head: AClerk
) -> None:
    device = await database.hot.fetchval("SELECT id FROM device WHERE kind = 'display'")
    page = await administration(open_page, service, head, f"/admin/devices/{device}")
    await database.hot.execute("""UPDATE device SET settings = '{"volume": 30}' WHERE id = $1""", device)
    await page.get_by_label("Читают с расстояния").fill("8")
    await page.get_by_role("button", name="Сохранить").click()
    await expect(page.locator("#conflict")).to_contain_text("Громкость, процентов: 80 → 30")
    await expect(page.get_by_label("Читают с расстояния")).to_have_value("8")
    await page.get_by_label("Громкость").fill("30")
    await page.get_by_role("button", name="Сохранить").click()
    await expect(page.get_by_text("Сохранено.")).to_be_visible()
    changed = await database.hot.fetchrow("SELECT before, after FROM audit_record WHERE act = 'device.changed'")
    assert changed is not None
    assert (changed["before"], changed["after"]) == ({"distance_m": 5}, {"distance_m": 8})


@pytest.mark.parametrize(("language", "theme"), [("ru", "ordinary"), ("en", "contrast")])
async def test_the_pages_of_devices_are_for_everybody(
    service: Service, database: Database, hall: Hall, open_page: OpenPage, head: AClerk, theme: str, language: str
) -> None:
    await service.http.post("/api/devices/health", json={"printer": {"state": "error"}}, headers=bearer(hall.kiosk))
    await database.hot.execute("UPDATE device SET replayed_at = now() WHERE kind = 'kiosk'")
    devices = [row["id"] for row in await database.hot.fetch("SELECT id FROM device ORDER BY id")]
    page = await administration(open_page, service, head)
    await prefer(page, service.base_url, theme, language)
    for path in ("", *(f"/{device}" for device in devices)):
        await page.goto(f"{service.base_url}/admin/devices{path}")
        assert await violations(page) == [], path
        await page.set_viewport_size({"width": ZOOMED[0], "height": ZOOMED[1]})
        assert not await scrolls_sideways(page), path
        await page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
