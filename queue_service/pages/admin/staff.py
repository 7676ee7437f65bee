"""`/admin/staff`: who works here, invitations, and what whoever manages people does with an account.

A link for choosing a password is shown on the answer itself and nowhere else. Refuses to show buttons as protection: the rules decide.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, get, post
from litestar.params import Parameter
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.administration.people import act_on, change
from queue_service.administration.people_api import LARGEST, invitation_link
from queue_service.audit.journal import Actor
from queue_service.db import Pool
from queue_service.errors import DomainError
from queue_service.pages.account.frame import ZONE
from queue_service.pages.admin.frame import ROLE_NAMES, Form, admin_page
from queue_service.pages.i18n import Translator
from queue_service.pages.render import translator_of
from queue_service.settings import Settings
from queue_service.staff.errors import AccountMoved, BadPerson, LoginTaken, NoSuchPerson
from queue_service.staff.models import Role
from queue_service.staff.people import Manager, PersonAct, Wanted, invite
from queue_service.staff.queries import Person, Search, list_people, offices, show_person
from queue_service.staff.rights import Right, for_
from queue_service.staff.rules import Place, appointable, may_manage
from queue_service.staff.sessions import Identity

AnyRequest = Request[Any, Any, Any]
Number = Annotated[int, Parameter(ge=1, le=LARGEST)]
WHOLE_CITY: Final = "city"
"""In the place of an office's id."""
FIELD_NAMES: Final = {"name": "Name", "role": "Role", "office_id": "Office", "active": "Access"}
DONE: Final = {
    "changed": "Saved.",
    PersonAct.RESET_SECOND_FACTOR: "The second factor is reset. The person sets up a new one at the next sign-in.",
    PersonAct.END_SESSIONS: "Signed out everywhere.",
    PersonAct.SWITCH_OFF: "Switched off: the person cannot sign in.",
    PersonAct.SWITCH_ON: "Switched on.",
}


class SearchForm(msgspec.Struct, frozen=True):
    """Sent as a form and not in the address, where a name would stay in histories and in logs of proxies."""

    search: str = ""
    office: str = ""
    role: str = ""
    active: str = "yes"
    page: str = "1"
    csrf: str = ""


class PersonForm(msgspec.Struct, frozen=True):
    login: str = ""
    name: str = ""
    role: str = ""
    office: str = ""
    seen_name: str = ""
    seen_role: str = ""
    seen_office: str = ""
    csrf: str = ""


class ActForm(msgspec.Struct, frozen=True):
    act: str = ""
    csrf: str = ""


@dataclass(frozen=True, slots=True)
class Offices:
    """Those whose people the manager sees, by id."""

    names: Mapping[int, dict[str, str]]
    zones: Mapping[int, str]
    own: int | None

    def options(self, t: Translator) -> list[tuple[str, str]]:
        named = [(str(number), t.text(name)) for number, name in self.names.items()]
        return named if self.own is not None else [(WHOLE_CITY, t.gettext("The whole city")), *named]

    def name(self, t: Translator, office_id: int | None) -> str:
        return t.gettext("The whole city") if office_id is None else t.text(self.names.get(office_id, {"ru": "—"}))

    def zone(self, office_id: int | None) -> str:
        """On whose clock somebody's day is told: their office's; the city's for people of the whole city."""
        return ZONE if office_id is None else self.zones.get(office_id, ZONE)

    def read(self, value: str) -> int | None:
        """What a form says. BadPerson for an office that the manager does not see."""
        if value == WHOLE_CITY:
            return None
        if not value.isdecimal() or len(value) > 9 or int(value) not in self.names:
            raise BadPerson("office", {"ru": "Выберите отделение.", "en": "Choose an office."})
        return int(value)


async def _offices(pool: Pool, identity: Identity) -> Offices:
    known = await offices(pool, identity.office_id)
    return Offices({number: name for number, name, _ in known}, {number: zone for number, _, zone in known}, identity.office_id)


def _place(identity: Identity) -> Place:
    return Place(identity.account_id, identity.role, identity.office_id)


def _role(value: str) -> Role:
    if value not in set(Role):
        raise BadPerson("role", {"ru": "Выберите роль.", "en": "Choose a role."})
    return Role(value)


@get("/admin/staff", include_in_schema=False, **for_(Right.STAFF))
async def staff_page(request: AnyRequest, identity: Identity, pool: Pool, now: datetime) -> Response[str]:
    return await _list_page(request, identity, pool, SearchForm(), now)


