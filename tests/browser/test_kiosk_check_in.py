"""A booking becomes a ticket at the kiosk: typed on the glass or a keyboard, or read by a scanner that is a keyboard.

The screen is what is tested here, so the service's menu says that the office takes bookings and its answers to check-ins are written by
the test; that both say the same is for the tests of the service.
"""

import json
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import pytest
from playwright.async_api import Page, Route, WebSocketRoute, expect

from queue_service.db import Database
from tests.browser.conftest import KIOSK, Hall, OpenPage, until
from tests.browser.test_accessibility import ZOOMED, scrolls_sideways, violations
from tests.browser.test_kiosk_fits import LOOKS, WALK, a_kiosk_with_long_names
from tests.support.service import Json, Service

CODE = "48291350"
LINK = "https://queue.example/a/Zx9_k-Q0pLw7Bd"
TICKET: Json = {
    "id": 1,
    "secret": "Tk0",
    "number": "А012",
    "office": "hall",
    "service": "passport",
    "service_name": {"ru": "Паспорт гражданина", "en": "Passport"},
    "state": "waiting",
    "source": "booked",
    "issued_at": "2026-03-12T11:12:00Z",
    "due_at": "2026-03-12T11:35:00Z",
    "starts_at": "2026-03-12T11:30:00Z",
    "ahead": 2,
    "wait": {"low": 5, "high": 10},
    "url": "https://queue.example/t/Tk0",
}
LATE: Json = {**TICKET, "source": "walk_in", "late": True}
MOSCOW = "Europe/Moscow"

TYPE_LIKE_A_SCANNER = """text => {
  const us = { "/": "Slash", ":": "Semicolon", ".": "Period", "-": "Minus", "_": "Minus" };
  const shifted = character => /[A-Z:_]/.test(character);
  const codeOf = character => us[character] ?? (/[0-9]/.test(character) ? "Digit" : "Key") + character.toUpperCase();
  let at = performance.now();
  const press = (code, shiftKey) => {
    const event = new KeyboardEvent("keydown", { code, shiftKey, key: "ъ", bubbles: true, cancelable: true });
    Object.defineProperty(event, "timeStamp", { value: at += 10 });
    return (document.activeElement ?? document.body).dispatchEvent(event);
  };
  for (const character of text) {
    if (shifted(character)) press("ShiftLeft", true);
    press(codeOf(character), shifted(character));
  }
  return press("Enter", false);
}"""
"""Under a Russian layout, ten milliseconds from key to key however long the page takes; answers whether the last Enter was left to do what
Enter does."""


@dataclass
class CheckIns:
    """The service's side: what it was asked for, and what it answers (the last answer stays)."""

    answers: list[tuple[int, Json]]
    asked: list[str] = field(default_factory=list)

    async def answer(self, route: Route) -> None:
        self.asked.append(json.loads(route.request.post_data or "{}")["code"])
        status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        await route.fulfill(status=status, json=body, content_type="application/json" if status < 400 else "application/problem+json")


def refusal(status: int, code: str, detail: str, **more: Any) -> tuple[int, Json]:
    return status, {"code": code, "detail": detail, **more}


TOO_EARLY = refusal(
    409, "check_in_too_early", "Отметиться можно с 14:00.", opens_at="2026-03-12T11:00:00Z", starts_at="2026-03-12T11:30:00Z"
)
OTHER_DAY = refusal(409, "other_day", "Вы записаны на 12 марта, четверг, в 14:30.", starts_at="2026-03-12T11:30:00Z")
OTHER_OFFICE = refusal(
    409,
    "other_office",
    "Вы записаны на 12 марта, четверг, в 14:30 в другое отделение: Администрация Василеостровского района, Большой проспект В. О., 55.",
    office={"slug": "v", "name": {"ru": "Администрация Василеостровского района"}, "address": {"ru": "Большой проспект В. О., 55"}},
    starts_at="2026-03-12T11:30:00Z",
)
CANCELLED = refusal(409, "appointment_cancelled", "Запись на 12 марта, четверг, в 14:30 отменена.")
PAST = refusal(409, "appointment_past", "Вы были записаны на 11 марта, среда, в 14:30.")
UNKNOWN = refusal(404, "unknown_reference", "Запись с таким кодом не найдена. Проверьте код в подтверждении записи.")
TOO_MANY = refusal(429, "too_many_attempts", "Попробуйте ещё раз через минуту.")


