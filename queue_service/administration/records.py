"""The audit record and the evidence of destruction for programs. Office people get their office's, whatever they ask for.

Refuses to export: what leaves in one piece goes by the pages, which write it down.
"""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Router, get, post
from litestar.params import Parameter

from queue_service.audit.queries import PAGE, RecordOut, Wanted, records
from queue_service.booking.destroyed import DestructionOut, destructions
from queue_service.db import Pool
from queue_service.offices.catalogue import Catalogues
from queue_service.staff.rights import Right, for_
from queue_service.staff.sessions import Identity

Cursor = Annotated[int | None, Parameter(ge=1, le=2**62, description="The `next` of the page before.")]
Word = Annotated[str | None, Parameter(max_length=200)]
_Text = Annotated[str, msgspec.Meta(max_length=200)]


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


class RecordsSearch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """In the body: a login and the words of a reason may name a person, and addresses stay in logs."""

    office: _Text | None = None
    actor: _Text | None = None
    """A login."""
    act: _Text | None = None
    """A word or its first part."""
    subject: _Text | None = None
    """A subject or its kind."""
    since: datetime | None = None
    until: datetime | None = None
    words: _Text | None = None
    """They stand in the reason."""
    cursor: Annotated[int, msgspec.Meta(ge=1, le=2**62)] | None = None
    """The `next` of the page before."""


@post("/audit/search", status_code=200)
async def search_records(
    identity: Identity, catalogues: Catalogues, pool: Pool, now: datetime, data: RecordsSearch | None = None
) -> RecordsOut:
    """The newest first; without a body, of everything."""
    asked = data or RecordsSearch()
    office_id = await _office_id(catalogues, asked.office, now)
    wanted = Wanted(identity.office_id, office_id, asked.actor, asked.act, asked.subject, asked.since, asked.until, asked.words)
    found = await records(pool, wanted, asked.cursor)
    return RecordsOut(found, found[-1].id if len(found) == PAGE else None)


@get("/destructions")
async def list_destructions(
    identity: Identity, catalogues: Catalogues, pool: Pool, now: datetime, cursor: Cursor = None, office: Word = None
) -> DestructionsOut:
    """The newest first: category, count, reason, time; never whose."""
    asked = await _office_id(catalogues, office, now)
    found = await destructions(pool, identity.office_id or asked, cursor)
    return DestructionsOut(found, found[-1].id if len(found) == PAGE else None)


router = Router("/api/admin", route_handlers=[search_records, list_destructions], tags=["records"], **for_(Right.AUDIT))
