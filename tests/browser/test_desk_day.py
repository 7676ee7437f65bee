"""A clerk's day by keyboard alone: forty visitors and everything that happens besides serving them, against the real service."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Page, expect

from queue_service.db import Database
from tests.browser.conftest import DESK, Hall, OpenPage
from tests.browser.test_accessibility import THEMES, ZOOMED, prefer, scrolls_sideways, violations
from tests.support.factories import AClerk, a_clerk_at
from tests.support.service import Service

VISITORS = 40
HASTE = "const real = setTimeout; window.setTimeout = (job, wait, ...all) => real(job, wait === 350 ? 20 : wait, ...all);"
"""These hands never press twice, so the desk's rest after each press, some forty seconds in all, is not waited for."""
COUNT_SOUNDS = """() => {
    window.sounds = 0;
    window.OscillatorNode = class extends OscillatorNode { constructor(...all) { super(...all); window.sounds += 1; } };
}"""
RESULTS = [
    {"code": "accepted", "name": {"ru": "Документы приняты", "en": "Accepted"}},
    {"code": "refused", "name": {"ru": "Отказ в приёме", "en": "Refused"}},
    {"code": "advised", "name": {"ru": "Дана консультация", "en": "Advised"}},
]


async def with_outcomes(database: Database, hall: Hall) -> None:
    """Benefits end with a result, registration counts applications."""
    await database.hot.execute("UPDATE service SET result_codes = $1 WHERE id = $2", RESULTS, hall.office.services["benefits"])
    await database.hot.execute("UPDATE service SET counts_applications = true WHERE id = $1", hall.office.services["registration"])
    await changed(database, hall, "setup_changed")


async def changed(database: Database, hall: Hall, channel: str = "office_changed") -> None:
    await database.hot.execute("SELECT pg_notify($1, $2)", channel, str(hall.office.id))


async def near_the_norm(database: Database, hall: Hall) -> None:
    """Every other waiting visitor is due in three minutes, the rest were three minutes ago."""
    await database.hot.execute(
        """
        WITH moved AS (
            SELECT id, now() + CASE WHEN id % 2 = 0 THEN interval '3 minutes' ELSE interval '-3 minutes' END AS due
              FROM ticket WHERE state = 'waiting'
        )
        UPDATE ticket SET due_at = due, rank_at = least(rank_at, due) FROM moved WHERE moved.id = ticket.id
        """
    )
    await changed(database, hall)


