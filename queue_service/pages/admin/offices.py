"""City → districts → offices: where an administrator begins, and where a new office begins.

An office that is being set up is seen here and nowhere else. Refuses to delete: an office that is not shown any more keeps its history.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.administration.copying import taken_over
from queue_service.administration.editing import Edit, part
from queue_service.audit.journal import Actor
from queue_service.booking.office import Booking
from queue_service.db import Pool
from queue_service.desks.overview import HallNow, halls_now
from queue_service.live.views.parts import open_out
from queue_service.offices.catalogue import Catalogue, Catalogues
from queue_service.pages.admin.forms import NOTHING_WRONG, Refused, Typed, attempt, back_to, code_of, form_context, only, refused
from queue_service.pages.admin.frame import admin_page, may_change, office_path
from queue_service.pages.i18n import Translator
from queue_service.pages.render import AnyRequest, plain, translator_of
from queue_service.staff.rights import Right, for_
from queue_service.staff.sessions import Identity

FIELDS: Final = ("name", "district", "address", "phone", "place", "time_zone", "public_holidays")
"""Of an office's part, what its form shows."""
LABELS: Final[Mapping[str, str]] = {
    "name": "Title",
    "district": "District",
    "address": "Address",
    "phone": "Telephone",
    "place": "Place on the map",
    "time_zone": "Time zone",
    "public_holidays": "Public holidays",
    "latitude": "Latitude",
    "longitude": "Longitude",
    "slug": "Short name in addresses",
    "active": "Shown to citizens",
}
ZONES: Final = (
    "Europe/Kaliningrad",
    "Europe/Moscow",
    "Europe/Samara",
    "Asia/Yekaterinburg",
    "Asia/Omsk",
    "Asia/Krasnoyarsk",
    "Asia/Irkutsk",
    "Asia/Yakutsk",
    "Asia/Vladivostok",
    "Asia/Magadan",
    "Asia/Kamchatka",
)
"""Of Russia, west to east."""
BLANK: Final[Mapping[str, Any]] = {
    "name": None,
    "district": None,
    "address": None,
    "phone": None,
    "place": None,
    "time_zone": None,
    "public_holidays": "RU",
}
NEW_DISTRICT: Final = "new"


@get("/admin", include_in_schema=False, **for_(Right.SEE_SETUP))
async def start_page(
    request: AnyRequest, identity: Identity, catalogues: Catalogues, pool: Pool, now: datetime
) -> Response[str] | Redirect:
    """The city; who belongs to one office is led there."""
    if identity.office_id is not None:
        return Redirect(office_path(await catalogues.of(identity.office_id, now)), status_code=HTTP_303_SEE_OTHER)
    t, halls = translator_of(request), await halls_now(pool, now)
    offices = [_row(t, each, halls.get(each.id, HallNow(each.id)), now) for each in await catalogues.all(now)]
    districts: dict[str, list[dict[str, Any]]] = {}
    for each in sorted(offices, key=lambda row: row["district"].casefold()):
        districts.setdefault(each["district"], []).append(each)
    total = {
        "offices": len(offices),
        "open": sum(each["open"]["now"] for each in offices),
        "waiting": sum(each["hall"].waiting for each in offices),
        "desks": sum(each["hall"].desks_open for each in offices),
        "warnings": sum(bool(each["warnings"]) for each in offices),
    }
    context = {"districts": districts, "total": total, "may_change": may_change(identity, Right.CITY)}
    return admin_page(request, "admin/offices.html", context, identity, "offices")


def _row(t: Translator, catalogue: Catalogue, hall: HallNow, now: datetime) -> dict[str, Any]:
    return {
        "slug": catalogue.slug,
        "home": office_path(catalogue),
        "name": t.text(catalogue.name),
        "district": t.text(catalogue.district),
        "address": t.text(catalogue.address),
        "zone": catalogue.time_zone,
        "active": catalogue.active,
        "open": plain(open_out(catalogue, now)),
        "hall": hall,
        "desks": len(catalogue.desks),
        "warnings": warnings(t, catalogue, hall, now),
    }


