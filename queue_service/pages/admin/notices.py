"""What the displays of an office say besides calls: the ticker's lasting lines, and notices that end by themselves.

Refuses to know calls and devices.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from litestar import Response, get, post
from litestar.response import Redirect
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.administration.editing import Edit, part
from queue_service.audit.journal import Act as Audited
from queue_service.audit.journal import Actor, record
from queue_service.db import Pool
from queue_service.desks.hall import remove_notice, write_notice
from queue_service.desks.notices import notices_now
from queue_service.errors import DomainError
from queue_service.offices.catalogue import Catalogue, Catalogues
from queue_service.pages.admin.forms import NOTHING_WRONG, Refused, Typed, attempt, back_to, form_context, refused
from queue_service.pages.admin.frame import admin_page, may_change, office_path
from queue_service.pages.render import AnyRequest, plain, translator_of
from queue_service.staff.rights import Right, for_
from queue_service.staff.sessions import Identity
from queue_service.tickets.commands import Act

SPARE_ROWS: Final = 2
LABELS: Final[Mapping[str, str]] = {"ticker": "Ticker"}
TERMS: Final = (
    (60, "for an hour"),
    (180, "for three hours"),
    (720, "until the end of the day"),
    (1440, "for a day"),
    (10080, "for a week"),
)
"""Minutes; the hall's own screen offers the same."""
END_OF_DAY: Final = 720


@get("/admin/offices/{office:str}/notices", include_in_schema=False, **for_(Right.SEE_SETUP))
async def notices_page(
    request: AnyRequest, office: str, identity: Identity, catalogues: Catalogues, pool: Pool, db: AsyncSession, now: datetime
) -> Response[str]:
    catalogue = await catalogues.by_slug(office, now)
    lines = (await part(db, ("offices", office)) or {})["ticker"]
    return await _page(request, identity, catalogue, (pool, now), (lines, lines), NOTHING_WRONG)


@post("/admin/offices/{office:str}/notices", include_in_schema=False, status_code=200, **for_(Right.SETUP))
async def change_ticker(
    request: AnyRequest,
    office: str,
    identity: Identity,
    actor: Actor,
    catalogues: Catalogues,
    pool: Pool,
    db: AsyncSession,
    now: datetime,
) -> Response[str] | Redirect:
    typed = await Typed.of(request)
    rows = [(typed.number(f"{row}.order"), index, typed.both_or_none(row)) for index, row in enumerate(typed.rows("ticker"))]
    kept = [(order if isinstance(order, int) else 999, index, said) for order, index, said in rows if said is not None]
    lines = [said for _order, _index, said in sorted(kept, key=lambda row: row[:2])]
    seen = typed.seen
    error = await attempt(db, [Edit(("offices", office), {"ticker": seen}, {"ticker": lines})], actor, now)
    if error is None:
        return back_to(f"/admin/offices/{office}/notices")
    refusal = refused(translator_of(request), error, LABELS)
    catalogue = await catalogues.by_slug(office, now)
    return await _page(request, identity, catalogue, (pool, now), (lines, refusal.stands.get("ticker", seen)), refusal)


@post("/admin/offices/{office:str}/notices/new", include_in_schema=False, status_code=200, **for_(Right.SETUP))
async def add_notice(
    request: AnyRequest,
    office: str,
    identity: Identity,
    actor: Actor,
    catalogues: Catalogues,
    pool: Pool,
    db: AsyncSession,
    now: datetime,
) -> Response[str] | Redirect:
    """A line that ends by itself; the hall administrator's command."""
    catalogue, typed = await catalogues.by_slug(office, now), await Typed.of(request)
    said, minutes = typed.both("sentence"), typed.number("minutes")
    try:
        async with db.begin_nested():
            minutes = minutes if isinstance(minutes, int) else 0
            notice = await write_notice(db, catalogue, said["ru"], said["en"] or None, minutes, Act(now, clerk_id=identity.account_id))
            act = Audited("notice.written", f"notice:{notice.id}", catalogue.id, after={"sentence": notice.sentence, "minutes": minutes})
            record(db, actor, act, now)
    except DomainError as error:
        lines = (await part(db, ("offices", office)) or {})["ticker"]
        t = translator_of(request)
        refusal = Refused(422, {"sentence.ru": t.text(error.text)}, [{"field": "sentence.ru", "text": t.text(error.text)}])
        return await _page(request, identity, catalogue, (pool, now), (lines, lines), refusal, {"sentence": said, "minutes": minutes})
    return back_to(f"{office_path(catalogue)}/notices", "notice")


@post("/admin/offices/{office:str}/notices/{notice_id:int}/remove", include_in_schema=False, **for_(Right.SETUP))
async def take_notice_away(office: str, notice_id: int, actor: Actor, catalogues: Catalogues, db: AsyncSession, now: datetime) -> Redirect:
    catalogue = await catalogues.by_slug(office, now)
    sentence = await remove_notice(db, catalogue, notice_id)
    if sentence is not None:
        record(db, actor, Audited("notice.removed", f"notice:{notice_id}", catalogue.id, before={"sentence": sentence}), now)
    return back_to(f"{office_path(catalogue)}/notices", "removed")


async def _page(
    request: AnyRequest,
    identity: Identity,
    catalogue: Catalogue,
    reading: tuple[Pool, datetime],
    shown_and_seen: tuple[Sequence[Mapping[str, str]], Any],
    refusal: Refused,
    draft: Mapping[str, Any] | None = None,
) -> Response[str]:
    (pool, now), (lines, seen), t = reading, shown_and_seen, translator_of(request)
    notices = [plain(each) for each in await notices_now(pool, catalogue.id, now)]
    context = {
        **form_context(refusal, None),
        "seen": form_context(NOTHING_WRONG, seen)["seen"],
        "lines": [*lines, *([{}] * SPARE_ROWS)],
        "notices": notices,
        "running": [*(each["sentence"] for each in notices), *(each for each in lines if each.get("ru"))],
        "draft": draft or {"sentence": None, "minutes": END_OF_DAY},
        "terms": [(minutes, t.gettext(name)) for minutes, name in TERMS],
        "home": office_path(catalogue),
        "zone": catalogue.time_zone,
        "tomorrow": now + timedelta(days=1),
        "now": now,
        "may_change": may_change(identity, Right.SETUP, catalogue),
    }
    return admin_page(request, "admin/notices.html", context, identity, "notices", catalogue, refusal.status)


HANDLERS = [notices_page, change_ticker, add_notice, take_notice_away]
