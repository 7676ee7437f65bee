"""People and things of a hall, written straight into the database: `an_office(...)`, `a_kiosk(...)`, `a_clerk_at(...)`, `a_lane(...)`.

Each is the plainest one that works; a test names only what it is about.
"""

import itertools
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import null

from queue_service.booking.models import BookingPolicy, Lane, LaneException, LaneHours, LaneService, OfficeBooking
from queue_service.booking.rules import Channel
from queue_service.db import Database
from queue_service.desks.models import Shift
from queue_service.devices.models import DeviceKind
from queue_service.devices.registry import add_device
from queue_service.events import office_changed, setup_changed
from queue_service.offices.catalogue import Catalogue, load_catalogue
from queue_service.offices.models import (
    Closure,
    Desk,
    DeskService,
    Office,
    OpeningHours,
    Privilege,
    Service,
    ServiceGroup,
    VisitGoal,
    Zone,
)
from queue_service.staff.models import Account, Role, StaffSession
from queue_service.staff.sessions import SESSION_LIFE, csrf_token, hash_token
from queue_service.tickets.rules import Rank, Source

_serial = itertools.count(1)

LATER = datetime(2031, 3, 12, 9, 0, tzinfo=UTC)
"""The moment at which tests with a clock of their own happen: noon in St Petersburg, on a Wednesday. In the future, because a running
service expires waiting tickets of earlier days."""

FAR_FROM_MIDNIGHT = f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"
"""A zone (POSIX signs: east is minus) where it is noon while the tests run, so that numbering by local day does not restart in one."""

ALWAYS = tuple((weekday, 0, 1440) for weekday in range(1, 8))
"""Open around the clock."""

PASSWORD = "пароль-для-тестов"
_CHEAP_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


@dataclass(frozen=True)
class ServiceIs:
    code: str
    letter: str
    norm: int
    typical: int
    limit: int | None
    walk_in: bool
    active: bool
    chain: Sequence[str]


def a_service(
    code: str,
    letter: str = "А",
    *,
    norm: int = 15,
    typical: int = 10,
    limit: int | None = None,
    walk_in: bool = True,
    active: bool = True,
    chain: Sequence[str] = (),
) -> ServiceIs:
    """A service of the group with this letter; `norm` and `typical` in minutes; `chain`: what follows on the same ticket."""
    return ServiceIs(code, letter, norm, typical, limit, walk_in, active, chain)


@dataclass(frozen=True)
class DeskIs:
    number: str
    services: Sequence[str] | None
    help_out: Sequence[str]
    zone: str | None
    accessible: bool


def a_desk(
    number: str, services: Sequence[str] | None = None, *, help_out: Sequence[str] = (), zone: str | None = None, accessible: bool = False
) -> DeskIs:
    """A desk that takes these services (all of the office's unless said)."""
    return DeskIs(number, services, help_out, zone, accessible)


PASSPORT = a_service("passport")


@dataclass
class AnOffice:
    """What a test needs to know of an office that it made."""

    id: int
    slug: str
    services: dict[str, int] = field(default_factory=dict)
    desks: dict[str, int] = field(default_factory=dict)
    zones: dict[str, int] = field(default_factory=dict)
    letters: dict[str, str] = field(default_factory=dict)

    async def catalogue(self, database: Database, now: datetime = LATER) -> Catalogue:
        async with database.hot.acquire() as connection:
            return await load_catalogue(connection, self.id, now)


def _stored(value: Any) -> Any:
    """None as NULL: a new row's None would be taken for "not said" and become the column's default."""
    return null() if value is None else value


def _name(word: str) -> dict[str, str]:
    return {"ru": f"{word} по-русски", "en": f"{word} in English"}


async def an_office(
    database: Database,
    *services: ServiceIs,
    desks: Sequence[DeskIs] = (a_desk("1"),),
    hours: Sequence[tuple[int, int, int]] = ALWAYS,
    closed_on: Sequence[tuple[date, str]] = (),
    time_zone: str = FAR_FROM_MIDNIGHT,
    **policy: Any,
) -> AnOffice:
    """An office that is always open and has one desk for its services; without `services` it has one, `passport`.

    `hours` are (ISO weekday, opening minute, closing minute); `policy` sets columns of the office.
    """
    slug = f"office-{next(_serial)}-{secrets.token_hex(3)}"
    made = AnOffice(0, slug)
    async with database.session() as db:
        row = Office(
            slug=slug,
            name=_name(slug),
            district=_name("district"),
            address=_name("address"),
            time_zone=time_zone,
            **{"ticker": [], **{name: _stored(value) for name, value in {"public_holidays": None, **policy}.items()}},
        )
        db.add(row)
        await db.flush()
        assert row.id is not None
        made.id = row.id
        db.add_all(OpeningHours(office_id=made.id, weekday=day, opens=opens, closes=closes) for day, opens, closes in hours)
        db.add_all(Closure(office_id=made.id, local_date=day, reason={"ru": why, "en": why}) for day, why in closed_on)
        groups: dict[str, int] = {}
        for position, each in enumerate(services or (PASSPORT,)):
            if each.letter not in groups:
                group = ServiceGroup(office_id=made.id, code=f"group-{ord(each.letter):x}", letter=each.letter, name=_name(each.letter))
                db.add(group)
                await db.flush()
                assert group.id is not None
                groups[each.letter] = group.id
            service = Service(
                office_id=made.id,
                group_id=groups[each.letter],
                code=each.code,
                name=_name(each.code),
                goal=VisitGoal.SUBMIT,
                documents=[_name("паспорт")],
                typical_minutes=each.typical,
                wait_norm_minutes=each.norm,
                daily_limit=each.limit,
                walk_in=each.walk_in,
                active=each.active,
                chain=list(each.chain),
                position=position,
            )
            db.add(service)
            await db.flush()
            assert service.id is not None
            made.services[each.code] = service.id
            made.letters[each.code] = each.letter
        for desk in desks:
            await _add_desk(database, db, made, desk)
    return made


