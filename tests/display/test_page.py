"""The display in a real Chromium against a service that a test can make lie, stutter and die."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, expect, sync_playwright

from tests.display.fake_board_service import CLIPS, ROOT, FakeService, a_board, a_call, instant, live_requests
from tests.support.service import PATIENCE_SECONDS
from tools.chromium import find_chromium

pytestmark = pytest.mark.browser

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",  # as a hall's display is started
]
ABOVE_A_DESK = [(800, 480, "dark"), (1024, 600, "contrast"), (480, 800, "light")]
SIZES = {"wide": (1920, 1080), "upright": (1080, 1920), "small": (1366, 768), "4k": (3840, 2160)}
LOST = "#cut-off:not([hidden])"
expect.set_options(timeout=PATIENCE_SECONDS * 1000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS) as browser:
        yield browser


@pytest.fixture
def service() -> Iterator[FakeService]:
    service = FakeService()
    service.start()
    yield service
    service.stop()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    context.set_default_timeout(PATIENCE_SECONDS * 1000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def show(page: Page, service: FakeService, more: str = "") -> None:
    page.goto(f"{service.url}/display/?office=admiralteysky&zone=hall{more}")
    page.wait_for_selector("#time:not([hidden])", state="attached")  # it comes with the first board


def until(page: Page, expression: str, argument: Any = None) -> None:
    """What no locator can await; also over a reload."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            if page.evaluate(expression, argument):
                return
        except Error:
            if page.is_closed():
                raise
        assert time.monotonic() < deadline, expression
        page.wait_for_timeout(20)


HEAR_THE_VOICE = """
  window.decoded = 0;
  window.AudioContext = class extends AudioContext { constructor() { super(); window.voice = this; } };
  const decode = BaseAudioContext.prototype.decodeAudioData;
  BaseAudioContext.prototype.decodeAudioData = function (data, done, failed) {
    return decode.call(this, data, buffer => { done(buffer); decoded += 1; }, failed);
  };
"""
"""Before the page: a call whose words are not there within seconds is not spoken, and they come as fast as the machine is."""


def wait_for_the_voice(page: Page) -> None:
    until(page, "clips => decoded >= clips", len(CLIPS))  # a word that is called for meanwhile may be fetched twice


def settle(page: Page) -> None:
    """Sizes are measured anew on the page's next beat after its typefaces have come; a test that measures does not wait for it."""
    page.evaluate("document.fonts.ready.then(() => new Promise(done => setTimeout(done))).then(() => QueueDisplay.main.draw())")


def spoken(page: Page) -> list[int]:
    said: list[int] = page.evaluate("QueueDisplay.spoken.map(function (entry) { return entry.call_id; })")
    return said


def wait_until_spoken(page: Page, *ids: int) -> None:
    """All of them and to the end."""
    every = "ids => ids.every(id => QueueDisplay.spoken.some(entry => entry.call_id === id && entry.heard !== null))"
    until(page, every, list(ids))


def large(page: Page) -> str | None:
    return page.get_attribute("#big", "data-ticket")


# What is shown and spoken -------------------------------------------------------------------------------------------------


def test_a_call_is_large_with_number_and_desk_and_is_spoken(page: Page, service: FakeService) -> None:
    page.add_init_script(HEAR_THE_VOICE)
    show(page, service)
    wait_for_the_voice(page)
    until(page, "voice.state === 'running'")
    expect(page.locator("#big-message")).to_have_text("Ожидайте вызова")
    service.show(a_board(a_call(8812, "А012", "5")))
    big = page.locator("[data-call='8812'][data-ticket='А012'][data-desk='5']")
    expect(big).to_be_visible()
    expect(big).to_contain_text("Приглашается талон")
    expect(big).to_have_attribute("data-now", "")
    expect(page.locator("#said")).to_have_text("Талон А двенадцать, пройдите к окну номер пять.")
    wait_until_spoken(page, 8812)
    entry = page.evaluate("QueueDisplay.spoken[0]")
    assert entry == {
        "call_id": 8812,
        "text": "Талон А двенадцать, пройдите к окну номер пять.",
        "ticket": "А012",
        "desk": "5",
        "heard": True,
    }