def taking_bookings(text: str | bytes) -> str:
    menu: Json = json.loads(text)
    return json.dumps({**menu, "check_in": True, "office": {**menu["office"], "time_zone": MOSCOW}})


async def a_kiosk_for_bookings(
    service: Service, token: str, open_page: OpenPage, *answers: tuple[int, Json], size: tuple[int, int] = KIOSK
) -> tuple[Page, CheckIns]:
    check_ins = CheckIns(list(answers) or [(201, TICKET)])

    async def menu(route: Route) -> None:
        answer = await route.fetch()
        await route.fulfill(response=answer, body=taking_bookings(await answer.text()))

    def live(kiosk: WebSocketRoute) -> None:
        kiosk.connect_to_server().on_message(lambda message: kiosk.send(taking_bookings(message)))

    page = await open_page("about:blank", size)
    await page.add_init_script("window.print = () => { window.printed = (window.printed ?? 0) + 1; }")
    await page.route("**/api/kiosk/menu", menu)
    await page.route_web_socket("**/live/kiosk?*", live)
    await page.route("**/api/kiosk/check-ins", check_ins.answer)
    await page.goto(f"{service.base_url}/kiosk/?token={token}")
    await expect(page.locator("[data-action=check-in]")).to_be_visible()
    return page, check_ins


async def enter(page: Page, code: str = CODE) -> None:
    await page.locator("[data-action=check-in]").click()
    for digit in code:
        await page.locator(f"[data-digit='{digit}']").click()
    await page.locator("[data-action=check]").click()


async def scan(page: Page, text: str) -> bool:
    left: bool = await page.evaluate(TYPE_LIKE_A_SCANNER, text)
    return left


async def test_a_booking_typed_on_the_glass_becomes_a_ticket_on_screen_and_paper(service: Service, hall: Hall, open_page: OpenPage) -> None:
    page, check_ins = await a_kiosk_for_bookings(service, hall.kiosk, open_page)
    await enter(page)
    ticket = page.locator("[data-ticket='А012']")
    await expect(ticket).to_contain_text("Вы записаны на 14:30")
    await until(page, "window.printed === 1")  # the paper waits for a code that is not there
    await expect(page.locator(".paper")).to_contain_text("А012")
    await expect(page.locator(".paper")).to_contain_text("Вы записаны на 14:30")
    assert check_ins.asked == [CODE]


async def test_the_same_key_twice_in_a_row_is_two_digits(service: Service, hall: Hall, open_page: OpenPage) -> None:
    page, _ = await a_kiosk_for_bookings(service, hall.kiosk, open_page)
    await page.locator("[data-action=check-in]").click()
    await page.locator("[data-digit='4']").dblclick()
    await expect(page.locator("[data-code]")).to_have_attribute("data-code", "44")


async def test_a_booking_that_came_late_says_so(service: Service, hall: Hall, open_page: OpenPage) -> None:
    page, _ = await a_kiosk_for_bookings(service, hall.kiosk, open_page, (201, LATE))
    await enter(page)
    await expect(page.locator("[data-ticket='А012']")).to_contain_text("Время записи прошло. Талон выдан в\u00a0общую очередь.")


async def test_a_number_on_a_keyboard(service: Service, hall: Hall, open_page: OpenPage) -> None:
    page, check_ins = await a_kiosk_for_bookings(service, hall.kiosk, open_page)
    await page.locator("[data-action=check-in]").click()
    await page.keyboard.type("4829137", delay=80)
    await page.keyboard.press("Backspace")
    await page.keyboard.type("50", delay=80)
    await expect(page.locator("[data-code]")).to_have_attribute("data-code", CODE)
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-ticket='А012']")).to_be_visible()
    assert check_ins.asked == [CODE]


