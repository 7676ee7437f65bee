"""The audit record and the evidence of destruction for programs. Office people get their office's, whatever they ask for.

Refuses to export: what leaves in one piece goes by the pages, which write it down.
"""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Router, get
from litestar.params import Parameter

from queue_service.audit.queries import PAGE, RecordOut, Wanted, records
from queue_service.booking.destroyed import DestructionOut, destructions
from queue_service.db import Pool
from queue_service.offices.catalogue import Catalogues
from queue_service.staff.rights import Right, for_
from queue_service.staff.sessions import Identity

Cursor = Annotated[int | None, Parameter(ge=1, le=2**62, description="The `next` of the page before.")]
Word = Annotated[str | None, Parameter(max_length=200)]


class RecordsOut(msgspec.Struct, frozen=True):
    records: list[RecordOut]
    next: int | None
    """Cursor of the next page; null: there is none."""


class DestructionsOut(msgspec.Struct, frozen=True):
    destructions: list[DestructionOut]
    next: int | None


async def _office_id(catalogues: Catalogues, slug: str | None, now: datetime) -> int | None:
    """NotFound for an office that there is not."""
    return (await catalogues.by_slug(slug, now)).id if slug else None


@get("/audit")
async def list_records(
    identity: Identity,
    catalogues: Catalogues,
    pool: Pool,
    now: datetime,
    cursor: Cursor = None,
    office: Word = None,
    who: Annotated[str | None, Parameter(query="actor", max_length=200)] = None,
    act: Word = None,
    subject: Word = None,
    since: datetime | None = None,
    until: datetime | None = None,
    words: Word = None,
) -> RecordsOut:
    """The newest first. `act` is a word or its first part, `subject` a subject or its kind, `words` stand in the reason."""
    office_id = await _office_id(catalogues, office, now)
    wanted = Wanted(identity.office_id, office_id, who, act, subject, since, until, words)
    found = await records(pool, wanted, cursor)
    return RecordsOut(found, found[-1].id if len(found) == PAGE else None)


@get("/destructions")
async def list_destructions(
    identity: Identity, catalogues: Catalogues, pool: Pool, now: datetime, cursor: Cursor = None, office: Word = None
) -> DestructionsOut:
    """The newest first: category, count, reason, time; never whose."""
    asked = await _office_id(catalogues, office, now)
    found = await destructions(pool, identity.office_id or asked, cursor)
    return DestructionsOut(found, found[-1].id if len(found) == PAGE else None)


router = Router("/api/admin", route_handlers=[list_records, list_destructions], tags=["records"], **for_(Right.AUDIT))