def test_three_calls_at_once_are_large_and_spoken_one_after_the_other(page: Page, service: FakeService) -> None:
    service.clip_seconds = 0.2
    show(page, service)
    page.evaluate("""() => {
      window.seen = [];
      new MutationObserver(() => {
        const ticket = document.getElementById("big").dataset.ticket;
        if (ticket && seen[seen.length - 1] !== ticket) { seen.push(ticket); }
      }).observe(document.getElementById("big"), {attributes: true});
    }""")
    calls = [a_call(1, "А001", "3", ago=2), a_call(2, "В002", "4", ago=1), a_call(3, "К003", "6")]
    service.show(a_board(*calls))
    page.wait_for_selector("[data-call='1']")
    assert page.locator("tr[data-call]:visible").count() == 2, "the others are shown at once, in the rows"
    wait_until_spoken(page, 1, 2, 3)
    assert spoken(page) == [1, 2, 3]
    assert page.evaluate("seen") == ["А001", "В002", "К003"]
    assert large(page) == "К003"


def test_a_recall_is_spoken_as_one(page: Page, service: FakeService) -> None:
    show(page, service)
    service.show(a_board(a_call(1, "А012", "5")))
    wait_until_spoken(page, 1)
    service.show(a_board(a_call(2, "А012", "5", recall=True)))
    wait_until_spoken(page, 2)
    assert page.text_content("#said") == "Повторно приглашается талон А двенадцать, пройдите к окну номер пять."
    expect(page.locator("#big-heading")).to_have_text("Повторно приглашается талон")


def test_stale_calls_are_shown_and_not_spoken(page: Page, service: FakeService) -> None:
    service.show(a_board(a_call(1, "А001", ago=300), a_call(2, "А002", "7", ago=31)))
    show(page, service)
    expect(page.locator("#big")).to_have_attribute("data-ticket", "А002")
    expect(page.locator("tr[data-ticket='А001']")).to_be_visible()
    service.show(a_board(a_call(1, "А001", ago=302), a_call(2, "А002", "7", ago=33), a_call(3, "А003", "8")))
    wait_until_spoken(page, 3)
    assert spoken(page) == [3]


def test_duplicates_are_spoken_once(page: Page, service: FakeService) -> None:
    show(page, service)
    board = a_board(a_call(1, "А001"))
    for _ in range(5):
        service.show(board)
        page.wait_for_timeout(60)
    wait_until_spoken(page, 1)
    service.drop_sockets()
    page.wait_for_timeout(1500)
    service.show(a_board(a_call(1, "А001", ago=5), a_call(2, "А002")))
    wait_until_spoken(page, 2)
    assert spoken(page) == [1, 2]


def test_a_reload_does_not_speak_again_but_speaks_what_was_not_yet_said(page: Page, service: FakeService) -> None:
    service.clip_seconds = 600.0  # nobody comes to the end of the first call
    show(page, service)
    service.show(a_board(a_call(1, "А001", ago=1), a_call(2, "А002")))
    until(page, "QueueDisplay.spoken.length === 1")
    service.clip_seconds = 0.05
    page.reload()
    wait_until_spoken(page, 2)
    assert spoken(page) == [2]


def test_the_gong_sounds_once_for_a_series(page: Page, service: FakeService) -> None:
    page.add_init_script(HEAR_THE_VOICE)
    show(page, service)
    wait_for_the_voice(page)
    page.evaluate("""() => {
      window.played = [];
      const start = AudioBufferSourceNode.prototype.start;
      AudioBufferSourceNode.prototype.start = function (at) { played.push(at); return start.call(this, at); };
    }""")
    service.show(a_board(a_call(1, "А001", "3", ago=1), a_call(2, "А002", "4")))
    wait_until_spoken(page, 1, 2)
    times: list[float] = page.evaluate("played")
    # gong, then twice: ticket, А, number, go, desk
    assert len(times) == 1 + 5 + 5
    for series in (times[:6], times[6:]):  # the clock of the sound may stand still between the two
        assert series == sorted(series)


def test_where_clips_are_missing_the_gong_sounds_and_the_hall_is_told(page: Page, service: FakeService) -> None:
    service.overrides["/assets/voice/ru/manifest.json"] = b"broken"
    service.show(a_board(a_call(1, "А001")))
    page.add_init_script("""
      window.tones = 0;
      const start = OscillatorNode.prototype.start;
      OscillatorNode.prototype.start = function (at) { tones += 1; return start.call(this, at); };
    """)
    show(page, service)
    wait_until_spoken(page, 1)
    assert page.evaluate("tones") == 2
    assert page.evaluate("QueueDisplay.spoken[0].heard") is False
    expect(page.locator("#mute-text")).to_have_text("Голос недоступен: вызовы только на экране")
    expect(page.locator("#unmute")).to_be_hidden()


