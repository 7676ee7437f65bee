"""The staff of the city for programs: list, invite, change, and the acts of one press. The rules are those of the pages."""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from litestar import Router, get, post
from litestar.params import Parameter
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.administration.people import act_on, change
from queue_service.audit.journal import Actor
from queue_service.db import Pool
from queue_service.settings import Settings
from queue_service.staff.errors import BadPerson
from queue_service.staff.models import Role
from queue_service.staff.people import Manager, PersonAct, Wanted, invite
from queue_service.staff.queries import Person, Search, list_people, office_id_of, show_person
from queue_service.staff.rights import Right, for_
from queue_service.staff.sessions import Identity

LARGEST: Final = 2**31 - 1
"""Of an id and of a page's offset: PostgreSQL's int."""
Text = Annotated[str, msgspec.Meta(max_length=200)]


class PersonOut(msgspec.Struct, frozen=True):
    id: int
    login: str
    name: str
    role: Role
    office: str | None
    active: bool
    invited: bool
    """Has not chosen a password yet."""
    second_factor: bool
    sessions: int
    last_sign_in: datetime | None

    @staticmethod
    def of(person: Person) -> "PersonOut":
        return msgspec.convert(person, PersonOut, from_attributes=True)


class PeopleOut(msgspec.Struct, frozen=True):
    accounts: list[PersonOut]
    more: bool


class PeopleSearch(msgspec.Struct, frozen=True):
    """In the body: a name in an address would stay in histories and in logs of proxies."""

    search: Annotated[str, msgspec.Meta(max_length=100)]
    """Part of a name or login."""
    office: Text | None = None
    role: Role | None = None
    active: bool | None = None
    page: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 1


class NewPerson(msgspec.Struct, frozen=True):
    login: Text
    name: Text
    role: Role
    office: Text | None = None


class InvitedOut(msgspec.Struct, frozen=True):
    id: int
    link: str
    """Shown this once; whoever has it chooses the password."""


class Seen(msgspec.Struct, frozen=True):
    """What stood there when the caller looked: the change is refused where somebody has saved something else since."""

    name: Text
    role: Role
    office: Text | None


class PersonChange(msgspec.Struct, frozen=True):
    name: Text
    role: Role
    seen: Seen
    office: Text | None = None


class PersonActIn(msgspec.Struct, frozen=True):
    act: PersonAct


class PersonActOut(msgspec.Struct, frozen=True):
    link: str | None
    """Of a reset or a new invitation, shown this once."""


def invitation_link(settings: Settings, token: str) -> str:
    return f"{settings.public_url}/invitation/{token}"


async def known_office(pool: Pool, slug: str | None) -> int | None:
    """Its id, or None for the whole city. BadPerson for a slug that no office has."""
    office_id = await office_id_of(pool, slug)
    if office_id == 0:
        raise BadPerson("office", {"ru": "Такого отделения нет.", "en": "There is no such office."})
    return office_id


@get("/")
async def people(
    identity: Identity,
    actor: Actor,
    pool: Pool,
    now: datetime,
    office: str | None = None,
    role: Role | None = None,
    active: bool | None = None,
    page: Annotated[int, Parameter(ge=1, le=100_000)] = 1,
) -> PeopleOut:
    """Those whom the caller may see, by name, 50 a page."""
    return await _listed(pool, Manager.of(identity, actor), PeopleSearch("", office, role, active, page), now)


@post("/search", status_code=200)
async def search_people(data: PeopleSearch, identity: Identity, actor: Actor, pool: Pool, now: datetime) -> PeopleOut:
    """The same, narrowed to whose name or login has the text."""
    return await _listed(pool, Manager.of(identity, actor), data, now)


async def _listed(pool: Pool, manager: Manager, wanted: PeopleSearch, now: datetime) -> PeopleOut:
    office_id = await office_id_of(pool, wanted.office)
    if wanted.office and office_id == 0:
        return PeopleOut([], False)
    narrowed = Search(wanted.search, office_id, wanted.role, wanted.active, wanted.page)
    found, more = await list_people(pool, manager.place, narrowed, now)
    return PeopleOut([PersonOut.of(each) for each in found], more)


@get("/{account_id:int}")
async def person(
    identity: Identity, actor: Actor, pool: Pool, now: datetime, account_id: Annotated[int, Parameter(ge=1, le=LARGEST)]
) -> PersonOut:
    return PersonOut.of(await show_person(pool, Manager.of(identity, actor).place, account_id, now))


@post("/")
async def invite_person(
    data: NewPerson, identity: Identity, actor: Actor, db: AsyncSession, pool: Pool, settings: Settings, now: datetime
) -> InvitedOut:
    """201 with the link by which the person chooses a password within seven days."""
    wanted = Wanted(data.name, data.role, await known_office(pool, data.office), data.login)
    account_id, token = await invite(db, Manager.of(identity, actor), wanted, now)
    return InvitedOut(account_id, invitation_link(settings, token))


@post("/{account_id:int}/change", status_code=204)
async def change_person(
    data: PersonChange,
    identity: Identity,
    actor: Actor,
    db: AsyncSession,
    pool: Pool,
    now: datetime,
    account_id: Annotated[int, Parameter(ge=1, le=LARGEST)],
) -> None:
    """409 `account_moved` where somebody saved meanwhile, with what."""
    seen = {"name": data.seen.name, "role": str(data.seen.role), "office_id": await known_office(pool, data.seen.office)}
    wanted = Wanted(data.name, data.role, await known_office(pool, data.office), seen=seen)
    await change(db, Manager.of(identity, actor), account_id, wanted, now)


@post("/{account_id:int}/acts", status_code=200)
async def act_on_person(
    data: PersonActIn,
    identity: Identity,
    actor: Actor,
    db: AsyncSession,
    settings: Settings,
    now: datetime,
    account_id: Annotated[int, Parameter(ge=1, le=LARGEST)],
) -> PersonActOut:
    token = await act_on(db, Manager.of(identity, actor), account_id, data.act, now)
    return PersonActOut(invitation_link(settings, token) if token else None)


router = Router(
    "/api/admin/accounts",
    route_handlers=[people, search_people, person, invite_person, change_person, act_on_person],
    tags=["administration"],
    **for_(Right.STAFF),
)
