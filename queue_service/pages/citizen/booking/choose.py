"""From the start page to a held time: every answer stands in the address, so that back, reload and a bookmark work.

Nothing is written before the time is chosen. Refuses to guess: an address that makes no sense leads to the question that it skips.
"""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.response import Redirect
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.booking import commands, confirming
from queue_service.booking.commands import HoldWish
from queue_service.booking.errors import NotBookable, NotChangeable, SlotTaken
from queue_service.booking.office import Booking, Place
from queue_service.booking.queries import AppointmentNow, appointment_by_secret
from queue_service.booking.rules import AppointmentState
from queue_service.dated import new_key
from queue_service.errors import IdempotencyKeyReused, NotFound
from queue_service.live.hub import Hub
from queue_service.pages.citizen.booking import options
from queue_service.pages.citizen.booking.frame import AnyRequest, Wrong, answers, link, see, show
from queue_service.pages.citizen.booking.proof import Asking, asked_first
from queue_service.pages.citizen.booking.times import Chooser, days_page, picked, read_count, read_date, read_moment, times_page
from queue_service.pages.render import language_of, translator_of

HOLD_COOKIE = "hold"
"""The hold that this browser is filling in: whoever goes back and takes another time gives the first one up and keeps the answers."""
HOLD_COOKIE_SECONDS = 15 * 60


@get("/book", include_in_schema=False, sync_to_thread=False)
def start(request: AnyRequest) -> Response[str]:
    return show(request, "start.html", {})


@get("/book/service", include_in_schema=False)
async def choose_service(
    request: AnyRequest, booking: Booking, now: datetime, q: str = "", service: str | None = None, go: str | None = None
) -> Response[str] | Redirect:
    groups = await options.service_groups(booking, now)
    chosen = {each.code: each for group in groups for each in group.services}.get(service or "")
    if chosen is not None and go:
        return see(link("/book/applications" if chosen.asks_applications else "/book/office", service=chosen.code))
    shown = options.containing(groups, q[:100]) if q else groups
    t = translator_of(request)
    first = next((each.code for group in shown for each in group.services), "")
    errors = [Wrong(f"service-{first}", t.gettext("Choose the service you need"))] if go and first else []
    context = {
        "back": "/book",
        "step": 1,
        "groups": shown,
        "query": q[:100],
        "chosen": service,
        "count": sum(len(group.services) for group in shown),
        "everything": sum(len(group.services) for group in groups),
    }
    return show(request, "service.html", context, errors=errors)


async def _service_option(booking: Booking, code: str, now: datetime) -> options.ServiceOption:
    """Raises NotBookable."""
    for group in await options.service_groups(booking, now):
        for service in group.services:
            if service.code == code:
                return service
    raise NotBookable


@get("/book/applications", include_in_schema=False)
async def choose_applications(
    request: AnyRequest, booking: Booking, now: datetime, service: str = "", applications: str | None = None, go: str | None = None
) -> Response[str] | Redirect:
    info = await _service_option(booking, service, now)
    if applications and go:
        return see(link("/book/office", service=service, applications=read_count(applications)))
    errors = [Wrong("applications", translator_of(request).gettext("Say how many applications you bring"))] if go else []
    context = {
        "back": link("/book/service", service=service),
        "step": 1,
        "service": info,
        "most": options.MOST_APPLICATIONS,
        "chosen": applications,
    }
    return show(request, "applications.html", context, errors=errors)


def _here(lat: str | None, lon: str | None) -> options.Coordinates | None:
    try:
        place = float(lat or ""), float(lon or "")
    except ValueError:
        return None
    return place if abs(place[0]) <= 90 and abs(place[1]) <= 180 else None


@get("/book/office", include_in_schema=False)
async def choose_office(
    request: AnyRequest,
    booking: Booking,
    hub: Hub,
    now: datetime,
    service: str = "",
    applications: str | None = None,
    district: str = "",
    lat: str | None = None,
    lon: str | None = None,
) -> Response[str]:
    info = await _service_option(booking, service, now)
    count = read_count(applications)
    offices = await options.offices_for(booking, hub, service, count, now)
    here, errors, mine = _here(lat, lon), [], None
    if district.strip():
        mine = options.in_district(offices, district[:100])
        if mine is None:
            errors = [
                Wrong("district", translator_of(request).gettext("We do not know this district. Choose an office in the list below."))
            ]
        else:
            here = mine.place.catalogue.place
    ordered = options.nearest_first(offices, here)
    if mine is not None:
        ordered = [mine, *(each for each in ordered if each is not mine)]
    times = {each.next_free for each in offices}
    soonest = min(filter(None, times), default=None) if len(times) > 1 else None  # when all are the soonest, none is
    answer = {"service": service, "applications": count if info.asks_applications else None}
    context = {
        "back": link("/book/applications" if info.asks_applications else "/book/service", **answer),
        "step": 2,
        "service": info,
        "answer": answer,
        "offices": [(link("/book/day", **answer, office=each.place.catalogue.slug), each) for each in ordered],
        "districts": sorted({translator_of(request).text(each.place.catalogue.district) for each in offices}),
        "district": district[:100],
        "here": here is not None,
        "by_location": here is not None and not district.strip(),
        "soonest": soonest,
        "now": now,
    }
    return show(request, "office.html", context, errors=errors)


