"""Every screen for everybody: axe (WCAG 2.2 AA) in both themes and languages, and no horizontal scrolling at 400 %."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from queue_service.db import Database
from tests.browser.conftest import DESK, DISPLAY, KIOSK, PHONE, Hall, OpenPage
from tests.browser.test_whole_path import press_space
from tests.support.factories import a_clerk_at
from tests.support.service import Service

CHECKOUT = Path(__file__).resolve().parents[2]
AXE = (CHECKOUT / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
ZOOMED = (320, 256)
"""A 1280×1024 window at 400 % (WCAG 1.4.10)."""
THEMES = ["ordinary", "contrast"]


async def violations(page: Page) -> list[str]:
    await page.evaluate("document.fonts.ready")
    await page.evaluate(AXE)
    found: list[dict[str, Any]] = await page.evaluate("rules => axe.run(document, rules).then(result => result.violations)", RULES)
    return [f"{each['id']}: {node['html'][:120]} {node['failureSummary'][:300]}" for each in found for node in each["nodes"]]


async def scrolls_sideways(page: Page) -> bool:
    wide: bool = await page.evaluate("document.scrollingElement.scrollWidth > document.scrollingElement.clientWidth + 1")
    return wide


async def prefer(page: Page, base: str, theme: str, language: str) -> None:
    await page.context.add_cookies([{"name": "theme", "value": theme, "url": base}, {"name": "lang", "value": language, "url": base}])


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("language", ["ru", "en"])
async def test_the_pages_of_a_visitor_and_a_clerk(
    service: Service, database: Database, hall: Hall, open_page: OpenPage, theme: str, language: str
) -> None:
    base = service.base_url
    waiting = await service.taken(hall.kiosk)
    called = await service.taken(hall.kiosk, "consultation")
    clerk = await a_clerk_at(database, hall.office, "6")
    await service.called(clerk)
    await service.called(await a_clerk_at(database, hall.office, "5"))
    left = await service.taken(hall.kiosk)
    await service.http.post(f"/api/public/tickets/{left['secret']}/leave")
    page = await open_page(f"{base}/desk/login", PHONE)
    await prefer(page, base, theme, language)
    addresses = ["/", "/desk/login", f"/t/{waiting['secret']}", f"/t/{called['secret']}", f"/t/{left['secret']}", "/t/nobody"]
    addresses += [f"/t/{waiting['secret']}/why"]
    for address in (*addresses, f"/t/{(await service.taken(hall.kiosk))['secret']}/leave"):
        await page.goto(base + address)
        assert await violations(page) == [], address
        await page.set_viewport_size({"width": ZOOMED[0], "height": ZOOMED[1]})
        assert not await scrolls_sideways(page), address
        await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})

    await page.context.add_cookies([{"name": "queue_session", "value": hall.clerk.token, "url": base}])
    await page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    for address in ("/desk", "/desk/bookings"):
        await page.goto(base + address)
        assert await violations(page) == [], address


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("language", ["ru", "en"])
async def test_the_desk_at_work(service: Service, database: Database, hall: Hall, open_page: OpenPage, theme: str, language: str) -> None:
    base = service.base_url
    clerk = await a_clerk_at(database, hall.office, "5")
    page = await open_page(f"{base}/desk/login", DESK)
    await prefer(page, base, theme, language)
    await page.context.add_cookies([{"name": "queue_session", "value": clerk.token, "url": base}])
    await page.goto(f"{base}/desk")
    await expect(page.locator("[data-mode=idle]")).to_be_visible()
    assert await violations(page) == []
    await service.taken(hall.kiosk, privilege="veteran", needs=["wheelchair"])
    await service.taken(hall.kiosk)
    for mode in ("called", "serving"):
        await press_space(page, mode)
        assert await violations(page) == [], mode
    await page.set_viewport_size({"width": ZOOMED[0], "height": ZOOMED[1]})
    assert not await scrolls_sideways(page)


@pytest.mark.parametrize("contrast", [False, True])
@pytest.mark.parametrize("language", ["ru", "en"])
async def test_the_kiosk_from_the_first_screen_to_the_ticket(
    service: Service, hall: Hall, open_page: OpenPage, contrast: bool, language: str
) -> None:
    page = await open_page(f"{service.base_url}/kiosk/?token={hall.kiosk}", KIOSK)
    await expect(page.locator("[data-group]").first).to_be_visible()
    if language == "en":
        await page.locator("[data-action=lang]").click()
    if contrast:
        await page.locator("[data-action=contrast]").click()
    for step in ("[data-group]", "[data-service]", "[data-action=take]"):
        assert await violations(page) == [], step
        assert not await scrolls_sideways(page), step
        await page.locator(step).first.click()
    await expect(page.locator("[data-ticket]").first).to_be_visible()
    assert await violations(page) == []


async def test_the_kiosk_by_keyboard_alone(service: Service, hall: Hall, open_page: OpenPage) -> None:
    page = await open_page(f"{service.base_url}/kiosk/?token={hall.kiosk}", KIOSK)
    for step in ("[data-group]", "[data-service]", "[data-action=take]"):
        await expect(page.locator(step).first).to_be_visible()
        for _ in range(40):
            await page.keyboard.press("Tab")
            if await page.evaluate("step => document.activeElement.matches(step)", step):
                break
        await page.keyboard.press("Enter")
    await expect(page.locator("[data-ticket]").first).to_be_visible()


@pytest.mark.parametrize("theme", ["dark", "contrast"])
async def test_the_display_empty_and_with_calls(service: Service, database: Database, hall: Hall, open_page: OpenPage, theme: str) -> None:
    page = await open_page(f"{service.base_url}/display/?office={hall.office.slug}&token={hall.display}&theme={theme}", DISPLAY)
    await page.wait_for_selector("body[data-kind]:not([data-kind=connecting])")
    assert await violations(page) == []
    for desk in ("5", "6"):
        await service.taken(hall.kiosk)
        await service.called(await a_clerk_at(database, hall.office, desk))
    await expect(page.locator("[data-call][data-desk='6']").first).to_be_visible()
    assert await violations(page) == []
