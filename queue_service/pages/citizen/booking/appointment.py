"""`/a/{secret}`: a booking from its confirmation to the hall, and what its citizen may do with it.

Mail scanners and previews follow links, so every act is a POST behind a page that asks. Refuses to show a name.
"""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.booking import commands, confirming, messages, waitlist
from queue_service.booking.api import send_links_of, show_calendar
from queue_service.booking.errors import HoldExpired, NoMovesLeft, NotChangeable, SamePersonTwice, SlotTaken, TooManyActive
from queue_service.booking.office import Booking, Place
from queue_service.booking.queries import AppointmentNow, appointment_by_secret
from queue_service.booking.rules import AppointmentState, Wanted
from queue_service.booking.rules import Channel as BookedBy
from queue_service.errors import DomainError, TooManyAttempts
from queue_service.live.appointments import Followed
from queue_service.live.hub import Hub
from queue_service.live.views.parts import encoded, enveloped
from queue_service.notifications.contacts import masked
from queue_service.notifications.outbox import Delivery, deliveries
from queue_service.notifications.rules import State
from queue_service.pages.citizen.booking.frame import AnyRequest, Wrong, address_of, afresh, answers, link, see, show
from queue_service.pages.citizen.booking.times import Chooser, days_page, picked, read_date, read_moment, times_page
from queue_service.pages.citizen.qr import qr_answer
from queue_service.pages.render import translator_of
from queue_service.settings import Settings
from queue_service.tickets.check_in import check_in, ticket_of

FILLING = (AppointmentState.HELD, AppointmentState.UNVERIFIED)
NEAREST = 3
"""Times offered with one press instead of one that the office has taken away; all others are on the page of days."""
TOLD = (State.PENDING, State.SENDING, State.SENT, State.FAILED, State.UNCONFIRMED)
"""Of these deliveries a person wants to hear; a withdrawn one was never meant to arrive."""


@get("/a/{secret:str}", include_in_schema=False)
async def appointment_page(
    request: AnyRequest,
    secret: str,
    db: AsyncSession,
    booking: Booking,
    hub: Hub,
    followed: Followed,
    now: datetime,
    refresh: str | None = None,
    said: str | None = None,
) -> Response[str] | Redirect:
    shown = await appointment_by_secret(booking.pool, secret)
    return await _page(request, shown, db, booking, hub, followed, now, refresh=refresh, said=said)


async def _page(
    request: AnyRequest,
    shown: AppointmentNow,
    db: AsyncSession,
    booking: Booking,
    hub: Hub,
    followed: Followed,
    now: datetime,
    *,
    refresh: str | None = None,
    said: str | None = None,
    error: DomainError | None = None,
) -> Response[str] | Redirect:
    place = await booking.at_id(shown.office_id, now)
    if shown.state in FILLING:
        return see(f"/book/{shown.secret}/check")
    if shown.state is AppointmentState.CHECKED_IN and (ticket := await ticket_of(booking.pool, place, shown.id)):
        return see(f"/t/{ticket.secret}")
    state = await hub.feed(shown.office_id).fresh()
    view: Any = msgspec.json.decode(enveloped(state, encoded(await followed.view(state, shown.id))))
    service = place.catalogue.services_by_id[shown.service_id].code
    context = {
        "view": view,
        "secret": shown.secret,
        "auto_refresh": refresh != "off",
        "said": said if said in ("moved", "sent", "booked") else None,
        "messages": await _messages(db, booking, shown),
        "refused": error is not None,
        "again": link("/book/day", service=service, office=place.catalogue.slug),
        "nearest": await _nearest(booking, place, shown, now) if _displaced(shown) else None,
    }
    errors = [Wrong("acts", translator_of(request).text(error.text))] if error else []
    return show(request, "appointment.html", context, errors=errors, status_code=error.status if error else 200)


def _displaced(shown: AppointmentNow) -> bool:
    """Whether the office itself has taken its time away and no other was chosen yet."""
    return shown.displaced_at is not None and shown.state is AppointmentState.BOOKED


async def _nearest(booking: Booking, place: Place, shown: AppointmentNow, now: datetime) -> list[datetime]:
    """The free times nearest to the one that was taken away; none where the service is no longer booked."""
    if shown.service_id not in place.calendar.services or shown.starts_at <= now:
        return []
    slots = await booking.alternatives(place, _wanted(shown), shown.starts_at, now)
    return sorted(slot.starts_at for slot in sorted(slots, key=lambda each: abs(each.starts_at - shown.starts_at))[:NEAREST])


