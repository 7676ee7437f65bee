"""Under suspicion of being a program: the page between the chosen time and the form, solved by the browser or waited out by hand.

Against a service that counts, as in the city; everybody here comes from one address.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

import queue_service.app
from queue_service.booking.guard import ASKED_AFTER, WAITED
from queue_service.db import Database
from queue_service.settings import Settings
from tests.booking.scene import it_is
from tests.browser.conftest import PHONE, OpenPage, leads_on
from tests.browser.test_accessibility import THEMES, ZOOMED, prefer
from tests.browser.test_booking_pages import CONTACT, NAME, Citizen, a_bookable_office, states, too_wide, violations
from tests.support.booking import free_slots, held
from tests.support.factories import AnOffice
from tests.support.service import HASH_KEY, SEAL_KEY, NoSender, Service, running

WAITS = "Подождите до"

Arrives = Callable[..., Awaitable[Citizen]]


@pytest.fixture(scope="module")
async def strict_service(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    settings = Settings(
        database_url=database_url,
        rate_limits=True,
        log_level="error",
        data_dir=tmp_path_factory.mktemp("strict"),
        seal_keys=(SEAL_KEY,),
        hash_key=HASH_KEY,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queue_service.app, "Sender", NoSender)
        with running(settings) as (base_url, app, settings):
            async with Service(base_url, app, settings) as service:
                yield service


@pytest.fixture
async def office(database: Database) -> AnOffice:
    return await a_bookable_office(database)


@pytest.fixture
def arrives(strict_service: Service, office: AnOffice, open_page: OpenPage) -> Arrives:
    async def arrive(**options: Any) -> Citizen:
        return Citizen(await open_page(f"{strict_service.base_url}/book", PHONE, **options), strict_service.base_url, office)

    return arrive


async def neighbours_hold(service: Service, office: AnOffice, holds: int = ASKED_AFTER) -> None:
    for slot in (await free_slots(service, office))[8 : 8 + holds]:
        await held(service, office, slot)


async def picks(citizen: Citizen, slot: int = 0) -> None:
    await citizen.page.locator(".slot input").nth(slot).check()
    await citizen.goes_on()


def watched(page: Page) -> list[tuple[str, str, int]]:
    """Every answer to come: method, path, status."""
    seen: list[tuple[str, str, int]] = []
    page.on("response", lambda answer: seen.append((answer.request.method, answer.url.split("/", 3)[3].split("?")[0], answer.status)))
    return seen


async def test_the_browser_solves_the_puzzle_and_the_form_goes_on_by_itself(
    strict_service: Service, database: Database, office: AnOffice, arrives: Arrives
) -> None:
    await neighbours_hold(strict_service, office, ASKED_AFTER - 1)
    citizen = await arrives()
    await citizen.holds()  # the sixth: nobody is asked yet
    seen = watched(citizen.page)
    await citizen.page.context.clear_cookies()  # the next person of the family
    await citizen.reaches_the_times()
    await picks(citizen, 1)
    await expect(citizen.page.locator("#name")).to_be_visible()
    assert [status for method, path, status in seen if (method, path) == ("POST", "book/hold")] == [403, 303]
    assert ("GET", "api/public/challenge", 200) in seen
    assert [each for each in seen if each[2] >= 400] == [("POST", "book/hold", 403)]
    await citizen.answers()
    await citizen.goes_on()
    await expect(citizen.page.locator("h1")).to_have_text("Вы записаны")
    assert (await states(database)).count("booked") == 1


async def test_another_time_for_a_begun_form_is_a_hold_too_and_the_form_is_kept(
    strict_service: Service, database: Database, office: AnOffice, arrives: Arrives
) -> None:
    citizen = await arrives()
    secret = await citizen.holds()
    await citizen.answers()
    await neighbours_hold(strict_service, office, ASKED_AFTER - 1)
    seen = watched(citizen.page)
    await citizen.page.goto(f"{citizen.base}/book/{secret}/time")
    await citizen.page.locator("[data-day]").nth(2).click()
    await picks(citizen)
    await expect(citizen.page).to_have_url(f"{citizen.base}/book/{secret}/check")
    for answer in (NAME, CONTACT):
        await expect(citizen.page.locator(".govuk-summary-list")).to_contain_text(answer)
    assert [status for method, path, status in seen if (method, path) == ("POST", f"book/{secret}/time")] == [403, 303]


async def test_without_scripts_the_page_says_until_when_to_wait_and_then_goes_on(
    strict_service: Service, database: Database, office: AnOffice, arrives: Arrives, monkeypatch: pytest.MonkeyPatch
) -> None:
    await neighbours_hold(strict_service, office)
    citizen = await arrives(java_script_enabled=False)
    page = citizen.page
    await citizen.reaches_the_times()
    now = datetime.now(UTC).replace(second=20, microsecond=0)
    it_is(now, monkeypatch)
    await picks(citizen)
    goes_on = page.locator("#proof-by-hand button")
    minute = now.replace(second=0) + WAITED + timedelta(minutes=1)
    local = minute.astimezone((await office.catalogue(database)).schedule.time_zone)
    await expect(page.locator("#proof-by-hand")).to_contain_text(f"{WAITS} {local:%H:%M}")
    it_is(now + WAITED / 2, monkeypatch)
    await leads_on(goes_on)
    await expect(page.locator("h1"), "a press too early asks again").to_have_text("Ещё секунду")
    await expect(page.locator("#proof-by-hand"), "and not for longer").to_contain_text(f"{WAITS} {local:%H:%M}")
    assert len(await states(database)) == ASKED_AFTER
    it_is(minute, monkeypatch)
    await goes_on.click()
    await expect(page.locator("#name")).to_be_visible()
    assert len(await states(database)) == ASKED_AFTER + 1


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("language", ["ru", "en"])
async def test_the_page_is_for_everybody(strict_service: Service, office: AnOffice, arrives: Arrives, theme: str, language: str) -> None:
    """While it computes, and when the browser could not: the button comes back."""
    await neighbours_hold(strict_service, office)
    citizen = await arrives()
    page = citizen.page
    await prefer(page, citizen.base, theme, language)
    asked: list[Route] = []

    async def keeps_waiting(route: Route) -> None:
        asked.append(route)

    await page.route("**/api/public/challenge", keeps_waiting)
    await citizen.reaches_the_times()
    await picks(citizen)
    await expect(page.locator("#proof-state")).to_be_visible()
    await expect(page.locator("#proof-by-hand")).to_be_hidden()
    assert await violations(page) == []
    await asked[0].abort()
    await expect(page.locator("#proof-by-hand button")).to_be_visible()
    assert await violations(page) == []
    await page.set_viewport_size({"width": ZOOMED[0], "height": ZOOMED[1]})
    assert await too_wide(page) == []
