"""Every text that somebody can write, written as an attack, on every surface in Chromium: no script runs, and it is read as it was written.

Written straight into the rows, past every form's own checks: the screens must stand even where a check was forgotten.
"""

import json
from typing import Any

import pytest
from playwright.async_api import Page

from queue_service.db import Database
from queue_service.events import access_changed, office_changed, setup_changed
from queue_service.staff.models import Role
from tests.browser.conftest import DESK, DISPLAY, KIOSK, PHONE, OpenPage, until
from tests.support.booking import booked, day_after, free_slots
from tests.support.factories import (
    AnOffice,
    a_clerk,
    a_clerk_at,
    a_desk,
    a_display,
    a_kiosk,
    a_lane,
    a_privilege,
    a_service,
    an_office,
    booked_online,
)
from tests.support.service import Service

OPENER = '"\'><img class="hostile" src=x onerror="window.hacked=1"><script>window.hacked=2</script>'
REST = "<svg onload=window.hacked=3>{{7*7}}${7*7}%(n)s&amp;</textarea></title>\u202eabc\u202c\u0007" + "Ж" * 120
"""Markup, templates of three languages, closing tags, a direction that turns, a bell, and a word without end."""
SIGN = "ВРАЖ"


def hostile(what: str) -> str:
    return f"{SIGN}-{what}{OPENER}{REST}"


def both(what: str) -> dict[str, str]:
    return {"ru": hostile(what), "en": hostile(what)}


async def poison(database: Database, office: AnOffice) -> None:
    """Everything that has a text gets one of these."""
    hot, of = database.hot, office.id
    rows: list[tuple[str, tuple[Any, ...]]] = [
        (
            "UPDATE office SET name = $1, district = $2, address = $3, phone = $4, ticker = $5 WHERE id = $6",
            (both("office"), both("district"), both("address"), hostile("phone"), [both("ticker")], of),
        ),
        ("UPDATE service SET name = $1, documents = $2 WHERE office_id = $3", (both("service"), [both("document")], of)),
        ("UPDATE service_group SET name = $1 WHERE office_id = $2", (both("group"), of)),
        ("UPDATE zone SET name = $1 WHERE office_id = $2", (both("zone"), of)),
        ("UPDATE desk SET place = $1 WHERE office_id = $2", (both("place"), of)),
        ("UPDATE privilege SET name = $1, basis = $2, document = $3", (both("privilege"), hostile("basis"), both("paper"))),
        ("UPDATE lane SET name = $1 WHERE office_id = $2", (hostile("lane"), of)),
        ("UPDATE device SET name = $1 WHERE office_id = $2", (hostile("device"), of)),
        ("UPDATE account SET name = $1 WHERE office_id = $2", (hostile("person"), of)),
        ("UPDATE ticket SET comment = $1 WHERE office_id = $2", (hostile("comment"), of)),
        (
            "INSERT INTO closure (office_id, local_date, reason) VALUES ($1, $2, $3)",
            (of, day_after(20), both("closure")),
        ),
    ]
    for statement, values in rows:
        await hot.execute(statement, *values)
    async with database.session() as db:
        await setup_changed(db, of)
        await access_changed(db)
        await office_changed(db, of)


async def what_ran(page: Page) -> Any:
    return await page.evaluate("window.hacked ?? document.querySelectorAll('.hostile, svg[onload], [onerror], [onload]').length")


READS = "wanted => document.body.textContent.replace(/[\\s\\u00ad]/g, ' ').includes(wanted)"
"""Typography may choose the kind of a space."""


async def visit(page: Page, url: str, *expected: str) -> None:
    """Opens the page and waits until the texts stand there as they were written."""
    await page.goto(url)
    for what in expected:
        # What is read, not the markup: an attack that became an element would be gone from it.
        wanted = f"{SIGN}-{what}{OPENER}"
        try:
            await until(page, READS, wanted)
        except AssertionError:
            raise AssertionError(f"{url}: {wanted} is not in {await page.evaluate('document.body.textContent')}") from None
    assert await what_ran(page) == 0, url


async def sign(page: Page, token: str, base: str) -> None:
    await page.context.add_cookies([{"name": "queue_session", "value": token, "url": base}])


@pytest.fixture
async def office(database: Database) -> AnOffice:
    office = await an_office(
        database, a_service("passport", "А"), a_service("help", "К"), desks=[a_desk("1", zone="hall"), a_desk("2", zone="hall")]
    )
    await a_privilege(database)
    await booked_online(database, office)
    await a_lane(database, office)
    return office


async def test_no_text_becomes_markup_on_any_surface(service: Service, database: Database, office: AnOffice, open_page: OpenPage) -> None:
    base = service.base_url
    kiosk, display = await a_kiosk(database, office), await a_display(database, office)
    clerk, head = await a_clerk_at(database, office, "1"), await a_clerk(database, office, role=Role.OFFICE_HEAD)
    slot = (await free_slots(service, office))[1]  # the first may begin before it is booked
    booking = await booked(service, office, slot, name="Анна <b>Смирнова</b>")
    called, waiting = await service.taken(kiosk), await service.taken(kiosk)
    await service.called(clerk)
    transferred = await service.desk(clerk, "start")
    assert transferred.status_code == 200
    await poison(database, office)
    notice = await service.http.post(
        "/api/desk/hall/notices",
        json={"text": f"{SIGN}-notice{OPENER}"[:200], "minutes": 5},
        headers={"Authorization": f"Bearer {head.token}"},
    )
    assert notice.status_code < 500
    page = await open_page(f"{base}/", DESK)
    await visit(page, f"{base}/", "district", "address")
    for path, expected in (
        (f"/t/{waiting['secret']}", ("service",)),
        (f"/t/{called['secret']}", ("service",)),
        (f"/t/{waiting['secret']}/why", ()),
        (f"/a/{booking['secret']}", ("service",)),
        (f"/a/{booking['secret']}/move", ()),
        ("/book/service", ("service",)),
        ("/book/office?service=passport&applications=1", ("district",)),
    ):
        await visit(page, base + path, *expected)
    await page.set_viewport_size({"width": KIOSK[0], "height": KIOSK[1]})
    await visit(page, f"{base}/kiosk/?token={kiosk}", "office", "service")
    await page.set_viewport_size({"width": DISPLAY[0], "height": DISPLAY[1]})
    await visit(page, f"{base}/display/?office={office.slug}&token={display}", "office", "place")
    await page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    await sign(page, clerk.token, base)
    await visit(page, f"{base}/desk", "person", "service")
    await sign(page, head.token, base)
    slug = json.dumps(office.slug).strip('"')
    await visit(page, f"{base}/desk/hall", "person", "service")
    await visit(page, f"{base}/desk/bookings", "service")
    for path in ("", "/services", "/desks", "/lanes", "/hours", "/notices", "/texts", "/policy"):
        await visit(page, f"{base}/admin/offices/{slug}{path}")
    for path in ("/admin/devices", "/admin/staff", "/admin/audit", "/account"):
        await visit(page, base + path)
    await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    await visit(page, f"{base}/admin/staff", "person")
