"""The file that describes a whole city (`cities/*.yaml`): what may stand in it, and what is wrong with it.

An administrator writes it by hand, so every mistake is reported at once, each with its place, its line and one Russian
sentence. Refuses to touch a database: the loader writes what `parse_configuration` returns. The form of a value is said
once, in its type, so that the rule and the sentence about it cannot drift apart.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Annotated, ClassVar, Literal, NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct, field

from queue_service.errors import DomainError
from queue_service.offices.models import TICKET_LETTERS
from queue_service.offices.yaml_form import Document, Found, Path, UnreadableError, shown
from queue_service.text import Text

Code = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*\Z", max_length=60, description="код из букв a–z, цифр и дефисов")]
Letter = Annotated[str, Meta(pattern=rf"^[{TICKET_LETTERS}]\Z", description=f"одна буква из {' '.join(TICKET_LETTERS)}")]
Line = Annotated[str, Meta(pattern=r"\S", max_length=500, description="непустой текст (число возьмите в кавычки)")]
Time = Annotated[str, Meta(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)\Z", description='время вида "09:00", не позже "24:00"')]
Day = Annotated[date, Meta(description="дата вида 2027-01-31")]
Weekday = Annotated[int, Meta(ge=1, le=7, description="день недели от 1 (понедельник) до 7 (воскресенье)")]
Flag = Annotated[bool, Meta(description="true или false")]
# Eight hours: no visit takes longer and no norm is longer, so more is a slip of the finger.
Minutes = Annotated[int, Meta(ge=1, le=480, description="целое число минут от 1 до 480")]
MinutesOrNone = Annotated[int, Meta(ge=0, le=1440, description="целое число минут от 0 до 1440")]
Seconds = Annotated[int, Meta(ge=0, le=600, description="целое число секунд от 0 до 600")]
Calls = Annotated[int, Meta(ge=1, le=10, description="целое число вызовов от 1 до 10")]
DailyLimit = Annotated[int, Meta(ge=1, le=10_000, description="целое число талонов в день от 1 до 10000")]
KioskCount = Annotated[int, Meta(ge=0, le=100, description="целое число терминалов от 0 до 100")]
# Without a leading zero: "05" and "5" would be spoken alike.
DeskNumber = Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,2}\Z", description='номер окна в кавычках, от "1" до "999", без нулей впереди')]
Goal = Annotated[Literal["submit", "ask", "collect"], Meta(description="submit (подать), ask (узнать) или collect (получить)")]


class _Part(Struct, forbid_unknown_fields=True):
    """A set of fields in the file; no others are allowed there."""


class City(_Part):
    code: Code
    name: Text
    time_zone: Line


class Privilege(_Part):
    """A category served out of turn: the act it rests on and what the visitor shows (whose number is never stored)."""

    code: Code
    name: Text
    basis: Line
    document: Text
    valid_from: Day | None = None
    valid_to: Day | None = None


class Group(_Part):
    code: Code
    letter: Letter
    name: Text


class Service(_Part):
    code: Code
    group: Code
    name: Text
    goal: Goal
    typical_minutes: Minutes
    wait_norm_minutes: Minutes
    booking_norm_minutes: Minutes
    daily_limit: DailyLimit | None = None
    walk_in: Flag = True
    documents: list[Text] = []


class Catalogue(_Part):
    groups: list[Group]
    services: list[Service]


class OpeningHours(_Part, rename={"opens": "from", "closes": "to"}):
    """A break is the gap between two of them."""

    days: list[Weekday]
    opens: Time
    closes: Time


class Closure(_Part, rename={"local_date": "date", "opens": "from", "closes": "to"}):
    """A date that overrides the week: closed all day, or open only in the hours named."""

    local_date: Day
    reason: Text
    opens: Time | None = None
    closes: Time | None = None


class Policy(_Part):
    no_show_min_calls: Calls = 2
    no_show_min_seconds: Seconds = 20
    return_limit_minutes: MinutesOrNone = 30
    privilege_head_start_minutes: MinutesOrNone = 120
    booked_head_start_minutes: MinutesOrNone = 60
    late_grace_minutes: MinutesOrNone = 15
    help_out_penalty_minutes: MinutesOrNone = 10


class Zone(_Part):
    code: Code
    name: Text


class Desk(_Part):
    number: DeskNumber
    zone: Code
    services: list[Code]
    place: Text | None = None
    accessible: Flag = False
    help_out: list[Code] = []


class Override(_Part):
    """What one office does differently with a service; None keeps the catalogue's value."""

    typical_minutes: Minutes | None = None
    daily_limit: DailyLimit | None = None
    wait_norm_minutes: Minutes | None = None
    walk_in: Flag | None = None


