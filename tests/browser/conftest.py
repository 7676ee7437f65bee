"""One Chromium for the run, a fresh context per page, and a hall that is ready to be used."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.async_api import Browser, Error, Locator, Page, async_playwright, expect

from queue_service.db import Database
from tests.support.factories import AClerk, AnOffice, a_clerk, a_desk, a_display, a_kiosk, a_privilege, a_service, an_office
from tests.support.service import PATIENCE_SECONDS, eventually
from tools.chromium import find_chromium

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",  # as a hall's display is started
    "--kiosk-printing",  # as a kiosk is started: printing asks nobody
]
# Three browsers and their services share two cores here; what comes in milliseconds may then take seconds.
expect.set_options(timeout=PATIENCE_SECONDS * 1000)
KIOSK = (1080, 1920)
DISPLAY = (1920, 1080)
DESK = (1366, 768)
PHONE = (390, 844)

OpenPage = Callable[..., Awaitable[Page]]


async def until(page: Page, expression: str, argument: Any = None) -> None:
    """What no locator can await. Playwright's own wait evaluates a text within the page, which our policy refuses at the second look."""

    async def true() -> bool:
        try:
            return bool(await page.evaluate(expression, argument))
        except Error:
            if page.is_closed():
                raise
            return False  # between two documents

    await eventually(true)


async def leads_on(press: Locator) -> None:
    """Presses what leads to another page and waits for that: the old one must not be read in its place."""
    async with press.page.expect_navigation():
        await press.click()


PATIENCE = (
    "const within = AbortSignal.timeout.bind(AbortSignal);"
    f"AbortSignal.timeout = milliseconds => within(Math.max(milliseconds, {PATIENCE_SECONDS * 1000:.0f}));"
)
"""Pages give a request up after some seconds, and ask the clerk to press again; a machine that stands still is not a service that does."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
async def open_page(browser: Browser) -> AsyncIterator[OpenPage]:
    """`await open_page(url, PHONE)`: a page in a context of its own; a script error or a refused resource fails the test."""
    wrong: list[str] = []
    async with AsyncExitStack() as stack:

        async def open_(url: str, size: tuple[int, int], **options: Any) -> Page:
            context = await browser.new_context(viewport={"width": size[0], "height": size[1]}, locale="ru-RU", **options)
            stack.push_async_callback(context.close)
            context.set_default_timeout(PATIENCE_SECONDS * 1000)
            await context.add_init_script(PATIENCE)
            page = await context.new_page()
            page.on("pageerror", lambda error: wrong.append(f"{url}: {error}"))
            page.on(
                "console",
                lambda message: wrong.append(f"{url}: {message.text}") if "Content Security Policy" in message.text else None,
            )
            await page.goto(url)
            return page

        yield open_
    assert wrong == []


@dataclass(frozen=True)
class Hall:
    office: AnOffice
    kiosk: str
    display: str
    clerk: AClerk


@pytest.fixture
async def hall(database: Database) -> Hall:
    return await a_hall(database)


async def a_hall(database: Database) -> Hall:
    """An office with several groups of services, two desks, a kiosk, a display and a clerk who is at no desk yet."""
    office = await an_office(
        database,
        a_service("passport", "А"),
        a_service("registration", "А"),
        a_service("consultation", "К"),
        a_service("benefits", "С"),
        *(a_service(f"other-{number}", "Т") for number in range(6)),
        desks=(a_desk("5"), a_desk("6")),
        no_show_min_calls=1,
        no_show_min_seconds=0,
    )
    await a_privilege(database)
    return Hall(office, await a_kiosk(database, office), await a_display(database, office), await a_clerk(database, office))
