"""An office's set-up as one immutable value, so that a hot command validates without a round trip.

Each process keeps a copy per office; NOTIFY on `setup_changed` drops it, and it lives forty seconds at most. Refuses to know tickets.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg
import structlog

from queue_service.db import Connection, Pool
from queue_service.errors import NotFound
from queue_service.offices.hours import PAST_CLOSURES, schedule_of
from queue_service.offices.rules import Schedule
from queue_service.offices.wordings import filled_text, own_words
from queue_service.text import Text

log = structlog.get_logger(__name__)

REFRESHED_AFTER_SECONDS = 20.0
"""Then a copy is read anew behind the backs of those who ask, one office after the other: sixty copies that end at one moment were a
thousand statements, for which every desk waited. With ten seconds they were a hundred statements a second for nothing."""
LONGEST_LIFE_SECONDS = 40.0
"""A dead listener is found out within its heartbeat (5 s), and then all copies are dropped (`app.lifespan`). So this only bounds how late
what comes with the clock is seen: a closed day's beginning, a notice's end."""
NOT_OPEN_YET: Text = {"ru": "Это отделение ещё не открыто для посетителей.", "en": "This office is not open to visitors yet."}


@dataclass(frozen=True, slots=True)
class PrivilegeInfo:
    id: int
    code: str
    name: Text
    document: Text
    valid_from: date | None
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class ServiceInfo:
    id: int
    code: str
    letter: str
    name: Text
    goal: str
    documents: Sequence[Text]
    typical_minutes: int
    wait_norm: timedelta
    booking_norm: timedelta
    daily_limit: int | None
    walk_in: bool
    active: bool
    result_codes: Mapping[str, Text] = field(default_factory=dict)
    """One of them must be chosen when a visit ends; empty: nothing is asked."""
    counts_applications: bool = False
    chain: Sequence[int] = ()
    """Services that follow in the same visit, on the same ticket; those that the office still gives."""
    closed_today: Text | None = None
    """Why the hall gives no more tickets for it today."""


@dataclass(frozen=True, slots=True)
class GroupInfo:
    letter: str
    name: Text
    services: Sequence[ServiceInfo]


@dataclass(frozen=True, slots=True)
class DeskInfo:
    id: int
    number: str
    zone: str | None
    place: Text | None
    accessible: bool
    active: bool
    """A desk that was switched off stays known while its last visitor and clerk are there."""
    services: frozenset[int]
    help_out: frozenset[int]


@dataclass(frozen=True, slots=True)
class Policy:
    no_show_min_calls: int
    no_show_min_seconds: int
    return_limit: timedelta
    privilege_head_start: timedelta
    booked_head_start: timedelta
    late_grace: timedelta
    help_out_penalty: timedelta
    accessible_needs: frozenset[str]
    auto_call_seconds: int | None
    day_ends: timedelta
    """After closing time."""
    amber: timedelta
    """Before the due time."""
    postpone_reasons: Mapping[str, Text]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything about one office that does not change while visitors come and go."""

    id: int
    slug: str
    name: Text
    district: Text
    address: Text
    place: tuple[float, float] | None
    """Latitude and longitude, degrees."""
    ticker: Sequence[Text]
    schedule: Schedule
    policy: Policy
    groups: Sequence[GroupInfo]
    services: dict[str, ServiceInfo]
    services_by_id: dict[int, ServiceInfo]
    desks: dict[str, DeskInfo]
    desks_by_id: dict[int, DeskInfo]
    zones: dict[str, Text]
    privileges: dict[str, PrivilegeInfo]
    privileges_by_id: dict[int, PrivilegeInfo]
    phone: str | None = None
    active: bool = True
    """Shown to citizens."""
    wordings: Mapping[str, Text] = field(default_factory=dict)
    """Sentences in the office's or the city's own words (`offices.wordings`), with their placeholders."""

    def said(self, code: str, facts: Mapping[str, Text] | None = None) -> Text | None:
        """What the office says there, filled with its own facts and these; None: nothing."""
        sentence = self.wordings.get(code)
        if sentence is None:
            return None
        own = {"office": self.name, "address": self.address, "phone": {"ru": self.phone or "", "en": self.phone or ""}}
        return filled_text(sentence, {**own, **(facts or {})})

    @property
    def time_zone(self) -> str:
        return self.schedule.time_zone.key

    def privileges_on(self, day: date) -> list[PrivilegeInfo]:
        return [
            privilege
            for privilege in self.privileges.values()
            if (privilege.valid_from is None or privilege.valid_from <= day) and (privilege.valid_to is None or day <= privilege.valid_to)
        ]


