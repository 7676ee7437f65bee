"""Nothing that can be pressed lies under the kiosk's bar, with names as long as real ones, in every look and both languages."""

import asyncio
from itertools import product

from playwright.async_api import expect
from sqlmodel import col, update

from queue_service.db import Database
from queue_service.offices.models import Service as ServiceRow
from queue_service.offices.models import ServiceGroup
from tests.browser.conftest import KIOSK, OpenPage
from tests.support.factories import a_kiosk, a_privilege, a_service, an_office
from tests.support.service import Service

LETTERS = "АВСДКНТП"
GROUPS = [("Консультации и приём граждан", "Advice and reception of citizens"), ("Земля и недвижимость", "Land and property")]
NAMES = [
    ("Субсидия на оплату жилья и коммунальных услуг", "Subsidy for rent and utilities"),
    ("Присвоение звания «Ветеран труда» и выдача удостоверения", "Award of the title of Veteran of Labour, with its certificate"),
    ("Государственная социальная помощь", "State social assistance"),
]
DOCUMENTS = [
    ("Паспорт", "Passport"),
    ("Документ о праве на жильё или выписка из ЕГРН", "Proof of the right to the dwelling or an extract from the register"),
    ("Согласие собственника, если жильё не ваше", "The owner's consent, if the dwelling is not yours"),
    ("Справка о доходах за три месяца", "Certificate of income for three months"),
]
LOOKS: list[tuple[str, ...]] = [(), ("contrast",), ("large",), ("contrast", "large")]


def both(name: tuple[str, str]) -> dict[str, str]:
    return {"ru": name[0], "en": name[1]}


async def a_kiosk_with_long_names(database: Database) -> str:
    office = await an_office(database, *(a_service(f"{letter}{number}", letter) for letter in LETTERS for number in range(6)))
    async with database.session() as db:
        for position, letter in enumerate(LETTERS):
            await db.exec(
                update(ServiceGroup)
                .where(col(ServiceGroup.office_id) == office.id, col(ServiceGroup.letter) == letter)
                .values(name=both(GROUPS[position % len(GROUPS)]))
            )
            for number in range(6):
                await db.exec(
                    update(ServiceRow)
                    .where(col(ServiceRow.id) == office.services[f"{letter}{number}"])
                    .values(name=both(NAMES[(position + number) % len(NAMES)]), documents=[both(each) for each in DOCUMENTS])
                )
    await a_privilege(database)
    return await a_kiosk(database, office)


WALK = """() => {
  const screen = document.getElementById("screen");
  const found = [];
  const press = (selector) => document.querySelector(selector).click();
  const look = (where, expected) => {
    if (screen.dataset.screen !== expected) found.push(`${where}: ${screen.dataset.screen} instead of ${expected}`);
    const over = screen.scrollHeight - screen.clientHeight;
    if (over > 1) found.push(`${where}: ${over} px`);
  };
  look("home", "home");
  const letters = [...document.querySelectorAll("[data-group]")].map((card) => card.dataset.group);
  if (letters.length < 4) found.push("too few groups");
  for (const letter of letters) {
    press(`[data-group=${letter}]`);
    look(letter, "services");
    press("[data-action=service]");
    look(`${letter} confirm`, "confirm");
    press("#screen [data-action=home]");
  }
  return found;
}"""
"""Home, every group and the first service of each; what is higher than its room. A press is rendered before it returns."""


async def test_every_screen_fits_the_kiosk(service: Service, database: Database, open_page: OpenPage) -> None:
    token = await a_kiosk_with_long_names(database)

    async def one(look: tuple[str, ...], lang: str) -> list[str]:
        page = await open_page(f"{service.base_url}/kiosk/?token={token}", KIOSK)
        await expect(page.locator("[data-group]").first).to_be_visible()
        for action in [*look, *(["lang"] if lang == "en" else [])]:
            await page.locator(f"[data-action={action}]").click()
        await page.evaluate("document.fonts.ready.then(() => null)")
        return [f"{lang} {' '.join(look)} {each}" for each in await page.evaluate(WALK)]

    wrong = await asyncio.gather(*(one(look, lang) for look, lang in product(LOOKS, ("ru", "en"))))
    assert [each for one_walk in wrong for each in one_walk] == []


async def test_a_tablet_that_must_scroll_says_so(service: Service, database: Database, open_page: OpenPage) -> None:
    page = await open_page(f"{service.base_url}/kiosk/?token={await a_kiosk_with_long_names(database)}", (768, 720))
    for action in LOOKS[-1]:
        await page.locator(f"[data-action={action}]").click()
    await page.locator("[data-action=group]").first.click()
    await page.locator("[data-action=service]").first.click()
    screen = page.locator("#screen[data-screen=confirm]")
    await expect(screen).to_have_attribute("data-below", "")
    await screen.evaluate("screen => screen.scrollTo(0, screen.scrollHeight)")
    await expect(screen).not_to_have_attribute("data-below", "")
