"""The main job, as people do it: a tap at the kiosk, a call at the desk, a row on the display, a word on the phone."""

import io
from urllib.parse import urlsplit

import zxingcpp
from PIL import Image
from playwright.async_api import Page, expect

from tests.browser.conftest import DESK, DISPLAY, KIOSK, PHONE, Hall, OpenPage, until
from tests.support.factories import PASSWORD
from tests.support.service import Service, eventually


async def take_a_ticket(kiosk: Page) -> str:
    """Three taps: group, service, ticket; the number on the screen."""
    await kiosk.locator("[data-group]").first.click()
    await kiosk.locator("[data-service=passport]").click()
    await kiosk.locator("[data-action=take]").click()
    ticket = kiosk.locator("[data-ticket]").first
    await expect(ticket).to_be_visible()
    return await ticket.get_attribute("data-ticket") or ""


async def sign_in_at(desk: Page, hall: Hall, number: str) -> None:
    await desk.fill("[name=login]", hall.clerk.login)
    await desk.fill("[name=password]", PASSWORD)
    await desk.keyboard.press("Enter")
    await desk.locator(f"button[data-desk='{number}']").click()
    await expect(desk.locator("[data-mode=idle]")).to_be_visible()


async def press_space(desk: Page, then: str) -> None:
    """The main action, once the desk has settled after the last one; the mode it leads to."""
    await expect(desk.locator("[data-mode]:not([data-busy])")).to_be_visible()
    await desk.keyboard.press("Space")
    await expect(desk.locator(f"[data-mode={then}]")).to_be_visible()


async def qr_on(page: Page) -> str:
    """What a phone's camera would read from the screen."""
    await until(page, "[...document.images].some(image => image.src.endsWith('qr.svg') && image.naturalWidth > 0)")

    async def read() -> list[str]:
        return [code.text for code in zxingcpp.read_barcodes(Image.open(io.BytesIO(await page.screenshot())))]

    (code,) = await eventually(read)  # it may be there and not be drawn yet
    return str(code)


async def test_a_visitor_takes_a_ticket_is_called_and_served(service: Service, hall: Hall, open_page: OpenPage) -> None:
    base = service.base_url
    display = await open_page(f"{base}/display/?office={hall.office.slug}&token={hall.display}", DISPLAY)
    kiosk = await open_page(f"{base}/kiosk/?token={hall.kiosk}", KIOSK)
    assert hall.kiosk not in kiosk.url, "the token stays in the address bar"

    number = await take_a_ticket(kiosk)
    assert number == "А001"

    address = await qr_on(kiosk)
    phone = await open_page(base + urlsplit(address).path, PHONE)
    ticket = phone.locator("[data-state]").first
    await expect(ticket).to_have_attribute("data-state", "waiting")
    await expect(ticket).to_have_attribute("data-ahead", "0")

    desk = await open_page(f"{base}/desk", DESK)
    await sign_in_at(desk, hall, "5")
    await press_space(desk, "called")

    row = display.locator(f"[data-call][data-ticket='{number}'][data-desk='5']").first
    await expect(row).to_be_visible()
    await until(display, "number => QueueDisplay.spoken.some(call => call.ticket === number)", number)
    await expect(ticket).to_have_attribute("data-state", "called")
    await expect(phone.get_by_text("5", exact=True).first).to_be_visible()

    await press_space(desk, "serving")
    await expect(ticket).to_have_attribute("data-state", "serving")
    await press_space(desk, "idle")
    await expect(ticket).to_have_attribute("data-state", "served")
    await expect(display.locator(f"[data-ticket='{number}']")).to_have_count(0)


async def test_two_hasty_taps_give_one_ticket(service: Service, hall: Hall, open_page: OpenPage) -> None:
    kiosk = await open_page(f"{service.base_url}/kiosk/?token={hall.kiosk}", KIOSK)
    await kiosk.locator("[data-group]").first.click()
    await kiosk.locator("[data-service=passport]").click()
    await kiosk.locator("[data-action=take]").dblclick()
    await expect(kiosk.locator("[data-ticket]").first).to_be_visible()

    async def announced() -> list[str]:
        return list((await service.get(f"/api/public/offices/{hall.office.slug}/board")).json()["next"])

    assert await eventually(announced) == ["А001"]


async def test_a_visitor_leaves_the_queue_without_javascript(service: Service, hall: Hall, open_page: OpenPage) -> None:
    ticket = await service.taken(hall.kiosk)
    phone = await open_page(f"{service.base_url}/t/{ticket['secret']}", PHONE, java_script_enabled=False)
    await expect(phone.locator("[data-state]").first).to_have_attribute("data-state", "waiting")
    await phone.locator("a[href$='/leave']").click()
    await phone.locator("main form button[type=submit]").click()
    await expect(phone.locator("[data-state]").first).to_have_attribute("data-state", "left")


async def test_a_clerk_works_with_the_keyboard_alone(service: Service, hall: Hall, open_page: OpenPage) -> None:
    for _ in range(3):
        await service.taken(hall.kiosk)
    desk = await open_page(f"{service.base_url}/desk", DESK)
    await desk.keyboard.press("Tab")
    await desk.focus("[name=login]")
    await desk.keyboard.type(hall.clerk.login)
    await desk.keyboard.press("Tab")
    await desk.keyboard.type(PASSWORD)
    await desk.keyboard.press("Enter")
    await desk.locator("button[data-desk='5']").focus()
    await desk.keyboard.press("Enter")
    await expect(desk.locator("[data-mode=idle]")).to_be_visible()
    for _ in range(2):
        for mode in ("called", "serving", "idle"):
            await press_space(desk, mode)
    await press_space(desk, "called")
    await expect(desk.locator("[data-mode]:not([data-busy])")).to_be_visible()
    await desk.keyboard.press("KeyY")  # Н: did not come; this office needs one call and no seconds
    await expect(desk.locator("[data-mode=idle]")).to_be_visible()
