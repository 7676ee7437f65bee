"""Accounts in Chromium: an invited person gets to the desk by hand, and every page of accounts is for everybody."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pyotp
import pytest
from playwright.async_api import Page, expect

from queue_service.db import Database
from queue_service.staff.account import JUST_NOW
from queue_service.staff.api import SESSION_COOKIE
from queue_service.staff.models import Role
from queue_service.staff.second_factor import ENROLMENT_COOKIE
from tests.browser.conftest import DESK, PHONE, OpenPage, leads_on
from tests.browser.test_accessibility import THEMES, ZOOMED, prefer, scrolls_sideways, violations
from tests.staff.scene import GOOD_PASSWORD, an_authenticator
from tests.support.factories import PASSWORD, AClerk, AnOffice, a_clerk, an_office
from tests.support.service import NoSender, Service, running


@pytest.fixture
async def strict(service: Service, tmp_path: Path) -> AsyncIterator[Service]:
    """A service where everybody needs a second factor."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("queue_service.app.Sender", NoSender)
        with running(replace(service.settings, second_factor="everybody", data_dir=tmp_path)) as (base_url, app, settings):
            async with Service(base_url, app, settings) as other:
                yield other


async def signed_in(open_page: OpenPage, service: Service, who: AClerk, path: str, size: tuple[int, int] = DESK) -> Page:
    page = await open_page(f"{service.base_url}/desk/login", size)
    await page.context.add_cookies([{"name": SESSION_COOKIE, "value": who.token, "url": service.base_url}])
    await page.goto(service.base_url + path)
    return page


async def test_an_invited_person_sets_up_everything_by_hand_and_is_at_the_desk(
    strict: Service, database: Database, open_page: OpenPage
) -> None:
    office = await an_office(database)
    head = await a_clerk(database, office, role=Role.OFFICE_HEAD)
    await an_authenticator(database, head)

    staff = await signed_in(open_page, strict, head, "/admin/staff")
    await staff.get_by_role("link", name="Пригласить сотрудника").click()
    await staff.get_by_label("Фамилия и имя").fill("Новикова Ольга")
    await staff.get_by_label("Логин").fill("o.novikova")
    await expect(staff.locator("#role")).to_be_visible()
    roles = await staff.locator("#role option").evaluate_all("options => options.map(option => option.value)")
    assert roles == ["clerk", "hall_administrator"], "a head appoints nobody higher"
    await staff.get_by_role("button", name="Пригласить").click()
    link = await staff.locator("#link").input_value()

    page = await open_page(link, PHONE)
    await page.get_by_label("Пароль", exact=True).fill(GOOD_PASSWORD)
    await page.get_by_label("Ещё раз").fill(GOOD_PASSWORD)
    await page.get_by_role("button", name="Сохранить и войти").click()
    await expect(page.locator("#unfinished")).to_contain_text("Прежде чем начать работу")
    await page.locator("#unfinished").get_by_role("link", name="Подключить второй фактор").click()
    picture = page.locator("img[src$='qr.svg']")
    assert await picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
    await page.get_by_text("Камера не работает").click()
    secret = re.sub(r"\s", "", await page.locator(".key").inner_text()).upper()
    await page.get_by_label("Введите шесть цифр").fill(pyotp.TOTP(secret).now())
    await page.get_by_role("button", name="Подтвердить").click()
    await expect(page.locator(".codes li")).to_have_count(10)
    codes = await page.locator(".codes li").all_inner_texts()
    await page.get_by_role("link", name="Коды сохранены").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("За каким вы окном?")

    await page.get_by_role("button", name="Выйти").click()
    await page.get_by_label("Логин").fill("o.novikova")
    await page.get_by_label("Пароль").fill(GOOD_PASSWORD)
    await page.get_by_role("button", name="Войти").click()
    await page.get_by_label("Код из приложения").fill("000000")
    await page.get_by_role("button", name="Войти").click()
    await expect(page.get_by_role("alert")).to_contain_text("Код не подошёл")
    await page.get_by_label("Код из приложения").fill(codes[0])
    await page.get_by_role("button", name="Войти").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("За каким вы окном?")

    await staff.goto(f"{strict.base_url}/admin/staff")
    await staff.get_by_label("Имя или логин").fill("novikova")
    await staff.get_by_role("button", name="Показать").click()
    await expect(staff.locator("[data-login]")).to_have_count(1)
    assert staff.url == f"{strict.base_url}/admin/staff"
    row = staff.locator('[data-login="o.novikova"]')
    await expect(row).to_contain_text("сегодня в")
    await expect(row.locator(".chip")).to_have_count(0)


@pytest.fixture
async def office(database: Database) -> AnOffice:
    return await an_office(database)


@pytest.mark.parametrize("theme", THEMES)
async def test_the_pages_of_accounts_are_for_everybody(
    service: Service, database: Database, office: AnOffice, open_page: OpenPage, theme: str
) -> None:
    city = await a_clerk(database, None, role=Role.CITY_ADMINISTRATOR)
    clerk = await a_clerk(database, office)
    phone = await an_authenticator(database, await a_clerk(database, office))
    page = await signed_in(open_page, service, city, "/admin/staff")
    await prefer(page, service.base_url, theme, "ru")

    async def is_for_everybody(where: str) -> None:
        assert await violations(page) == [], where
        for size in (ZOOMED, PHONE, DESK):
            await page.set_viewport_size({"width": size[0], "height": size[1]})
            assert not await scrolls_sideways(page), (where, size)

    for path in ("/admin/staff", f"/admin/staff/{clerk.account_id}", "/account", "/account/second-factor"):
        await page.goto(service.base_url + path)
        await is_for_everybody(path)
    if theme == "contrast":
        return  # the rest is made of the same pieces
    await page.goto(f"{service.base_url}/admin/new-person")
    await is_for_everybody("/admin/new-person")
    await page.goto(f"{service.base_url}/account/second-factor")
    await page.get_by_label("Введите шесть цифр").fill("000000")
    await leads_on(page.get_by_role("button", name="Подтвердить"))
    await is_for_everybody("a wrong code")
    await page.context.clear_cookies(name=ENROLMENT_COOKIE)
    await database.hot.execute("UPDATE staff_session SET created_at = created_at - $1::interval", JUST_NOW)
    await page.goto(f"{service.base_url}/account/second-factor")
    await page.get_by_label("Пароль").fill("wrong")
    await leads_on(page.get_by_role("button", name="Продолжить"))
    await is_for_everybody("a wrong password")
    await page.goto(f"{service.base_url}/admin/staff/{clerk.account_id}")
    await leads_on(page.get_by_role("button", name="Сбросить пароль"))
    await is_for_everybody("a link")
    await page.goto(await page.locator("#link").input_value())
    await page.get_by_label("Пароль", exact=True).fill("1234567890")
    await page.get_by_label("Ещё раз").fill("1234567890")
    await leads_on(page.get_by_role("button", name="Сохранить и войти"))
    await is_for_everybody("a weak password")
    await page.context.clear_cookies(name=SESSION_COOKIE)
    await page.goto(f"{service.base_url}/desk/login")
    await page.get_by_label("Логин").fill(phone.clerk.login)
    await page.get_by_label("Пароль").fill(PASSWORD)
    await leads_on(page.get_by_role("button", name="Войти"))
    await is_for_everybody("the code")