class Display(_Part):
    """Without a zone it shows the whole office."""

    name: Line
    zone: Code | None = None


class Office(_Part):
    slug: Code
    district: Text
    name: Text
    address: Text
    opening_hours: list[OpeningHours]
    zones: list[Zone]
    desks: list[Desk]
    services: list[Code] | Literal["all"]
    phone: Line | None = None
    time_zone: Line | None = None
    """None: the city's."""
    closures: list[Closure] = []
    ticker: list[Text] = []
    policy: Policy = field(default_factory=Policy)
    overrides: dict[str, Override] = {}
    kiosks: KioskCount = 1
    displays: list[Display] = []

    def offered(self, catalogue: Catalogue) -> list[str]:
        """Codes of the services this office gives."""
        return [service.code for service in catalogue.services] if self.services == "all" else self.services


class Configuration(_Part):
    city: City
    catalogue: Catalogue
    offices: list[Office]
    privileges: list[Privilege] = []


class Problem(NamedTuple):
    path: str
    """`offices[3].desks[2].services (строка 214)`; indexes count from 0."""
    sentence: str


class ConfigurationError(DomainError):
    """Everything that is wrong with the file, in the file's order."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "bad_configuration"
    sentence: ClassVar[Text] = {"ru": "В файле города есть ошибки.", "en": "The city file has mistakes."}

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(problems=[problem._asdict() for problem in problems])
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(f"{path}: {sentence}" for path, sentence in self.problems)


def parse_configuration(text: str) -> Configuration:
    """The city that the file describes, or ConfigurationError."""
    try:
        document = Document(text)
    except UnreadableError as error:
        raise ConfigurationError([Problem(f"файл (строка {error.line})", error.sentence)]) from error
    configuration = document.fit(Configuration)
    found = [*document.found, *_contradictions(configuration, document.sound)]
    if found:
        found.sort(key=lambda problem: document.line(problem[0]))
        raise ConfigurationError([Problem(f"{shown(path)} (строка {document.line(path)})", why) for path, why in found])
    return configuration


def minute_of_day(time: str) -> int:
    """Minutes since local midnight; "24:00" is 1440."""
    return int(time[:2]) * 60 + int(time[3:])


Sound = Callable[..., bool]
"""`Document.sound`: a check is left out where what it would compare is malformed already."""


def _contradictions(city: Configuration, sound: Sound) -> Iterator[Found]:
    """What no single value shows: repeated names, references to nothing, times that collide."""
    yield from _time_zone(city.city.time_zone, ("city", "time_zone"), sound)
    yield from _repeated(("privileges",), "code", (item.code for item in city.privileges), sound)
    for index, privilege in enumerate(city.privileges):
        since, until = privilege.valid_from, privilege.valid_to
        if since and until and sound("privileges", index) and until < since:
            yield ("privileges", index, "valid_to"), "срок действия кончается раньше, чем начинается"
    yield from _catalogue(city.catalogue, sound)
    yield from _repeated(("offices",), "slug", (office.slug for office in city.offices), sound)
    known = {service.code for service in city.catalogue.services}
    complete = _named(("catalogue", "services"), len(city.catalogue.services), sound)
    for index, office in enumerate(city.offices):
        path: Path = ("offices", index)
        yield from _time_zone(office.time_zone, (*path, "time_zone"), sound)
        yield from _opening_hours(office.opening_hours, (*path, "opening_hours"), sound)
        yield from _closures(office.closures, (*path, "closures"), sound)
        yield from _zones(office, path, sound)
        yield from _repeated((*path, "desks"), "number", (desk.number for desk in office.desks), sound)
        if complete and sound(*path, "services"):
            yield from _services(office, known, set(office.offered(city.catalogue)), path, sound)


def _catalogue(catalogue: Catalogue, sound: Sound) -> Iterator[Found]:
    groups, services = ("catalogue", "groups"), ("catalogue", "services")
    yield from _repeated(groups, "code", (group.code for group in catalogue.groups), sound)
    yield from _repeated(groups, "letter", (group.letter for group in catalogue.groups), sound)
    yield from _repeated(services, "code", (service.code for service in catalogue.services), sound)
    known = {group.code for group in catalogue.groups}
    complete = _named(groups, len(catalogue.groups), sound)
    for index, service in enumerate(catalogue.services):
        if complete and sound(*services, index, "group") and service.group not in known:
            yield (*services, index, "group"), f"группа «{service.group}» не найдена"


def _time_zone(name: str | None, path: Path, sound: Sound) -> Iterator[Found]:
    if name is None or not sound(*path):
        return
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not found, not a plain name, a folder
        yield path, f"часовой пояс «{name}» не найден, пример: Europe/Moscow"


def _repeated(path: Path, field: str, values: Iterable[str], sound: Sound) -> Iterator[Found]:
    seen: set[str] = set()
    for index, value in enumerate(values):
        place = (*path, index, field)
        if not sound(*place):
            continue
        if value in seen:
            yield place, f"«{value}» уже есть выше, а должно встречаться один раз"
        seen.add(value)


def _named(path: Path, count: int, sound: Sound, field: str = "code") -> bool:
    """Whether the list and that field of each item are sound, so that what is not among them is surely nowhere."""
    return all(sound(*path, index, field) for index in range(-1, count))  # no item is -1: that asks for the list itself


def _opening_hours(hours: list[OpeningHours], path: Path, sound: Sound) -> Iterator[Found]:
    if not sound(*path):
        return
    if not hours:
        yield path, "нет ни одного часа приёма"
    spans: list[tuple[int, str, str, int]] = []
    for index, item in enumerate(hours):
        if not item.days:
            yield (*path, index, "days"), "не назван ни один день недели"
        if item.closes <= item.opens:
            yield (*path, index), f"приём кончается ({item.closes}) не позже, чем начинается ({item.opens})"
        else:
            spans += [(day, item.opens, item.closes, index) for day in item.days]
    taken_until: dict[int, str] = {}
    for day, opens, closes, index in sorted(spans):
        until = taken_until.get(day, "")
        if opens < until:
            yield (*path, index), f"часы приёма в день {day} пересекаются: до {until} и с {opens}"
        taken_until[day] = max(until, closes)


def _closures(closures: list[Closure], path: Path, sound: Sound) -> Iterator[Found]:
    if not sound(*path):
        return
    seen: set[date] = set()
    for index, closure in enumerate(closures):
        if (closure.opens is None) != (closure.closes is None):
            yield (*path, index), "нужны оба времени, from и to, или ни одного (закрыто весь день)"
        elif closure.opens and closure.closes and closure.closes <= closure.opens:
            yield (*path, index), f"приём кончается ({closure.closes}) не позже, чем начинается ({closure.opens})"
        if closure.local_date in seen:
            yield (*path, index, "date"), f"{closure.local_date} уже есть выше, а должно встречаться один раз"
        seen.add(closure.local_date)


def _zones(office: Office, path: Path, sound: Sound) -> Iterator[Found]:
    yield from _repeated((*path, "zones"), "code", (zone.code for zone in office.zones), sound)
    if not _named((*path, "zones"), len(office.zones), sound):
        return
    known = {zone.code for zone in office.zones}
    uses = [((*path, "desks", index, "zone"), desk.zone) for index, desk in enumerate(office.desks)]
    shows = [((*path, "displays", index, "zone"), display.zone) for index, display in enumerate(office.displays)]
    for place, zone in (*uses, *shows):
        if zone is not None and sound(*place) and zone not in known:
            yield place, f"зона «{zone}» не найдена"


def _services(office: Office, known: set[str], offered: set[str], path: Path, sound: Sound) -> Iterator[Found]:
    if office.services != "all":
        yield from _listed((*path, "services"), office.services, known, known)
    yield from _listed((*path, "overrides"), office.overrides, known, offered)
    served: set[str] = set()
    for index, desk in enumerate(office.desks):
        services, help_out = (*path, "desks", index, "services"), (*path, "desks", index, "help_out")
        if sound(*services):
            if not desk.services:
                yield services, "у окна нет ни одной услуги"
            yield from _listed(services, desk.services, known, offered)
            served.update(desk.services)
        if sound(*help_out):
            yield from _listed(help_out, desk.help_out, known, offered)
            for code in (code for code in desk.help_out if code in desk.services):
                yield help_out, f"услуга «{code}» у этого окна и так основная"
    if _named((*path, "desks"), len(office.desks), sound, "services"):
        for code in sorted((offered & known) - served):
            yield (*path, "services"), f"услугу «{code}» не принимает ни одно окно"


def _listed(path: Path, codes: Iterable[str], known: set[str], offered: set[str]) -> Iterator[Found]:
    seen: set[str] = set()
    for code in codes:
        if code not in known:
            yield path, f"услуга «{code}» не найдена"
        elif code not in offered:
            yield path, f"услуги «{code}» нет среди услуг отделения"
        if code in seen:
            yield path, f"услуга «{code}» названа дважды"
        seen.add(code)
