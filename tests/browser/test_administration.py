"""Administration in Chromium: an office from nothing to its first called ticket, and every page for everybody."""

import re

import pytest
from playwright.async_api import Page, expect

from queue_service.db import Database
from queue_service.staff.api import SESSION_COOKIE
from queue_service.staff.models import Role
from tests.browser.conftest import DESK, KIOSK, OpenPage
from tests.browser.test_accessibility import THEMES, ZOOMED, prefer, scrolls_sideways, violations
from tests.browser.test_whole_path import press_space
from tests.support.factories import PASSWORD, AnOffice, a_clerk, a_desk, a_service, an_office
from tests.support.service import Service

CITY_PAGES = (
    "/admin",
    "/admin/districts",
    "/admin/new-office",
    "/admin/services",
    "/admin/new-service",
    "/admin/new-group",
    "/admin/services/passport",
    "/admin/privileges",
    "/admin/new-privilege",
    "/admin/texts",
    "/admin/texts/ticket-note",
    "/admin/staff",
    "/admin/new-person",
    "/admin/devices",
    "/admin/audit",
    "/admin/privacy",
    "/admin/configuration",
)
OFFICE_PAGES = (
    "",
    "/settings",
    "/hours",
    "/lanes",
    "/services",
    "/services/passport",
    "/desks",
    "/desks/1",
    "/new-desk",
    "/new-zone",
    "/notices",
    "/texts",
    "/texts/message-confirmation",
    "/texts/display-closed",
    "/policy",
    "/rules",
)
CHOSEN_PASSWORD = "семь вёсел у причала"
SAVED = "[role=status].good"


async def both(page: Page, name: str, russian: str, english: str) -> None:
    await page.locator(f"[id='{name}.ru']").fill(russian)
    await page.locator(f"[id='{name}.en']").fill(english)


async def press(page: Page, button: str) -> None:
    """Sends the form of the page, which must come back as saved."""
    await page.get_by_role("button", name=button, exact=True).click()
    await expect(page.locator(SAVED)).to_be_visible()


