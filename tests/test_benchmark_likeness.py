"""What a benchmark writes by SQL has the shape of what the product writes, or a figure over a million old rows is that of another product.

The real ones begin with their time, so that one day lies together in every index.
"""

import re
from datetime import UTC, datetime, timedelta

import asyncpg

from queue_service.dated import DAY_SIGNS, new_secret
from queue_service.db import Database
from queue_service.tickets.take import RANDOM_SIGNS
from tests.benchmarks import history, pgbench
from tests.benchmarks.city import OFFICES, Office, let_wait
from tests.benchmarks.likeness import day_signs, key, secret
from tests.benchmarks.load.http import new_key
from tests.benchmarks.load.jobs import Kiosk
from tests.benchmarks.statements import take_floor
from tests.support.factories import a_clerk_at, an_office

SECRET = re.compile(r"[A-Za-z0-9_-]{16}")
KEY = re.compile(r"[0-9a-f]{32}")


def moment_of(key: str) -> datetime:
    return datetime.fromtimestamp(int(key[:12], 16) / 1000, UTC)


async def test_a_secret_made_by_sql_is_like_a_real_one(database: Database) -> None:
    made = [await database.hot.fetchval(f"SELECT {secret('$1::text')}", "БВ") for _ in range(200)]
    assert len(set(made)) == 200
    assert {each[:DAY_SIGNS] for each in made} == {"БВ"}
    assert all(SECRET.fullmatch("AB" + each[DAY_SIGNS:]) for each in made)
    assert all(SECRET.fullmatch(new_secret(datetime.now(UTC), RANDOM_SIGNS)) for _ in range(200))


async def test_a_key_made_by_sql_is_like_a_kiosks(database: Database) -> None:
    before = datetime.now(UTC)
    made = [await database.hot.fetchval(f"SELECT {key('clock_timestamp()')}") for _ in range(200)]
    assert len(set(made)) == 200
    assert all(KEY.fullmatch(each) for each in made)
    assert abs((moment_of(made[0]) - before) / timedelta(hours=1)) < 1


def test_the_loads_kiosks_make_such_keys_too() -> None:
    lines = [new_key().decode() for _ in range(200)]
    assert len(set(lines)) == 200
    keys = [line.removeprefix("Idempotency-Key: ").removesuffix("\r\n") for line in lines]
    assert all(KEY.fullmatch(each) for each in keys)
    assert moment_of(keys[0]).date() in {datetime.now(UTC).date(), moment_of(keys[-1]).date()}


async def test_every_ticket_of_the_past_begins_with_its_own_day(database: Database, database_url: str) -> None:
    await a_clerk_at(database, await an_office(database), "1")
    await history.write(database_url, 3 * OFFICES * history.PER_DAY)
    rows = await database.hot.fetch("SELECT secret, idempotency_key, issued_at FROM ticket")
    assert len(rows) == 3 * history.PER_DAY
    for secret_, key_, issued_at in rows:
        assert secret_[:DAY_SIGNS] == day_signs(issued_at)
        assert SECRET.fullmatch(secret_)
        assert KEY.fullmatch(key_)
        assert moment_of(key_) == issued_at


async def test_who_waits_when_a_run_begins_is_of_today(database: Database, database_url: str) -> None:
    office = await an_office(database)
    before = day_signs(datetime.now(UTC))
    owner = await asyncpg.connect(database_url)
    try:
        secrets = await let_wait(owner, {office.id: 5})
    finally:
        await owner.close()
    assert {each[:DAY_SIGNS] for each in secrets} <= {before, day_signs(datetime.now(UTC))}
    assert all(SECRET.fullmatch(each) for each in secrets)
    assert all(KEY.fullmatch(each["idempotency_key"]) for each in await database.hot.fetch("SELECT idempotency_key FROM ticket"))


async def test_the_floors_tickets_are_like_real_ones(database: Database, database_url: str) -> None:
    made = await an_office(database)
    kiosk = Kiosk("", "passport")
    office = Office(made.id, made.slug, made.letters["passport"], made.services["passport"], kiosk, "", (), ())
    before = day_signs(datetime.now(UTC))
    await pgbench.run(database_url, take_floor((office,)), clients=1, seconds=1)
    rows = await database.hot.fetch("SELECT secret, idempotency_key FROM ticket")
    assert rows
    assert {row["secret"][:DAY_SIGNS] for row in rows} <= {before, day_signs(datetime.now(UTC))}
    assert all(SECRET.fullmatch(row["secret"]) and KEY.fullmatch(row["idempotency_key"]) for row in rows)
    assert abs((moment_of(rows[0]["idempotency_key"]) - datetime.now(UTC)) / timedelta(hours=1)) < 1