def warnings(t: Translator, catalogue: Catalogue, hall: HallNow, now: datetime) -> list[str]:
    """What somebody should look at, the most urgent first."""
    found = []
    if hall.waiting and not hall.desks_open:
        found.append(t.gettext("People wait and no desk is open"))
    if hall.breached:
        found.append(t.ngettext("%(n)s person waits longer than the norm", "%(n)s people wait longer than the norm", hall.breached))
    if catalogue.active:
        found += [t.gettext(_MISSING[step]) for step, done in _steps(catalogue, hall) if not done and step in _MISSING]
    untaken = _untaken(catalogue)
    if untaken and catalogue.desks:
        found.append(t.ngettext("%(n)s service is taken by no desk", "%(n)s services are taken by no desk", len(untaken)))
    return found


_MISSING: Final = {
    "hours": "There are no opening hours",
    "services": "No service is given",
    "desks": "There are no desks",
    "people": "Nobody can sign in there",
    "kiosk": "There is no terminal",
    "display": "There is no display",
}


def _untaken(catalogue: Catalogue) -> list[str]:
    taken = frozenset[int]().union(*(desk.services for desk in catalogue.desks.values()))
    return [each.code for each in catalogue.services.values() if each.active and each.id not in taken]


def _steps(catalogue: Catalogue, hall: HallNow) -> list[tuple[str, bool]]:
    """What an office needs before its first visitor, in the order in which it is done."""
    return [
        ("hours", bool(catalogue.schedule.week)),
        ("services", any(each.active for each in catalogue.services.values())),
        ("desks", bool(catalogue.desks)),
        ("people", hall.people > 0),
        ("kiosk", hall.kiosks > 0),
        ("display", hall.displays > 0),
    ]


@get("/admin/offices/{office:str}", include_in_schema=False, **for_(Right.SEE_SETUP))
async def office_page(
    request: AnyRequest, office: str, identity: Identity, catalogues: Catalogues, pool: Pool, db: AsyncSession, now: datetime
) -> Response[str]:
    return await _office_page(request, await catalogues.by_slug(office, now), identity, pool, db, now, NOTHING_WRONG)


async def _office_page(
    request: AnyRequest, catalogue: Catalogue, identity: Identity, pool: Pool, db: AsyncSession, now: datetime, refusal: Refused
) -> Response[str]:
    t, hall = translator_of(request), (await halls_now(pool, now)).get(catalogue.id, HallNow(catalogue.id))
    stands = await part(db, ("offices", catalogue.slug)) or {}
    links = {"hours": "hours", "services": "services", "desks": "desks"}
    context = {
        **form_context(refusal, {"active": stands.get("active", True)}),
        "home": office_path(catalogue),
        "active": stands.get("active", True),
        "row": _row(t, catalogue, hall, now),
        "facts": stands,
        "steps": [
            {"key": key, "done": done, "href": f"{office_path(catalogue)}/{links[key]}" if key in links else f"/admin/{_PEOPLE[key]}"}
            for key, done in _steps(catalogue, hall)
        ],
        "services": sum(each.active for each in catalogue.services.values()),
        "may_change": may_change(identity, Right.SETUP, catalogue),
        "may_copy": may_change(identity, Right.CITY),
        "now": now,
    }
    return admin_page(request, "admin/office.html", context, identity, "office", catalogue, refusal.status)


_PEOPLE: Final = {"people": "staff", "kiosk": "devices", "display": "devices"}


@post("/admin/offices/{office:str}/shown", include_in_schema=False, **for_(Right.SETUP))
async def show_to_citizens(
    request: AnyRequest,
    office: str,
    identity: Identity,
    actor: Actor,
    catalogues: Catalogues,
    booking: Booking,
    db: AsyncSession,
    now: datetime,
) -> Response[str] | Redirect:
    """Shows the office, or stops showing it."""
    typed = await Typed.of(request)
    edit = Edit(("offices", office), typed.seen, {"active": typed.flag("active")})
    error = await attempt(db, [edit], actor, now)
    if error is None:
        return back_to(f"/admin/offices/{office}", "shown" if typed.flag("active") else "hidden")
    refusal = refused(translator_of(request), error, LABELS)
    return await _office_page(request, await catalogues.by_slug(office, now), identity, booking.pool, db, now, refusal)


@get("/admin/new-office", include_in_schema=False, **for_(Right.CITY))
async def new_office(request: AnyRequest, identity: Identity, catalogues: Catalogues, now: datetime, like: str = "") -> Response[str]:
    return await _form(request, identity, catalogues, now, {**BLANK, "slug": "", "like": like})


