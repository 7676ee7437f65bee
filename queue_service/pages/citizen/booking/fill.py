"""The form behind a held time: who comes, how to reach them, check, code, done. One question per page; the answers live in the hold.

A hold that lapsed keeps the answers and asks for another time only. Refuses to show a form to anybody without its secret, and to book
twice: what is booked already leads to its own page.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.booking import commands, confirming
from queue_service.booking.api import confirm_guarded, send_links_of
from queue_service.booking.confirming import CODE_TRIES, Person
from queue_service.booking.errors import (
    AlreadyExtended,
    BadName,
    HoldExpired,
    NotChangeable,
    SamePersonTwice,
    SlotTaken,
    TooManyActive,
    WrongCode,
)
from queue_service.booking.models import Appointment
from queue_service.booking.office import Booking, Place
from queue_service.booking.rules import AppointmentState
from queue_service.db import utc
from queue_service.errors import DomainError, TooManyAttempts
from queue_service.notifications.contacts import BadContact, masked, parse_contact
from queue_service.pages.citizen.booking.frame import AnyRequest, Wrong, address_of, afresh, answers, link, see, show, wrong
from queue_service.pages.citizen.booking.proof import Asking, asked_first
from queue_service.pages.citizen.booking.times import Chooser, days_page, picked, read_date, read_moment, times_page
from queue_service.pages.render import language_of, translator_of

PAGES = ("who", "contact", "check", "code", "time")
OPEN = (AppointmentState.HELD, AppointmentState.UNVERIFIED, AppointmentState.EXPIRED)


@dataclass(frozen=True, slots=True)
class Form:
    """A hold with the answers so far."""

    appointment: Appointment
    place: Place
    name: str
    contact: str

    @property
    def path(self) -> str:
        return f"/book/{self.appointment.secret}"

    def lapsed(self, now: datetime) -> bool:
        until = self.appointment.hold_expires_at
        return self.appointment.state is AppointmentState.EXPIRED or until is None or until <= now

    def next_question(self) -> str:
        """The first page whose answer is missing; the last one checks them all."""
        return f"{self.path}/{'check' if self.name and self.contact else 'contact' if self.name else 'who'}"


async def _form(db: AsyncSession, booking: Booking, secret: str, now: datetime) -> Form:
    """Raises NoSuchBooking."""
    appointment = await commands.locked(db, secret)
    name = booking.ring.unseal(appointment.name_sealed) if appointment.name_sealed else ""
    contact = booking.ring.unseal(appointment.contact_sealed) if appointment.contact_sealed else ""
    return Form(appointment, await booking.at_id(appointment.office_id, now), name, contact)


def _elsewhere(form: Form, now: datetime, *, may_be_lapsed: bool = False) -> Redirect | None:
    """Where to go instead, when this form is no longer one."""
    if form.appointment.state not in OPEN:
        return see(f"/a/{form.appointment.secret}")
    if form.lapsed(now) and not may_be_lapsed:
        return see(f"{form.path}/time")
    return None


def _frame(form: Form, now: datetime, here: str) -> dict[str, Any]:
    """What stands beside every question: the choice so far, and until when it is held."""
    appointment, place = form.appointment, form.place
    wanted = commands.wanted_of(appointment)
    held = None
    if not form.lapsed(now):
        assert appointment.hold_expires_at is not None
        held = {
            "until": appointment.hold_expires_at,
            "until_utc": utc(appointment.hold_expires_at),
            "now_utc": utc(now),
            "zone": place.catalogue.time_zone,
            "extendable": appointment.state is AppointmentState.HELD and not appointment.extended,
            "minutes": int(place.calendar.rules.hold.total_seconds() // 60),
            "action": link(f"{form.path}/extend", to=here),
            "time_path": f"{form.path}/time",
        }
    return {"picked": picked(place, wanted, appointment.starts_at), "held": held, "secret": appointment.secret}


def _question(request: AnyRequest, form: Form, now: datetime, name: str, value: str, errors: list[Wrong]) -> Response[str]:
    back = {"who": f"{form.path}/time", "contact": f"{form.path}/who"}[name]
    step = {"who": 5, "contact": 6}[name]
    context = {**_frame(form, now, name), "back": back, "step": step, "value": value, "action": f"{form.path}/{name}"}
    return show(request, f"{name}.html", context, errors=errors)


@get("/book/{secret:str}/who", include_in_schema=False)
async def who(request: AnyRequest, secret: str, db: AsyncSession, booking: Booking, now: datetime) -> Response[str] | Redirect:
    form = await _form(db, booking, secret, now)
    return _elsewhere(form, now) or _question(request, form, now, "who", form.name, [])


@post("/book/{secret:str}/who", include_in_schema=False)
async def answer_who(request: AnyRequest, secret: str, db: AsyncSession, booking: Booking, now: datetime) -> Response[str] | Redirect:
    return await _answered(request, secret, db, booking, now, "who")


@get("/book/{secret:str}/contact", include_in_schema=False)
async def contact(request: AnyRequest, secret: str, db: AsyncSession, booking: Booking, now: datetime) -> Response[str] | Redirect:
    form = await _form(db, booking, secret, now)
    if elsewhere := _elsewhere(form, now):
        return elsewhere
    if not form.name:
        return see(f"{form.path}/who")
    return _question(request, form, now, "contact", form.contact, [])


@post("/book/{secret:str}/contact", include_in_schema=False)
async def answer_contact(request: AnyRequest, secret: str, db: AsyncSession, booking: Booking, now: datetime) -> Response[str] | Redirect:
    return await _answered(request, secret, db, booking, now, "contact")


async def _answered(
    request: AnyRequest, secret: str, db: AsyncSession, booking: Booking, now: datetime, question: str
) -> Response[str] | Redirect:
    """Keeps the answer, also of a hold that has lapsed meanwhile; a mistake shows the question again."""
    typed = (await answers(request)).get({"who": "name", "contact": "contact"}[question], "")
    form = await _form(db, booking, secret, now)
    if elsewhere := _elsewhere(form, now, may_be_lapsed=True):
        return elsewhere
    try:
        await _remember(db, booking, secret, now, question, typed)
    except (BadName, BadContact) as error:
        field = {"who": "name", "contact": "contact"}[question]
        return _question(request, form, now, question, typed, [wrong(request, field, error)])
    form = await _form(db, booking, secret, now)
    return _elsewhere(form, now) or see(form.next_question())


async def _remember(db: AsyncSession, booking: Booking, secret: str, now: datetime, question: str, typed: str) -> None:
    if question == "who":
        await confirming.remember_form(db, booking, secret, now, name=typed)
    else:
        await confirming.remember_form(db, booking, secret, now, contact=typed)


@post("/book/{secret:str}/extend", include_in_schema=False)
async def extend(
    request: AnyRequest, secret: str, db: AsyncSession, booking: Booking, now: datetime, to: str = "check"
) -> Response[str] | Redirect:
    """The button stands in the question's own form, so that what was typed by then comes along and is kept."""
    typed = await answers(request)
    for question, name in (("who", "name"), ("contact", "contact")):
        if typed.get(name):
            try:
                await _remember(db, booking, secret, now, question, typed[name])
            except (BadName, BadContact, NotChangeable):
                continue
    try:
        await commands.extend(db, booking, secret, now)
    except AlreadyExtended:
        pass
    except (HoldExpired, NotChangeable):
        form = await _form(db, booking, secret, now)
        return _elsewhere(form, now) or see(form.next_question())
    return see(f"/book/{secret}/{to if to in PAGES else 'check'}")


