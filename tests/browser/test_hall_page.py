"""The hall administrator's ten commonest troubles, handled in Chromium; and the screen for everybody who works at it."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Page, expect

from queue_service.db import Database
from queue_service.staff.models import Role
from queue_service.tickets.rules import Rank
from tests.browser.conftest import DESK, OpenPage, until
from tests.browser.test_accessibility import THEMES, ZOOMED, prefer, scrolls_sideways, violations
from tests.support.booking import booked, free_slots
from tests.support.factories import (
    AClerk,
    AnOffice,
    Queued,
    a_clerk,
    a_clerk_at,
    a_desk,
    a_kiosk,
    a_lane,
    a_privilege,
    a_queue,
    a_service,
    an_office,
    booked_online,
)
from tests.support.service import Service

LARGE = (1920, 1080)
CODE_IS_WAITED_FOR = "() => { const real = setTimeout; window.setTimeout = (job, wait) => real(job, wait === 4000 ? 60000 : wait); }"
"""However slowly the picture of the code comes, it is on the paper."""


async def an_office_with_desks(database: Database) -> AnOffice:
    await a_privilege(database)
    return await an_office(
        database,
        a_service("passport", "А"),
        a_service("help", "К"),
        desks=[a_desk("1"), a_desk("2")],
        no_show_min_calls=1,
        no_show_min_seconds=0,
        amber_minutes=5,
    )


async def open_hall(service: Service, database: Database, office: AnOffice, open_page: OpenPage, size: tuple[int, int] = DESK) -> Page:
    who = await a_clerk(database, office, role=Role.HALL_ADMINISTRATOR)
    page = await open_page(f"{service.base_url}/desk/login?next=/desk/hall", size)
    await page.context.add_cookies([{"name": "queue_session", "value": who.token, "url": service.base_url}])
    await page.goto(f"{service.base_url}/desk/hall")
    await expect(page.locator("#link[data-link=live]")).to_be_visible()
    return page


async def give_reason(page: Page, reason: str) -> None:
    await page.fill("#reason-text", reason)
    await page.locator("#reason button[type=submit]").click()
    await expect(page.locator("#reason")).to_be_hidden()


async def open_ticket(page: Page, number: str) -> None:
    """By the search, as when a visitor stands there with the paper."""
    await page.keyboard.press("F2")
    await page.fill("#find-text", number)
    await page.keyboard.press("Enter")
    await expect(page.locator(f"#panel[data-ticket='{number}']")).to_be_visible()


async def test_who_cannot_use_the_kiosk_gets_a_ticket_on_paper(service: Service, database: Database, open_page: OpenPage) -> None:
    page = await open_hall(service, database, await an_office_with_desks(database), open_page)
    await page.evaluate(
        "() => { window.printed = []; window.print = () => printed.push(document.querySelector('#paper .paper')?.textContent); }"
    )
    await page.evaluate(CODE_IS_WAITED_FOR)
    await page.keyboard.press("F4")
    await page.select_option("#issue-service", "passport")
    await page.select_option("#issue-privilege", "veteran")
    await page.check("#issue-wheelchair")
    await page.locator("#issue button[value=print]").click()
    await expect(page.locator("#panel[data-ticket='А001'][data-state=waiting]")).to_be_visible()
    await expect(page.locator("#done")).to_contain_text("А001")
    await until(page, "printed.length === 1")
    assert "А001" in await page.evaluate("printed[0]")
    assert await page.evaluate("document.querySelector('#paper img').naturalWidth") > 0
    await expect(page.locator("#queue [data-ticket='А001']")).to_contain_text("кресло-коляска")


async def test_paper_that_does_not_come_makes_nobody_press_again(service: Service, database: Database, open_page: OpenPage) -> None:
    page = await open_hall(service, database, await an_office_with_desks(database), open_page)
    await page.route("**/paper", lambda route: route.abort())
    await page.locator("#issue button[value=print]").click()
    await expect(page.locator("#done")).to_contain_text("не напечатан")
    await expect(page.locator("#panel[data-ticket='А001'] [data-act=print]")).to_be_visible()
    await expect(page.locator("#failed")).to_be_empty()


async def test_a_booked_visitor_is_found_by_name_and_checked_in(service: Service, database: Database, open_page: OpenPage) -> None:
    office = await an_office_with_desks(database)
    await booked_online(database, office)
    await a_lane(database, office, ["passport"])
    booking = await booked(service, office, (await free_slots(service, office, days=1))[1], name="Пётр Семёнов")
    page = await open_hall(service, database, office, open_page)
    await page.keyboard.press("F2")
    await page.fill("#find-text", "семенов")
    await page.keyboard.press("Enter")
    row = page.locator(f"[data-reference='{booking['reference']}']")
    await expect(row).to_be_visible()
    await row.locator("button").click()
    await expect(page.locator("#panel[data-ticket]")).to_be_visible()
    assert "Семёнов" not in await page.inner_text("body")


async def test_an_ill_visitor_goes_first_and_everybody_can_read_why(service: Service, database: Database, open_page: OpenPage) -> None:
    office = await an_office_with_desks(database)
    kiosk = await a_kiosk(database, office)
    for _ in range(3):
        await service.taken(kiosk)
    page = await open_hall(service, database, office, open_page)
    await open_ticket(page, "А003")
    await page.locator("[data-act=first]").click()
    await page.fill("#reason-text", "   ")
    await page.locator("#reason button[type=submit]").click()
    await expect(page.locator("#reason [data-refusal]")).not_to_be_empty()  # the refusal, beside what was typed
    await give_reason(page, "Плохо себя чувствует")
    await expect(page.locator("#queue li").first.locator("[data-ticket]")).to_have_attribute("data-ticket", "А003")
    await page.locator("[data-tab=journal]").click()
    await expect(page.locator("[data-journal='А003']")).to_contain_text("Плохо себя чувствует")


async def test_a_visitor_without_a_copy_is_set_aside_and_returned(service: Service, database: Database, open_page: OpenPage) -> None:
    office = await an_office_with_desks(database)
    await service.taken(await a_kiosk(database, office))
    page = await open_hall(service, database, office, open_page)
    await open_ticket(page, "А001")
    await page.locator("[data-act=postpone]").click()
    await page.locator("#postpone-reasons input[value=documents]").check()
    await page.locator("#postpone button[type=submit]").click()
    await expect(page.locator("#panel[data-state=postponed]")).to_be_visible()
    await page.locator("[data-tab=postponed]").click()
    await expect(page.locator("#postponed [data-ticket='А001']")).to_be_visible()
    await page.locator("[data-act=resume]").click()
    await expect(page.locator("#panel[data-state=waiting]")).to_be_visible()


async def test_who_was_on_the_stairs_is_brought_back(service: Service, database: Database, open_page: OpenPage) -> None:
    office = await an_office_with_desks(database)
    await service.taken(await a_kiosk(database, office))
    clerk = await a_clerk_at(database, office, "1")
    await service.called(clerk)
    await service.desk(clerk, "no-show")
    page = await open_hall(service, database, office, open_page)
    await page.locator("[data-tab=missed]").click()
    await page.locator("#missed [data-ticket='А001']").click()
    await page.locator("[data-act=come-back]").click()
    await expect(page.locator("#panel[data-state=waiting]")).to_be_visible()


async def test_a_forgotten_document_of_priority_and_a_wheelchair(service: Service, database: Database, open_page: OpenPage) -> None:
    office = await an_office_with_desks(database)
    await service.taken(await a_kiosk(database, office))
    page = await open_hall(service, database, office, open_page)
    await open_ticket(page, "А001")
    await page.locator("[data-act=privilege]").click()
    await page.locator("#privilege-list input[value=veteran]").check()
    await page.locator("#privilege button[type=submit]").click()
    await page.locator("[data-act=needs]").click()
    await page.check("#change-wheelchair")
    await page.locator("#needs button[type=submit]").click()
    marks = page.locator("[data-slot=marks]")
    await expect(marks).to_contain_text("veteran по-русски")
    await expect(marks).to_contain_text("кресло-коляска")


async def test_who_goes_home_leaves_the_queue(service: Service, database: Database, open_page: OpenPage) -> None:
    office = await an_office_with_desks(database)
    await service.taken(await a_kiosk(database, office))
    page = await open_hall(service, database, office, open_page)
    await page.locator("#queue [data-ticket='А001']").click()
    await page.locator("[data-act=leave]").click()
    await give_reason(page, "Ушёл, отдал талон")
    await expect(page.locator("#panel[data-state=left]")).to_be_visible()
    await expect(page.locator("#panel [data-act]:visible")).to_have_count(0)
    await expect(page.locator("#queue [data-ticket]")).to_have_count(0)


async def test_a_desk_that_its_clerk_forgot_is_closed(service: Service, database: Database, open_page: OpenPage) -> None:
    office = await an_office_with_desks(database)
    await service.taken(await a_kiosk(database, office))
    clerk = await a_clerk_at(database, office, "1")
    await service.called(clerk)
    await service.desk(clerk, "start")
    page = await open_hall(service, database, office, open_page)
    desk = page.locator("#desks [data-desk='1']")
    await expect(desk).to_have_attribute("data-state", "serving")
    await desk.click()
    await page.locator("[data-act=end-desk]").click()
    await give_reason(page, "Ушла домой, окно не закрыла")
    await expect(desk).to_have_attribute("data-state", "closed")


async def test_a_broken_service_is_closed_and_said_on_the_boards(service: Service, database: Database, open_page: OpenPage) -> None:
    office = await an_office_with_desks(database)
    kiosk = await a_kiosk(database, office)
    page = await open_hall(service, database, office, open_page)
    await page.locator("[data-tab=services]").click()
    await page.locator("[data-service-act=passport]").click()
    await give_reason(page, "нет связи с ведомством")
    await expect(page.locator("#services [data-service=passport]")).to_contain_text("нет связи с ведомством")
    assert (await service.take(kiosk)).json()["code"] == "service_closed"
    await page.locator("[data-tab=notices]").click()
    await page.fill("#notice-ru", "Паспорта сегодня не принимаем")
    await page.locator("#notice-form button").click()
    await expect(page.locator("#notices li")).to_contain_text("Паспорта сегодня не принимаем")
    board = (await service.get(f"/api/public/offices/{office.slug}/board")).json()
    assert {"ru": "Паспорта сегодня не принимаем"} in board["ticker"]
    await page.locator("#notices button").click()
    await expect(page.locator("#notices li")).to_have_count(0)
    await page.locator("[data-tab=services]").click()
    await page.locator("[data-service-act=passport][data-closed=true]").click()
    await expect(page.locator("[data-service-act=passport][data-closed=false]")).to_be_visible()


async def test_a_call_for_help_and_a_message_are_answered(service: Service, database: Database, open_page: OpenPage) -> None:
    office = await an_office_with_desks(database)
    clerk = await a_clerk_at(database, office, "2")
    page = await open_hall(service, database, office, open_page)
    await service.desk(clerk, "alarm")
    await service.desk(clerk, "messages", text="Кончилась бумага")
    await expect(page.locator("#alarms li")).to_contain_text("окна 2")
    await expect(page.locator("#messages li")).to_contain_text("Кончилась бумага")
    await page.locator("[data-alarm]").click()
    await expect(page.locator("#alarms li")).to_have_count(0)
    await page.locator("[data-message]").click()
    await expect(page.locator("#messages li")).to_have_count(0)


async def test_the_screen_follows_the_hall_and_shows_who_idles_while_people_wait(
    service: Service, database: Database, open_page: OpenPage
) -> None:
    office = await an_office_with_desks(database)
    clerk = await a_clerk_at(database, office, "1")
    page = await open_hall(service, database, office, open_page)
    desk = page.locator("#desks [data-desk='1']")
    await expect(desk).to_have_attribute("data-state", "free")
    await a_late_queue(database, office)
    await expect(desk).to_have_attribute("data-state", "idle")
    await expect(page.locator("#queue [data-norm=red]")).to_have_count(1)
    await expect(page.locator("#queue [data-norm=amber]")).to_have_count(1)
    await service.called(clerk)
    await expect(desk).to_have_attribute("data-state", "called")
    await service.desk(clerk, "shift/pause", reason="lunch", minutes=30)
    await service.desk(clerk, "start")
    await expect(desk).to_have_attribute("data-state", "serving")


async def a_late_queue(database: Database, office: AnOffice) -> list[int]:
    """One past its due time, one near it, one with time."""
    now = datetime.now(UTC)

    def waiting(minutes: int) -> Queued:
        due = now + timedelta(minutes=minutes)
        return Queued(rank=Rank(due, due, now - timedelta(minutes=15)), issued_at=now - timedelta(minutes=15))

    return await a_queue(database, office, [waiting(-2), waiting(3), waiting(20)])


async def test_by_keyboard_alone_from_the_search_to_the_journal(service: Service, database: Database, open_page: OpenPage) -> None:
    office = await an_office_with_desks(database)
    kiosk = await a_kiosk(database, office)
    for _ in range(2):
        await service.taken(kiosk)
    page = await open_hall(service, database, office, open_page)
    await page.keyboard.press("F2")
    await page.keyboard.type("a002")  # Latin, and small
    await page.keyboard.press("Enter")
    await expect(page.locator("#panel[data-ticket='А002']")).to_be_visible()
    await page.keyboard.press("Tab")  # close
    await page.keyboard.press("Tab")  # put first
    await expect(page.locator("[data-act=first]")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.type("Инвалид, плохо себя чувствует")
    await page.keyboard.press("Enter")
    await expect(page.locator("#queue li").first.locator("[data-ticket]")).to_have_attribute("data-ticket", "А002")
    await expect(page.locator("dialog[open]")).to_have_count(0)  # the queue may be told before the answer comes
    await page.keyboard.press("Escape")
    await expect(page.locator("[data-view=stand]")).to_be_visible()
    await page.locator("#queue .row").first.focus()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.locator("#panel[data-ticket='А001']")).to_be_visible()


async def test_what_is_not_there_is_no_dead_end(service: Service, database: Database, open_page: OpenPage) -> None:
    page = await open_hall(service, database, await an_office_with_desks(database), open_page)
    await page.fill("#find-text", "А777")
    await page.keyboard.press("Enter")
    await expect(page.locator("#failed")).to_contain_text("нет такого талона")
    await expect(page.locator("#issue")).to_be_visible()
    await page.fill("#check-in-code", "1234-5678")
    await page.locator("#check-in button[value=plain]").click()
    await expect(page.locator("#failed")).to_contain_text("не найдена")


async def a_busy_hall(service: Service, database: Database, open_page: OpenPage, size: tuple[int, int]) -> Page:
    office = await an_office_with_desks(database)
    clerk: AClerk = await a_clerk_at(database, office, "1")
    second = await a_clerk_at(database, office, "2")
    await a_late_queue(database, office)
    await service.called(clerk)
    await service.desk(second, "shift/pause", reason="lunch", minutes=30)
    await service.desk(second, "messages", text="Кончилась бумага")
    await service.desk(second, "alarm")
    return await open_hall(service, database, office, open_page, size)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("language", ["ru", "en"])
async def test_the_screen_of_the_hall(service: Service, database: Database, open_page: OpenPage, theme: str, language: str) -> None:
    page = await a_busy_hall(service, database, open_page, DESK)
    await prefer(page, service.base_url, theme, language)
    await page.reload()
    await expect(page.locator("#queue li")).to_have_count(2)
    assert await violations(page) == []
    for name in ("postponed", "missed", "services", "notices", "journal", "queue"):
        await page.locator(f"[data-tab={name}]").click()
        assert await violations(page) == [], name
    await page.locator("#queue .row").first.click()
    assert await violations(page) == [], "ticket"
    for act, dialog in (("postpone", "#postpone"), ("privilege", "#privilege"), ("needs", "#needs"), ("leave", "#reason")):
        await page.locator(f"[data-act={act}]").click()
        await expect(page.locator(dialog)).to_be_visible()
        assert await violations(page) == [], act
        await page.keyboard.press("Escape")
    await page.locator("#desks .row").first.click()
    assert await violations(page) == [], "desk"
    await page.set_viewport_size({"width": ZOOMED[0], "height": ZOOMED[1]})
    assert not await scrolls_sideways(page)


@pytest.mark.parametrize("size", [DESK, LARGE])
async def test_the_whole_hall_stands_on_one_screen(
    service: Service, database: Database, open_page: OpenPage, size: tuple[int, int]
) -> None:
    page = await a_busy_hall(service, database, open_page, size)
    fits = "document.scrollingElement.scrollHeight <= innerHeight && document.scrollingElement.scrollWidth <= innerWidth"
    assert await page.evaluate(fits)
    for part in ("#alarms", "#messages", "[data-count=breached]", "#desks li", "#queue li", "#issue-service"):
        await expect(page.locator(part).first).to_be_in_viewport()