@post("/admin/new-office", include_in_schema=False, status_code=200, **for_(Right.CITY))
async def make_office(
    request: AnyRequest, identity: Identity, actor: Actor, catalogues: Catalogues, db: AsyncSession, now: datetime
) -> Response[str] | Redirect:
    """Empty or like another one; in both cases citizens do not see it yet."""
    typed = await Typed.of(request)
    offices = await catalogues.all(now)
    wanted = _read(typed, offices)
    slug = typed.line("slug") or code_of(wanted["name"]["en"], wanted["name"]["ru"], taken=[each.slug for each in offices])
    like = typed.line("like")
    source = await part(db, ("offices", like)) if like else None
    document = {**(taken_over(source) if source else {}), **wanted, "slug": slug, "active": False}
    error = await attempt(db, [Edit(("offices", slug), None, document)], actor, now)
    if error is None:
        catalogues.drop()
        return back_to(f"/admin/offices/{slug}", "new")
    shown = {**wanted, "slug": slug, "like": like}
    return await _form(request, identity, catalogues, now, shown, refused(translator_of(request), error, LABELS))


@get("/admin/offices/{office:str}/settings", include_in_schema=False, **for_(Right.SEE_SETUP))
async def settings_page(
    request: AnyRequest, office: str, identity: Identity, catalogues: Catalogues, db: AsyncSession, now: datetime
) -> Response[str]:
    catalogue = await catalogues.by_slug(office, now)
    stands = only(await part(db, ("offices", office)) or {}, FIELDS)
    return await _form(request, identity, catalogues, now, stands, seen=stands, office=catalogue)


@post("/admin/offices/{office:str}/settings", include_in_schema=False, status_code=200, **for_(Right.SETUP))
async def change_settings(
    request: AnyRequest, office: str, identity: Identity, actor: Actor, catalogues: Catalogues, db: AsyncSession, now: datetime
) -> Response[str] | Redirect:
    typed = await Typed.of(request)
    wanted = _read(typed, await catalogues.all(now))
    error = await attempt(db, [Edit(("offices", office), typed.seen, wanted)], actor, now)
    if error is None:
        return back_to(f"/admin/offices/{office}")
    catalogue = await catalogues.by_slug(office, now)
    refusal = refused(translator_of(request), error, LABELS)
    return await _form(request, identity, catalogues, now, wanted, refusal, seen=typed.seen, office=catalogue)


def _read(typed: Typed, offices: list[Catalogue]) -> dict[str, Any]:
    """The form's fields as the city file has them."""
    known = {each.district["ru"]: each.district for each in offices}
    chosen = typed.line("district_of")
    latitude, longitude = typed.decimal("place.latitude"), typed.decimal("place.longitude")
    return {
        "name": typed.both("name"),
        "district": known.get(chosen) or typed.both("district"),
        "address": typed.both("address"),
        "phone": typed.line_or_none("phone"),
        "place": None if latitude is None and longitude is None else {"latitude": latitude, "longitude": longitude},
        "time_zone": typed.line_or_none("time_zone"),
        "public_holidays": "RU" if typed.flag("public_holidays") else False,
    }


async def _form(
    request: Request[Any, Any, Any],
    identity: Identity,
    catalogues: Catalogues,
    now: datetime,
    shown: Mapping[str, Any],
    refusal: Refused = NOTHING_WRONG,
    *,
    seen: Any = None,
    office: Catalogue | None = None,
) -> Response[str]:
    t, offices = translator_of(request), await catalogues.all(now)
    districts = {each.district["ru"]: t.text(each.district) for each in offices}
    chosen = (shown["district"] or {}).get("ru") if shown["district"] else ""
    context = {
        **form_context(refusal, seen),
        "shown": shown,
        "fresh": office is None,
        "home": office_path(office) if office else None,
        "districts": sorted(districts.items(), key=lambda pair: pair[1].casefold()),
        "chosen": chosen if chosen in districts else "",
        "slug": office.slug if office else None,
        "zones": [(each, each) for each in ZONES],
        "like": [(each.slug, t.text(each.name)) for each in offices],
        "may_change": may_change(identity, Right.SETUP, office) if office else True,
    }
    section = "offices" if office is None else "office"
    return admin_page(request, "admin/office_form.html", context, identity, section, office, refusal.status)


HANDLERS = [start_page, office_page, show_to_citizens, new_office, make_office, settings_page, change_settings]
