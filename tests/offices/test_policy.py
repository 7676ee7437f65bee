"""An office's rules are changed whole, by somebody who saw what stood, and the change is remembered."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from queue_service.db import Database
from queue_service.offices.policy import (
    OFFICE_FORMS,
    SERVICE_FORMS,
    BadPolicy,
    PolicyMoved,
    Values,
    change_policy,
    check,
    latest_changes,
    present_policy,
)
from queue_service.staff.models import Role
from tests.support.factories import LATER, AClerk, AnOffice, a_clerk, a_service, an_office
from tests.support.postgres import execute_as_owner
from tests.support.service import Service, eventually


@pytest.fixture
async def office(database: Database) -> AnOffice:
    return await an_office(database, a_service("passport"), a_service("advice", "В", limit=30), a_service("old", active=False))


@pytest.fixture
async def head(database: Database, office: AnOffice) -> AClerk:
    return await a_clerk(database, office, role=Role.OFFICE_HEAD)


async def stands(database: Database, office: AnOffice) -> dict[str, int | None]:
    async with database.session() as db:
        return await present_policy(db, office.id)


async def change(database: Database, office: AnOffice, head: AClerk, seen: Values, **wanted: int | None) -> bool:
    """Whether anything was changed; a name's dot is written as two underscores."""
    values = {name.replace("__", "."): value for name, value in wanted.items()}
    async with database.session() as db:
        return await change_policy(db, office.id, head.account_id, seen, {**seen, **values}, LATER) is not None


async def test_what_stands_is_the_offices_and_that_of_every_service_it_gives(database: Database, office: AnOffice) -> None:
    values = await stands(database, office)
    assert set(values) == {*OFFICE_FORMS, *(f"{code}.{name}" for code in ("passport", "advice") for name in SERVICE_FORMS)}
    assert values["booked_head_start_minutes"] == 60
    assert (values["passport.daily_limit"], values["advice.daily_limit"], values["auto_call_seconds"]) == (None, 30, None)
    check(values)


async def test_a_change_is_made_whole_and_remembered_with_its_author(database: Database, office: AnOffice, head: AClerk) -> None:
    seen = await stands(database, office)
    assert await change(
        database, office, head, seen, booked_head_start_minutes=90, auto_call_seconds=30, passport__daily_limit=40, advice__daily_limit=None
    )
    policy = (await office.catalogue(database)).policy
    assert (policy.booked_head_start, policy.auto_call_seconds) == (timedelta(minutes=90), 30)
    services = (await office.catalogue(database)).services
    assert (services["passport"].daily_limit, services["advice"].daily_limit) == (40, None)
    async with database.session() as db:
        (told,) = await latest_changes(db, office.id)
    assert (told.at, told.by) == (LATER, head.name)
    assert told.before == {
        "booked_head_start_minutes": 60,
        "auto_call_seconds": None,
        "passport.daily_limit": None,
        "advice.daily_limit": 30,
    }
    assert told.after == {"booked_head_start_minutes": 90, "auto_call_seconds": 30, "passport.daily_limit": 40, "advice.daily_limit": None}


async def test_nothing_changed_is_nothing_remembered(database: Database, office: AnOffice, head: AClerk) -> None:
    seen = await stands(database, office)
    assert not await change(database, office, head, seen, booked_head_start_minutes=60)
    assert await database.hot.fetchval("SELECT count(*) FROM policy_change") == 0


async def test_a_value_that_the_city_file_would_not_take_changes_nothing(database: Database, office: AnOffice, head: AClerk) -> None:
    seen = await stands(database, office)
    with pytest.raises(BadPolicy) as refusal:
        await change(
            database,
            office,
            head,
            seen,
            booked_head_start_minutes=90,
            late_grace_minutes=1441,
            no_show_min_calls=None,
            advice__daily_limit=0,
        )
    assert set(refusal.value.places) == {"late_grace_minutes", "no_show_min_calls", "advice.daily_limit"}
    assert refusal.value.places["late_grace_minutes"]["ru"] == "Целое число от 0 до 1440."
    assert refusal.value.places["advice.daily_limit"]["ru"] == "Целое число от 1 до 10000 или ничего."
    assert await stands(database, office) == seen


async def test_who_saves_second_is_told_what_changed_meanwhile(database: Database, office: AnOffice, head: AClerk) -> None:
    seen = await stands(database, office)
    await change(database, office, head, seen, late_grace_minutes=20)
    with pytest.raises(PolicyMoved) as refusal:
        await change(database, office, head, seen, late_grace_minutes=25, amber_minutes=1)
    assert refusal.value.changed == {"late_grace_minutes": (15, 20)}
    assert (await stands(database, office)) == {**seen, "late_grace_minutes": 20}
    assert await change(database, office, head, await stands(database, office), late_grace_minutes=25, amber_minutes=1)


async def test_what_was_read_before_the_lock_is_read_again_behind_it(database: Database, office: AnOffice, head: AClerk) -> None:
    async with database.session() as db:
        seen = await present_policy(db, office.id)
        await change(database, office, head, seen, late_grace_minutes=20, passport__daily_limit=9)
        with pytest.raises(PolicyMoved) as refusal:
            await change_policy(db, office.id, head.account_id, seen, {**seen, "late_grace_minutes": 25}, LATER)
        assert set(refusal.value.changed) == {"late_grace_minutes", "passport.daily_limit"}


async def test_two_heads_who_save_at_the_same_moment_have_one_winner(database: Database, office: AnOffice, head: AClerk) -> None:
    seen = await stands(database, office)
    tries = [change(database, office, head, seen, late_grace_minutes=minutes) for minutes in range(20, 26)]
    ended = await asyncio.gather(*tries, return_exceptions=True)
    assert [each for each in ended if each is True] == [True]
    assert sum(isinstance(each, PolicyMoved) for each in ended) == len(tries) - 1
    assert await database.hot.fetchval("SELECT count(*) FROM policy_change") == 1


async def test_a_service_switched_off_meanwhile_does_not_stop_the_rest(database: Database, office: AnOffice, head: AClerk) -> None:
    seen = await stands(database, office)
    await database.hot.execute("UPDATE service SET active = false WHERE code = 'advice'")
    assert await change(database, office, head, seen, advice__daily_limit=5, amber_minutes=2)
    assert (await stands(database, office))["amber_minutes"] == 2
    assert await database.hot.fetchval("SELECT daily_limit FROM service WHERE code = 'advice'") == 30


async def test_another_offices_rules_stay(database: Database, office: AnOffice, head: AClerk) -> None:
    other = await an_office(database)
    before = await stands(database, other)
    await change(database, office, head, await stands(database, office), amber_minutes=1, passport__wait_norm_minutes=45)
    assert await stands(database, other) == before


async def test_what_was_changed_cannot_be_rewritten(database: Database, office: AnOffice, head: AClerk) -> None:
    await change(database, office, head, await stands(database, office), amber_minutes=1)
    rewrite = "UPDATE policy_change SET after = '{}'::jsonb"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await database.hot.execute(rewrite)
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        await execute_as_owner(database, rewrite)


async def test_a_running_service_follows_the_change(service: Service, database: Database, office: AnOffice, head: AClerk) -> None:
    async def amber() -> int:
        minutes: int = (await service.get("/api/desk/queue", head.token)).json()["rules"]["amber_minutes"]
        return minutes

    assert await amber() == 5
    await change(database, office, head, await stands(database, office), amber_minutes=1)

    async def followed() -> bool:
        return await amber() == 1

    assert await eventually(followed)