_OFFICE = "SELECT * FROM office WHERE id = $1"
_HOURS = "SELECT weekday, opens, closes FROM opening_hours WHERE office_id = $1 ORDER BY weekday, opens"
_CLOSURES = "SELECT local_date, opens, closes, reason FROM closure WHERE office_id = $1 AND local_date >= $2"
_GROUPS = "SELECT id, letter, name FROM service_group WHERE office_id = $1 ORDER BY position, id"
_SERVICES = "SELECT * FROM service WHERE office_id = $1 ORDER BY position, id"
_ZONES = "SELECT id, code, name FROM zone WHERE office_id = $1 ORDER BY id"
_DESKS = """
SELECT desk.*,
       coalesce(array_agg(service_id) FILTER (WHERE NOT help_out), '{}') AS own,
       coalesce(array_agg(service_id) FILTER (WHERE help_out), '{}')     AS helped
  FROM desk LEFT JOIN desk_service ON desk_service.desk_id = desk.id
 WHERE desk.office_id = $1
 GROUP BY desk.id ORDER BY desk.number::int
"""
_CLOSED_TODAY = """
SELECT service_id, reason FROM service_closure JOIN service ON service.id = service_id WHERE office_id = $1 AND local_date = $2
"""
_NOTICES = "SELECT sentence FROM notice WHERE office_id = $1 AND until > $2 ORDER BY id DESC"
POSTPONE_REASONS: Mapping[str, Text] = {
    "documents": {"ru": "Донесёт документы", "en": "Will bring documents"},
    "form": {"ru": "Заполняет заявление", "en": "Is filling in a form"},
    "payment": {"ru": "Оплачивает пошлину", "en": "Is paying the fee"},
    "check": {"ru": "Ждёт ответа ведомства", "en": "Waits for another authority"},
    "away": {"ru": "Отошёл", "en": "Has stepped away"},
}
"""Where an office has no dictionary of its own."""
_WORDINGS = "SELECT office_id, code, sentence FROM wording WHERE office_id IS NULL OR office_id = $1"
_PRIVILEGES = "SELECT id, code, name, document, valid_from, valid_to FROM privilege ORDER BY position, id"


def _service(row: asyncpg.Record, letter: str, closures: Mapping[int, Text], given: Mapping[str, int]) -> ServiceInfo:
    return ServiceInfo(
        id=row["id"],
        code=row["code"],
        letter=letter,
        name=row["name"],
        goal=row["goal"],
        documents=row["documents"],
        typical_minutes=row["typical_minutes"],
        wait_norm=timedelta(minutes=row["wait_norm_minutes"]),
        booking_norm=timedelta(minutes=row["booking_norm_minutes"]),
        daily_limit=row["daily_limit"],
        walk_in=row["walk_in"],
        active=row["active"],
        result_codes={each["code"]: each["name"] for each in row["result_codes"]},
        counts_applications=row["counts_applications"],
        chain=tuple(given[code] for code in row["chain"] if code in given),
        closed_today=closures.get(row["id"]),
    )


def _policy(office: asyncpg.Record) -> Policy:
    return Policy(
        no_show_min_calls=office["no_show_min_calls"],
        no_show_min_seconds=office["no_show_min_seconds"],
        return_limit=timedelta(minutes=office["return_limit_minutes"]),
        privilege_head_start=timedelta(minutes=office["privilege_head_start_minutes"]),
        booked_head_start=timedelta(minutes=office["booked_head_start_minutes"]),
        late_grace=timedelta(minutes=office["late_grace_minutes"]),
        help_out_penalty=timedelta(minutes=office["help_out_penalty_minutes"]),
        accessible_needs=frozenset(office["accessible_needs"]),
        auto_call_seconds=office["auto_call_seconds"],
        day_ends=timedelta(minutes=office["day_ends_minutes"]),
        amber=timedelta(minutes=office["amber_minutes"]),
        postpone_reasons={each["code"]: each["name"] for each in office["postpone_reasons"]} or POSTPONE_REASONS,
    )