async def a_city_signed_in(page: Page, login: str) -> None:
    await page.fill("#login", login)
    await page.fill("#password", PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Отделения")


async def a_catalogue(page: Page, base: str) -> None:
    await page.goto(f"{base}/admin/services")
    await page.get_by_role("link", name="Новая группа").click()
    await both(page, "name", "Паспорт и регистрация", "Passport and registration")
    await page.select_option("#letter", "А")
    await press(page, "Сохранить")
    await page.get_by_role("link", name="Добавить услугу").click()
    await both(page, "name", "Загранпаспорт", "Passport")
    await press(page, "Сохранить")


async def an_office_from_nothing(page: Page, base: str) -> None:
    await page.goto(f"{base}/admin")
    await page.get_by_role("link", name="Новое отделение").first.click()
    await both(page, "name", "Единое окно", "The office")
    await both(page, "district", "Новый район", "New district")
    await both(page, "address", "Дом 1", "1 House")
    await press(page, "Создать отделение")
    await expect(page).to_have_url(re.compile("/admin/offices/the-office"))
    await page.locator(".steps").get_by_role("link", name="График работы").click()
    for day in range(1, 8):
        await page.locator(f"[id='day.{day}']").fill("00:00–24:00")
    await page.locator("#public_holidays").uncheck()
    await press(page, "Сохранить")
    await page.goto(f"{base}/admin/offices/the-office/services/passport")
    await page.locator("#given").check()
    await press(page, "Сохранить")
    await page.goto(f"{base}/admin/offices/the-office/new-desk")
    await page.locator("[name='takes.passport'][value=own]").check()
    await press(page, "Сохранить")


async def a_person_invited(page: Page, base: str) -> str:
    """The link that the administrator hands over."""
    await page.goto(f"{base}/admin/new-person")
    await page.fill("#name", "Смирнова Анна")
    await page.fill("#login", "a.smirnova")
    await page.select_option("#role", "clerk")
    await page.select_option("#office", label="Единое окно")
    await page.locator("main button[type=submit]").click()
    return await page.locator("#link").input_value()


async def a_kiosk_paired(page: Page, kiosk: Page, base: str) -> None:
    code = kiosk.locator("[data-code]")
    await expect(code).to_have_attribute("data-code", re.compile("^[0-9]{6}$"))
    await page.goto(f"{base}/admin/devices")
    await page.fill("#code", await code.get_attribute("data-code") or "")
    await page.select_option("#office", label="Единое окно")
    await page.get_by_role("button", name="Продолжить").click()
    await page.fill("#name", "Терминал у входа")
    await page.get_by_role("button", name="Подключить").click()
    await expect(page.locator(SAVED)).to_be_visible()


async def test_a_new_office_reaches_its_first_called_ticket_without_the_command_line(
    service: Service, database: Database, open_page: OpenPage
) -> None:
    base = service.base_url
    administrator = await a_clerk(database, None, role=Role.CITY_ADMINISTRATOR)
    page = await open_page(f"{base}/desk/login?next=/admin", DESK)
    await a_city_signed_in(page, administrator.login)
    await a_catalogue(page, base)
    await an_office_from_nothing(page, base)
    link = await a_person_invited(page, base)
    kiosk = await open_page(f"{base}/kiosk/", KIOSK)
    await a_kiosk_paired(page, kiosk, base)
    await page.goto(f"{base}/admin/offices/the-office")
    await press(page, "Показать посетителям")

    desk = await open_page(link, DESK)
    await desk.fill("#password", CHOSEN_PASSWORD)
    await desk.fill("#again", CHOSEN_PASSWORD)
    async with desk.expect_navigation():
        await desk.keyboard.press("Enter")
    await expect(desk).to_have_url(re.compile("/(desk|account)"))
    await desk.goto(f"{base}/desk")
    await desk.locator("button[data-desk='1']").click()
    await expect(desk.locator("[data-mode=idle]")).to_be_visible()

    await kiosk.locator("[data-service=passport]").click()  # the one service of its group stands in its place
    await kiosk.locator("[data-action=take]").click()
    number = await kiosk.locator("[data-ticket]").first.get_attribute("data-ticket")
    assert number == "А001"
    await press_space(desk, "called")
    await expect(desk.locator("article .ticket-number")).to_have_text("А001")


@pytest.fixture
async def office(database: Database) -> AnOffice:
    return await an_office(database, a_service("passport"), a_service("advice", "В"), desks=(a_desk("1"), a_desk("2")))


@pytest.mark.parametrize("theme", THEMES)
async def test_every_page_of_administration_is_for_everybody(
    service: Service, database: Database, office: AnOffice, open_page: OpenPage, theme: str
) -> None:
    """axe on each, and 320 pixels wide; Russian in one theme and English in the other, so that both are read."""
    base = service.base_url
    person = await a_clerk(database, None, role=Role.CITY_ADMINISTRATOR)
    page = await open_page(f"{base}/desk/login", DESK)
    await prefer(page, base, theme, "en" if theme == "contrast" else "ru")
    await page.context.add_cookies([{"name": SESSION_COOKIE, "value": person.token, "url": base}])
    wrong = []
    for path in (*CITY_PAGES, *(f"/admin/offices/{office.slug}{each}" for each in OFFICE_PAGES)):
        answer = await page.goto(base + path)
        assert answer is not None
        assert answer.ok, f"{path}: {answer.status}"
        wrong += [f"{path}: {each}" for each in await violations(page)]
        await page.set_viewport_size({"width": ZOOMED[0], "height": ZOOMED[1]})
        if await scrolls_sideways(page):
            wrong.append(f"{path}: scrolls sideways at {ZOOMED[0]} pixels")
        await page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    assert wrong == []


async def test_the_table_of_who_takes_what_is_filled_by_keyboard(
    service: Service, database: Database, office: AnOffice, open_page: OpenPage
) -> None:
    base = service.base_url
    head = await a_clerk(database, office, role=Role.OFFICE_HEAD)
    page = await open_page(f"{base}/desk/login", DESK)
    await page.context.add_cookies([{"name": SESSION_COOKIE, "value": head.token, "url": base}])
    await page.goto(f"{base}/admin/offices/{office.slug}/desks")
    await page.locator("[name='cell.1.passport']").focus()
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("ArrowDown")
    await expect(page.locator("[name='cell.2.advice']")).to_be_focused()
    await page.keyboard.press("+")
    await expect(page.locator("[name='cell.2.advice']")).to_have_value("help")
    await press(page, "Сохранить таблицу")
    await expect(page.locator("[name='cell.2.advice']")).to_have_value("help")
    await expect(page.locator("[name='cell.1.advice']")).to_have_value("own")