async def _add_desk(database: Database, db: Any, office: AnOffice, desk: DeskIs) -> None:
    if desk.zone is not None and desk.zone not in office.zones:
        zone = Zone(office_id=office.id, code=desk.zone, name=_name(desk.zone))
        db.add(zone)
        await db.flush()
        assert zone.id is not None
        office.zones[desk.zone] = zone.id
    row = Desk(
        office_id=office.id,
        number=desk.number,
        zone_id=office.zones[desk.zone] if desk.zone else None,
        accessible=desk.accessible,
    )
    db.add(row)
    await db.flush()
    assert row.id is not None
    office.desks[desk.number] = row.id
    own = office.services if desk.services is None else desk.services
    for code in own:
        db.add(DeskService(desk_id=row.id, service_id=office.services[code], office_id=office.id))
    for code in desk.help_out:
        db.add(DeskService(desk_id=row.id, service_id=office.services[code], office_id=office.id, help_out=True))
    await db.flush()


async def a_privilege(database: Database, code: str = "veteran", since: date | None = None, until: date | None = None) -> int:
    """A category of the city's dictionary; its id."""
    async with database.session() as db:
        row = Privilege(code=code, name=_name(code), basis="Закон", document=_name("удостоверение"), valid_from=since, valid_to=until)
        db.add(row)
        await db.flush()
        await setup_changed(db)
        assert row.id is not None
        return row.id


async def booked_online(
    database: Database,
    office: AnOffice,
    service: str = "passport",
    *,
    grid: int = 15,
    duration: int = 15,
    per_application: int = 0,
    lead: int = 0,
    horizon: int = 30,
    **office_rules: Any,
) -> None:
    """The service is booked from now on, by these minutes and days; `office_rules` sets columns of the office's own rules."""
    async with database.session() as db:
        await db.merge(
            BookingPolicy(
                service_id=office.services[service],
                grid_minutes=grid,
                duration_minutes=duration,
                per_application_minutes=per_application,
                lead_minutes=lead,
                horizon_days=horizon,
            )
        )
        rules = await db.get(OfficeBooking, office.id) or OfficeBooking(office_id=office.id)
        for name, value in office_rules.items():
            if name not in OfficeBooking.model_fields:
                raise TypeError(f"an office has no rule of booking called {name}")
            setattr(rules, name, _stored(value))
        db.add(rules)
        await db.flush()
        await setup_changed(db, office.id)


async def a_lane(
    database: Database,
    office: AnOffice,
    services: Sequence[str] | None = None,
    hours: Sequence[tuple[int, int, int]] = ALWAYS,
    channel: Channel = Channel.BOTH,
    exceptions: Sequence[tuple[date, int | None, int | None]] = (),
) -> int:
    """A lane that takes these services (all of the office's unless said); its id. Its services still need `booked_online`.

    `hours` are (ISO weekday, opening minute, closing minute); `exceptions` are (date, opening, closing), closed where both are None.
    """
    async with database.session() as db:
        serial = next(_serial)
        lane = Lane(office_id=office.id, name=f"Линия {serial}", position=serial, channel=channel)
        db.add(lane)
        await db.flush()
        assert lane.id is not None
        db.add_all(LaneHours(lane_id=lane.id, weekday=day, opens=opens, closes=closes) for day, opens, closes in hours)
        db.add_all(LaneException(lane_id=lane.id, local_date=day, opens=opens, closes=closes) for day, opens, closes in exceptions)
        own = office.services if services is None else services
        db.add_all(LaneService(lane_id=lane.id, service_id=office.services[code], office_id=office.id) for code in own)
        await db.flush()
        await setup_changed(db, office.id)
        return lane.id


async def a_kiosk(database: Database, office: AnOffice, **settings: Any) -> str:
    """A paired kiosk's token."""
    async with database.session() as db:
        return await add_device(db, office.id, DeviceKind.KIOSK, "Терминал", **settings)


