"""How long a service takes: what the journal measured where it measured enough, else what was typed in."""

import random
from datetime import UTC, datetime

from queue_service.db import Database
from queue_service.statistics.durations import ENOUGH, LATEST, Durations, typical
from tests.support.factories import AnOffice, a_service, a_ticket, an_office


async def finished(database: Database, office: AnOffice, service: str, seconds: list[int]) -> None:
    ticket = await a_ticket(database, office, service)
    await database.hot.executemany(
        "INSERT INTO ticket_event (ticket_id, office_id, kind, at, details) VALUES ($1, $2, 'finished', $3, $4)",
        [(ticket, office.id, datetime.now(UTC), {"service": office.services[service], "occupied": each}) for each in seconds],
    )


async def test_a_service_without_enough_visits_takes_its_typical_time(database: Database) -> None:
    office = await an_office(database, a_service("passport", typical=10), a_service("visa", typical=25))
    await finished(database, office, "passport", [60] * (ENOUGH - 1))
    durations = await Durations(database.hot).of(await office.catalogue(database))
    assert durations == {office.services["passport"]: typical(10), office.services["visa"]: typical(25)}


async def test_a_measured_service_takes_what_it_took(database: Database) -> None:
    office = await an_office(database, a_service("passport", typical=10), a_service("visa", typical=25))
    await finished(database, office, "passport", [200, 400] * ENOUGH)
    await finished(database, await an_office(database), "passport", [9000] * ENOUGH)
    durations = await Durations(database.hot).of(await office.catalogue(database))
    measured = durations[office.services["passport"]]
    assert measured.mean == 300
    assert 90**2 < measured.variance < 110**2
    assert durations[office.services["visa"]] == typical(25)


async def test_only_the_latest_visits_count(database: Database) -> None:
    office = await an_office(database)
    await finished(database, office, "passport", [3600] * 50)
    recent = [random.Random(1).choice([100, 120, 140]) for _ in range(LATEST)]
    await finished(database, office, "passport", recent)
    durations = await Durations(database.hot).of(await office.catalogue(database))
    assert durations[office.services["passport"]].mean == sum(recent) / LATEST


async def test_visits_of_no_time_at_all_do_not_make_the_wait_zero(database: Database) -> None:
    office = await an_office(database)
    await finished(database, office, "passport", [0] * ENOUGH)
    durations = await Durations(database.hot).of(await office.catalogue(database))
    assert durations[office.services["passport"]].mean == 1