async def _chooser(booking: Booking, service: str, applications: str | None, office: str, now: datetime) -> Chooser:
    """A new booking's choice. Raises NotFound for an office and NotBookable for a service that is not there."""
    place = await booking.at(office, now)
    count = read_count(applications)
    wanted = place.wanted(service, count)
    answer = {"service": service, "applications": count if count > 1 else None, "office": office}

    def days_path(**more: Any) -> str:
        return link("/book/day", **answer, **more)

    return Chooser(
        place,
        wanted,
        days_path=days_path,
        time_path=lambda day: link("/book/time", **answer, date=day),
        action="/book/hold",
        back=link("/book/office", service=service, applications=answer["applications"]),
        hidden={"service": service, "office": office, "applications": str(count), "key": new_key(now)},
        common={"step": 3, "picked": picked(place, wanted)},
    )


@get("/book/day", include_in_schema=False)
async def choose_day(
    request: AnyRequest,
    booking: Booking,
    now: datetime,
    service: str = "",
    applications: str | None = None,
    office: str = "",
    more: str | None = None,
) -> Response[str]:
    chooser = await _chooser(booking, service, applications, office, now)
    return await days_page(request, booking, chooser, bool(more), now)


@get("/book/time", include_in_schema=False)
async def choose_time(
    request: AnyRequest,
    booking: Booking,
    now: datetime,
    service: str = "",
    applications: str | None = None,
    office: str = "",
    lost: str | None = None,
    empty: str | None = None,
) -> Response[str] | Redirect:
    chooser = await _chooser(booking, service, applications, office, now)
    day = read_date(request.query_params.get("date"))
    if day is None:
        return see(chooser.days_path())
    problem = translator_of(request).gettext("Choose a time") if empty else None
    return await times_page(request, booking, _at_step_four(chooser), day, now, lost=read_moment(lost), problem=problem)


def _at_step_four(chooser: Chooser) -> Chooser:
    return replace(chooser, back=chooser.days_path(), common={**chooser.common, "step": 4})


@post("/book/hold", include_in_schema=False)
async def hold(request: AnyRequest, booking: Booking, db: AsyncSession, now: datetime) -> Response[str] | Redirect:
    """Keeps the chosen time and leads to the form."""
    form = await answers(request)
    service, office, count = form.get("service", ""), form.get("office", ""), read_count(form.get("applications"))
    place = await booking.at(office, now)
    starts_at = read_moment(form.get("starts_at"))
    day = read_date(form.get("date")) or (_local_day(place, starts_at) if starts_at else None)
    query = {"service": service, "applications": count if count > 1 else None, "office": office}
    if starts_at is None:
        return see(link("/book/time", **query, date=day, empty=1) if day else link("/book/day", **query))
    starts_at = starts_at.astimezone(UTC)
    asking = Asking(form, "/book/hold", link("/book/day", **query), place.catalogue.time_zone)
    if instead := await asked_first(request, booking.guard, asking, now):
        return instead
    try:
        secret = await _held(
            request, booking, db, place, HoldWish(service, starts_at, count, language_of(request)), form.get("key", ""), now
        )
    except SlotTaken:
        return see(link("/book/time", **query, date=_local_day(place, starts_at), lost=starts_at.isoformat()))
    # The first question without an answer: of a form that was begun, not the first of all.
    answer = see(f"/book/{secret}/check")
    answer.set_cookie(Cookie(HOLD_COOKIE, value=secret, path="/book", max_age=HOLD_COOKIE_SECONDS, httponly=True, samesite="lax"))
    return answer


def _local_day(place: Place, moment: datetime) -> date:
    return place.calendar.today(moment)


async def _held(request: AnyRequest, booking: Booking, db: AsyncSession, place: Place, wish: HoldWish, key: str, now: datetime) -> str:
    """The secret of the hold; raises SlotTaken and NotBookable. The form that this browser had begun goes on with the new time."""
    before = await _unfinished(request, booking, now)
    if before is not None:
        same = (before.office_id, before.service_id) == (place.catalogue.id, place.service(wish.service).id)
        if same and before.applications == place.wanted(wish.service, wish.applications).applications:
            try:
                return (await commands.hold_again(db, booking, before.secret, wish.starts_at, now)).secret
            except NotChangeable:
                pass  # booked in another window meanwhile, and nothing was written here: a hold of its own
    named = HoldWish(wish.service, wish.starts_at, wish.applications, wish.language, key=_key(key, place, wish))
    try:
        held = await commands.hold(booking, place, named, now)
    except IdempotencyKeyReused:
        held = await commands.hold(booking, place, wish, now)
    if before is not None and before.secret != held.secret:
        await _take_over(db, booking, before.secret, held.secret, now)
    return held.secret


def _key(key: str, place: Place, wish: HoldWish) -> str | None:
    """One page, one time, one hold, however often the form is sent."""
    return f"page {key} {place.catalogue.id} {wish.service} {wish.applications} {wish.starts_at.isoformat()}" if key else None


async def _unfinished(request: AnyRequest, booking: Booking, now: datetime) -> AppointmentNow | None:
    """The hold of this browser while it lasts: on a shared computer the next person begins with an empty form."""
    secret = request.cookies.get(HOLD_COOKIE)
    if not secret:
        return None
    try:
        found = await appointment_by_secret(booking.pool, secret)
    except NotFound:
        return None
    lasts = found.state is AppointmentState.HELD and found.hold_expires_at is not None and found.hold_expires_at > now
    return found if lasts else None


async def _take_over(db: AsyncSession, booking: Booking, old: str, new: str, now: datetime) -> None:
    """The answers move to the new hold, and the old one's place is free again."""
    before = await commands.locked(db, old)
    name = booking.ring.unseal(before.name_sealed) if before.name_sealed else None
    contact = booking.ring.unseal(before.contact_sealed) if before.contact_sealed else None
    if before.state is AppointmentState.HELD:
        await commands.cancel(db, booking, old, now)
    await confirming.remember_form(db, booking, new, now, name=name, contact=contact)


HANDLERS = [start, choose_service, choose_applications, choose_office, choose_day, choose_time, hold]