class AtTheKeyboard:
    """The clerk's hands: keys only, each pressed when the desk has settled after the last one."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key)

    async def do(self, key: str, then: str) -> None:
        """One action of the desk and the mode that it leads to."""
        await self.settled()
        await self.page.keyboard.press(key)
        await self.page.wait_for_selector(f"#main[data-mode={then}]")

    async def settled(self) -> None:
        await self.page.wait_for_selector("#main[data-mode]:not([data-busy])")

    async def asked(self, key: str, dialog: str) -> None:
        """A key that opens a question."""
        await self.settled()
        await self.page.keyboard.press(key)
        await self.page.wait_for_selector(f"dialog#{dialog}-dialog[open]")

    async def call(self) -> str:
        """The number of the next visitor."""
        await self.do("Space", "called")
        return await self.number()

    async def number(self) -> str:
        return await self.page.locator("article[data-ticket]").get_attribute("data-ticket") or ""

    async def serve(self) -> str:
        """The whole visit of the next one."""
        number = await self.call()
        await self.do("Space", "serving")
        await self.do("Space", "idle")
        return number

    async def says(self, *words: str | re.Pattern[str]) -> None:
        """Outside of dialogs, whose sentences are there before anything has happened."""
        for each in words:
            await expect(self.page.locator("main > :not(dialog)").filter(has_text=each).first).to_be_visible()


async def at_desk(base: str, open_page: OpenPage, clerk: AClerk, theme: str = "ordinary", language: str = "ru") -> Page:
    page = await open_page(f"{base}/desk/login", DESK)
    await prefer(page, base, theme, language)
    await page.context.add_cookies([{"name": "queue_session", "value": clerk.token, "url": base}])
    await page.goto(f"{base}/desk")
    await page.wait_for_selector("#main[data-mode]")
    return page


class ADay:
    """What happens from morning to evening, in parts that follow each other."""

    def __init__(self, service: Service, database: Database, hall: Hall, page: Page, clerk: AClerk, colleague: AClerk) -> None:
        self.service, self.database, self.hall, self.page, self.clerk, self.colleague = service, database, hall, page, clerk, colleague
        self.hands = AtTheKeyboard(page)

    async def event(self, number: str, kind: str) -> dict[str, Any]:
        """The latest of this kind in the ticket's journal."""
        row = await self.database.hot.fetchval(
            "SELECT details FROM ticket_event JOIN ticket ON ticket.id = ticket_id "
            "WHERE letter || lpad(number::text, 3, '0') = $1 AND kind = $2 ORDER BY ticket_event.id DESC LIMIT 1",
            number,
            kind,
        )
        assert row is not None, f"{number} has no {kind}"
        return dict(row)

    async def morning(self) -> None:
        assert [await self.hands.serve() for _ in range(2)] == ["А001", "А002"]
        counted = await self.hands.call()
        await self.hands.do("Space", "serving")
        await self.hands.settled()
        await self.hands.press("Equal", "Equal", "Minus", "Equal")
        await self.hands.do("Space", "idle")
        assert (await self.event(counted, "finished"))["applications"] == 3
        decided = await self.hands.call()
        await self.hands.do("Space", "serving")
        await self.hands.settled()
        await self.hands.press("Space")
        await self.hands.says("Выберите результат приёма")
        await self.hands.press("Digit2")
        await expect(self.page.locator("[data-result=refused]")).to_have_attribute("aria-pressed", "true")
        await self.hands.do("Space", "idle")
        assert (await self.event(decided, "finished"))["result"] == "refused"

    async def people_who_are_not_ready(self) -> None:
        endless = await self.hands.call()
        await self.hands.asked("KeyJ", "postpone")
        await self.hands.press("Digit2", "Enter")
        await self.page.wait_for_selector(f"#postponed li[data-ticket={endless}]")
        assert (await self.event(endless, "postponed"))["until"] is None
        termed = await self.hands.call()
        await self.hands.do("Space", "serving")
        await self.hands.asked("KeyJ", "postpone")
        await self.hands.press("Tab", "3", "0", "Enter")
        await self.page.wait_for_selector(f"#postponed li[data-ticket={termed}]")
        assert (await self.event(termed, "postponed"))["until"] is not None
        await expect(self.page.locator(f"#postponed li[data-ticket={termed}]")).to_contain_text("вернётся в")
        lost = await self.hands.call()
        await self.hands.do("KeyY", "idle")
        await self.page.wait_for_selector(f"#missed li[data-ticket={lost}]")

        for wanted in (termed, endless, lost):  # who returns by himself stands first, who did not come stands last
            await self.hands.asked("F3", "call-aside")
            await self.hands.press("Digit1", "Enter")
            await self.page.wait_for_selector("#main[data-mode=called]")
            assert await self.hands.number() == wanted
            await self.hands.do("Space", "serving")
            await self.hands.do("Space", "idle")
        await expect(self.page.locator("#aside")).to_be_hidden()

    async def calls_of_every_kind(self) -> None:
        again = await self.hands.call()
        await self.hands.do("KeyG", "called")
        await self.hands.settled()
        await self.hands.do("KeyD", "idle")
        assert await self.hands.call() == again
        await self.hands.do("Space", "serving")
        await self.page.reload()
        await self.page.wait_for_selector("#main[data-mode=serving]")
        assert await self.hands.number() == again
        await self.hands.do("Space", "idle")

        late = await self.page.locator("#queue li").nth(4).get_attribute("data-ticket") or ""
        await self.hands.asked("F2", "call-number")
        await self.page.keyboard.type(late.replace("А", "A").lower())  # a Latin letter that looks the same
        await self.hands.press("Enter")
        await self.page.wait_for_selector("dialog#call-number-dialog[open] #call-reason:invalid")
        await self.hands.press("Tab")
        await self.page.keyboard.type("Плохо себя чувствует")
        await self.hands.press("Enter")
        await self.page.wait_for_selector("#main[data-mode=called]")
        assert await self.hands.number() == late
        assert (await self.event(late, "called"))["reason"] == "Плохо себя чувствует"
        await self.hands.do("Space", "serving")
        await self.hands.do("Space", "idle")

        for document, kind in (("Digit1", "privilege_confirmed"), ("Digit2", "privilege_refused")):
            claimed = (await self.service.taken(self.hall.kiosk, privilege="veteran"))["number"]
            await self.page.wait_for_selector(f"#queue li[data-ticket={claimed}]")
            assert await self.hands.call() == claimed
            await self.hands.do("Space", "serving")
            await self.hands.asked("KeyK", "privilege")
            await self.hands.press(document, "Enter")
            await self.hands.says("подтверждено" if document == "Digit1" else "не подтверждено")
            await self.hands.settled()
            await self.event(claimed, kind)
            await self.hands.asked("KeyN", "inaccurate")
            await self.hands.press("Enter")
            await self.hands.says("не войдёт в статистику")
            await self.hands.do("Space", "idle")
            assert (await self.event(claimed, "finished"))["inaccurate"] is True

    async def people_who_go_on(self) -> None:
        sent = await self.hands.call()
        await self.hands.do("Space", "serving")
        await self.hands.asked("KeyR", "transfer")
        await self.hands.press("Enter")  # nowhere: refused
        await self.page.wait_for_selector("dialog#transfer-dialog[open] #transfer-service:invalid")
        await self.hands.press("Tab", "ArrowDown", "Tab")
        await self.page.keyboard.type("Проверьте прописку")
        await self.hands.press("Tab", "Space", "Enter")
        await self.page.wait_for_selector("#main[data-mode=idle]")
        there = await self.service.called(self.colleague)
        assert (there["number"], there["comment"], there["comes_back"]) == (sent, "Проверьте прописку", True)
        await self.service.desk(self.colleague, "start")
        await self.service.desk(self.colleague, "finish")
        await self.page.wait_for_selector(f"#queue li[data-ticket={sent}]")
        assert await self.hands.serve() == sent

        given = (await self.service.called(self.colleague))["number"]
        await self.service.desk(self.colleague, "start")
        await self.service.desk(self.colleague, "transfer", desk="5", comment="Нужна ваша подпись", come_back=True)
        await self.page.wait_for_selector(f"#queue li[data-ticket={given}]")
        assert await self.hands.call() == given
        await self.hands.says("Нужна ваша подпись", "вернётся к окну")
        await self.hands.do("Space", "serving")
        await self.hands.do("Space", "idle")
        await self.hands.says("идёт дальше")
        assert (await self.service.called(self.colleague))["number"] == given
        await self.service.desk(self.colleague, "start")
        await self.service.desk(self.colleague, "finish")

        chained = await self.hands.call()
        await self.hands.do("Space", "serving")
        await self.hands.asked("KeyE", "add-service")
        await self.hands.press("ArrowDown", "Enter")
        await self.hands.says("Затем: consultation по-русски")
        await self.hands.do("Space", "idle")
        assert await self.hands.serve() == chained

    async def the_house_around(self) -> None:
        await self.page.evaluate(COUNT_SOUNDS)
        await self.hands.asked("F4", "message")
        await self.page.keyboard.type("Закончилась бумага")
        await self.hands.press("Enter")
        await self.hands.says("Сообщение отправлено")
        assert await self.database.hot.fetchval("SELECT sentence FROM hall_message") == "Закончилась бумага"

        await self.hands.asked("F1", "keys")
        await self.hands.press("F7")  # a call for help works in a dialog too
        await self.hands.press("Escape")
        await self.hands.says("Коллеги оповещены")
        await expect(self.page.locator("[data-slot=alarm]")).to_contain_text("Вызвана")
        alarm = await self.database.hot.fetchval("SELECT id FROM alarm WHERE raised_by = $1", self.clerk.account_id)
        await self.service.desk(self.colleague, f"alarms/{alarm}/acknowledge")
        await self.hands.says("К вам идёт коллега")
        assert await self.page.evaluate("sounds") == 0

        await self.service.desk(self.colleague, "alarm")
        await self.page.wait_for_selector("#alarms li[data-alarm]")
        await self.hands.says("Окно 6 просит помощи")
        assert await self.page.evaluate("sounds") > 0
        await self.hands.press("F8")
        await self.page.wait_for_selector("#alarms li", state="detached")
        assert (
            await self.database.hot.fetchval("SELECT acknowledged_by FROM alarm WHERE raised_by = $1", self.colleague.account_id)
            == self.clerk.account_id
        )

        await self.hands.asked("F9", "pause")
        await self.hands.press("Digit2", "Tab", "1", "5", "Enter")
        await self.page.wait_for_selector("#main[data-mode=paused]")
        await self.hands.says("Короткий перерыв", "по плану до")
        await self.database.hot.execute(
            "UPDATE shift SET pause_until = now() - interval '3 minutes' WHERE account_id = $1", self.clerk.account_id
        )
        await changed(self.database, self.hall)
        await self.hands.says(re.compile(r"дольше плана на [3-9]:\d\d"))
        await self.hands.do("Space", "idle")

        await near_the_norm(self.database, self.hall)
        await expect(self.page.locator("#queue li.soon").first).to_contain_text("пора вызвать")
        await expect(self.page.locator("#queue li.over").first).to_contain_text("дольше нормы")

    async def evening(self) -> None:
        known = await self.database.hot.fetchval("SELECT count(*) FROM ticket")
        for _ in range(VISITORS - known):
            await self.service.taken(self.hall.kiosk, "consultation")
        while await self.database.hot.fetchval("SELECT count(*) FROM ticket WHERE state = 'waiting'"):
            await self.hands.serve()
        await self.hands.settled()
        await self.hands.press("Space")
        await self.hands.says("Никто не ждёт")