@get("/book/{secret:str}/time", include_in_schema=False)
async def another_time(
    request: AnyRequest, secret: str, db: AsyncSession, booking: Booking, now: datetime, lost: str | None = None, more: str | None = None
) -> Response[str] | Redirect:
    """Another time for the same form: by choice, or because the first one lapsed or was lost."""
    form = await _form(db, booking, secret, now)
    if elsewhere := _elsewhere(form, now, may_be_lapsed=True):
        return elsewhere
    chooser = _chooser(form, now)
    lapsed, gone = form.lapsed(now), read_moment(lost)
    wanted_day = read_date(request.query_params.get("date"))
    if wanted_day is None and not lapsed and gone is None:
        return await days_page(request, booking, chooser, bool(more), now)
    day = wanted_day or form.place.calendar.today(gone or form.appointment.starts_at)
    if wanted_day is not None:
        chooser = replace(chooser, back=chooser.days_path())
    nearest = gone or (form.appointment.starts_at if lapsed and wanted_day is None else None)
    return await times_page(request, booking, chooser, day, now, lost=nearest, lapsed=lapsed and gone is None)


def _chooser(form: Form, now: datetime) -> Chooser:
    def days_path(**more: Any) -> str:
        return link(f"{form.path}/time", **more)

    def time_path(day: date) -> str:
        return link(f"{form.path}/time", date=day)

    common = {**_frame(form, now, "time"), "step": 4}
    service = form.place.catalogue.services_by_id[form.appointment.service_id].code
    count = form.appointment.applications
    lapsed = form.lapsed(now)
    back = (
        link("/book/day", service=service, applications=count if count > 1 else None, office=form.place.catalogue.slug)
        if lapsed or not form.name
        else form.next_question()
    )
    return Chooser(
        form.place, commands.wanted_of(form.appointment), days_path, time_path, f"{form.path}/time", back, common=common, purpose="again"
    )