def test_more_calls_than_rows_take_turns_and_are_all_in_the_page(page: Page, service: FakeService) -> None:
    calls = [a_call(number, f"А{number:03}", str(number), ago=100 - number) for number in range(1, 17)]
    service.show(a_board(*calls))
    show(page, service)
    assert page.locator("tr[data-call]").count() == 15
    visible = page.locator("tr[data-call]:visible")
    until(page, "[4, 5, 6].includes(document.querySelectorAll('tr[data-call]:not([hidden])').length)")  # the last page may be shorter
    first = visible.first.get_attribute("data-ticket")
    until(page, "first => document.querySelector('tr[data-call]:not([hidden])').dataset.ticket !== first", first)


# The line to the service ------------------------------------------------------------------------------------------------


def test_a_killed_service_is_said_and_after_its_return_the_present_is_shown_and_only_the_fresh_spoken(
    page: Page, service: FakeService
) -> None:
    service.show(a_board(a_call(1, "А001", "3")))
    show(page, service)
    wait_until_spoken(page, 1)
    service.stop()
    page.wait_for_selector(LOST)
    assert "Нет связи. Данные на " in (page.text_content("#cut-off") or "")
    until(page, "document.getElementById('cut-off').textContent.includes('секунд назад')")
    assert large(page) == "А001", "what was known stays"
    assert page.get_attribute("#big", "data-now") is None, "but nothing is called now"
    service.board = a_board(a_call(1, "А001", "3", ago=120), a_call(2, "А002", "4", ago=60), a_call(3, "А003", "5", ago=2))
    service.start()
    page.wait_for_selector("[data-call='3']")
    wait_until_spoken(page, 3)
    expect(page.locator("#cut-off")).to_be_hidden()
    expect(page.locator("tr[data-ticket='А002']")).to_be_visible()
    assert spoken(page) == [1, 3]


def test_where_websockets_are_blocked_the_display_lives_on_requests(page: Page, service: FakeService) -> None:
    service.sockets_work = False
    show(page, service)
    service.show(a_board(a_call(1, "А001"), settings={"distance_m": 9, "volume": 10, "rows": 2, "theme": "light", "gong": False}))
    wait_until_spoken(page, 1)
    expect(page.locator("#cut-off")).to_be_hidden()


def test_settings_of_the_device_outlive_the_socket(page: Page, service: FakeService) -> None:
    service.show(a_board(settings={"distance_m": 5, "volume": 80, "rows": 6, "theme": "contrast", "gong": True}))
    show(page, service)
    expect(page.locator("html")).to_have_attribute("data-theme", "contrast")
    service.sockets_work = False
    page.reload()
    service.show(a_board(a_call(1, "А001")))
    wait_until_spoken(page, 1)
    expect(page.locator("html")).to_have_attribute("data-theme", "contrast")


def test_a_refused_token_is_said_and_the_board_is_shown_all_the_same(page: Page, service: FakeService) -> None:
    service.close_code = 4401
    service.show(a_board(a_call(1, "А001")))
    show(page, service, "&token=revoked")
    wait_until_spoken(page, 1)
    expect(page.locator("#warning")).to_contain_text("Ключ табло не принят")
    expect(page.locator("#cut-off")).to_be_hidden()


def test_the_token_is_taken_out_of_the_address_and_remembered(page: Page, service: FakeService) -> None:
    show(page, service, "&token=s3cret")
    assert page.url == f"{service.url}/display/?office=admiralteysky&zone=hall"
    page.reload()
    page.wait_for_selector("body[data-kind=idle]")
    assert len(asked := live_requests(service.asked)) >= 2
    assert all(each == {"office": "admiralteysky", "zone": "hall", "token": "s3cret"} for each in asked)