async def _messages(db: AsyncSession, booking: Booking, shown: AppointmentNow) -> dict[str, Any] | None:
    """What became of our messages, newest first, to whom (masked), and whether sending again could help."""
    appointment = await commands.locked(db, shown.secret)
    if appointment.contact_sealed is None:
        return None
    known = [each for each in await deliveries(booking.pool, shown.id) if each.state in TOLD and each.kind != "code"]
    if not known:
        return None
    due = [each for each in known if each.state != State.PENDING or each.kind not in ("reminder_early", "reminder_day")]
    return {
        "to": masked(confirming.contact_of(booking, appointment)),
        "known": list(reversed(due)),
        "again": shown.state is AppointmentState.BOOKED and _sending_again_helps(due),
    }


def _sending_again_helps(oldest_first: list[Delivery]) -> bool:
    """Something did not arrive, and no confirmation has gone out since."""
    helps = False
    for each in oldest_first:
        if each.state in (State.FAILED, State.UNCONFIRMED):
            helps = True
        elif each.kind == "confirmation":
            helps = False
    return helps


@get("/a/{secret:str}/qr.svg", include_in_schema=False)
async def appointment_qr(secret: str, settings: Settings) -> Response[bytes]:
    """Leads to the booking's page; the kiosk reads the secret out of it."""
    return await qr_answer(f"{settings.public_url}/a/{secret[:64]}")


@get("/a/{secret:str}/calendar.ics", include_in_schema=False)
async def appointment_calendar(secret: str, booking: Booking, db: AsyncSession, now: datetime) -> Response[bytes]:
    answer: Response[bytes] = await show_calendar.fn(secret, booking, db, now)
    return answer


@get("/a/{secret:str}/cancel", include_in_schema=False)
async def cancel_question(request: AnyRequest, secret: str, booking: Booking, now: datetime) -> Response[str] | Redirect:
    return await _cancel_page(request, secret, booking, now)


async def _cancel_page(
    request: AnyRequest, secret: str, booking: Booking, now: datetime, error: DomainError | None = None
) -> Response[str] | Redirect:
    shown = await appointment_by_secret(booking.pool, secret)
    if error is None and (shown.state is not AppointmentState.BOOKED or shown.starts_at <= now):
        return see(f"/a/{secret}")
    place = await booking.at_id(shown.office_id, now)
    context = {
        "back": f"/a/{secret}",
        "refused": error is not None,
        "appointment": shown,
        "catalogue": place.catalogue,
        "service": place.catalogue.services_by_id[shown.service_id],
        "moves_left": max(0, place.calendar.rules.moves_limit - shown.moves),
    }
    errors = [Wrong("acts", translator_of(request).text(error.text))] if error else []
    return show(request, "cancel.html", context, errors=errors, status_code=error.status if error else 200)


@post("/a/{secret:str}/cancel", include_in_schema=False)
async def cancel(request: AnyRequest, secret: str, db: AsyncSession, booking: Booking, now: datetime) -> Response[str] | Redirect:
    try:
        await commands.cancel(db, booking, secret, now)
    except NotChangeable as error:
        await db.rollback()
        return await _cancel_page(request, secret, booking, now, error)
    return see(f"/a/{secret}")


def _wanted(shown: AppointmentNow) -> Wanted:
    return Wanted(shown.service_id, shown.applications, BookedBy.HALL if shown.via == "staff" else BookedBy.ONLINE)


async def _mover(booking: Booking, shown: AppointmentNow, now: datetime) -> Chooser:
    place = await booking.at_id(shown.office_id, now)
    wanted = _wanted(shown)
    path = f"/a/{shown.secret}/move"

    def days_path(**more: Any) -> str:
        return link(path, **more)

    def time_path(day: date) -> str:
        return link(path, date=day)

    common = {
        "picked": picked(place, wanted, shown.starts_at),
        "moving": shown,
        "moves_left": max(0, place.calendar.rules.moves_limit - shown.moves) or int(_displaced(shown)),
    }
    back = f"/a/{shown.secret}"
    return Chooser(place, wanted, days_path, time_path, path, back, common=common, purpose="move", elsewhere=False)


