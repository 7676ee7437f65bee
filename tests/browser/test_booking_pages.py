"""Booking as citizens do it: with and without scripts, by keyboard, in both themes, at 400 %, and when something goes wrong."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Page, expect

from queue_service.db import Database
from queue_service.tickets.rules import Rank
from tests.booking.scene import outbox
from tests.browser.conftest import PHONE, OpenPage, leads_on, until
from tests.browser.test_accessibility import AXE, RULES, THEMES, ZOOMED, prefer, scrolls_sideways
from tests.support.booking import booked, free_slots, held
from tests.support.factories import AnOffice, Queued, a_clerk_at, a_lane, a_queue, a_service, an_office, booked_online
from tests.support.service import Service, eventually

NAME = "Иванова Анна Петровна"
CONTACT = "ivanova@example.ru"


@pytest.fixture
async def office(database: Database) -> AnOffice:
    return await a_bookable_office(database)


async def a_bookable_office(database: Database, lanes: int = 2, **rules: Any) -> AnOffice:
    """Open around the clock; `passport` is booked, and for `family` the number of applications is asked."""
    office = await an_office(database, a_service("passport"), a_service("family", "С"))
    await booked_online(database, office, "passport", **rules)
    await booked_online(database, office, "family", per_application=10)
    for _ in range(lanes):
        await a_lane(database, office)
    return office


@dataclass
class Citizen:
    """A person at a browser."""

    page: Page
    base: str
    office: AnOffice

    @property
    def secret(self) -> str:
        found = re.search(r"/(?:book|a)/([\w-]{18})", self.page.url)
        assert found, self.page.url
        return found[1]

    async def goes_on(self) -> None:
        await self.page.locator("#answers button.big").click()

    async def reaches_the_times(self, service: str = "passport") -> None:
        page = self.page
        await page.goto(f"{self.base}/book")
        await page.locator("a.button.big").click()
        await page.locator(f"#service-{service}").check()
        await self.goes_on()
        if service == "family":
            await page.locator("#applications-3").check()
            await self.goes_on()
        await page.locator(f"[data-office={self.office.slug}] a").click()
        await leads_on(page.locator("[data-day]").nth(1))

    async def holds(self, slot: int = 0, service: str = "passport") -> str:
        """Up to the question who comes; the secret."""
        await self.reaches_the_times(service)
        await self.page.locator(".slot input").nth(slot).check()
        await self.goes_on()
        await expect(self.page.locator("#name")).to_be_visible()
        return self.secret

    async def answers(self, name: str = NAME, contact: str = CONTACT) -> None:
        await self.page.locator("#name").fill(name)
        await self.goes_on()
        await self.page.locator("#contact").fill(contact)
        await self.goes_on()

    async def books(self, slot: int = 0) -> str:
        secret = await self.holds(slot)
        await self.answers()
        await self.goes_on()
        await expect(self.page.locator(".pass[data-reference]")).to_be_visible()
        return secret


Arrives = Any


@pytest.fixture
def arrives(service: Service, office: AnOffice, open_page: OpenPage) -> Arrives:
    """`await arrives()`: a citizen with a telephone; options are the browser's."""

    async def arrive(at: AnOffice | None = None, **options: Any) -> Citizen:
        return Citizen(await open_page(f"{service.base_url}/book", PHONE, **options), service.base_url, at or office)

    return arrive


async def violations(page: Page) -> list[str]:
    """As in test_accessibility, without reading stylesheets anew: axe would write imported ones into the page, which our CSP refuses."""
    await page.evaluate("document.fonts.ready")
    await page.evaluate(AXE)
    options = {**RULES, "preload": False}
    found: list[dict[str, Any]] = await page.evaluate("options => axe.run(document, options).then(result => result.violations)", options)
    return [f"{each['id']}: {node['html'][:120]} {node['failureSummary'][:300]}" for each in found for node in each["nodes"]]


async def too_wide(page: Page) -> list[str]:
    """What sticks out, when the page scrolls sideways."""
    if not await scrolls_sideways(page):
        return []
    found: list[str] = await page.evaluate(
        "[...document.querySelectorAll('body *')].filter(each => each.getBoundingClientRect().right > innerWidth + 1)"
        ".map(each => each.outerHTML.slice(0, 100))"
    )
    return found