async def test_a_day_of_forty_visitors_by_keyboard_alone(service: Service, database: Database, hall: Hall, open_page: OpenPage) -> None:
    await with_outcomes(database, hall)
    for what in ("passport", "passport", "registration", "benefits", *["passport"] * 22):
        await service.taken(hall.kiosk, what)
    clerk, colleague = await a_clerk_at(database, hall.office, "5"), await a_clerk_at(database, hall.office, "6")
    page = await at_desk(service.base_url, open_page, clerk)
    await page.add_init_script(HASTE)
    await page.reload()
    await page.wait_for_selector("#main[data-mode]")
    day = ADay(service, database, hall, page, clerk, colleague)
    await day.morning()
    await day.people_who_are_not_ready()
    await day.calls_of_every_kind()
    await day.people_who_go_on()
    await day.the_house_around()
    await day.evening()
    assert await database.hot.fetchval("SELECT count(*) FROM ticket WHERE state = 'served'") == VISITORS
    served = await database.hot.fetchval("SELECT served FROM shift WHERE account_id = $1", clerk.account_id)
    await expect(page.locator("[data-count=served]")).to_have_text(str(served))


async def test_an_idle_desk_calls_by_itself_unless_the_clerk_says_no(
    service: Service, database: Database, hall: Hall, open_page: OpenPage
) -> None:
    """By the page's own clock, which the test moves on: two minutes are far more than a machine stands still."""
    await database.hot.execute("UPDATE office SET auto_call_seconds = 120 WHERE id = $1", hall.office.id)
    await changed(database, hall, "setup_changed")
    page = await at_desk(service.base_url, open_page, await a_clerk_at(database, hall.office, "5"))
    await page.clock.install()
    await page.reload()
    await page.wait_for_selector("#main[data-mode]")
    hands = AtTheKeyboard(page)

    async def two_minutes_pass() -> None:
        await page.clock.fast_forward(120_000)
        await page.clock.run_for(1_000)  # and the page looks at its clock four times

    await service.taken(hall.kiosk)
    await page.wait_for_selector("[data-auto-call]:not([hidden])")
    await two_minutes_pass()
    await page.wait_for_selector("#main[data-mode=called]")  # by itself
    await hands.do("KeyY", "idle")

    await hands.asked("F1", "keys")
    await service.taken(hall.kiosk)
    await page.wait_for_selector("#queue li")
    await two_minutes_pass()
    await expect(page.locator("#main:not([data-busy])")).to_have_attribute("data-mode", "idle")
    await hands.press("Escape")
    await page.wait_for_selector("[data-auto-call]:not([hidden])")
    await hands.press("Escape")
    await hands.says("Автовызов остановлен")
    await two_minutes_pass()
    await expect(page.locator("#main:not([data-busy])")).to_have_attribute("data-mode", "idle")

    await hands.do("Space", "called")
    await hands.do("KeyY", "idle")
    await service.taken(hall.kiosk)
    await page.wait_for_selector("[data-auto-call]:not([hidden])")
    await two_minutes_pass()
    await page.wait_for_selector("#main[data-mode=called]")  # the next visitor came and went: it counts again


