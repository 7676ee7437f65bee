"""Personal data on real screens: a visitor's name at the desk after the call only; a citizen who sees and erases what is held; axe on
the pages of both, of the audit record and of the evidence."""

from datetime import timedelta

from playwright.async_api import expect

from queue_service.audit.journal import Act, Actor, record
from queue_service.booking.models import Destruction
from queue_service.db import Database
from queue_service.staff.api import SESSION_COOKIE
from queue_service.staff.models import Role
from queue_service.timing import clock
from tests.booking.scene import outbox
from tests.browser.conftest import DESK, PHONE, OpenPage, leads_on
from tests.browser.test_accessibility import THEMES, prefer
from tests.browser.test_booking_pages import violations
from tests.browser.test_desk_day import at_desk
from tests.support.booking import booked, free_slots
from tests.support.factories import a_clerk, a_clerk_at, a_lane, an_office, booked_online
from tests.support.service import Service, bearer

NAME = "Рюрикина Пантелеймона"


async def test_a_clerk_reads_the_name_only_of_whom_they_have_called(service: Service, database: Database, open_page: OpenPage) -> None:
    office = await an_office(database)
    await booked_online(database, office, check_in_opens_minutes=720)
    await a_lane(database, office)
    clerk = await a_clerk_at(database, office, "1")
    administrator = await a_clerk(database, office, role=Role.HALL_ADMINISTRATOR)
    booking = await booked(service, office, (await free_slots(service, office, days=1))[1], name=NAME)
    answer = await service.http.post("/api/desk/check-ins", json={"code": booking["reference"]}, headers=bearer(administrator.token))
    assert answer.status_code == 201
    page = await at_desk(service.base_url, open_page, clerk)
    await page.wait_for_selector("#main[data-mode=idle]:not([data-busy])")
    await page.keyboard.press("b")
    assert NAME not in await page.content()
    await page.keyboard.press("Space")
    await page.wait_for_selector("#main[data-mode=called]:not([data-busy])")
    assert NAME not in await page.content(), "nobody has asked yet"
    await page.keyboard.press("b")
    await expect(page.locator("#done")).to_contain_text(NAME)
    assert await database.hot.fetchval("SELECT count(*) FROM audit_record WHERE act = 'visitor.name_seen'") == 1


async def test_a_citizen_sees_everything_by_a_code_and_erases_it(service: Service, database: Database, open_page: OpenPage) -> None:
    office = await an_office(database)
    await booked_online(database, office)
    await a_lane(database, office)
    slots = await free_slots(service, office, days=1)
    made = [await booked(service, office, slot, contact="anna@mail.ru", name=NAME) for slot in (slots[-1], slots[-5])]
    page = await open_page(f"{service.base_url}/a/{made[0]['secret']}", PHONE)
    await page.get_by_role("link", name="Мои данные").click()
    await expect(page.get_by_text(NAME)).to_be_visible()
    for theme in THEMES:
        await prefer(page, service.base_url, theme, "ru")
        await page.reload()
        assert await violations(page) == []
    await leads_on(page.get_by_role("button", name="Отправить код"))
    await page.get_by_label("Введите код").fill((await outbox(database, "code"))[-1].facts.code)
    await page.get_by_role("button", name="Показать всё").click()
    await expect(page.get_by_role("heading", level=2)).to_have_count(3)
    assert await violations(page) == []
    assert await database.hot.fetchval("SELECT count(*) FROM appointment WHERE erased_at IS NOT NULL") == 0
    await page.get_by_role("button", name="Удалить мои данные").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Данные удалены")
    assert await violations(page) == []
    await page.goto(f"{service.base_url}/a/{made[1]['secret']}")
    await expect(page.get_by_text("Данные этой записи удалены")).to_be_visible()


async def test_the_record_and_the_evidence_can_be_read_by_everybody_who_may(
    service: Service, database: Database, open_page: OpenPage
) -> None:
    office = await an_office(database)
    auditor = await a_clerk(database, None, role=Role.AUDITOR)
    now = clock()
    async with database.session() as db:
        for number in range(3):
            act = Act("device.changed", f"device:{number}", office.id, {"volume": 3}, {"volume": 7, "a": 1, "b": 2, "c": 3}, "Тихо")
            record(db, Actor("anna", 1, "10.0.0.7"), act, now - timedelta(hours=number))
        db.add(Destruction(at=now, office_id=office.id, category="appointment", count=5, reason="retention", actor="system"))
    number = await database.hot.fetchval("SELECT id FROM destruction")
    for size in (DESK, PHONE):
        page = await open_page(f"{service.base_url}/", size)
        await page.context.add_cookies([{"name": SESSION_COOKIE, "value": auditor.token, "url": service.base_url}])
        for path in ("audit", "privacy", f"privacy/{number}"):
            await page.goto(f"{service.base_url}/admin/{path}")
            assert await violations(page) == [], path
            sideways = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
            assert not await page.evaluate(sideways), f"{path} at {size}"