async def test_a_scanned_link_checks_in_from_every_screen_of_a_choice(service: Service, hall: Hall, open_page: OpenPage) -> None:
    page, check_ins = await a_kiosk_for_bookings(service, hall.kiosk, open_page)
    for number, way in enumerate(
        ([], ["[data-action=lang]"], ["[data-group]"], ["[data-group]", "[data-service]"], ["[data-action=check-in]"]), start=1
    ):
        for step in way:
            await page.locator(step).first.click()
        assert not await scan(page, LINK), "the button that has the focus must not hear the scanner's Enter"
        await expect(page.locator("[data-ticket='А012']")).to_be_visible()
        assert check_ins.asked == [LINK] * number
        await page.locator("[data-action=done]").click()


async def test_typing_of_a_person_is_not_taken_for_a_scan(service: Service, hall: Hall, open_page: OpenPage) -> None:
    page, check_ins = await a_kiosk_for_bookings(service, hall.kiosk, open_page)
    await page.keyboard.type(CODE, delay=80)
    await page.keyboard.press("Enter")
    await expect(page.locator("#screen")).to_have_attribute("data-screen", "home")
    assert check_ins.asked == []


async def test_too_few_digits_are_asked_for(service: Service, hall: Hall, open_page: OpenPage) -> None:
    page, check_ins = await a_kiosk_for_bookings(service, hall.kiosk, open_page)
    await enter(page, "4829")
    await expect(page.locator(".code-hint")).to_have_text("Введите все 8 цифр. Не хватает: 4")
    assert check_ins.asked == []


@pytest.mark.parametrize(
    "answer", [TOO_EARLY, OTHER_DAY, OTHER_OFFICE, CANCELLED, PAST, UNKNOWN, TOO_MANY], ids=lambda each: each[1]["code"]
)
async def test_a_refusal_gives_its_reason_and_a_way_on(service: Service, hall: Hall, open_page: OpenPage, answer: tuple[int, Json]) -> None:
    page, check_ins = await a_kiosk_for_bookings(service, hall.kiosk, open_page, answer)
    await enter(page)
    screen = page.locator(f"[data-refusal={answer[1]['code']}]")
    await expect(screen).to_be_visible()
    said = (await screen.inner_text()).replace("\u00a0", " ")
    assert answer[1]["detail"] in said
    await page.locator(".act .button").last.click()
    await expect(page.locator("#screen")).to_have_attribute("data-screen", "home")
    assert check_ins.asked == [CODE], "a refusal is an answer, not something to try again"


@pytest.mark.parametrize("answer", [PAST, UNKNOWN, CANCELLED], ids=lambda each: each[1]["code"])
async def test_without_a_booking_there_is_the_general_queue(
    service: Service, hall: Hall, open_page: OpenPage, answer: tuple[int, Json]
) -> None:
    page, _ = await a_kiosk_for_bookings(service, hall.kiosk, open_page, answer)
    await enter(page)
    await page.get_by_role("button", name="Взять талон в общую очередь").click()
    await page.locator("[data-group]").first.click()
    await page.locator("[data-service=passport]").click()
    await page.locator("[data-action=take]").click()
    await expect(page.locator("[data-ticket='А001']")).to_be_visible()
    await expect(page.locator("[data-ticket]")).not_to_contain_text("запис")


async def test_a_mistyped_code_can_be_corrected(service: Service, hall: Hall, open_page: OpenPage) -> None:
    page, check_ins = await a_kiosk_for_bookings(service, hall.kiosk, open_page, UNKNOWN, (201, TICKET))
    await enter(page, "48291351")
    await page.get_by_role("button", name="Ввести код ещё раз").click()
    await page.locator("[data-action=erase]").click()
    await page.locator("[data-digit='0']").click()
    await page.locator("[data-action=check]").click()
    await expect(page.locator("[data-ticket='А012']")).to_be_visible()
    assert check_ins.asked == ["48291351", CODE]


