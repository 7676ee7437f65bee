"""From the sofa to the desk as people do it: booked in a browser, told by mail, moved through the mail's link, the telephone held under the
terminal's scanner, and the number on the hall's display. Must hold 5; each step for itself is in `tests/test_booking_whole_path.py`.

With a database, a mail server and a sender of its own. Only the hall's clock is moved, to the booked time.
"""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from queue_service.schema import upgrade_now
from tests.booking.scene import MINUTE, it_is
from tests.browser.conftest import DISPLAY, KIOSK, PHONE, OpenPage, leads_on
from tests.browser.test_booking_pages import CONTACT, Citizen
from tests.browser.test_kiosk_check_in import scan
from tests.browser.test_whole_path import qr_on
from tests.support.factories import a_clerk_at, a_display, a_kiosk, a_lane, an_office, booked_online
from tests.support.postgres import a_database_on
from tests.test_booking_whole_path import City, a_city_with_mail, letters, link_in, walk_ins_due


@pytest.fixture
def home_database_url(database_url: str) -> Iterator[str]:
    with a_database_on(database_url, "whole_path_in_chromium") as url:
        upgrade_now(url)
        yield url


@pytest.fixture
async def city(home_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[City]:
    async with a_city_with_mail(home_database_url, tmp_path, monkeypatch) as made:
        yield made


async def a_time_of_today(citizen: Citizen, slot: int) -> datetime:
    """On the page of days; goes on with this time."""
    await leads_on(citizen.page.locator("[data-day]").first)
    chosen = citizen.page.locator(".slot input").nth(slot)
    starts_at = datetime.fromisoformat(await chosen.get_attribute("value") or "")
    await chosen.check()
    await citizen.goes_on()
    return starts_at


async def shows(page: Page, secret: str) -> None:
    await expect(page.locator("article.pass")).to_have_attribute("data-state", "booked")
    assert secret in page.url


async def test_from_the_sofa_to_the_desk(city: City, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    service, database = city.service, city.database
    base = service.base_url
    office = await an_office(database)
    await booked_online(database, office, check_in_opens_minutes=720)
    await a_lane(database, office)

    citizen = Citizen(await open_page(f"{base}/book", PHONE), base, office)
    page = citizen.page
    await page.goto(f"{base}/book/day?service=passport&office={office.slug}")
    await a_time_of_today(citizen, 5)
    await citizen.answers()
    await citizen.goes_on()
    await expect(page.locator("h1")).to_have_text("Вы записаны")
    secret = citizen.secret

    (confirmation,) = await letters(city, 1)
    assert city.mail_server.box[0]["To"] == CONTACT
    phone = Citizen(await open_page(link_in(confirmation), PHONE), base, office)
    await shows(phone.page, secret)
    await phone.page.get_by_role("link", name="Перенести").click()
    starts_at = await a_time_of_today(phone, 8)
    await expect(phone.page.locator(".notice.good")).to_contain_text("Запись перенесена")
    change = (await letters(city, 2))[1]

    # In the hall, with the letter of the new time; the scanner's keyboard is Russian.
    kiosk = await open_page(f"{base}/kiosk/?token={await a_kiosk(database, office)}", KIOSK)
    display = await open_page(f"{base}/display/?office={office.slug}&token={await a_display(database, office)}", DISPLAY)
    await expect(kiosk.locator("[data-action=check-in]")).to_be_visible()
    await phone.page.goto(link_in(change))
    await phone.page.locator(".pass-qr").scroll_into_view_if_needed()
    read = await qr_on(phone.page)
    assert read == link_in(change)
    await scan(kiosk, read)
    ticket = kiosk.locator("[data-ticket]").first
    local = starts_at.astimezone((await office.catalogue(database)).schedule.time_zone)
    await expect(ticket).to_contain_text(f"Вы записаны на {local:%H:%M}")
    number = await ticket.get_attribute("data-ticket")
    await expect(phone.page).to_have_url(f"{base}/t/{await database.hot.fetchval('SELECT secret FROM ticket')}")
    await expect(phone.page.locator("article.ticket")).to_contain_text(str(number))

    # At the booked time, although others are overdue.
    await walk_ins_due(city, office, [starts_at - late * MINUTE for late in (30, 20)])
    clerk = await a_clerk_at(database, office, "1")
    it_is(starts_at, monkeypatch)
    assert (await service.called(clerk))["number"] == number
    await expect(display.locator(f"[data-call][data-ticket='{number}'][data-desk='1']").first).to_be_visible()
    await expect(phone.page.locator("[data-state]").first).to_have_attribute("data-state", "called")
    assert len(city.mail_server.box) == 2, "nothing is sent twice"