def test_an_unknown_office_says_so_and_an_address_without_one_asks_for_a_code(page: Page, service: FakeService) -> None:
    service.sockets_work = False
    page.goto(f"{service.url}/display/?office=nowhere")
    expect(page.locator("#big-verb")).to_have_text("Такого отделения нет.")
    page.goto(f"{service.url}/display/")
    expect(page.locator("#pairing")).to_contain_text("Табло не подключено")


CLOSED = {"ru": "Зал закрыт до 15 января", "en": "This hall is closed until 15 January"}


def test_closed_stands_over_everything_and_is_silent(page: Page, service: FakeService) -> None:
    show(page, service)
    settings = {"distance_m": 5, "volume": 80, "rows": 6, "theme": "dark", "gong": True}
    service.show(a_board(a_call(1, "А001"), settings={**settings, "closed": CLOSED}))
    expect(page.locator("#shut")).to_contain_text(CLOSED["ru"])
    expect(page.locator("#shut")).to_contain_text(CLOSED["en"])
    expect(page.locator("#big")).to_be_hidden()
    until(page, "QueueDisplay.spoken.length === 1 && QueueDisplay.spoken[0].heard === false")
    service.show(a_board(a_call(1, "А001"), settings=settings))
    expect(page.locator("#big")).to_be_visible()
    expect(page.locator("#shut")).to_be_hidden()


def test_a_link_whose_token_was_renewed_does_not_bring_the_old_one_back(page: Page, service: FakeService) -> None:
    show(page, service, "&token=linked")
    page.evaluate("""() => {
      const name = "queue-display.device.admiralteysky.hall";
      localStorage.setItem(name, JSON.stringify({...JSON.parse(localStorage.getItem(name)), token: "renewed"}));
    }""")
    show(page, service, "&token=linked")
    show(page, service, "&token=another")
    asked = [each["token"] for each in live_requests(service.asked)]
    assert list(dict.fromkeys(asked)) == sorted(asked, key=["linked", "renewed", "another"].index), "none comes back"
    assert set(asked) == {"linked", "renewed", "another"}


# Sound and motion --------------------------------------------------------------------------------------------------------


def test_a_browser_that_refuses_sound_says_so_and_a_button_helps(page: Page, service: FakeService) -> None:
    # Chromium refuses by itself when it is started without the flag, but to it everything that playwright evaluates is
    # a visitor's touch, at a moment of its own choice. So the state is played, and only a real click changes it.
    page.add_init_script(HEAR_THE_VOICE)
    page.add_init_script("""
      let touched = false;
      const state = Object.getOwnPropertyDescriptor(BaseAudioContext.prototype, "state");
      Object.defineProperty(BaseAudioContext.prototype, "state", {get() { return touched ? state.get.call(this) : "suspended"; }});
      addEventListener("pointerdown", () => { touched = true; }, true);
      window.started = 0;
      const start = AudioBufferSourceNode.prototype.start;
      AudioBufferSourceNode.prototype.start = function (at) { window.started += 1; return start.call(this, at); };
    """)
    service.show(a_board(a_call(1, "А001")))
    show(page, service)
    expect(page.locator("#mute-text")).to_have_text("Звук выключен браузером: вызовы только на экране")
    wait_until_spoken(page, 1)
    wait_for_the_voice(page)
    assert page.evaluate("window.started") == 0, "all that was called while nobody could hear would sound at once afterwards"
    page.click("#unmute")
    expect(page.locator("#mute")).to_be_hidden()
    service.show(a_board(a_call(2, "А002")))
    wait_until_spoken(page, 2)
    assert page.evaluate("QueueDisplay.spoken.map(entry => entry.heard)") == [False, True]


def test_the_pulse_stays_below_the_photosensitive_limit_and_respects_calm(page: Page, service: FakeService) -> None:
    service.show(a_board(a_call(1, "А001")))
    show(page, service)
    page.wait_for_selector("#big.called-now")
    style = "getComputedStyle(document.querySelector('#big .ticket-head'))"
    duration, count = page.evaluate(f"[parseFloat({style}.animationDuration), +{style}.animationIterationCount]")
    assert duration >= 0.5, "at most two flashes a second"
    assert duration * count == 3
    page.emulate_media(reduced_motion="reduce")
    until(page, f"parseFloat({style}.animationDuration) < 0.01")


# The page itself ---------------------------------------------------------------------------------------------------------