@post("/admin/staff", include_in_schema=False, status_code=200, **for_(Right.STAFF))
async def search_staff(
    request: AnyRequest, data: Annotated[SearchForm, Form], identity: Identity, pool: Pool, now: datetime
) -> Response[str]:
    """Nothing is changed: what was typed is only not for an address."""
    return await _list_page(request, identity, pool, data, now)


async def _list_page(request: AnyRequest, identity: Identity, pool: Pool, typed: SearchForm, now: datetime) -> Response[str]:
    t, known = translator_of(request), await _offices(pool, identity)
    narrowed = _narrowed(typed, known)
    people, more = await list_people(pool, _place(identity), narrowed, now)
    context = {
        "filters": {"search": typed.search, "office": typed.office, "role": typed.role, "active": typed.active},
        "offices": [] if identity.office_id is not None else [("", t.gettext("All offices")), *known.options(t)],
        "roles": [("", t.gettext("All roles")), *((each.value, t.gettext(ROLE_NAMES[each])) for each in Role)],
        "states": [("yes", t.gettext("Working")), ("no", t.gettext("Switched off")), ("all", t.gettext("All"))],
        "people": [_row(t, each, known, now) for each in people],
        "before": narrowed.page - 1,
        "after": narrowed.page + 1 if more else 0,
    }
    return admin_page(request, "admin/staff.html", context, identity, "staff")


def _narrowed(typed: SearchForm, known: Offices) -> Search:
    """What a form asks for; whatever no form of ours sends is as if it were left out."""
    office, page = typed.office, typed.page
    office_id = 0 if office == WHOLE_CITY else None
    if office.isdecimal() and len(office) < 10 and int(office) in known.names:
        office_id = int(office)
    return Search(
        typed.search.replace("\0", ""),
        office_id,
        Role(typed.role) if typed.role in set(Role) else None,
        {"yes": True, "no": False}.get(typed.active),
        int(page) if page.isdecimal() and len(page) < 6 and int(page) else 1,
    )


def _row(t: Translator, person: Person, known: Offices, now: datetime) -> dict[str, Any]:
    return {
        "id": person.id,
        "login": person.login,
        "name": person.name,
        "role": t.gettext(ROLE_NAMES[person.role]),
        "office": known.name(t, person.office_id),
        "active": person.active,
        "invited": person.invited,
        "second_factor": person.second_factor,
        "sessions": person.sessions,
        "last_sign_in": t.day_and_time(person.last_sign_in, known.zone(person.office_id), now) if person.last_sign_in else None,
    }


@get("/admin/new-person", include_in_schema=False, **for_(Right.STAFF))
async def new_person(request: AnyRequest, identity: Identity, pool: Pool) -> Response[str]:
    return await _invite_page(request, identity, pool, PersonForm(role=Role.CLERK.value, office=str(identity.office_id or "")), None)


@post("/admin/new-person", include_in_schema=False, status_code=200, **for_(Right.STAFF))
async def invite_person(
    request: AnyRequest,
    data: Annotated[PersonForm, Form],
    identity: Identity,
    actor: Actor,
    pool: Pool,
    db: AsyncSession,
    now: datetime,
) -> Response[str]:
    """The link is on the answer, because it is shown only once."""
    settings: Settings = request.app.state.settings
    try:
        office_id = (await _offices(pool, identity)).read(data.office)
        async with db.begin_nested():
            wanted = Wanted(data.name, _role(data.role), office_id, data.login)
            _, token = await invite(db, Manager(_place(identity), actor), wanted, now)
    except DomainError as error:
        return await _invite_page(request, identity, pool, data, error)
    context = {"link": invitation_link(settings, token), "name": data.name, "kind": "invitation", "back": "/admin/staff"}
    return admin_page(request, "admin/staff_link.html", context, identity, "staff")


async def _invite_page(request: AnyRequest, identity: Identity, pool: Pool, data: PersonForm, error: DomainError | None) -> Response[str]:
    t = translator_of(request)
    context = {**_form(t, identity, await _offices(pool, identity), data), "errors": _errors(t, error)}
    return admin_page(request, "admin/staff_new.html", context, identity, "staff", status_code=422 if error else 200)


def _form(t: Translator, identity: Identity, known: Offices, data: PersonForm) -> dict[str, Any]:
    return {
        "typed": {"login": data.login, "name": data.name, "role": data.role, "office": data.office},
        "roles": [(each.value, t.gettext(ROLE_NAMES[each])) for each in appointable(_place(identity))],
        "offices": known.options(t),
    }


def _errors(t: Translator, error: DomainError | None) -> list[dict[str, str | None]]:
    if error is None:
        return []
    field = error.field if isinstance(error, BadPerson) else "login" if isinstance(error, LoginTaken) else None
    return [{"field": field, "text": t.text(error.text)}]