Look = Callable[[str], Awaitable[None]]


async def every_state(service: Service, database: Database, hall: Hall, page: Page, look: Look) -> None:
    """Shows each dialog and each state that the day brings, once; `look` is told its name."""
    hands = AtTheKeyboard(page)
    colleague = await a_clerk_at(database, hall.office, "6")
    for number in range(9):
        await service.taken(hall.kiosk, privilege="veteran" if number == 8 else None)
    for _ in range(2):
        await hands.call()
        await hands.asked("KeyJ", "postpone")
        await look("postpone")
        await hands.press("Tab", "3", "0", "Enter")
        await page.wait_for_selector("#main[data-mode=idle]")
    await hands.call()
    await look("called")
    await hands.do("KeyY", "idle")
    await near_the_norm(database, hall)
    await service.desk(colleague, "alarm")
    await page.wait_for_selector("#alarms li")
    await look("idle")
    for key, dialog in (("F2", "call-number"), ("F3", "call-aside"), ("F4", "message"), ("F1", "keys"), ("F9", "pause")):
        await hands.asked(key, dialog)
        await look(dialog)
        await hands.press("Escape")
    await hands.press("F8")
    await page.wait_for_selector("#alarms li", state="detached")
    await service.desk(colleague, "call-next")
    await service.desk(colleague, "start")
    await service.desk(colleague, "transfer", service="benefits", desk="5", comment="Проверьте справку о составе семьи", come_back=True)
    await page.wait_for_selector("#queue li")
    await database.hot.execute(
        """
        UPDATE ticket SET rank_at = now() - interval '1 day', privilege_state = 'claimed', privilege_id = privilege.id
          FROM privilege WHERE for_desk_id IS NOT NULL
        """
    )
    await database.hot.execute("UPDATE service SET counts_applications = true WHERE id = $1", hall.office.services["benefits"])
    await changed(database, hall, "setup_changed")
    await hands.call()
    await hands.do("Space", "serving")
    await page.wait_for_selector("#results button")
    await hands.asked("KeyE", "add-service")
    await look("add-service")
    await hands.press("Enter")
    await hands.settled()
    await look("serving")
    for key, dialog in (("KeyR", "transfer"), ("KeyK", "privilege"), ("KeyN", "inaccurate")):
        await hands.asked(key, dialog)
        await look(dialog)
        await hands.press("Escape")
    await hands.press("Space")
    await look("refused")
    await hands.press("Digit1")
    await hands.do("Space", "idle")
    await hands.asked("F9", "pause")
    await hands.press("Enter")
    await page.wait_for_selector("#main[data-mode=paused]")
    await database.hot.execute("UPDATE shift SET pause_until = now() - interval '3 minutes' WHERE paused_at IS NOT NULL")
    await changed(database, hall)
    await page.wait_for_selector("[data-slot=pause-over]:not([hidden])")
    await look("paused")


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("language", ["ru", "en"])
async def test_every_dialog_and_state_is_for_everybody(
    service: Service, database: Database, hall: Hall, open_page: OpenPage, theme: str, language: str
) -> None:
    await with_outcomes(database, hall)
    page = await at_desk(service.base_url, open_page, await a_clerk_at(database, hall.office, "5"), theme, language)

    async def look(name: str) -> None:
        await asyncio.sleep(0)
        assert await violations(page) == [], name
        assert not await scrolls_sideways(page), name
        if name in ("serving", "idle"):
            await page.set_viewport_size({"width": ZOOMED[0], "height": ZOOMED[1]})
            assert not await scrolls_sideways(page), f"{name} at 400 %"
            await page.set_viewport_size({"width": DESK[0], "height": DESK[1]})

    await every_state(service, database, hall, page, look)