async def a_display(database: Database, office: AnOffice, zone: str | None = None, **settings: Any) -> str:
    """A paired display's token."""
    async with database.session() as db:
        return await add_device(db, office.id, DeviceKind.DISPLAY, "Табло", office.zones[zone] if zone else None, **settings)


@dataclass(frozen=True)
class AClerk:
    account_id: int
    login: str
    name: str
    token: str
    """A session that is open already."""
    office: AnOffice | None
    desk: str | None = None

    @property
    def csrf(self) -> str:
        return csrf_token(self.token)


async def a_clerk(
    database: Database, office: AnOffice | None, *, role: Role = Role.CLERK, active: bool = True, signed_in_at: datetime | None = None
) -> AClerk:
    """An account with `PASSWORD`, signed in, at no desk."""
    login = f"clerk-{next(_serial)}"
    token = secrets.token_urlsafe(16)
    now = signed_in_at or datetime.now(UTC)
    async with database.session() as db:
        row = Account(
            login=login,
            name=f"Смирнова {login}",
            password_hash=_CHEAP_HASH,
            role=role,
            office_id=office.id if office else None,
            active=active,
        )
        db.add(row)
        await db.flush()
        assert row.id is not None
        db.add(StaffSession(token_hash=hash_token(token), account_id=row.id, created_at=now, expires_at=now + SESSION_LIFE))
        return AClerk(row.id, login, row.name, token, office)


async def a_clerk_at(database: Database, office: AnOffice, desk: str, opened_at: datetime | None = None) -> AClerk:
    """A clerk whose shift at the desk is open."""
    clerk = await a_clerk(database, office)
    async with database.session() as db:
        db.add(
            Shift(
                office_id=office.id,
                desk_id=office.desks[desk],
                account_id=clerk.account_id,
                opened_at=opened_at or datetime.now(UTC),
            )
        )
        await office_changed(db, office.id)
    return AClerk(clerk.account_id, clerk.login, clerk.name, clerk.token, office, desk)


@dataclass(frozen=True)
class Queued:
    """A ticket as it stands in a queue; `rank` defaults to a promise of 15 minutes."""

    service: str = "passport"
    rank: Rank | None = None
    issued_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    privilege: int | None = None
    source: Source = Source.WALK_IN
    language: str = "ru"


_ENQUEUE = """
WITH wanted AS (
    SELECT * FROM unnest($3::int[], $4::text[], $5::int[], $6::int[], $7::text[], $8::text[],
                         $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[])
                  AS each (number, letter, service, privilege, source, language, issued_at, due_at, rank_at, rank_from)
), put AS (
    INSERT INTO ticket (office_id, local_date, letter, number, secret, service_id, state, source, language, needs, privilege_id,
                        privilege_state, late, issued_at, due_at, rank_at, rank_from, calls, booked_for)
    SELECT $1, $2, letter, number, md5(random()::text || number), service, 'waiting', source, language, '{}', privilege,
           CASE WHEN privilege IS NOT NULL THEN 'claimed' END, false, issued_at, due_at, rank_at, rank_from, 0,
           CASE WHEN source = 'booked' THEN rank_from END
      FROM wanted ORDER BY number
 RETURNING id, number, issued_at
), journaled AS (
    INSERT INTO ticket_event (ticket_id, office_id, kind, at, details) SELECT id, $1, 'issued', issued_at, '{"via": "test"}' FROM put
)
SELECT id, pg_notify('office_changed', $1::int::text) FROM put ORDER BY number
"""


async def a_queue(database: Database, office: AnOffice, tickets: Sequence[Queued]) -> list[int]:
    """These tickets wait, each with its first journal row, as if they had been issued; their ids in the same order."""
    norm = timedelta(minutes=15)
    ranks = [each.rank or Rank(each.issued_at + norm, each.issued_at + norm, each.issued_at) for each in tickets]
    columns: list[list[Any]] = [
        [5000 + next(_serial) for _ in tickets],  # beside those that are really issued, which begin at 1
        [office.letters[each.service] for each in tickets],
        [office.services[each.service] for each in tickets],
        [each.privilege for each in tickets],
        [each.source.value for each in tickets],
        [each.language for each in tickets],
        [each.issued_at for each in tickets],
        [rank.due_at for rank in ranks],
        [rank.rank_at for rank in ranks],
        [rank.rank_from for rank in ranks],
    ]
    day = tickets[0].issued_at.date() if tickets else LATER.date()
    return [row["id"] for row in await database.hot.fetch(_ENQUEUE, office.id, day, *columns)]


async def a_ticket(database: Database, office: AnOffice, service: str = "passport", **what: Any) -> int:
    """One waiting ticket (`Queued` says what else it can have); its id."""
    (made,) = await a_queue(database, office, [Queued(service, **what)])
    return made