HALLS: dict[str, dict[str, Any]] = {
    "idle": a_board(),
    "one": a_board(a_call(1, "А012", "5", ago=60, place="2 этаж, направо →")),
    "six": a_board(*[a_call(n, f"В{n:03}", str(n), ago=200 - n, place="← зал 2" if n % 2 else None) for n in range(1, 7)]),
    "served": a_board(*[a_call(n, f"В{n:03}", str(n), ago=200 - n, state="serving") for n in range(1, 4)]),
    "many": a_board(
        *[a_call(n, f"Ф{n * 123:04}", str(n + 90), ago=200 - n, place="вход со двора, второй этаж") for n in range(1, 17)],
        next=[f"М{n}" for n in range(1000, 1008)],
    ),
    "closed": a_board(
        open={"now": False, "opens_at": instant(-17 * 3600), "closes_at": None, "sentence": None},
        desks={"open": 0, "paused": 0, "closed": 9},
        next=[],
    ),
    "pause": a_board(desks={"open": 0, "paused": 3, "closed": 6}),
}
TICKER = [{"ru": "Приготовьте паспорт и документы заранее: так приём пройдёт быстрее.", "en": ""}]


@pytest.mark.parametrize("theme", ["dark", "light", "contrast"])
def test_axe_finds_nothing(page: Page, service: FakeService, theme: str) -> None:
    show(page, service, f"&theme={theme}")
    for name in HALLS:
        switch(page, service, name)
        check_with_axe(page, f"{name}, {theme}")
    service.stop()
    page.wait_for_selector(LOST)
    check_with_axe(page, f"cut off, {theme}")


def switch(page: Page, service: FakeService, name: str, **more: Any) -> None:
    hall = HALLS[name]
    service.show({**hall, "ticker": TICKER, **more})
    number = hall["calls"][0]["ticket"] if hall["calls"] else ""
    there = "([kind, number]) => document.body.dataset.kind === kind && document.getElementById('big-number').textContent === number"
    until(page, there, ["calls" if number else name, number])
    settle(page)


def check_with_axe(page: Page, screen: str) -> None:
    if not page.evaluate("typeof axe === 'object'"):
        page.add_script_tag(url="/node_modules/axe-core/axe.min.js")
    found = page.evaluate(
        "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
        ".then(result => result.violations.map(v => [v.id, v.nodes.map(n => [n.html, n.failureSummary])]))"
    )
    assert found == [], f"{screen}: {json.dumps(found, ensure_ascii=False, indent=1)}"


@pytest.mark.parametrize("size", SIZES)
def test_nothing_is_cut_and_numbers_are_as_high_as_the_distance_asks(page: Page, service: FakeService, size: str) -> None:
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    show(page, service)
    for name in HALLS:
        switch(page, service, name)
        outside = page.evaluate(OUTSIDE)
        assert outside == [], f"{name}, {size}: {outside}"
        millimetres = page.evaluate(CAPITALS, 43)
        assert all(value >= 24.9 for value in millimetres), f"{name}, {size}: {millimetres} mm for 5 m"


BOTH = {**a_board()["settings"], "languages": ["ru", "en"]}


@pytest.mark.parametrize("size", SIZES)
def test_in_two_languages_nothing_is_cut_either(page: Page, service: FakeService, size: str) -> None:
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    show(page, service)
    for name in HALLS:
        switch(page, service, name, settings=BOTH)
        expect(page.locator("body")).to_have_attribute("data-english", "")
        settle(page)
        outside = page.evaluate(OUTSIDE)
        assert outside == [], f"{name}, {size}: {outside}"
        millimetres = page.evaluate(CAPITALS, 43)
        assert all(value >= 24.9 for value in millimetres), f"{name}, {size}: {millimetres} mm for 5 m"
    check_with_axe(page, size)


def test_english_stands_below_the_russian_where_it_is_set_and_nowhere_else(page: Page, service: FakeService) -> None:
    calls = a_call(1, "А001", "3", ago=200), a_call(2, "А012", "5", ago=60, place="направо →")
    calls[1]["place"]["en"] = "to the right →"
    show(page, service)
    service.show(a_board(*calls))
    expect(page.locator("#big-heading")).to_have_text("Приглашается талон")
    assert page.locator("[lang=en]:visible").all_inner_texts() == []
    service.show(a_board(*calls, settings=BOTH, ticker=[{"ru": "Приготовьте паспорт", "en": "Have your passport ready"}]))
    expect(page.locator("#big-heading-en")).to_have_text("Now calling")
    expect(page.locator("#big-verb-en")).to_have_text("please go to desk, to the right")
    expect(page.locator("#rows thead i").first).to_be_visible()
    expect(page.locator("#big-heading")).to_have_text("Приглашается талон")
    said = page.locator("#said").text_content() or ""
    assert not any("a" <= letter <= "z" for letter in said), "the voice has Russian clips only"
    service.show(a_board(*calls))
    expect(page.locator("#big-heading-en")).to_be_hidden()