@get("/admin/staff/{account_id:int}", include_in_schema=False, **for_(Right.STAFF))
async def person_page(request: AnyRequest, identity: Identity, pool: Pool, now: datetime, account_id: Number) -> Response[str]:
    return await _person_page(request, identity, await show_person(pool, _place(identity), account_id, now), None, now)


async def _person_page(
    request: AnyRequest, identity: Identity, person: Person, refused: tuple[PersonForm | None, DomainError] | None, now: datetime
) -> Response[str]:
    """`refused`: what was typed, and why it was not saved."""
    t = translator_of(request)
    pool: Pool = request.app.state.database.hot
    known = await _offices(pool, identity)
    present = PersonForm(person.login, person.name, person.role.value, _office_value(person.office_id))
    typed, error = refused if refused is not None else (None, None)
    conflict = _conflict(t, known, error) if isinstance(error, AccountMoved) else []
    place = Place(person.id, person.role, person.office_id)
    done = request.query_params.get("saved")
    context = {
        **_form(t, identity, known, typed or present),
        "person_shown": _row(t, person, known, now),
        "seen": {"name": person.name, "role": person.role.value, "office": _office_value(person.office_id)},
        "may_manage": may_manage(_place(identity), place),
        "oneself": person.id == identity.account_id,
        "errors": [] if conflict else _errors(t, error),
        "conflict": conflict,
        "saved": t.gettext(DONE[done]) if done in DONE else None,
    }
    status = 200 if error is None else 422 if isinstance(error, BadPerson) else 409
    return admin_page(request, "admin/staff_person.html", context, identity, "staff", status_code=status)


def _office_value(office_id: int | None) -> str:
    return WHOLE_CITY if office_id is None else str(office_id)


def _conflict(t: Translator, known: Offices, error: AccountMoved) -> list[dict[str, str]]:
    def shown(field: str, value: Any) -> str:
        if field == "office_id":
            return known.name(t, value)
        return t.gettext(ROLE_NAMES[Role(value)]) if field == "role" else str(value)

    return [
        {"what": t.gettext(FIELD_NAMES[field]), "before": shown(field, seen), "after": shown(field, present)}
        for field, (seen, present) in error.changed.items()
    ]


@post("/admin/staff/{account_id:int}", include_in_schema=False, status_code=200, **for_(Right.STAFF))
async def change_person(
    request: AnyRequest,
    data: Annotated[PersonForm, Form],
    identity: Identity,
    actor: Actor,
    pool: Pool,
    db: AsyncSession,
    now: datetime,
    account_id: Number,
) -> Response[str] | Redirect:
    known = await _offices(pool, identity)
    try:
        seen = {"name": data.seen_name, "role": data.seen_role, "office_id": known.read(data.seen_office)}
        async with db.begin_nested():
            wanted = Wanted(data.name, _role(data.role), known.read(data.office), seen=seen)
            await change(db, Manager(_place(identity), actor), account_id, wanted, now)
    except NoSuchPerson:
        raise
    except DomainError as error:
        person = await show_person(pool, _place(identity), account_id, now)
        return await _person_page(request, identity, person, (data, error), now)
    return Redirect(f"/admin/staff/{account_id}?saved=changed", status_code=HTTP_303_SEE_OTHER)


@post("/admin/staff/{account_id:int}/acts", include_in_schema=False, status_code=200, **for_(Right.STAFF))
async def act_on_person(
    request: AnyRequest,
    data: Annotated[ActForm, Form],
    identity: Identity,
    actor: Actor,
    pool: Pool,
    db: AsyncSession,
    now: datetime,
    account_id: Number,
) -> Response[str] | Redirect:
    settings: Settings = request.app.state.settings
    person = await show_person(pool, _place(identity), account_id, now)
    if data.act not in set(PersonAct):
        raise NoSuchPerson
    try:
        async with db.begin_nested():
            token = await act_on(db, Manager(_place(identity), actor), account_id, PersonAct(data.act), now)
    except DomainError as error:
        return await _person_page(request, identity, person, (None, error), now)
    back = f"/admin/staff/{account_id}"
    if token is None:
        return Redirect(f"{back}?saved={data.act}", status_code=HTTP_303_SEE_OTHER)
    kind = "invitation" if person.invited else "reset"
    context = {"link": invitation_link(settings, token), "name": person.name, "kind": kind, "back": back}
    return admin_page(request, "admin/staff_link.html", context, identity, "staff")


HANDLERS = [staff_page, search_staff, new_person, invite_person, person_page, change_person, act_on_person]
