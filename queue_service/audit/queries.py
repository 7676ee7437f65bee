"""Reading the record: the newest first, by pages that stay where they are while others add, each filter with the index that it walks.

Refuses to count everything: a city adds thousands of rows a day, and nobody reads a number of millions.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg
import msgspec

from queue_service.db import Pool

PAGE: Final = 50
"""Rows of a page: what a person looks through before they ask more narrowly."""
EXPORT_BATCH: Final = 1_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody looks for; None is everything. `own_office`: they may see only their office, whatever they ask."""

    own_office: int | None = None
    office_id: int | None = None
    actor: str | None = None
    act: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Not included."""
    words: str | None = None
    """Somewhere in the reason."""


class RecordOut(msgspec.Struct, frozen=True):
    id: int
    at: datetime
    actor: str
    address: str | None
    office: str | None
    act: str
    subject: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reason: str | None


_READ: Final = """
SELECT audit_record.id, at, actor, audit_record.address, office.slug AS office, act, subject, before, after, reason
  FROM audit_record LEFT JOIN office ON office.id = office_id
 WHERE ($1::bigint IS NULL OR audit_record.id < $1)
   AND ($2::int IS NULL OR office_id = $2)                        -- ix_audit_record_office
   AND ($3::int IS NULL OR office_id = $3)
   AND ($4::text IS NULL OR actor = $4)
   AND ($5::text IS NULL OR act = $5 OR act LIKE $5 || '.%')      -- ix_audit_record_act
   AND ($6::text IS NULL OR subject = $6 OR starts_with(subject, $6 || ':'))
   AND ($7::timestamptz IS NULL OR at >= $7)                      -- ix_audit_record_at
   AND ($8::timestamptz IS NULL OR at < $8)
   AND ($9::text IS NULL OR strpos(lower(reason), lower($9)) > 0)
 ORDER BY audit_record.id DESC
 LIMIT $10
"""


async def records(pool: Pool, wanted: Wanted, before: int | None = None, limit: int = PAGE) -> list[RecordOut]:
    """Those older than the record `before`."""
    rows = await pool.fetch(
        _READ,
        before,
        wanted.own_office,
        wanted.office_id,
        wanted.actor,
        wanted.act,
        wanted.subject,
        wanted.since,
        wanted.until,
        wanted.words,
        limit,
    )
    return [_out(row) for row in rows]


def _out(row: asyncpg.Record) -> RecordOut:
    return RecordOut(**dict(row))


async def all_records(pool: Pool, wanted: Wanted) -> AsyncIterator[RecordOut]:
    """Everything wanted, fetched as it is read, so that an export of years needs no memory."""
    last: int | None = None
    while page := await records(pool, wanted, last, EXPORT_BATCH):
        for each in page:
            yield each
        last = page[-1].id
