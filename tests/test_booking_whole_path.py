"""From home to the desk, with everything real in between: booked, told by mail, moved through the mail's link, scanned in the hall, and
called at its time although walk-ins are overdue. Must hold 5; the scanner in the browser is in `browser/`.

On a database of its own with a sender of its own. The hall's clock is moved on for the call, so nothing waits.
"""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import icalendar
import pytest

import queue_service.app
from queue_service.db import Database, opened
from queue_service.notifications.sender import Sender
from queue_service.schema import upgrade_now
from queue_service.settings import Settings
from queue_service.tickets.rules import Rank
from tests.booking.scene import MINUTE, it_is
from tests.notifications.scene import MailServer, a_mail_server, text_of
from tests.support.booking import free_slots
from tests.support.factories import AnOffice, Queued, a_clerk_at, a_desk, a_kiosk, a_lane, a_queue, an_office, booked_online
from tests.support.postgres import a_database_on
from tests.support.service import HASH_KEY, SEAL_KEY, Service, bearer, eventually, running

LINK = re.compile(r"https?://\S+/a/\S+")


@dataclass
class City:
    """A running service that sends real mail."""

    service: Service
    database: Database
    mail_server: MailServer


@pytest.fixture
def own_database_url(database_url: str) -> Iterator[str]:
    with a_database_on(database_url, "whole_path") as url:
        upgrade_now(url)
        yield url


@asynccontextmanager
async def a_city_with_mail(url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[City]:
    """A service over a database of its own, whose letters go to a real mail server."""
    with a_mail_server() as mail_server:
        settings = Settings(
            database_url=url,
            rate_limits=True,
            log_level="error",
            data_dir=folder,
            seal_keys=(SEAL_KEY,),
            hash_key=HASH_KEY,
            smtp_url=mail_server.url + "?starttls=off",
            mail_from="Электронная очередь <queue@example.ru>",
        )
        async with opened(url) as database:
            # The suite's common service has taken the sender away for everybody.
            monkeypatch.setattr(queue_service.app, "Sender", Sender)
            with running(settings) as (base_url, app, settings):
                async with Service(base_url, app, settings) as service:
                    yield City(service, database, mail_server)


@pytest.fixture
async def city(own_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[City]:
    async with a_city_with_mail(own_database_url, tmp_path, monkeypatch) as made:
        yield made


async def letters(city: City, count: int) -> list[str]:
    """The texts, once so many have arrived; never more."""

    async def arrived() -> bool:
        return len(city.mail_server.box) >= count

    await eventually(arrived)
    assert len(city.mail_server.box) == count
    return [text_of(mail) for mail in city.mail_server.box]


def link_in(text: str) -> str:
    """What a person presses in the letter."""
    (link,) = set(LINK.findall(text))
    return str(link)


def event_in(city: City, number: int) -> Any:
    (part,) = [part for part in city.mail_server.box[number].walk() if part.get_content_type() == "text/calendar"]
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    (event,) = icalendar.Calendar.from_ical(payload).walk("VEVENT")
    return event


async def test_from_home_to_the_desk(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    service = city.service
    office = await an_office(city.database, desks=[a_desk(number) for number in "1234"])
    await booked_online(city.database, office, check_in_opens_minutes=720)
    await a_lane(city.database, office)
    kiosk, clerks = await a_kiosk(city.database, office), [await a_clerk_at(city.database, office, number) for number in "1234"]

    # At home.
    first, second = (await free_slots(service, office))[6:8]
    wish = {"office": office.slug, "service": "passport", "starts_at": first}
    hold = (await service.http.post("/api/public/appointments", json=wish)).json()
    person = {"name": "Анна Смирнова", "contact": "Anna@Mail.ru"}
    assert (await service.http.post(f"/api/public/appointments/{hold['secret']}/confirm", json=person)).status_code == 200
    (confirmation,) = await letters(city, 1)
    assert city.mail_server.box[0]["To"] == "anna@mail.ru"
    assert f"{hold['reference'][:4]}-{hold['reference'][4:]}" in confirmation
    assert "Смирнова" not in confirmation

    # The link opens the booking; it is all that the citizen has.
    page = await service.http.get(link_in(confirmation))
    assert (page.status_code, hold["reference"][4:] in page.text) == (200, True)
    secret = link_in(confirmation).rpartition("/")[2]
    moved = await service.http.post(f"/api/public/appointments/{secret}/move", json={"starts_at": second})
    assert (moved.status_code, moved.json()["starts_at"]) == (200, second)
    change = (await letters(city, 2))[1]
    assert link_in(change) == link_in(confirmation)
    assert (event_in(city, 0)["UID"], int(event_in(city, 0)["SEQUENCE"])) == (event_in(city, 1)["UID"], 0)
    assert int(event_in(city, 1)["SEQUENCE"]) == 1
    starts_at = datetime.fromisoformat(second)
    assert event_in(city, 1).decoded("DTSTART").astimezone(UTC) == starts_at

    # In the hall: the scanner types the link and Enter.
    scanned = await service.http.post("/api/kiosk/check-ins", json={"code": link_in(change) + "\r"}, headers=bearer(kiosk))
    assert scanned.status_code == 201, scanned.text
    ticket = scanned.json()
    assert (ticket["source"], ticket["late"], ticket["starts_at"]) == ("booked", False, second)
    again = await service.http.post("/api/kiosk/check-ins", json={"code": hold["reference"]}, headers=bearer(kiosk))
    assert again.json()["id"] == ticket["id"]
    shown = (await service.http.get(f"/api/public/appointments/{secret}")).json()
    assert shown["ticket"]["number"] == ticket["number"]

    # The hall is slow today.
    overdue = await walk_ins_due(city, office, [starts_at - late * MINUTE for late in (40, 30, 20)])
    before_its_time, at_its_time = starts_at - MINUTE, starts_at
    called = []
    for clerk, moment in zip(clerks, (before_its_time, at_its_time, at_its_time, at_its_time), strict=True):
        it_is(moment, monkeypatch)
        called.append(await service.called(clerk))
    assert [each["id"] for each in called] == [overdue[0], ticket["id"], *overdue[1:]]
    assert len(await letters(city, 2)) == 2, "nothing is sent twice"


async def walk_ins_due(city: City, office: AnOffice, times: list[datetime]) -> list[int]:
    """They came an hour before they are due."""
    come = [(due_at, due_at - 60 * MINUTE) for due_at in times]
    return await a_queue(city.database, office, [Queued(rank=Rank(due_at, due_at, at), issued_at=at) for due_at, at in come])