async def load_catalogue(connection: Connection, office_id: int, now: datetime) -> Catalogue:
    """Reads the whole set-up of one office; NotFound where it does not exist."""
    office = await connection.fetchrow(_OFFICE, office_id)
    if office is None:
        raise NotFound
    zone = ZoneInfo(office["time_zone"])
    closures = await connection.fetch(_CLOSURES, office_id, now.date() - PAST_CLOSURES)
    groups = await connection.fetch(_GROUPS, office_id)
    letters = {group["id"]: group["letter"] for group in groups}
    rows = await connection.fetch(_SERVICES, office_id)
    today = now.astimezone(zone).date()
    closed_today = {row["service_id"]: row["reason"] for row in await connection.fetch(_CLOSED_TODAY, office_id, today)}
    given = {row["code"]: row["id"] for row in rows if row["active"]}
    services = [_service(row, letters[row["group_id"]], closed_today, given) for row in rows]
    notices = [row["sentence"] for row in await connection.fetch(_NOTICES, office_id, now)]
    zones = await connection.fetch(_ZONES, office_id)
    zone_codes = {row["id"]: row["code"] for row in zones}
    desks = [
        DeskInfo(
            id=row["id"],
            number=row["number"],
            zone=zone_codes.get(row["zone_id"]),
            place=row["place"],
            accessible=row["accessible"],
            active=row["active"],
            services=frozenset(row["own"]),
            help_out=frozenset(row["helped"]),
        )
        for row in await connection.fetch(_DESKS, office_id)
    ]
    privileges = [PrivilegeInfo(**row) for row in await connection.fetch(_PRIVILEGES)]
    return Catalogue(
        id=office_id,
        slug=office["slug"],
        name=office["name"],
        district=office["district"],
        address=office["address"],
        place=(office["latitude"], office["longitude"]) if office["latitude"] is not None else None,
        ticker=[*notices, *office["ticker"]],
        schedule=schedule_of(office, await connection.fetch(_HOURS, office_id), closures, now),
        policy=_policy(office),
        groups=[
            GroupInfo(group["letter"], group["name"], [each for each in services if each.letter == group["letter"]]) for group in groups
        ],
        services={service.code: service for service in services},
        services_by_id={service.id: service for service in services},
        desks={desk.number: desk for desk in desks if desk.active},
        desks_by_id={desk.id: desk for desk in desks},
        zones={row["code"]: row["name"] for row in zones},
        privileges={privilege.code: privilege for privilege in privileges},
        privileges_by_id={privilege.id: privilege for privilege in privileges},
        phone=office["phone"],
        active=office["active"],
        wordings=own_words([tuple(row) for row in await connection.fetch(_WORDINGS, office_id)]),
    )


class Catalogues:
    """The process's copies of catalogues."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._loaded: dict[int, tuple[float, Catalogue]] = {}
        self._ids: dict[str, int] = {}
        self._drops = 0
        self._refreshing: dict[int, asyncio.Task[None]] = {}
        self._turn = asyncio.Semaphore()

    def drop(self, office_id: int | None = None) -> None:
        self._drops += 1
        if office_id is None:
            self._loaded.clear()
            self._ids.clear()
        else:
            self._loaded.pop(office_id, None)

    async def of(self, office_id: int, now: datetime) -> Catalogue:
        loaded = self._loaded.get(office_id)
        if loaded is not None and (age := time.monotonic() - loaded[0]) < LONGEST_LIFE_SECONDS:
            if age >= REFRESHED_AFTER_SECONDS and office_id not in self._refreshing:
                self._refreshing[office_id] = asyncio.create_task(self._refresh(office_id, now))
            return loaded[1]
        return await self._load(office_id, now)

    async def _refresh(self, office_id: int, now: datetime) -> None:
        try:
            async with self._turn:
                await self._load(office_id, now)
        except Exception as error:  # the copy ends soon, and whoever asks then is told
            log.warning("catalogue_not_refreshed", office=office_id, error=repr(error))
        finally:
            del self._refreshing[office_id]

    async def _load(self, office_id: int, now: datetime) -> Catalogue:
        started, drops = time.monotonic(), self._drops
        async with self._pool.acquire() as connection:
            catalogue = await load_catalogue(connection, office_id, now)
        if drops == self._drops:  # else it may have been read before what was heard of meanwhile
            self._loaded[office_id] = (started, catalogue)
        return catalogue

    async def by_slug(self, slug: str, now: datetime) -> Catalogue:
        """NotFound where no office has this slug."""
        office_id = self._ids.get(slug)
        if office_id is None:
            office_id = await self._pool.fetchval("SELECT id FROM office WHERE slug = $1", slug)
            if office_id is None:
                raise NotFound({"ru": "Такого отделения нет.", "en": "There is no such office."})
            self._ids[slug] = office_id
        return await self.of(office_id, now)

    async def open_to_all(self, slug: str, now: datetime) -> Catalogue:
        """One that citizens are shown; NotFound for another, saying that it is not open yet."""
        catalogue = await self.by_slug(slug, now)
        if not catalogue.active:
            raise NotFound(NOT_OPEN_YET)
        return catalogue

    async def all(self, now: datetime, *, shown: bool = False) -> list[Catalogue]:
        """Every office in the city's order; `shown`: only those that citizens are shown."""
        ids = await self._pool.fetch("SELECT id FROM office WHERE active OR NOT $1 ORDER BY position, id", shown)
        return [await self.of(row["id"], now) for row in ids]
