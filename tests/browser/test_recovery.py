"""Screens after a bad moment: they recover by themselves, show the present, and speak what is fresh once."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from playwright.async_api import Page, expect

from queue_service.db import Database, opened
from queue_service.schema import upgrade_now
from tests.browser.conftest import DESK, DISPLAY, PHONE, Hall, OpenPage, a_hall, until
from tests.support.factories import a_clerk_at
from tests.support.postgres import a_server, execute_as_owner
from tests.support.service import ServiceProcess

StartProcess = Callable[..., Awaitable[ServiceProcess]]


async def calls_spoken(display: Page) -> list[str]:
    spoken: list[str] = await display.evaluate("QueueDisplay.spoken.map(function (call) { return call.ticket; })")
    return spoken


async def test_a_killed_service_comes_back_and_every_screen_with_it(
    database: Database, hall: Hall, service_process: StartProcess, open_page: OpenPage
) -> None:
    service = await service_process()
    clerk = await a_clerk_at(database, hall.office, "6")
    display = await open_page(f"{service.base_url}/display/?office={hall.office.slug}&token={hall.display}", DISPLAY)
    first = await service.taken(hall.kiosk)
    second = await service.taken(hall.kiosk)
    phone = await open_page(f"{service.base_url}/t/{second['secret']}", PHONE)
    await service.called(clerk)
    await expect(display.locator(f"[data-ticket='{first['number']}']").first).to_be_visible()

    service.kill()
    service.start()
    await service.ready()
    assert (await service.desk(clerk, "start")).status_code == 200
    assert (await service.desk(clerk, "finish")).status_code == 200
    await service.called(clerk)

    await expect(display.locator(f"[data-call][data-ticket='{second['number']}']").first).to_be_visible()
    await expect(display.locator(f"[data-ticket='{first['number']}']")).to_have_count(0)
    await expect(phone.locator("[data-state]").first).to_have_attribute("data-state", "called")
    await until(display, "number => QueueDisplay.spoken.some(call => call.ticket === number)", second["number"])
    assert await calls_spoken(display) == [first["number"], second["number"]]


async def test_the_desk_says_that_it_is_cut_off_and_comes_back(hall: Hall, service_process: StartProcess, open_page: OpenPage) -> None:
    service = await service_process()
    desk = await open_page(f"{service.base_url}/desk/login", DESK)
    await desk.context.add_cookies([{"name": "queue_session", "value": hall.clerk.token, "url": service.base_url}])
    await desk.goto(f"{service.base_url}/desk")
    await desk.locator("button[data-desk='5']").click()
    await expect(desk.locator("[data-mode=idle]")).to_be_visible()
    link = desk.locator("[data-link]").first
    await expect(link).to_have_attribute("data-link", "live")

    service.kill()
    await expect(link).to_have_attribute("data-link", "lost")
    service.start()
    await service.ready()
    await service.taken(hall.kiosk)
    await expect(link).to_have_attribute("data-link", "live")
    await expect(desk.locator("#queue li[data-ticket='А001']")).to_be_visible()


async def test_a_killed_listener_is_replaced_and_no_call_is_missed(
    database: Database, hall: Hall, service_process: StartProcess, open_page: OpenPage
) -> None:
    service = await service_process()
    clerk = await a_clerk_at(database, hall.office, "6")
    display = await open_page(f"{service.base_url}/display/?office={hall.office.slug}&token={hall.display}", DISPLAY)
    await display.wait_for_selector("body[data-kind]:not([data-kind=connecting])")
    ticket = await service.taken(hall.kiosk)
    listeners = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
    killed = await execute_as_owner(database, listeners)
    assert killed >= 1
    await service.called(clerk)
    await expect(display.locator(f"[data-call][data-ticket='{ticket['number']}']").first).to_be_visible()
    await until(display, "QueueDisplay.spoken.length > 0")
    assert await calls_spoken(display) == [ticket["number"]]


async def test_a_restarted_database_costs_the_hall_nothing(tmp_path: Path, open_page: OpenPage) -> None:
    with a_server() as server:
        url = server.url
        await asyncio.to_thread(upgrade_now, url)
        async with opened(url) as database:
            hall = await a_hall(database)
            clerk = await a_clerk_at(database, hall.office, "6")
        service = ServiceProcess({"QUEUE_DATABASE_URL": url}, 1, tmp_path)
        service.start()
        try:
            await service.ready()
            display = await open_page(f"{service.base_url}/display/?office={hall.office.slug}&token={hall.display}", DISPLAY)
            ticket = await service.taken(hall.kiosk)
            phone = await open_page(f"{service.base_url}/t/{ticket['secret']}", PHONE)

            await asyncio.to_thread(server.stop)
            assert (await service.take(hall.kiosk)).status_code == 503
            await asyncio.to_thread(server.start)
            await service.ready()

            assert (await service.called(clerk))["number"] == ticket["number"]
            await expect(display.locator(f"[data-call][data-ticket='{ticket['number']}']").first).to_be_visible()
            await expect(phone.locator("[data-state]").first).to_have_attribute("data-state", "called")
            await until(display, "QueueDisplay.spoken.length > 0")
            assert await calls_spoken(display) == [ticket["number"]]
        finally:
            service.kill()
            await service.close()
