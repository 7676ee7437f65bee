"""Who works here, as whoever manages people sees it. Refuses to show an office's person another office's people."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from queue_service.db import Pool
from queue_service.staff.errors import NoSuchPerson
from queue_service.staff.models import Role
from queue_service.staff.rules import Place

PAGE: Final = 50
"""A table that one still looks through."""


class Person(msgspec.Struct, frozen=True):
    """An account without anything that opens it."""

    id: int
    login: str
    name: str
    role: Role
    office_id: int | None
    office: str | None
    """Slug; null: the whole city."""
    active: bool
    invited: bool
    """Has not chosen a password yet."""
    second_factor: bool
    sessions: int
    last_sign_in: datetime | None


@dataclass(frozen=True, slots=True)
class Search:
    """What the list is narrowed to; `office_id` 0: people of the whole city."""

    text: str = ""
    office_id: int | None = None
    role: Role | None = None
    active: bool | None = None
    page: int = 1


_PERSON = """
SELECT account.id, login, account.name, role, office_id, office.slug AS office, account.active,
       password_hash IS NULL AND oidc_subject IS NULL AS invited, totp_sealed IS NOT NULL AS second_factor,
       (SELECT count(*) FROM staff_session WHERE account_id = account.id AND expires_at > $1) AS sessions,
       -- ix_audit_record_actor: the person's own acts from the latest back
       (SELECT at FROM audit_record AS act WHERE actor_id = account.id AND act.act = 'session.opened'
         ORDER BY act.id DESC LIMIT 1) AS last_sign_in
  FROM account LEFT JOIN office ON office.id = office_id
 WHERE ($2::int IS NULL OR office_id = $2)
"""
_LIST = f"""{_PERSON}
   AND ($3 = '' OR login ILIKE $3 OR account.name ILIKE $3)
   AND ($4::int IS NULL OR coalesce(office_id, 0) = $4)
   AND ($5::text IS NULL OR role = $5)
   AND ($6::bool IS NULL OR account.active = $6)
 ORDER BY account.name, account.id
 LIMIT {PAGE} + 1 OFFSET $7
"""


async def list_people(pool: Pool, manager: Place, search: Search, now: datetime) -> tuple[list[Person], bool]:
    """One page of those whom the manager may see, by name, and whether there are more."""
    rows = await pool.fetch(
        _LIST,
        now,
        manager.office_id,
        _pattern(search.text),
        search.office_id,
        search.role,
        search.active,
        (search.page - 1) * PAGE,
    )
    return [msgspec.convert(dict(row), Person) for row in rows[:PAGE]], len(rows) > PAGE


def _pattern(text: str) -> str:
    words = text.strip()[:100]
    for sign in "\\%_":
        words = words.replace(sign, f"\\{sign}")
    return f"%{words}%" if words else ""


async def show_person(pool: Pool, manager: Place, account_id: int, now: datetime) -> Person:
    """Raises NoSuchPerson, also for another office's."""
    row = await pool.fetchrow(f"{_PERSON} AND account.id = $3", now, manager.office_id, account_id)
    if row is None:
        raise NoSuchPerson
    return msgspec.convert(dict(row), Person)


async def office_id_of(pool: Pool, slug: str | None) -> int | None:
    """None for no slug, 0 for one that no office has."""
    if not slug:
        return None
    found = await pool.fetchval("SELECT id FROM office WHERE slug = $1", slug)
    return found if isinstance(found, int) else 0


async def offices(pool: Pool, office_id: int | None) -> list[tuple[int, dict[str, str], str]]:
    """Id, name and time zone of those whose people the manager sees."""
    rows = await pool.fetch("SELECT id, name, time_zone FROM office WHERE $1::int IS NULL OR id = $1 ORDER BY position, id", office_id)
    return [(row["id"], row["name"], row["time_zone"]) for row in rows]