async def states(database: Database) -> list[str]:
    return [row["state"] for row in await database.hot.fetch("SELECT state FROM appointment ORDER BY id")]


async def lapse(database: Database, secret: str) -> None:
    """The hold's time is over."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    await database.hot.execute("UPDATE appointment SET hold_expires_at = $2 WHERE secret = $1", secret, past)
    await database.hot.execute(
        "UPDATE lane_taken SET expires_at = $2 FROM appointment WHERE appointment_id = appointment.id AND secret = $1", secret, past
    )


@pytest.mark.parametrize("scripts", [True, False])
async def test_a_booking_from_the_start_page_to_its_own(database: Database, arrives: Arrives, scripts: bool) -> None:
    citizen = await arrives(java_script_enabled=scripts)
    page = citizen.page
    secret = await citizen.holds(service="family")
    held = page.locator("[data-slot=held]")
    await expect(held).to_contain_text(re.compile(r"Мы держим это время до \d\d:\d\d"))
    if scripts:
        await expect(page.locator("[data-slot=left]")).to_have_text(re.compile(r"4:\d\d"))
    await citizen.answers()
    for answer in ("family по-русски", "3", NAME, CONTACT):
        await expect(page.locator(".govuk-summary-list")).to_contain_text(answer)
    await citizen.goes_on()
    await expect(page.locator("h1")).to_have_text("Вы записаны")
    reference = await page.locator("[data-slot=reference]").inner_text()
    assert re.fullmatch(r"\d{4}-\d{4}", reference)
    await until(page, "document.querySelector('.pass-qr').naturalWidth > 0")
    assert await states(database) == ["booked"]

    await page.goto(f"{citizen.base}/find")
    await page.locator("#reference").fill(f" {reference.replace('0', 'О')} ")  # a letter for a nought
    await page.locator("#contact").fill(CONTACT.upper())
    await citizen.goes_on()
    await expect(page).to_have_url(f"{citizen.base}/a/{secret}")
    await expect(page.locator("article.pass")).to_have_attribute("data-state", "booked")
    answer = await page.context.request.get(f"{citizen.base}/a/{secret}/calendar.ics")
    assert "BEGIN:VEVENT" in await answer.text()


async def test_by_keyboard_alone(database: Database, arrives: Arrives) -> None:
    citizen = await arrives()
    page = citizen.page

    async def reach(selector: str) -> None:
        for _ in range(60):
            await page.keyboard.press("Tab")
            if await page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
        raise AssertionError(f"the keyboard does not reach {selector} on {page.url}")

    async def choose(selector: str) -> None:
        await reach(selector)
        await page.keyboard.press("Space")

    async def follow(selector: str, text: str = "") -> None:
        await reach(selector)
        await page.keyboard.type(text)
        async with page.expect_navigation():
            await page.keyboard.press("Enter")

    await follow("a.button.big")
    await choose("#service-passport")
    await follow("#answers button.big")
    await follow(f"[data-office={citizen.office.slug}] a")
    await follow("[data-day]")
    await choose(".slot input")
    await follow("#answers button.big")
    await follow("#name", NAME)
    await follow("#contact", CONTACT)
    await follow("#answers button.big")
    await expect(page.locator("h1")).to_have_text("Вы записаны")
    assert await states(database) == ["booked"]


@pytest.mark.parametrize("theme", THEMES)
async def test_every_page_for_everybody(service: Service, database: Database, office: AnOffice, arrives: Arrives, theme: str) -> None:
    """axe (WCAG 2.2 AA) and no sideways scrolling at 320 pixels, on every page of booking."""
    base = service.base_url
    citizen = await arrives()
    page = citizen.page
    await prefer(page, base, theme, "ru")
    booked = await citizen.books()
    cancelled = await citizen.books(1)
    await service.http.post(f"/api/public/appointments/{cancelled}/cancel")
    verified_at = await a_bookable_office(database, verify_contact=True)
    await (stranger := await arrives(verified_at)).holds()
    await stranger.answers(contact="+7 921 123-45-67")
    await stranger.goes_on()
    unverified = stranger.secret
    lapsed = await (await arrives()).holds(3)
    await lapse(database, lapsed)
    offered, expired = [await api_hold(service, office, slot) for slot in (await free_slots(service, office))[8:10]]
    for secret, state in ((offered, "offered"), (expired, "expired")):
        await database.hot.execute("UPDATE appointment SET state = $2 WHERE secret = $1", secret, state)
    held = await citizen.holds(2)
    await citizen.answers()
    full = await an_office(database, a_service("passport"))
    await booked_online(database, full)
    await a_lane(database, full, hours=((1, 0, 5),))
    choice = f"service=passport&office={office.slug}"
    soon = (datetime.now(UTC) + timedelta(days=2)).date()
    waiting = await service.http.post(
        "/api/public/waitlist",
        json={
            "office": full.slug,
            "service": "passport",
            "from": str(soon),
            "to": str(soon),
            "name": NAME,
            "contact": CONTACT,
        },
    )
    addresses = [
        "/book",
        "/book/service",
        "/book/service?q=passport",
        "/book/service?go=1",
        "/book/applications?service=family",
        "/book/office?service=passport",
        "/book/office?service=passport&district=nowhere",
        f"/book/day?{choice}",
        f"/book/day?service=passport&office={full.slug}",
        f"/book/time?{choice}&date={soon}",
        f"/book/time?{choice}&date={soon}&lost={soon}T09:00:00%2B00:00",
        f"/book/time?service=passport&office={full.slug}&date={soon}",
        *(f"/book/{held}/{step}" for step in ("who", "contact", "check", "time")),
        f"/book/{unverified}/code",
        f"/book/{lapsed}/time",
        f"/book/{booked}/done",
        f"/a/{booked}",
        f"/a/{booked}/move",
        f"/a/{booked}/move?date={soon}",
        f"/a/{booked}/cancel",
        f"/a/{cancelled}",
        f"/a/{offered}",
        f"/a/{expired}",
        "/find",
        f"/book/waitlist?{choice}",
        f"/w/{waiting.json()['secret']}",
        "/a/nobody",
    ]
    for address in addresses:
        await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        await page.goto(base + address)
        assert await violations(page) == [], address
        assert await page.locator("h1").count() == 1, address
        await page.set_viewport_size({"width": ZOOMED[0], "height": ZOOMED[1]})
        assert await too_wide(page) == [], address


async def test_nothing_is_asked_of_another_origin_nor_of_a_missing_file(service: Service, arrives: Arrives) -> None:
    citizen = await arrives()
    asked: list[tuple[int, str]] = []
    citizen.page.on("response", lambda response: asked.append((response.status, response.url)))
    await citizen.books()
    assert [each for each in asked if each[0] >= 400] == []
    assert [url for _, url in asked if not url.startswith(service.base_url)] == []
    family = await citizen.page.evaluate("[...document.querySelectorAll('main *')].map(each => getComputedStyle(each).fontFamily)")
    assert all(each.startswith('"Golos Text"') for each in family)


async def test_a_mistake_is_named_linked_and_put_into_the_title(arrives: Arrives) -> None:
    citizen = await arrives(java_script_enabled=False)
    await citizen.holds()
    await citizen.page.locator("#name").fill("123")
    await citizen.goes_on()
    await expect(citizen.page).to_have_title(re.compile("^Ошибка:"))
    summary = citizen.page.locator(".govuk-error-summary a")
    await expect(summary).to_have_attribute("href", "#name")
    await expect(citizen.page.locator("#name")).to_have_value("123")
    await expect(citizen.page.locator("#name")).to_have_attribute("aria-describedby", re.compile("name-error"))


async def test_a_hold_that_lapsed_keeps_the_form(database: Database, arrives: Arrives) -> None:
    citizen = await arrives(java_script_enabled=False)
    secret = await citizen.holds()
    await citizen.page.locator("#name").fill(NAME)
    await citizen.goes_on()
    await lapse(database, secret)
    await citizen.page.locator("#contact").fill(CONTACT)
    await citizen.goes_on()
    await expect(citizen.page.locator("h1")).to_have_text("Время на оформление вышло")
    await citizen.page.locator(".nearest button").first.click()
    await expect(citizen.page).to_have_url(f"{citizen.base}/book/{secret}/check")
    await expect(citizen.page.locator(".govuk-summary-list")).to_contain_text(NAME)
    await expect(citizen.page.locator(".govuk-summary-list")).to_contain_text(CONTACT)
    await citizen.goes_on()
    assert await states(database) == ["booked"]


async def test_a_time_that_somebody_else_took_offers_the_nearest(service: Service, database: Database, arrives: Arrives) -> None:
    lonely = await a_bookable_office(database, lanes=1)
    citizen = await arrives(lonely)
    await citizen.reaches_the_times()
    first = citizen.page.locator(".slot input").nth(4)
    starts_at = await first.get_attribute("value")
    rival = {"office": lonely.slug, "service": "passport", "starts_at": starts_at}
    assert (await service.http.post("/api/public/appointments", json=rival)).status_code == 201
    await first.check()
    await citizen.goes_on()
    await expect(citizen.page.locator("h1")).to_have_text("Это время только что заняли")
    offered = citizen.page.locator(".nearest button")
    await expect(offered).to_have_count(5)
    assert starts_at not in [await each.get_attribute("value") for each in await offered.all()]
    await offered.first.click()
    await expect(citizen.page.locator("#name")).to_be_visible()
    assert await states(database) == ["held", "held"]


async def test_back_and_another_time_is_the_same_form(database: Database, arrives: Arrives) -> None:
    citizen = await arrives()
    secret = await citizen.holds()
    await citizen.page.locator("#name").fill(NAME)
    await citizen.goes_on()
    await expect(citizen.page.locator("#contact")).to_be_visible()
    await citizen.page.go_back()
    await expect(citizen.page.locator("#name")).to_have_value(NAME)
    await citizen.page.go_back()
    await citizen.page.locator(".slot input").nth(5).check()
    await citizen.goes_on()
    await expect(citizen.page).to_have_url(f"{citizen.base}/book/{secret}/contact")
    assert await states(database) == ["held"]
    assert await database.hot.fetchval("SELECT count(*) FROM lane_taken") == 1


async def test_sending_the_last_form_again_books_once(database: Database, arrives: Arrives) -> None:
    citizen = await arrives()
    secret = await citizen.books()
    again = await citizen.page.context.request.post(f"{citizen.base}/book/{secret}/confirm", max_redirects=0)
    assert (again.status, again.headers["location"]) == (303, f"/book/{secret}/done")
    await citizen.page.go_back()
    await expect(citizen.page.locator("article.pass")).to_have_attribute("data-state", "booked")
    assert await states(database) == ["booked"]
    assert await database.hot.fetchval("SELECT count(*) FROM outbox_message WHERE kind = 'confirmation'") == 1


async def test_the_hold_is_extended_once_and_what_was_typed_stays(database: Database, arrives: Arrives) -> None:
    citizen = await arrives(java_script_enabled=False)
    secret = await citizen.holds()
    until = await database.hot.fetchval("SELECT hold_expires_at FROM appointment WHERE secret = $1", secret)
    await citizen.page.locator("#name").fill(NAME)
    await leads_on(citizen.page.get_by_role("button", name="Продлить на 5 минут"))
    await expect(citizen.page.locator("#name")).to_have_value(NAME)
    assert await database.hot.fetchval("SELECT hold_expires_at FROM appointment WHERE secret = $1", secret) > until
    await expect(citizen.page.locator(".held button")).to_have_count(0)


async def test_the_enter_key_answers_the_question_and_does_not_extend(arrives: Arrives) -> None:
    citizen = await arrives()
    await citizen.holds()
    await citizen.page.locator("#name").fill(NAME)
    await citizen.page.locator("#name").press("Enter")
    await expect(citizen.page.locator("#contact")).to_be_visible()
    await expect(citizen.page.locator(".held button")).to_be_visible()


async def test_a_minute_before_the_end_it_is_said_and_at_the_end_nothing_is_lost(database: Database, arrives: Arrives) -> None:
    citizen = await arrives()
    page = citizen.page
    await page.clock.install()
    await citizen.holds()
    await page.locator("#name").fill(NAME)
    said = page.locator("#held-said")
    await page.clock.run_for(200_000)
    await expect(said).to_be_empty()
    await page.clock.run_for(50_000)
    await expect(said).to_contain_text("Осталась одна минута")
    await page.clock.run_for(60_000)
    await expect(said).to_contain_text("Мы больше не держим это время")
    await expect(page.locator("[data-slot=lapsed]")).to_be_visible()
    await expect(page.locator("#name")).to_have_value(NAME)


async def test_where_the_office_verifies_the_code_books(service: Service, database: Database, arrives: Arrives) -> None:
    verified_at = await a_bookable_office(database, verify_contact=True)
    citizen = await arrives(verified_at, java_script_enabled=False)
    page = citizen.page
    await citizen.holds()
    await citizen.answers()
    await citizen.goes_on()
    await expect(page.locator("h1")).to_have_text("Введите код")
    row = await database.hot.fetchrow("SELECT payload FROM outbox_message WHERE kind = 'code'")
    assert row is not None
    if row["payload"] is None:
        pytest.fail("the code's text was erased before the test could read it")
    code = json.loads(service.app.state.booking.ring.unseal(row["payload"]))["facts"]["code"]
    wrong = "000000" if code != "000000" else "111111"
    await page.locator("#code").fill(wrong)
    await citizen.goes_on()
    await expect(page.locator(".govuk-error-summary")).to_contain_text("Код не подошёл")
    await expect(page.locator("main")).to_contain_text("Осталось 4 попытки")
    await page.get_by_role("button", name="Отправить ещё один код").click()
    await expect(page.locator("main")).to_contain_text("Прежний тоже действует")
    await page.locator("#code").fill(f"{code[:3]} {code[3:]}")
    await citizen.goes_on()
    await expect(page.locator("h1")).to_have_text("Вы записаны")
    assert await states(database) == ["booked"]


async def test_find_my_booking_has_a_page_for_each_miss(service: Service, database: Database, arrives: Arrives) -> None:
    citizen = await arrives(java_script_enabled=False)
    page = citizen.page
    secret = await citizen.books()
    reference = await page.locator("[data-slot=reference]").inner_text()

    async def look(reference: str, contact: str) -> str:
        await page.goto(f"{citizen.base}/find")
        await page.locator("#reference").fill(reference)
        await page.locator("#contact").fill(contact)
        await leads_on(page.locator("#answers button.big"))
        said: str = await page.locator("main").inner_text()
        return said

    for typed in ((reference, "other@example.ru"), ("4829-1350", CONTACT), ("nonsense", "nonsense")):
        said = await look(*typed)
        assert "Записи с таким кодом и таким контактом нет." in said, "the same sentence, whichever was wrong"
    await service.http.post(f"/api/public/appointments/{secret}/cancel")
    assert "Запись отменена" in await look(reference, CONTACT)
    await database.hot.execute(
        "UPDATE appointment SET state = 'missed', starts_at = starts_at - interval '9 days', ends_at = ends_at - interval '9 days'"
    )
    assert "Время этой записи прошло" in await look(reference, CONTACT)


async def test_only_a_form_of_ours_cancels(service: Service, database: Database, arrives: Arrives) -> None:
    citizen = await arrives(java_script_enabled=False)
    secret = await citizen.books()
    for path in (f"/a/{secret}", f"/a/{secret}/cancel", f"/a/{secret}/move"):
        assert (await service.http.get(path)).status_code == 200
    assert await states(database) == ["booked"], "a mail scanner follows links"
    foreign = await service.http.post(f"/a/{secret}/cancel", headers={"Origin": "https://elsewhere.example"})
    assert foreign.status_code == 403
    assert await states(database) == ["booked"]
    await citizen.page.goto(f"{citizen.base}/a/{secret}/cancel")
    await citizen.page.get_by_role("button", name="Отменить запись").click()
    await expect(citizen.page).to_have_url(f"{citizen.base}/a/{secret}")
    await expect(citizen.page.locator("article.pass")).to_have_attribute("data-state", "cancelled")
    assert await states(database) == ["cancelled"]


async def test_a_booking_moves_as_often_as_it_may(database: Database, arrives: Arrives) -> None:
    citizen = await arrives(java_script_enabled=False)
    page = citizen.page
    secret = await citizen.books()
    for left in (1, 0):
        await page.goto(f"{citizen.base}/a/{secret}")
        await page.get_by_role("link", name="Перенести").click()
        await leads_on(page.locator("[data-day]").nth(3))
        slot = page.locator(".slot input").nth(left)
        starts_at = datetime.fromisoformat(await slot.get_attribute("value") or "")
        await slot.check()
        await citizen.goes_on()
        await expect(page.locator(".notice.good")).to_contain_text("Запись перенесена")
        assert await database.hot.fetchval("SELECT starts_at FROM appointment WHERE secret = $1", secret) == starts_at

    async def no_more() -> bool:
        await page.reload()
        return not await page.get_by_role("link", name="Перенести").count()

    await eventually(no_more)  # the service hears of the move a moment after the page has said it
    await expect(page.locator("main")).to_contain_text("Запись больше нельзя перенести")


async def test_check_in_on_the_telephone_becomes_the_ticket(
    service: Service, database: Database, office: AnOffice, arrives: Arrives
) -> None:
    days = (await service.http.get(f"/api/public/offices/{office.slug}/slots?service=passport")).json()["days"]
    next_slot = days[0]["slots"][1]["starts_at"]  # within half an hour; the first may begin before it is booked
    held = (
        await service.http.post("/api/public/appointments", json={"office": office.slug, "service": "passport", "starts_at": next_slot})
    ).json()
    confirm = {"name": NAME, "contact": CONTACT, "language": "ru"}
    assert (await service.http.post(f"/api/public/appointments/{held['secret']}/confirm", json=confirm)).status_code == 200
    citizen = await arrives()
    await citizen.page.goto(f"{citizen.base}/a/{held['secret']}")
    await citizen.page.get_by_role("button", name="Я в зале, отметиться").click()
    await expect(citizen.page.locator("article.ticket")).to_have_attribute("data-state", "waiting")
    assert await states(database) == ["checked_in"]
    ticket = citizen.page.url
    await citizen.page.goto(f"{citizen.base}/a/{held['secret']}")
    await expect(citizen.page).to_have_url(ticket)


async def test_the_open_page_follows_what_happens_elsewhere(service: Service, arrives: Arrives) -> None:
    citizen = await arrives()
    secret = await citizen.books()
    await citizen.page.goto(f"{citizen.base}/a/{secret}")
    await expect(citizen.page.locator("#pause")).to_be_visible()
    await service.http.post(f"/api/public/appointments/{secret}/cancel")
    await expect(citizen.page.locator("article.pass")).to_have_attribute("data-state", "cancelled")
    await expect(citizen.page.locator("h1")).to_contain_text("Запись отменена")


async def test_the_waitlist_offers_and_one_press_accepts(service: Service, database: Database, office: AnOffice, arrives: Arrives) -> None:
    citizen = await arrives(java_script_enabled=False)
    page = citizen.page
    await page.goto(f"{citizen.base}/book/waitlist?service=passport&office={office.slug}")
    await citizen.goes_on()
    await expect(page.locator(".govuk-error-summary a"), "all mistakes at once").to_have_count(2)
    await page.locator("#name").fill(NAME)
    await page.locator("#contact").fill(CONTACT)
    await citizen.goes_on()
    await page.wait_for_url(re.compile("/w/"))
    link = page.get_by_role("link", name="Ответить на предложение")

    async def offered() -> bool:
        await page.reload()
        return bool(await link.count())

    await eventually(offered)  # by the service's own worker
    await link.click()
    await page.get_by_role("button", name="Принять").click()
    await expect(page.locator("article.pass")).to_have_attribute("data-state", "booked")
    assert await states(database) == ["booked"]


async def api_hold(service: Service, office: AnOffice, starts_at: str) -> str:
    return str((await held(service, office, starts_at))["secret"])


async def remembered(service: Service, secret: str, contact: str = CONTACT) -> None:
    """The form is filled in up to its last page."""
    for question, typed in (("who", {"name": NAME}), ("contact", {"contact": contact})):
        assert (await service.http.post(f"/book/{secret}/{question}", data=typed)).status_code == 303


async def links_sent(database: Database) -> int:
    return int(await database.hot.fetchval("SELECT count(*) FROM outbox_message WHERE kind = 'links'"))


async def test_who_has_too_many_bookings_keeps_the_form_and_is_sent_their_links(service: Service, database: Database) -> None:
    """Whether the contact was believed, or proven by a code, or stood on the waitlist."""
    office = await a_bookable_office(database, active_limit=1)
    slots = (await free_slots(service, office))[8:12]
    await booked(service, office, slots[0], contact=CONTACT)
    secret = await api_hold(service, office, slots[1])
    await remembered(service, secret)
    refused = await service.http.post(f"/book/{secret}/confirm")
    assert (refused.status_code, CONTACT in refused.text, "Проверьте" in refused.text) == (409, True, True)
    assert await links_sent(database) == 1

    await database.hot.execute("DELETE FROM outbox_message")
    verified_at = await a_bookable_office(database, active_limit=1, verify_contact=True)
    secret = await api_hold(service, verified_at, slots[2])
    await remembered(service, secret)
    assert (await service.http.post(f"/book/{secret}/confirm")).headers["location"] == f"/book/{secret}/code"
    (code,) = await outbox(database, "code")
    refused = await service.http.post(f"/book/{secret}/code", data={"code": code.facts.code})
    assert (refused.status_code, CONTACT in refused.text) == (409, True)
    assert await links_sent(database) == 1

    await database.hot.execute("DELETE FROM outbox_message")
    await database.hot.execute("UPDATE appointment SET state = 'offered' WHERE secret = $1", secret)
    refused = await service.http.post(f"/a/{secret}/accept")
    assert (refused.status_code, "Принять" in refused.text) == (409, True)
    assert await links_sent(database) == 1
    assert sorted(await states(database)) == ["booked", "held", "offered"]


async def test_a_person_cannot_be_at_two_desks_at_one_time(service: Service, database: Database) -> None:
    office = await a_bookable_office(database, lanes=3)
    first, second = (await free_slots(service, office))[8:10]
    await booked(service, office, first, contact=CONTACT, name=NAME)
    secret = await api_hold(service, office, first)
    await remembered(service, secret)
    refused = await service.http.post(f"/book/{secret}/confirm")
    assert (refused.status_code, "#change-time" in refused.text, NAME in refused.text) == (409, True, True)
    other = (await booked(service, office, second, contact=CONTACT, name=NAME))["secret"]
    refused = await service.http.post(f"/a/{other}/move", data={"starts_at": first})
    assert (refused.status_code, 'data-state="booked"' in refused.text) == (409, True)
    assert sorted(await states(database)) == ["booked", "booked", "held"]


async def test_a_code_that_comes_when_the_hold_is_over_leads_to_another_time(service: Service, database: Database) -> None:
    verified_at = await a_bookable_office(database, verify_contact=True)
    secret = await api_hold(service, verified_at, (await free_slots(service, verified_at))[8])
    await remembered(service, secret)
    await service.http.post(f"/book/{secret}/confirm")
    (code,) = await outbox(database, "code")
    await lapse(database, secret)
    late = await service.http.post(f"/book/{secret}/code", data={"code": code.facts.code})
    assert (late.status_code, late.headers["location"]) == (303, f"/book/{secret}/time")


async def test_the_nearest_office_is_first_for_who_says_where_they_are(
    service: Service, database: Database, arrives: Arrives, open_page: OpenPage
) -> None:
    """Nevsky prospect is asked from; the rounded place stands in the address, where the person sees it."""
    places = {"far": (59.74, 30.09), "near": (59.93, 30.36), "middle": (59.99, 30.25)}
    offices = {}
    for name, (latitude, longitude) in places.items():
        office = await an_office(database, a_service("passport"), latitude=latitude, longitude=longitude)
        await booked_online(database, office)
        await a_lane(database, office)
        offices[office.slug] = name
    unknown = await a_bookable_office(database)
    where = {"latitude": 59.93428, "longitude": 30.33511}
    page = await open_page(
        f"{service.base_url}/book/office?service=passport&district=d", PHONE, permissions=["geolocation"], geolocation=where
    )
    await page.locator("#near-me").click()
    await expect(page).to_have_url(f"{service.base_url}/book/office?service=passport&lat=59.93&lon=30.34")
    shown = [await each.get_attribute("data-office") for each in await page.locator("[data-office]").all()]
    assert [offices.get(str(each)) for each in shown[:3]] == ["near", "middle", "far"]
    assert unknown.slug in shown[3:], "an office whose place is not known comes last"
    await expect(page.locator("#near-note")).to_contain_text("Сначала ближайшие к вам")
    await expect(page.locator("[data-office]").first).to_contain_text("км")


async def test_who_does_not_say_where_they_are_types_a_district(service: Service, office: AnOffice, open_page: OpenPage) -> None:
    page = await open_page(f"{service.base_url}/book/office?service=passport", PHONE)
    await page.locator("#near-me").click()
    await expect(page.locator("#near-note")).to_contain_text("Введите район")


async def test_the_page_says_that_visits_run_late_and_takes_it_back(
    service: Service, database: Database, office: AnOffice, open_page: OpenPage
) -> None:
    """A hall full of people whose turn was long ago, and one desk."""
    known = await booked(service, office, (await free_slots(service, office))[1])
    before = datetime.now(UTC) - timedelta(hours=3)
    tickets = await a_queue(database, office, [Queued(rank=Rank(before, before, before), issued_at=before) for _ in range(6)])
    await a_clerk_at(database, office, "1")
    page = await open_page(f"{service.base_url}/a/{known['secret']}", PHONE)
    delay = page.locator("[data-slot=delay]")
    await expect(delay).to_have_text(re.compile(r"Примите к сведению: приём задерживается на \d+ минут"))
    plain = await service.http.get(f"/a/{known['secret']}")
    assert "приём задерживается" in plain.text, "also without scripts"
    await database.hot.execute("UPDATE ticket SET state = 'expired', ended_at = now() WHERE id = ANY ($1::bigint[])", tickets)
    await database.hot.execute("SELECT pg_notify('office_changed', $1)", str(office.id))
    await expect(delay).to_be_hidden()


async def test_a_message_that_did_not_arrive_is_said_and_sent_once_more(
    service: Service, database: Database, office: AnOffice, arrives: Arrives
) -> None:
    citizen = await arrives(java_script_enabled=False)
    page = citizen.page
    secret = await citizen.books()
    await page.goto(f"{citizen.base}/a/{secret}")
    await expect(page.locator("[data-delivery]").first).to_contain_text("отправляем")
    await expect(page.get_by_role("button", name="Отправить ещё раз")).to_have_count(0)
    await database.hot.execute("UPDATE outbox_message SET state = 'failed', recipient = NULL, payload = NULL WHERE kind = 'confirmation'")
    await page.reload()
    await expect(page.locator("[data-delivery=failed]")).to_contain_text("не удалось доставить")
    await expect(page.locator("[data-delivery=failed]")).to_contain_text("•••")
    await page.get_by_role("button", name="Отправить ещё раз").click()
    await expect(page.locator(".notice.good")).to_contain_text("ещё раз")
    pending = "SELECT count(*) FROM outbox_message WHERE kind = 'confirmation' AND state = 'pending'"
    assert await database.hot.fetchval(pending) == 1
    await page.goto(f"{citizen.base}/a/{secret}")
    await expect(page.locator("[data-delivery=pending]")).to_have_count(1)
    await expect(page.get_by_role("button", name="Отправить ещё раз")).to_have_count(0), "it is under way: pressing again helps nobody"


async def test_a_secret_that_is_none_is_not_found(service: Service) -> None:
    for path in ("/a/nobody", "/a/nobody/cancel", "/a/nobody/move", "/book/nobody/who", "/book/nobody/done", "/w/nobody"):
        answer = await service.http.get(path)
        assert answer.status_code == 404, path
        assert "text/html" in answer.headers["content-type"]