A_DESKS_STATES = [
    {"number": "5", "state": "open", "until": None},
    {"number": "6", "state": "technical", "until": None},
    {"number": "7", "state": "closed", "until": None},
]
SAID_ABOVE = {"5": "Ожидайте вызова", "6": "Технический перерыв", "7": "Окно закрыто"}


@pytest.mark.parametrize(("width", "height", "theme"), ABOVE_A_DESK)
def test_above_a_desk_stands_its_number_its_state_and_its_visitor(
    page: Page, service: FakeService, width: int, height: int, theme: str
) -> None:
    page.set_viewport_size({"width": width, "height": height})
    for desk, message in SAID_ABOVE.items():
        service.show(a_board(desk_states=A_DESKS_STATES))
        show(page, service, f"&desk={desk}&theme={theme}")
        expect(page.locator("#big-message")).to_have_text(message)
        expect(page.locator("#big-desk")).to_have_text(desk)
        settle(page)
        assert page.evaluate(OUTSIDE) == []
    show(page, service, f"&desk=5&theme={theme}")
    service.show(a_board(a_call(1, "А012", "5", accessible=True), a_call(2, "В007", "6"), desk_states=A_DESKS_STATES))
    expect(page.locator("#big[data-call='1'][data-ticket='А012'][data-desk='5'][data-now]")).to_be_visible()
    expect(page.locator("#big-access svg")).to_be_visible()
    assert page.locator("[data-call='2']").count() == 0
    wait_until_spoken(page, 1)
    assert spoken(page) == [1], "the pulse is of its own calls"
    settle(page)
    assert page.evaluate(OUTSIDE) == []
    check_with_axe(page, f"above a desk, {theme}")
    service.show(a_board(a_call(1, "А012", "5", state="serving"), desk_states=A_DESKS_STATES))
    expect(page.locator("#big-heading")).to_have_text("Идёт приём")


def test_above_a_desk_nothing_is_heard(page: Page, service: FakeService) -> None:
    service.show(a_board(desk_states=A_DESKS_STATES))
    show(page, service, "&desk=5")
    service.show(a_board(a_call(1, "А012", "5"), desk_states=A_DESKS_STATES))
    wait_until_spoken(page, 1)
    assert page.evaluate("QueueDisplay.spoken[0].heard") is False, "the hall speaks once"
    expect(page.locator("#mute")).to_be_hidden()


def test_the_way_to_an_accessible_desk_is_marked_on_the_ticket_and_in_the_rows(page: Page, service: FakeService) -> None:
    show(page, service)
    service.show(a_board(a_call(1, "А001", "3", ago=40, accessible=True), a_call(2, "А002", "4", ago=39)))
    expect(page.locator("tr[data-call='1'] .access")).to_be_visible()
    expect(page.locator("#big-access")).to_be_hidden()
    service.show(a_board(a_call(2, "А002", "4", ago=40), a_call(3, "А003", "3", accessible=True)))
    expect(page.locator("#big-access svg")).to_be_visible()
    assert page.locator("#big").inner_text().find("доступное окно") >= 0


