"""The rules of an office that change nobody's place in the queue: needs, reasons to postpone, the day's end, booking, retention.

They are saved at once, without the trial on last week. Refuses the rules of the queue: `policy` has them.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from litestar import Response, get, post
from litestar.response import Redirect
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.administration.editing import Edit
from queue_service.audit.journal import Actor
from queue_service.booking.office import Booking
from queue_service.offices.catalogue import POSTPONE_REASONS, Catalogue, Catalogues
from queue_service.pages.admin.forms import NOTHING_WRONG, Refused, Typed, attempt, back_to, code_of, form_context, only, refused
from queue_service.pages.admin.frame import admin_page, may_change, office_path
from queue_service.pages.admin.services import there
from queue_service.pages.render import AnyRequest, translator_of
from queue_service.staff.rights import Right, for_
from queue_service.staff.sessions import Identity

SPARE_ROWS: Final = 2
NEEDS: Final[Mapping[str, str]] = {"wheelchair": "Wheelchair", "low_vision": "Low vision", "hearing": "Hard of hearing"}
POLICY: Final = ("accessible_needs", "postpone_reasons", "day_ends_minutes")
BOOKING: Final[Mapping[str, str]] = {
    "hold_minutes": "A chosen time is held for, minutes",
    "check_in_opens_minutes": "One can check in before the time by, minutes",
    "active_limit": "Bookings at a time for one contact",
    "moves_limit": "One booking can be moved, times",
    "freed_delay_minutes": "A freed time is offered again after up to, minutes",
    "offer_minutes": "Somebody on the waitlist answers within, minutes",
    "quota_returns_minutes": "Times kept for the hall are opened before, minutes",
}
LABELS: Final[Mapping[str, str]] = {
    **BOOKING,
    "verify_contact": "The contact is checked with a code",
    "accessible_needs": "Who waits for an accessible desk",
    "postpone_reasons": "Reasons to postpone",
    "day_ends_minutes": "The day ends after closing time by, minutes",
    "retention_days": "Names and contacts are kept after the visit, days",
}


@get("/admin/offices/{office:str}/rules", include_in_schema=False, **for_(Right.POLICY))
async def rules_page(
    request: AnyRequest, office: str, identity: Identity, catalogues: Catalogues, db: AsyncSession, now: datetime
) -> Response[str]:
    stands = _shown_of(await there(db, ("offices", office)))
    return _page(request, identity, await catalogues.by_slug(office, now), (stands, stands), NOTHING_WRONG)


@post("/admin/offices/{office:str}/rules", include_in_schema=False, status_code=200, **for_(Right.POLICY))
async def change_rules(
    request: AnyRequest, office: str, identity: Identity, actor: Actor, booking: Booking, db: AsyncSession, now: datetime
) -> Response[str] | Redirect:
    catalogue, typed = await booking.catalogues.by_slug(office, now), await Typed.of(request)
    seen = typed.seen if isinstance(typed.seen, dict) else {}
    wanted = _read(typed)
    place = ("offices", office)
    parts = (((*place, "policy"), POLICY), ((*place, "booking"), (*BOOKING, "verify_contact")), (place, ("retention_days",)))
    error = await attempt(db, [Edit(at, only(seen, names), only(wanted, names)) for at, names in parts], actor, now, booking)
    if error is None:
        return back_to(f"{office_path(catalogue)}/rules")
    return _page(request, identity, catalogue, (wanted, seen), refused(translator_of(request), error, LABELS))


def _shown_of(office: Mapping[str, Any]) -> dict[str, Any]:
    """The rules of this page in one set: no two of them share a name."""
    return {
        **only(office["policy"], POLICY),
        **only(office["booking"], (*BOOKING, "verify_contact")),
        "retention_days": office["retention_days"],
    }


def _read(typed: Typed) -> dict[str, Any]:
    reasons: list[dict[str, Any]] = []
    for row in typed.rows("postpone_reasons"):
        name = typed.both_or_none(f"{row}.name")
        if name is not None:
            code = typed.line(f"{row}.code") or code_of(name["en"], name["ru"], taken=[each["code"] for each in reasons])
            reasons.append({"code": code, "name": name})
    return {
        "accessible_needs": [need for need in NEEDS if need in typed.many("accessible_needs")],
        "postpone_reasons": reasons,
        "day_ends_minutes": typed.number("day_ends_minutes"),
        **{name: typed.number(name) for name in BOOKING},
        "verify_contact": typed.flag("verify_contact"),
        "retention_days": typed.number("retention_days"),
    }


def _page(
    request: AnyRequest, identity: Identity, catalogue: Catalogue, shown_and_seen: tuple[Mapping[str, Any], Any], refusal: Refused
) -> Response[str]:
    (shown, seen), t = shown_and_seen, translator_of(request)
    context = {
        **form_context(refusal, seen),
        "shown": shown,
        "needs": [(need, t.gettext(name)) for need, name in NEEDS.items()],
        "labels": {name: t.gettext(label) for name, label in LABELS.items()},
        "booking": list(BOOKING),
        "reasons": [*shown["postpone_reasons"], *([{"code": "", "name": {}}] * SPARE_ROWS)],
        "built_in": list(POSTPONE_REASONS.values()),
        "home": office_path(catalogue),
        "may_change": may_change(identity, Right.POLICY, catalogue),
    }
    return admin_page(request, "admin/rules.html", context, identity, "policy", catalogue, refusal.status)


HANDLERS = [rules_page, change_rules]
