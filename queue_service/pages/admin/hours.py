"""When an office is open: its week, its days off, the dates on which it is different. Refuses to leave people without their booked time
unseen: they are listed before anything is saved."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from litestar import Response, get, post
from litestar.response import Redirect
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.administration.editing import Edit, part
from queue_service.audit.journal import Actor
from queue_service.booking.office import Booking
from queue_service.offices.catalogue import Catalogue, Catalogues
from queue_service.pages.admin.forms import NOTHING_WRONG, Refused, Typed, attempt, back_to, form_context, only, refused
from queue_service.pages.admin.frame import admin_page, may_change, office_path
from queue_service.pages.admin.week import at_fields, days_of, lines_of, read_closures, read_week, typed_days, typed_lines, unreadable
from queue_service.pages.render import AnyRequest, translator_of
from queue_service.staff.rights import Right, for_
from queue_service.staff.sessions import Identity

FIELDS: Final = ("opening_hours", "closures", "public_holidays")
LABELS: Final[Mapping[str, str]] = {"opening_hours": "Opening hours", "closures": "Special days", "public_holidays": "Public holidays"}


@get("/admin/offices/{office:str}/hours", include_in_schema=False, **for_(Right.SEE_SETUP))
async def hours_page(
    request: AnyRequest, office: str, identity: Identity, catalogues: Catalogues, db: AsyncSession, now: datetime
) -> Response[str]:
    catalogue = await catalogues.by_slug(office, now)
    stands = only(await part(db, ("offices", office)) or {}, FIELDS)
    shown = {
        "days": days_of(stands["opening_hours"]),
        "closures": lines_of(stands["closures"]),
        "public_holidays": bool(stands["public_holidays"]),
    }
    return _page(request, identity, catalogue, shown, stands)


@post("/admin/offices/{office:str}/hours", include_in_schema=False, status_code=200, **for_(Right.SETUP))
async def change_hours(
    request: AnyRequest, office: str, identity: Identity, actor: Actor, booking: Booking, db: AsyncSession, now: datetime
) -> Response[str] | Redirect:
    typed, t, catalogue = await Typed.of(request), translator_of(request), await booking.catalogues.by_slug(office, now)
    week, closures = read_week(t, typed, "opening_hours"), read_closures(t, typed)
    country = typed.seen_fields.get("public_holidays") or "RU" if typed.flag("public_holidays") else False
    refusal = unreadable({**week.errors, **closures.errors})
    if not refusal.errors:
        closed = sorted(closures.value, key=lambda each: str(each["date"]))
        wanted = {"opening_hours": week.value, "closures": closed, "public_holidays": country}
        wish = Edit(("offices", office), typed.seen, wanted, accept_fallout=typed.flag("accept_fallout"))
        error = await attempt(db, [wish], actor, now, booking)
        if error is None:
            return back_to(f"{office_path(catalogue)}/hours")
        refusal = at_fields(refused(t, error, LABELS), week, closures)
    shown = {"days": typed_days(typed), "closures": typed_lines(typed, "closures"), "public_holidays": typed.flag("public_holidays")}
    return _page(request, identity, catalogue, shown, typed.seen, refusal)


def _page(
    request: AnyRequest,
    identity: Identity,
    catalogue: Catalogue,
    shown: Mapping[str, Any],
    seen: Any,
    refusal: Refused = NOTHING_WRONG,
) -> Response[str]:
    context = {
        **form_context(refusal, seen),
        "shown": shown,
        "home": office_path(catalogue),
        "fallout": refusal.fallout,
        "may_change": may_change(identity, Right.SETUP, catalogue),
    }
    return admin_page(request, "admin/hours.html", context, identity, "hours", catalogue, refusal.status)


HANDLERS = [hours_page, change_hours]