OUTSIDE = """() => {
  const boxes = {main: "#main", rows: "#side", head: "#big .ticket-head", stub: "#big .ticket-stub"};
  const inside = {
    "#big-number": boxes.head, "#big-heading": boxes.head, "#big-message": boxes.head, "#big-message-en": boxes.head,
    "#big-go": boxes.stub, "#big-desk": boxes.stub,
    "#big-arrow svg": boxes.stub, "#rows": boxes.rows, "#steps": boxes.rows, "#next": "footer", "#desks": "footer", "#ticker": "footer",
    "footer": "body", ".clock": ".top", "h1": ".top"};
  const wrong = [];
  for (const [selector, box] of Object.entries(inside)) {
    const node = document.querySelector(selector);
    if (!node || !node.getClientRects().length) { continue; }
    const a = node.getBoundingClientRect(), b = document.querySelector(box).getBoundingClientRect();
    if (a.left < b.left - 1 || a.right > b.right + 1 || a.top < b.top - 1 || a.bottom > b.bottom + 1) {
      wrong.push([selector, [a.left, a.top, a.right, a.bottom].map(Math.round), [b.left, b.top, b.right, b.bottom].map(Math.round)]);
    }
    if (node.scrollWidth > node.clientWidth + 1 && getComputedStyle(node).display !== "inline") { wrong.push([selector, "text is wider"]); }
  }
  return wrong;
}"""
"""Which parts stand outside of their box, or hold more text than room."""

CAPITALS = """diagonal => {
  const perMillimetre = Math.hypot(innerWidth, innerHeight) / (diagonal * 25.4);
  return ["#big-number", "#big-desk", "#rows tbody tr:not([hidden]) th", "#rows tbody tr:not([hidden]) td:last-child"]
    .map(selector => document.querySelector(selector)).filter(node => node && node.textContent && node.getClientRects().length)
    .map(node => Math.round(parseFloat(getComputedStyle(node).fontSize) * 0.7 / perMillimetre * 10) / 10);
}"""
"""Heights of the numbers nobody may miss, in millimetres on a screen of this diagonal."""


def test_the_page_asks_nobody_else_and_breaks_no_rule_of_its_policy(page: Page, service: FakeService) -> None:
    complaints: list[str] = []
    requests: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    service.show({**HALLS["six"], "ticker": TICKER})
    show(page, service)
    page.wait_for_timeout(1500)
    assert complaints == []
    assert requests
    assert all(url.startswith((service.url, service.url.replace("http", "ws"))) for url in requests)


def test_the_clock_is_that_of_the_service_in_the_zone_of_the_office(page: Page, service: FakeService) -> None:
    service.ahead = 3 * 3600
    service.show(a_board(a_call(1, "А001")))
    show(page, service)
    expect(page.locator("#time")).to_have_text("15:00")
    page.wait_for_timeout(300)
    assert spoken(page) == [], "by the service's clock this call is three hours old"


LOOKED_AT_ITSELF = """() => {
  const asked = performance.getEntriesByType("resource").filter(each => each.initiatorType === "xmlhttprequest").map(each => each.name);
  return [...document.querySelectorAll("script[src], link[rel=stylesheet]")].every(node => asked.includes(node.src || node.href));
}"""
"""The page knows which version it is."""


def test_at_night_a_changed_page_loads_itself_anew_and_an_unchanged_one_does_not(page: Page, service: FakeService) -> None:
    show(page, service)
    page.evaluate("window.sameAsBefore = true")
    until(page, LOOKED_AT_ITSELF)
    style = (ROOT / "display" / "display.css").read_bytes()
    service.overrides["/display/display.css"] = style + b"\n/* newer */\n"
    service.show(a_board())
    page.wait_for_timeout(1500)
    assert page.evaluate("window.sameAsBefore === true"), "by day it stays"
    service.ahead = 15 * 3600  # three in the morning
    service.show(a_board())
    until(page, "window.sameAsBefore === undefined")
    page.wait_for_selector("body[data-kind=idle]")
    page.evaluate("window.sameAsBefore = true")
    page.wait_for_timeout(2500)
    assert page.evaluate("window.sameAsBefore === true"), "it is the newest version now"


def test_hours_of_boards_leave_no_nodes_behind(page: Page, service: FakeService) -> None:
    service.clip_seconds = 0.001
    show(page, service)

    def nodes() -> int:
        count: int = page.evaluate("document.getElementsByTagName('*').length")
        return count

    def play(first: int) -> None:
        for number in range(first, first + 60):
            service.show(a_board(*[a_call(n, f"А{n:03}", str(n % 9 + 1), ago=40) for n in range(number, number + 6)]))
            page.wait_for_timeout(8)
        expect(page.locator("#big")).to_have_attribute("data-ticket", f"А{first + 64:03}")

    play(1)
    before = nodes()
    play(100)
    assert abs(nodes() - before) <= 3
    assert page.evaluate("QueueDisplay.spoken.length") <= 100
