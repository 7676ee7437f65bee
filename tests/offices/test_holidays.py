"""Public holidays close an office by themselves, with the year's transfers, unless the office says otherwise for the day."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from queue_service.db import Database
from queue_service.offices.holidays import is_known_country, public_holidays
from queue_service.text import LANGUAGES
from tests.support.factories import an_office

MOSCOW: dict[str, Any] = {"time_zone": "Europe/Moscow", "hours": [(day, 540, 1080) for day in range(1, 8)]}
NOON = datetime(2026, 12, 30, 9, 0, tzinfo=UTC)


def test_fixed_holidays_and_the_days_off_moved_beside_them_are_known_in_both_languages() -> None:
    days = public_holidays("RU", 2026)
    assert days[date(2027, 3, 8)]["ru"] == "Международный женский день"
    assert date(2026, 12, 31) in days, "moved there from Sunday 4 January"
    assert date(2027, 5, 10) in days, "in lieu of Sunday 9 May"
    assert date(2027, 3, 9) not in days
    assert all(set(name) == set(LANGUAGES) for name in days.values())


def test_a_year_is_known_with_the_two_after_it_so_that_no_horizon_ends_within() -> None:
    years = {day.year for day in public_holidays("RU", 2026)}
    assert {2026, 2027, 2028} <= years


def test_who_names_no_country_has_no_holidays() -> None:
    assert public_holidays(None, 2026) == {}


@pytest.mark.parametrize(("country", "known"), [("RU", True), ("DE", True), ("ZZ", False), ("ru", False), ("", False)])
def test_a_country_is_known_or_not(country: str, known: bool) -> None:
    assert is_known_country(country) is known


async def test_an_office_is_closed_on_a_holiday_and_says_which(database: Database) -> None:
    office = await an_office(database, public_holidays="RU", **MOSCOW)
    schedule = (await office.catalogue(database, NOON)).schedule
    assert schedule.intervals(date(2027, 1, 7)) == []
    assert schedule.is_holiday(date(2027, 1, 7))
    assert schedule.closed_sentence(datetime(2027, 1, 7, 9, 0, tzinfo=UTC))["ru"].startswith(
        "Сегодня отделение закрыто: Рождество Христово."
    )
    assert schedule.intervals(date(2027, 1, 9)) != []
    assert not schedule.is_holiday(date(2027, 1, 9))


@pytest.mark.parametrize("works", [{"public_holidays": None}, {"public_holidays": "DE"}])
async def test_an_office_works_on_a_holiday_that_is_not_its_own(database: Database, works: dict[str, Any]) -> None:
    office = await an_office(database, **works, **MOSCOW)
    schedule = (await office.catalogue(database, NOON)).schedule
    assert len(schedule.intervals(date(2027, 3, 8))) == 1
    assert not schedule.is_holiday(date(2027, 3, 8))


async def test_a_closure_of_the_office_is_told_instead_of_the_holiday(database: Database) -> None:
    office = await an_office(database, public_holidays="RU", closed_on=[(date(2027, 3, 8), "ремонт")], **MOSCOW)
    schedule = (await office.catalogue(database, NOON)).schedule
    closure = schedule.closure(date(2027, 3, 8))
    assert closure is not None
    assert closure.reason["ru"] == "ремонт"
    assert not schedule.is_holiday(date(2027, 3, 8))