@post("/book/{secret:str}/time", include_in_schema=False)
async def take_another_time(
    request: AnyRequest, secret: str, db: AsyncSession, booking: Booking, now: datetime
) -> Response[str] | Redirect:
    typed = await answers(request)
    starts_at = read_moment(typed.get("starts_at"))
    async with request.app.state.database.session() as apart:  # who is asked to wait must not keep the appointment locked
        form = await _form(apart, booking, secret, now)
    if elsewhere := _elsewhere(form, now, may_be_lapsed=True):
        return elsewhere
    if starts_at is None:
        day = read_date(typed.get("date")) or form.place.calendar.today(now)
        problem = translator_of(request).gettext("Choose a time")
        return await times_page(request, booking, _chooser(form, now), day, now, problem=problem)
    if starts_at == form.appointment.starts_at and not form.lapsed(now):
        return see(form.next_question())
    asking = Asking(typed, f"{form.path}/time", f"{form.path}/time", form.place.catalogue.time_zone)
    if instead := await asked_first(request, booking.guard, asking, now):
        return instead
    try:
        await commands.hold_again(db, booking, secret, starts_at, now)
    except SlotTaken:
        await db.rollback()
        return see(link(f"/book/{secret}/time", lost=starts_at.isoformat()))
    except NotChangeable:  # booked in another window between the two looks
        await db.rollback()
        return see(f"/book/{secret}/check")
    return see((await _form(db, booking, secret, now)).next_question())


@get("/book/{secret:str}/check", include_in_schema=False)
async def check(request: AnyRequest, secret: str, db: AsyncSession, booking: Booking, now: datetime) -> Response[str] | Redirect:
    form = await _form(db, booking, secret, now)
    if elsewhere := _elsewhere(form, now):
        return elsewhere
    if not form.name or not form.contact:
        return see(form.next_question())
    return _check_page(request, form, now, [])


def _check_page(request: AnyRequest, form: Form, now: datetime, errors: list[Wrong], status_code: int = 200) -> Response[str]:
    appointment = form.appointment
    service = form.place.catalogue.services_by_id[appointment.service_id]
    context = {
        **_frame(form, now, "check"),
        "back": f"{form.path}/contact",
        "step": 7,
        "name": form.name,
        "contact": parse_contact(form.contact),
        "form_path": form.path,
        "again": link("/book/service", service=service.code),
        "other_office": link("/book/office", service=service.code, applications=appointment.applications),
        "verify": form.place.calendar.rules.verify_contact,
        "check_in_opens": form.place.calendar.rules.check_in_opens,
    }
    return show(request, "check.html", context, errors=errors, status_code=status_code)


@post("/book/{secret:str}/confirm", include_in_schema=False)
async def confirm(request: AnyRequest, secret: str, db: AsyncSession, booking: Booking, now: datetime) -> Response[str] | Redirect:
    """Books. Sent again by a reload, it changes nothing and leads to the same page."""
    form = await _form(db, booking, secret, now)
    if form.appointment.state is AppointmentState.BOOKED:
        return see(f"{form.path}/done")
    if elsewhere := _elsewhere(form, now):
        return elsewhere
    if not form.name or not form.contact:
        return see(form.next_question())
    try:
        person = Person(form.name, form.contact, language_of(request))
        booked = await confirm_guarded(request.app.state.database, booking, db, secret, person, address_of(request), now)
    except HoldExpired:
        await db.rollback()
        return see(f"{form.path}/time")
    except (TooManyActive, SamePersonTwice, TooManyAttempts) as error:
        return await _refused(request, secret, db, booking, now, error)
    return see(f"{form.path}/{'done' if booked.state is AppointmentState.BOOKED else 'code'}")


async def _refused(
    request: AnyRequest, secret: str, db: AsyncSession, booking: Booking, now: datetime, error: DomainError
) -> Response[str]:
    """The answers once more, with the reason; the hold and the answers stay."""
    async with afresh(request, db) as apart:
        form = await _form(apart, booking, secret, now)
    field = "change-time" if isinstance(error, SamePersonTwice) else "change-contact"
    return _check_page(request, form, now, [wrong(request, field, error)], error.status)


