"""`/admin/privacy`: what is kept of people and how long, what is due, and the evidence of what was destroyed, as order № 179 wants it.

Refuses to destroy: time does, and the citizen. Office people see their office.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from litestar import Response, get
from litestar.response import Stream
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.audit.csv_form import streamed
from queue_service.audit.journal import Act, Actor, record
from queue_service.booking.destroyed import (
    CATEGORIES,
    HEAD,
    METHOD,
    PAGE,
    REASONS,
    SYSTEM,
    WHO,
    DestructionOut,
    all_destructions,
    destruction,
    destructions,
    held_now,
    in_words,
    row_of,
)
from queue_service.db import Pool
from queue_service.errors import NotFound
from queue_service.offices.catalogue import Catalogues
from queue_service.pages.admin.audit import cursor_of, file_answer, offices_of
from queue_service.pages.admin.frame import admin_page
from queue_service.pages.i18n import Translator
from queue_service.pages.render import AnyRequest, language_of, translator_of
from queue_service.staff.rights import Right, for_
from queue_service.staff.sessions import Identity


async def _asked(request: AnyRequest, identity: Identity, catalogues: Catalogues, now: datetime) -> tuple[int | None, str]:
    """Whose evidence: the person's own office, one that was chosen, or all. NotFound for an office that there is not."""
    slug = request.query_params.get("office", "")
    if identity.office_id is not None or not slug:
        return identity.office_id, ""
    return (await catalogues.by_slug(slug, now)).id, slug


@get("/admin/privacy", include_in_schema=False, **for_(Right.AUDIT))
async def privacy_page(request: AnyRequest, identity: Identity, catalogues: Catalogues, pool: Pool, now: datetime) -> Response[str]:
    t = translator_of(request)
    office_id, slug = await _asked(request, identity, catalogues, now)
    found = await destructions(pool, office_id, cursor_of(request.query_params.get("before")))
    chosen = f"office={slug}&" if slug else ""
    context = {
        "offices": [] if identity.office_id is not None else await offices_of(pool, t),
        "office_chosen": slug,
        "held": await held_now(pool, office_id, now),
        "rows": [_row(each, t) for each in found],
        "older": f"/admin/privacy?{chosen}before={found[-1].id}" if len(found) == PAGE else None,
        "csv": f"/admin/privacy.csv?{chosen}".rstrip("?&"),
    }
    return admin_page(request, "admin/privacy.html", context, identity, "privacy")


def _row(each: DestructionOut, t: Translator) -> dict[str, Any]:
    return {
        "id": each.id,
        "when": f"{each.at.astimezone(ZoneInfo(each.time_zone)):%d.%m.%Y, %H:%M}",
        "office": t.text(each.office_name) if each.office_name else t.gettext("The whole city"),
        "category": in_words(CATEGORIES, each.category, t.language),
        "count": each.count,
        "reason": in_words(REASONS, each.reason, t.language),
        "who": in_words(WHO, each.actor, t.language),
    }


@get("/admin/privacy/{number:int}", include_in_schema=False, **for_(Right.AUDIT))
async def act_page(request: AnyRequest, number: int, identity: Identity, pool: Pool) -> Response[str]:
    """The act of one destruction, to be printed and signed."""
    found = await destruction(pool, identity.office_id, number) if number < 2**62 else None
    if found is None:
        raise NotFound
    t = translator_of(request)
    context = {"row": _row(found, t), "system": t.text(SYSTEM), "method": t.text(METHOD)}
    return admin_page(request, "admin/privacy_act.html", context, identity, "privacy")


@get("/admin/privacy.csv", include_in_schema=False, **for_(Right.AUDIT))
async def privacy_csv(
    request: AnyRequest, identity: Identity, actor: Actor, catalogues: Catalogues, db: AsyncSession, pool: Pool, now: datetime
) -> Stream:
    language = language_of(request)
    office_id, slug = await _asked(request, identity, catalogues, now)
    record(db, actor, Act("destruction.exported", "destruction:file", office_id, after={"office": slug} if slug else None), now)

    async def rows() -> AsyncIterator[Sequence[object]]:
        async for each in all_destructions(pool, office_id):
            yield row_of(each, language)

    return file_answer(streamed(HEAD[language], rows()), "destruction", now)


HANDLERS = [privacy_page, act_page, privacy_csv]
