"""Which of the city's services one office gives, at which desks, and what it does differently. Refuses to change the city's catalogue."""

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
from queue_service.pages.admin.forms import NOTHING_WRONG, Refused, Typed, attempt, back_to, form_context, refused
from queue_service.pages.admin.frame import admin_page, may_change, office_path
from queue_service.pages.admin.services import BOOKING, SERVICES, there
from queue_service.pages.admin.services import LABELS as OF_CITY
from queue_service.pages.render import AnyRequest, translator_of
from queue_service.staff.rights import Right, for_
from queue_service.staff.sessions import Identity

NUMBERS: Final = ("typical_minutes", "wait_norm_minutes", "booking_norm_minutes")
LABELS: Final[Mapping[str, str]] = {
    **OF_CITY,
    "": "This service",
    "desks": "Desks that take it",
    "help_out": "Desks that help out",
    "override": "What is different here",
}
AT_A_DESK: Final = ("own", "help")


@get("/admin/offices/{office:str}/services", include_in_schema=False, **for_(Right.SEE_SETUP))
async def office_services_page(
    request: AnyRequest, office: str, identity: Identity, catalogues: Catalogues, db: AsyncSession, now: datetime
) -> Response[str]:
    catalogue = await catalogues.by_slug(office, now)
    city, here = await part(db, ("catalogue",)) or {"groups": [], "services": []}, await there(db, ("offices", office))
    given = set(here["services"])
    groups = [
        {**group, "services": [{**each, **_here(here, each["code"], given)} for each in city["services"] if each["group"] == group["code"]]}
        for group in city["groups"]
    ]
    context = {
        "groups": [each for each in groups if each["services"]],
        "home": office_path(catalogue),
        "given": len(given),
        "may_change": may_change(identity, Right.SETUP, catalogue),
    }
    return admin_page(request, "admin/office_services.html", context, identity, "office-services", catalogue)


def _here(office: Mapping[str, Any], code: str, given: set[str]) -> dict[str, Any]:
    return {
        "given": code in given,
        "desks": [desk["number"] for desk in office["desks"] if code in desk["services"]],
        "help_out": [desk["number"] for desk in office["desks"] if code in desk["help_out"]],
        "differs": bool(office["overrides"].get(code)),
    }


@get("/admin/offices/{office:str}/services/{code:str}", include_in_schema=False, **for_(Right.SEE_SETUP))
async def office_service_page(
    request: AnyRequest, office: str, code: str, identity: Identity, catalogues: Catalogues, db: AsyncSession, now: datetime
) -> Response[str]:
    catalogue = await catalogues.by_slug(office, now)
    stands = await part(db, _place(office, code))
    return await _form(request, identity, db, catalogue, code, (stands, stands), NOTHING_WRONG)


@post("/admin/offices/{office:str}/services/{code:str}", include_in_schema=False, status_code=200, **for_(Right.SETUP))
async def change_office_service(
    request: AnyRequest,
    office: str,
    code: str,
    identity: Identity,
    actor: Actor,
    booking: Booking,
    db: AsyncSession,
    now: datetime,
) -> Response[str] | Redirect:
    """Gives the service here, gives it differently, or gives it no more."""
    catalogue = await booking.catalogues.by_slug(office, now)
    city = await there(db, (*SERVICES, code))
    typed = await Typed.of(request)
    wanted = _read(typed, city, [desk["number"] for desk in await part(db, ("offices", office, "desks")) or []])
    edit = Edit(_place(office, code), typed.seen, wanted, accept_fallout=typed.flag("accept_fallout"))
    error = await attempt(db, [edit], actor, now, booking)
    if error is None:
        return back_to(f"{office_path(catalogue)}/services")
    refusal = refused(translator_of(request), error, LABELS)
    return await _form(request, identity, db, catalogue, code, (wanted, typed.seen), refusal)


def _place(office: str, code: str) -> tuple[str, ...]:
    return ("offices", office, "services", code)


def _read(typed: Typed, city: Mapping[str, Any], desks: list[str]) -> dict[str, Any] | None:
    """None: the office does not give it. What is left as the city has it is not said."""
    if not typed.flag("given"):
        return None
    override: dict[str, Any] = {name: typed.number(name) for name in NUMBERS if typed.number(name) is not None}
    limit = typed.line("limit")
    if limit == "none" and city["daily_limit"] is not None:
        override["daily_limit"] = None
    elif limit == "own":
        override["daily_limit"] = typed.number("daily_limit")
    walk_in = typed.line("walk_in")
    if walk_in in ("yes", "no") and (walk_in == "yes") is not city["walk_in"]:
        override["walk_in"] = walk_in == "yes"
    booked = typed.line("booked")
    if booked == "no" and city["booking"] is not None:
        override["booking"] = None
    elif booked == "own":
        override["booking"] = {name: typed.number(f"booking.{name}") for name in BOOKING}
    return {
        "desks": [number for number in desks if typed.line(f"desk.{number}") == "own"],
        "help_out": [number for number in desks if typed.line(f"desk.{number}") == "help"],
        "override": override,
    }


async def _form(
    request: AnyRequest,
    identity: Identity,
    db: AsyncSession,
    catalogue: Catalogue,
    code: str,
    shown_and_seen: tuple[Mapping[str, Any] | None, Any],
    refusal: Refused,
) -> Response[str]:
    shown, seen = shown_and_seen
    here = await there(db, ("offices", catalogue.slug))
    said = shown or {"desks": [], "help_out": [], "override": {}}
    context = {
        **form_context(refusal, seen),
        "city": await there(db, (*SERVICES, code)),
        "code": code,
        "home": office_path(catalogue),
        "given": shown is not None,
        "own": said["override"],
        "desks": [{**desk, "takes": _takes(said, desk["number"])} for desk in here["desks"]],
        "fallout": refusal.fallout,
        "may_change": may_change(identity, Right.SETUP, catalogue),
    }
    return admin_page(request, "admin/office_service_form.html", context, identity, "office-services", catalogue, refusal.status)


def _takes(said: Mapping[str, Any], number: str) -> str:
    return "own" if number in said["desks"] else "help" if number in said["help_out"] else ""


HANDLERS = [office_services_page, office_service_page, change_office_service]