@get("/a/{secret:str}/move", include_in_schema=False)
async def choose_new_time(
    request: AnyRequest, secret: str, booking: Booking, now: datetime, lost: str | None = None, more: str | None = None
) -> Response[str] | Redirect:
    shown = await appointment_by_secret(booking.pool, secret)
    mover = await _mover(booking, shown, now)
    if shown.state is not AppointmentState.BOOKED or shown.starts_at <= now or mover.common["moves_left"] == 0:
        return see(f"/a/{secret}")
    day, gone = read_date(request.query_params.get("date")), read_moment(lost)
    if day is None and gone is None:
        return await days_page(request, booking, mover, bool(more), now)
    day = day or mover.place.calendar.today(gone or now)
    return await times_page(request, booking, replace(mover, back=mover.days_path()), day, now, lost=gone)


@post("/a/{secret:str}/move", include_in_schema=False)
async def move(
    request: AnyRequest, secret: str, db: AsyncSession, booking: Booking, hub: Hub, followed: Followed, now: datetime
) -> Response[str] | Redirect:
    typed = await answers(request)
    starts_at = read_moment(typed.get("starts_at"))
    shown = await appointment_by_secret(booking.pool, secret)
    if starts_at is None:
        mover = await _mover(booking, shown, now)
        day = read_date(typed.get("date")) or mover.place.calendar.today(now)
        problem = translator_of(request).gettext("Choose a time")
        return await times_page(request, booking, replace(mover, back=mover.days_path()), day, now, problem=problem)
    try:
        await commands.move(db, booking, secret, starts_at, now)
    except SlotTaken:
        await db.rollback()
        return see(link(f"/a/{secret}/move", lost=starts_at.isoformat()))
    except (NoMovesLeft, NotChangeable, SamePersonTwice) as error:
        async with afresh(request, db) as apart:
            return await _page(request, shown, apart, booking, hub, followed, now, error=error)
    return see(f"/a/{secret}?said=moved")


@post("/a/{secret:str}/send", include_in_schema=False)
async def send_again(
    request: AnyRequest, secret: str, db: AsyncSession, booking: Booking, hub: Hub, followed: Followed, now: datetime
) -> Response[str] | Redirect:
    appointment = await commands.locked(db, secret)
    if appointment.state is not AppointmentState.BOOKED:
        return see(f"/a/{secret}")
    try:
        await booking.guard.allow("code", address_of(request), now)
    except TooManyAttempts as error:
        return await _page(request, await appointment_by_secret(booking.pool, secret), db, booking, hub, followed, now, error=error)
    await messages.send_again(db, booking, await booking.at_id(appointment.office_id, now), appointment, now)
    return see(f"/a/{secret}?said=sent")


@post("/a/{secret:str}/check-in", include_in_schema=False)
async def check_in_here(
    request: AnyRequest, secret: str, db: AsyncSession, booking: Booking, hub: Hub, followed: Followed, now: datetime
) -> Response[str] | Redirect:
    """The booking becomes the hall's ticket; pressed twice, the same ticket."""
    shown = await appointment_by_secret(booking.pool, secret)
    try:
        ticket = await check_in(booking, shown.office_id, secret, ("phone", shown.id), now)
    except DomainError as error:
        return await _page(request, shown, db, booking, hub, followed, now, error=error)
    return see(f"/t/{ticket.secret}")


@post("/a/{secret:str}/accept", include_in_schema=False)
async def accept(
    request: AnyRequest, secret: str, db: AsyncSession, booking: Booking, hub: Hub, followed: Followed, now: datetime
) -> Response[str] | Redirect:
    try:
        await waitlist.accept(db, booking, secret, now)
    except (HoldExpired, NotChangeable, TooManyActive, SamePersonTwice) as error:
        await db.rollback()  # first: who is refused must not keep one connection while asking for another
        if isinstance(error, TooManyActive):
            await send_links_of(request.app.state.database, booking, secret, now)
        shown = await appointment_by_secret(booking.pool, secret)
        async with afresh(request, db) as apart:
            return await _page(request, shown, apart, booking, hub, followed, now, error=error)
    return see(f"/a/{secret}?said=booked")


@post("/a/{secret:str}/decline", include_in_schema=False)
async def decline(request: AnyRequest, secret: str, db: AsyncSession, booking: Booking, now: datetime) -> Redirect:
    try:
        await waitlist.decline(db, booking, secret, now)
    except NotChangeable:
        await db.rollback()
    return see(f"/a/{secret}")


HANDLERS = [
    appointment_page,
    appointment_qr,
    appointment_calendar,
    cancel_question,
    cancel,
    choose_new_time,
    move,
    send_again,
    check_in_here,
    accept,
    decline,
]
