"""Takes the README's pictures from a real running demo, so that they show what a newcomer will see.

A demo of its own on a free port, a dozen visitors and six clerks through the real API, then each surface at its usual size.
Refuses mock-ups: what is not on the screen is not in the README.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tools.chromium import find_chromium

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "screenshots"
HEIGHT = 480
"""Pixels in the README: large enough to recognise, small enough for a front door."""
CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
SERVICES = (
    "residence-registration",
    "internal-passport",
    "child-benefit",
    "residence-registration",
    "consultation",
    "housing-queue",
    "kindergarten",
    "address",
)
SECONDS_TO_START = 60


@contextlib.contextmanager
def running_demo() -> Iterator[dict[str, Any]]:
    """A fresh demo city on a free port; what its demo.json says."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "QUEUE_PORT": str(port), "QUEUE_DATA_DIR": folder}
        command = [str(Path(sys.executable).with_name("queue-service")), "demo"]
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                _wait_until_ready(port)
                yield json.loads((Path(folder) / "demo.json").read_text(encoding="utf-8"))
            finally:
                process.send_signal(signal.SIGINT)
                process.wait(30)


def _wait_until_ready(port: int) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"http://localhost:{port}/health/ready").status_code == 200:
                return
        time.sleep(0.2)
    raise SystemExit("The demo did not become ready; start `make demo` to see why.")


def fill_the_hall(city: dict[str, Any]) -> str:
    """Visitors, and six desks that have called one each; returns the address of a waiting ticket's page."""
    kiosk = httpx.Client(base_url=city["base_url"], headers={"Authorization": f"Bearer {city['kiosk_token']}"})
    menu = kiosk.get("/api/kiosk/menu").json()
    offered = [each["code"] for group in menu["groups"] for each in group["services"] if each["availability"] == "open"]
    page = ""
    for number in range(14):
        service = SERVICES[number % len(SERVICES)]
        answer = kiosk.post(
            "/api/kiosk/tickets",
            json={"service": service if service in offered else offered[number]},
            headers={"Idempotency-Key": uuid.uuid4().hex},
        )
        page = answer.raise_for_status().json()["url"]
    for clerk in city["clerks"][1:7]:
        _call(city["base_url"], clerk)
    return page


def _call(base_url: str, clerk: dict[str, str]) -> None:
    with httpx.Client(base_url=base_url) as desk:
        token = desk.post("/api/staff/sessions", json={"login": clerk["login"], "password": clerk["password"]}).json()["token"]
        desk.headers["Authorization"] = f"Bearer {token}"
        desk.put("/api/desk/shift", json={"desk": clerk["desk"]}).raise_for_status()
        desk.post("/api/desk/call-next").raise_for_status()


def take(browser: Browser, city: dict[str, Any], ticket_page: str) -> None:
    """One picture per surface."""
    base = city["base_url"]
    kiosk = f"{base}/kiosk/?token={city['kiosk_token']}"
    with _opened(browser, 1920, 1080, f"{base}/display/?office={city['office']}&token={city['display_token']}") as page:
        _save(page, "display")
    with _opened(browser, 1080, 1920, kiosk) as page:
        page.wait_for_selector("[data-group]")
        _save(page, "kiosk")
        page.locator("[data-group]").first.click()
        page.locator("[data-service]").first.click()
        page.locator("[data-action=take]").click()
        page.wait_for_selector("[data-ticket]")
        _save(page, "kiosk-ticket")
    with _opened(browser, 390, 844, ticket_page) as page:
        _save(page, "ticket")
    with _opened(browser, 1366, 768, f"{base}/") as page:
        _save(page, "offices")
    with _opened(browser, 1366, 768, f"{base}/desk") as page:
        _start_work(page, city["clerks"][0])
        _save(page, "desk")
    with _opened(browser, 1366, 768, f"{base}/desk/login?next=/desk/hall") as page:
        _sign_in(page, city["hall"])
        page.wait_for_url("**/desk/hall")
        _save(page, "hall")


def book(browser: Browser, city: dict[str, Any]) -> None:
    """A booking on a phone, page by page, with a picture of the times, of the answers and of the booking itself."""
    slots = httpx.get(f"{city['base_url']}/api/public/offices/{city['office']}/slots", params={"service": SERVICES[0], "days": 4}).json()
    day = slots["days"][3]["date"]
    times = f"{city['base_url']}/book/time?service={SERVICES[0]}&office={city['office']}&date={day}"
    with _opened(browser, 390, 844, times) as page:
        _save(page, "book-time")
        page.locator("[name=starts_at]").nth(42).click()
        if not page.url.endswith("/who"):
            page.get_by_role("button", name="Продолжить").click()
        page.wait_for_url("**/who")
        page.fill("[name=name]", "Смирнова Анна")
        page.get_by_role("button", name="Продолжить").click()
        page.wait_for_url("**/contact")
        page.fill("[name=contact]", "anna@example.ru")
        page.get_by_role("button", name="Продолжить").click()
        page.wait_for_url("**/check")
        _save(page, "book-check")
        page.get_by_role("button", name="Подтвердить запись").click()
        page.wait_for_url("**/done")
        page.goto(f"{city['base_url']}/a/{page.url.split('/')[-2]}")
        _save(page, "appointment")


def administer(browser: Browser, city: dict[str, Any]) -> None:
    """What the city's administrator sees: who takes what, an office's week, the devices."""
    other = next(slug for slug in city["offices"] if slug != city["office"])
    pages = {"admin-desks": f"/admin/offices/{city['office']}/desks", "admin-hours": f"/admin/offices/{other}/hours"}
    with _opened(browser, 1366, 768, f"{city['base_url']}/desk/login?next=/admin") as page:
        _sign_in(page, city["admin"])
        page.wait_for_url(f"{city['base_url']}/admin")
        for name, path in pages.items():
            page.goto(city["base_url"] + path)
            _save(page, name)


@contextlib.contextmanager
def _opened(browser: Browser, width: int, height: int, address: str) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": width, "height": height}, locale="ru-RU")
    page.goto(address)
    yield page
    page.close()


def _sign_in(page: Page, account: dict[str, str]) -> None:
    page.fill("[name=login]", account["login"])
    page.fill("[name=password]", account["password"])
    page.keyboard.press("Enter")


def _start_work(page: Page, clerk: dict[str, str]) -> None:
    _sign_in(page, clerk)
    page.locator(f"button[data-desk='{clerk['desk']}']").click()
    page.wait_for_selector("[data-mode=idle]")
    page.keyboard.press("Space")
    page.wait_for_selector("[data-mode=called]")


def _save(page: Page, name: str) -> None:
    page.wait_for_timeout(1500)  # fonts, the first snapshot, the end of a transition: a picture has no one event to wait for
    target = PICTURES / f"{name}.png"
    page.screenshot(path=target)
    with Image.open(target) as picture:
        small = picture.convert("RGB").resize((round(picture.width * HEIGHT / picture.height), HEIGHT), Image.Resampling.LANCZOS)
        small.quantize(128).save(target, optimize=True)


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    print("Starting a demo city and filling its hall…")
    with running_demo() as city, sync_playwright() as playwright:
        ticket_page = fill_the_hall(city)
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        take(browser, city, ticket_page)
        book(browser, city)
        administer(browser, city)
        browser.close()
    print(f"Pictures are in {PICTURES}.")


if __name__ == "__main__":
    main()