async def test_a_service_that_is_away_for_a_moment_is_asked_again_with_the_same_code(
    service: Service, hall: Hall, open_page: OpenPage
) -> None:
    page, check_ins = await a_kiosk_for_bookings(service, hall.kiosk, open_page, (503, {}), (503, {}), (201, TICKET))
    await scan(page, LINK)
    await expect(page.locator(".code-read")).to_be_visible()
    await expect(page.locator("[data-ticket='А012']")).to_be_visible()
    assert check_ins.asked == [LINK] * 3


@pytest.mark.parametrize("contrast", [False, True])
@pytest.mark.parametrize("language", ["ru", "en"])
async def test_the_screens_of_a_booking_are_for_everybody(
    service: Service, hall: Hall, open_page: OpenPage, contrast: bool, language: str
) -> None:
    page, _ = await a_kiosk_for_bookings(service, hall.kiosk, open_page, UNKNOWN, OTHER_OFFICE, (201, LATE))
    for action in [*(["lang"] if language == "en" else []), *(["contrast"] if contrast else [])]:
        await page.locator(f"[data-action={action}]").click()
    screen = page.locator("#screen")
    assert await violations(page) == [], "home"
    await enter(page, "4829")
    assert await violations(page) == [], "too few digits"
    await page.set_viewport_size({"width": ZOOMED[0], "height": ZOOMED[1]})
    assert not await scrolls_sideways(page)
    await page.set_viewport_size({"width": KIOSK[0], "height": KIOSK[1]})
    for code in (CODE, LINK):
        await scan(page, code)
        await expect(screen).to_have_attribute("data-screen", "refused")
        assert await violations(page) == [], code
    await scan(page, "a-third-code")
    await expect(page.locator("[data-ticket]")).to_be_visible()
    assert await violations(page) == [], "ticket"


CHECK_IN_WALK = """() => {
  const screen = document.getElementById("screen");
  const found = [];
  const look = where => {
    const over = screen.scrollHeight - screen.clientHeight;
    if (over > 1) found.push(`${where}: ${over} px`);
    const small = [...screen.querySelectorAll(".button, .key")].find(button => button.getBoundingClientRect().height < 88);
    if (small) found.push(`${where}: ${small.textContent} is ${Math.round(small.getBoundingClientRect().height)} px high`);
  };
  document.querySelector("[data-action=check-in]").click();
  look("check-in");
  document.querySelector("[data-action=check]").click();
  look("too few digits");
  return found;
}"""


async def test_the_first_screen_and_the_keypad_fit_every_look(service: Service, database: Database, open_page: OpenPage) -> None:
    page, _ = await a_kiosk_for_bookings(service, await a_kiosk_with_long_names(database), open_page)
    wrong: list[str] = []
    looks = [*LOOKS, ("low",), ("low", "contrast", "large")]
    for look, language in product(looks, ("ru", "en")):
        await page.reload()
        await expect(page.locator("[data-action=check-in]")).to_be_visible()
        for action in [*look, *(["lang"] if language == "en" else [])]:
            await page.locator(f"[data-action={action}]").click()
        await page.evaluate("document.fonts.ready.then(() => null)")
        walks = [CHECK_IN_WALK] if "low" in look else [WALK, CHECK_IN_WALK]
        wrong += [f"{language} {' '.join(look)} {each}" for walk in walks for each in await page.evaluate(walk)]
    assert wrong == []


async def test_nobody_left_before_the_keypad_is_asked_about(service: Service, hall: Hall, open_page: OpenPage) -> None:
    page, _ = await a_kiosk_for_bookings(service, hall.kiosk, open_page)
    await page.clock.install()
    await page.locator("[data-action=check-in]").click()
    await page.locator("[data-digit='4']").click()
    await page.clock.fast_forward(61_000)
    await expect(page.locator(".idle[open]")).to_be_visible()
    await page.clock.run_for(21_000)
    await expect(page.locator("#screen")).to_have_attribute("data-screen", "home")
    await page.locator("[data-action=check-in]").click()
    await expect(page.locator("[data-code]")).to_have_attribute("data-code", "")