def _code_page(
    request: AnyRequest, form: Form, now: datetime, errors: list[Wrong], *, sent_again: bool = False, status_code: int = 200
) -> Response[str]:
    context = {
        **_frame(form, now, "code"),
        "back": f"{form.path}/check",
        "contact": parse_contact(form.contact),
        "masked": masked(parse_contact(form.contact)),
        "left": max(0, CODE_TRIES - form.appointment.code_attempts),
        "tries": CODE_TRIES,
        "form_path": form.path,
        "sent_again": sent_again,
    }
    return show(request, "code.html", context, errors=errors, status_code=status_code)


@get("/book/{secret:str}/code", include_in_schema=False)
async def code(
    request: AnyRequest, secret: str, db: AsyncSession, booking: Booking, now: datetime, sent: str | None = None
) -> Response[str] | Redirect:
    form = await _form(db, booking, secret, now)
    if elsewhere := _elsewhere(form, now):
        return elsewhere
    if form.appointment.state is not AppointmentState.UNVERIFIED:
        return see(form.next_question())
    return _code_page(request, form, now, [], sent_again=bool(sent))


@post("/book/{secret:str}/code", include_in_schema=False)
async def verify(request: AnyRequest, secret: str, db: AsyncSession, booking: Booking, now: datetime) -> Response[str] | Redirect:
    typed = (await answers(request)).get("code", "")
    outcome: Appointment | WrongCode | TooManyAttempts
    try:
        await booking.guard.allow("verify", address_of(request), now)
        outcome = await confirming.verify(db, booking, secret, typed, now)
    except (HoldExpired, NotChangeable):
        async with afresh(request, db) as apart:
            form = await _form(apart, booking, secret, now)
        return _elsewhere(form, now) or see(form.next_question())
    except TooManyActive as error:
        await db.rollback()  # who is refused must not keep one connection while asking for another
        await send_links_of(request.app.state.database, booking, secret, now)
        return await _refused(request, secret, db, booking, now, error)
    except SamePersonTwice as error:
        return await _refused(request, secret, db, booking, now, error)
    except TooManyAttempts as error:  # of the guard, before anything was read
        outcome = error
    if isinstance(outcome, Appointment):
        return see(f"/book/{secret}/done")
    # The attempt that failed is part of this transaction: it must stay counted.
    form = await _form(db, booking, secret, now)
    status = outcome.status if isinstance(outcome, TooManyAttempts) else 422
    return _code_page(request, form, now, [wrong(request, "code", outcome)], status_code=status)


@post("/book/{secret:str}/resend", include_in_schema=False)
async def resend(request: AnyRequest, secret: str, db: AsyncSession, booking: Booking, now: datetime) -> Response[str] | Redirect:
    form = await _form(db, booking, secret, now)
    if elsewhere := _elsewhere(form, now):
        return elsewhere
    try:
        await booking.guard.allow("code", form.contact, now)
        await confirming.resend_code(db, booking, secret, now)
    except TooManyAttempts as error:
        return _code_page(request, form, now, [wrong(request, "code", error)], status_code=error.status)
    except (HoldExpired, NotChangeable):
        await db.rollback()
        return see(f"{form.path}/time")
    return see(link(f"{form.path}/code", sent=1))


@get("/book/{secret:str}/done", include_in_schema=False)
async def done(request: AnyRequest, secret: str, db: AsyncSession, booking: Booking, now: datetime) -> Response[str] | Redirect:
    form = await _form(db, booking, secret, now)
    appointment = form.appointment
    if appointment.state is not AppointmentState.BOOKED:
        return _elsewhere(form, now, may_be_lapsed=True) or see(form.next_question())
    address = parse_contact(form.contact) if form.contact else None
    context = {
        "appointment": appointment,
        "catalogue": form.place.catalogue,
        "service": form.place.catalogue.services_by_id[appointment.service_id],
        "channel": address.channel.value if address else None,
        "masked": masked(address) if address else None,
        "moves": form.place.calendar.rules.moves_limit,
        "opens_at": appointment.starts_at - form.place.calendar.rules.check_in_opens,
    }
    return show(request, "done.html", context)


HANDLERS = [
    who,
    answer_who,
    contact,
    answer_contact,
    extend,
    another_time,
    take_another_time,
    check,
    confirm,
    code,
    verify,
    resend,
    done,
]
