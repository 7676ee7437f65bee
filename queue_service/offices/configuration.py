"""The file that describes a whole city (`cities/*.yaml`): what may stand in it, and what is wrong with it.

An administrator writes it by hand, so every mistake is reported at once, each with its place, its line and one Russian
sentence. Refuses to touch a database: the loader writes what `parse_configuration` returns. The form of a value is said
once, in its type, so that the rule and the sentence about it cannot drift apart.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Annotated, ClassVar, Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from msgspec import UNSET, Meta, Struct, UnsetType, field
from msgspec.structs import asdict, replace

from queue_service.errors import DomainError
from queue_service.offices.holidays import is_known_country
from queue_service.offices.models import TICKET_LETTERS
from queue_service.offices.wordings import WORDINGS, wrong_with
from queue_service.offices.yaml_form import Document, Found, Path, UnreadableError, shown, told
from queue_service.text import Text

LONGEST_CHAIN = 5
"""Further services in one visit: more is another visit."""

Code = Annotated[
    str,
    Meta(
        pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*\Z",
        max_length=60,
        description="код из букв a–z, цифр и дефисов",
        extra={"en": "a code of letters a–z, digits and hyphens"},
    ),
]
Letter = Annotated[
    str,
    Meta(
        pattern=rf"^[{TICKET_LETTERS}]\Z",
        description=f"одна буква из {' '.join(TICKET_LETTERS)}",
        extra={"en": f"one letter of {' '.join(TICKET_LETTERS)}"},
    ),
]
Line = Annotated[
    str,
    Meta(
        pattern=r"\S",
        max_length=500,
        description="непустой текст (число возьмите в кавычки)",
        extra={"en": "a text that is not empty (put a number into quotes)"},
    ),
]
Time = Annotated[
    str,
    Meta(
        pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)\Z",
        description='время вида "09:00", не позже "24:00"',
        extra={"en": 'a time like "09:00", not after "24:00"'},
    ),
]
Day = Annotated[date, Meta(description="дата вида 2027-01-31", extra={"en": "a date like 2027-01-31"})]
Weekday = Annotated[
    int,
    Meta(
        ge=1, le=7, description="день недели от 1 (понедельник) до 7 (воскресенье)", extra={"en": "a weekday from 1 (Monday) to 7 (Sunday)"}
    ),
]
Flag = Annotated[bool, Meta(description="true или false", extra={"en": "true or false"})]
# Eight hours: no visit takes longer and no norm is longer, so more is a slip of the finger.
Minutes = Annotated[
    int, Meta(ge=1, le=480, description="целое число минут от 1 до 480", extra={"en": "a whole number of minutes from 1 to 480"})
]
MinutesOrNone = Annotated[
    int, Meta(ge=0, le=1440, description="целое число минут от 0 до 1440", extra={"en": "a whole number of minutes from 0 to 1440"})
]
Seconds = Annotated[
    int, Meta(ge=0, le=600, description="целое число секунд от 0 до 600", extra={"en": "a whole number of seconds from 0 to 600"})
]
AutoCallSeconds = Annotated[
    int,
    Meta(
        ge=1,
        le=600,
        description="целое число секунд от 1 до 600 или null (вызывает только сотрудник)",
        extra={"en": "a whole number of seconds from 1 to 600 or null (only the clerk calls)"},
    ),
]
AmberMinutes = Annotated[
    int, Meta(ge=0, le=120, description="целое число минут от 0 до 120", extra={"en": "a whole number of minutes from 0 to 120"})
]
# No longer than a night: the next day must find the last one ended.
DayEndsMinutes = Annotated[
    int, Meta(ge=0, le=360, description="целое число минут от 0 до 360", extra={"en": "a whole number of minutes from 0 to 360"})
]
NeedCode = Annotated[
    Literal["low_vision", "hearing", "wheelchair"],
    Meta(
        description="low_vision (плохо видит), hearing (плохо слышит) или wheelchair (коляска)",
        extra={"en": "low_vision, hearing or wheelchair"},
    ),
]
Calls = Annotated[
    int, Meta(ge=1, le=10, description="целое число вызовов от 1 до 10", extra={"en": "a whole number of calls from 1 to 10"})
]
DailyLimit = Annotated[
    int,
    Meta(
        ge=1,
        le=10_000,
        description="целое число талонов в день от 1 до 10000",
        extra={"en": "a whole number of tickets a day from 1 to 10000"},
    ),
]
KioskCount = Annotated[
    int, Meta(ge=0, le=100, description="целое число терминалов от 0 до 100", extra={"en": "a whole number of kiosks from 0 to 100"})
]
# Without a leading zero: "05" and "5" would be spoken alike.
DeskNumber = Annotated[
    str,
    Meta(
        pattern=r"^[1-9][0-9]{0,2}\Z",
        description='номер окна в кавычках, от "1" до "999", без нулей впереди',
        extra={"en": 'a desk number in quotes, from "1" to "999", without leading zeros'},
    ),
]
Latitude = Annotated[
    float,
    Meta(
        ge=-90,
        le=90,
        description="широта в градусах, от -90 до 90, например 59.9311",
        extra={"en": "a latitude in degrees, from -90 to 90, for example 59.9311"},
    ),
]
Longitude = Annotated[
    float,
    Meta(
        ge=-180,
        le=180,
        description="долгота в градусах, от -180 до 180, например 30.3609",
        extra={"en": "a longitude in degrees, from -180 to 180, for example 30.3609"},
    ),
]
COUNTRY_FORM: Final = 'код страны из двух латинских букв, например "RU", или false, если отделение работает и в праздники'
COUNTRY_FORM_EN: Final = 'a country code of two Latin letters, for example "RU", or false if the office works on holidays too'
Country = Annotated[str, Meta(pattern=r"^[A-Z]{2}\Z", description=COUNTRY_FORM, extra={"en": COUNTRY_FORM_EN})]
# Divisors of an hour: offers stand on round minutes of the clock in every zone.
GridMinutes = Annotated[
    Literal[5, 10, 15, 20, 30, 60],
    Meta(
        description="число минут, на которое делится час: 5, 10, 15, 20, 30 или 60",
        extra={"en": "a number of minutes that divides an hour: 5, 10, 15, 20, 30 or 60"},
    ),
]
ApplicationMinutes = Annotated[
    int, Meta(ge=0, le=120, description="целое число минут от 0 до 120", extra={"en": "a whole number of minutes from 0 to 120"})
]
LeadMinutes = Annotated[
    int,
    Meta(
        ge=0,
        le=43_200,
        description="целое число минут от 0 до 43200 (30 дней)",
        extra={"en": "a whole number of minutes from 0 to 43200 (30 days)"},
    ),
]
HorizonDays = Annotated[
    int, Meta(ge=1, le=365, description="целое число дней от 1 до 365", extra={"en": "a whole number of days from 1 to 365"})
]
HoldMinutes = Annotated[
    int, Meta(ge=1, le=60, description="целое число минут от 1 до 60", extra={"en": "a whole number of minutes from 1 to 60"})
]
CheckInMinutes = Annotated[
    int, Meta(ge=0, le=720, description="целое число минут от 0 до 720", extra={"en": "a whole number of minutes from 0 to 720"})
]
ActiveLimit = Annotated[
    int, Meta(ge=1, le=100, description="целое число записей от 1 до 100", extra={"en": "a whole number of bookings from 1 to 100"})
]
MovesLimit = Annotated[
    int, Meta(ge=0, le=100, description="целое число переносов от 0 до 100", extra={"en": "a whole number of moves from 0 to 100"})
]
OfferMinutes = Annotated[
    int, Meta(ge=5, le=1440, description="целое число минут от 5 до 1440", extra={"en": "a whole number of minutes from 5 to 1440"})
]
QuotaMinutes = Annotated[
    int,
    Meta(
        ge=-1440,
        le=20_160,
        description="целое число минут от -1440 до 20160 или null (никогда)",
        extra={"en": "a whole number of minutes from -1440 to 20160 or null (never)"},
    ),
]
# The law asks for a reason to keep a name at all; three years is the longest that a complaint can need it.
RetentionDays = Annotated[
    int, Meta(ge=1, le=1095, description="целое число дней от 1 до 1095", extra={"en": "a whole number of days from 1 to 1095"})
]
LaneCount = Annotated[
    int, Meta(ge=1, le=50, description="целое число линий от 1 до 50", extra={"en": "a whole number of lanes from 1 to 50"})
]
LaneChannel = Annotated[
    Literal["both", "online", "hall"],
    Meta(
        description="both (для всех), online (для записи из дома) или hall (для зала)",
        extra={"en": "both (for everybody), online (for booking from home) or hall (for the hall)"},
    ),
]
Goal = Annotated[
    Literal["submit", "ask", "collect"],
    Meta(description="submit (подать), ask (узнать) или collect (получить)", extra={"en": "submit, ask or collect"}),
]


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


class ServiceBooking(_Part):
    """How a service is booked; None: not said here. What nobody says is the default of the table, the duration is the typical one."""

    grid_minutes: GridMinutes | None = None
    duration_minutes: Minutes | None = None
    per_application_minutes: ApplicationMinutes | None = None
    lead_minutes: LeadMinutes | None = None
    horizon_days: HorizonDays | None = None

    def said(self) -> dict[str, int]:
        return {name: value for name, value in asdict(self).items() if value is not None}


class Choice(_Part):
    """One of a list that staff choose from."""

    code: Code
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
    booking: ServiceBooking | None = None
    """None: it is not booked."""
    results: list[Choice] = []
    """The clerk chooses one when a visit ends; none: nothing is asked."""
    counts_applications: Flag = False
    chain: list[Code] = []
    """Services that follow it in the same visit, on the same ticket."""


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


class Place(_Part):
    latitude: Latitude
    longitude: Longitude


class Policy(_Part):
    no_show_min_calls: Calls = 2
    no_show_min_seconds: Seconds = 20
    return_limit_minutes: MinutesOrNone = 30
    privilege_head_start_minutes: MinutesOrNone = 120
    booked_head_start_minutes: MinutesOrNone = 60
    late_grace_minutes: MinutesOrNone = 15
    help_out_penalty_minutes: MinutesOrNone = 10
    accessible_needs: list[NeedCode] = field(default_factory=lambda: ["wheelchair"])
    """Who waits for an accessible desk while one is open for the service."""
    auto_call_seconds: AutoCallSeconds | None = None
    postpone_reasons: list[Choice] = []
    """None: the built-in list."""
    day_ends_minutes: DayEndsMinutes = 60
    amber_minutes: AmberMinutes = 5


class OfficeBooking(_Part):
    """An office's own rules of booking."""

    hold_minutes: HoldMinutes = 5
    check_in_opens_minutes: CheckInMinutes = 30
    verify_contact: Flag = False
    active_limit: ActiveLimit = 3
    moves_limit: MovesLimit = 2
    freed_delay_minutes: MinutesOrNone = 10
    offer_minutes: OfferMinutes = 30
    quota_returns_minutes: QuotaMinutes | None = 720


class LaneException(_Part, rename={"local_date": "date", "opens": "from", "closes": "to"}):
    """A date on which the lane has other hours than its week; without hours it is closed that day."""

    local_date: Day
    opens: Time | None = None
    closes: Time | None = None


class Lane(_Part):
    """So many people can have an appointment at one time."""

    name: Line
    services: list[Code] | Literal["all"]
    count: LaneCount = 1
    channel: LaneChannel = "both"
    hours: list[OpeningHours] | None = None
    """None: the office's opening hours."""
    exceptions: list[LaneException] = []

    def names(self) -> list[str]:
        """One for each equal lane. The first keeps the plain name, so that a greater count only adds to the lanes that are there."""
        return [self.name, *(f"{self.name} {number}" for number in range(2, self.count + 1))]


class Zone(_Part):
    code: Code
    name: Text


class Desk(_Part):
    number: DeskNumber
    services: list[Code]
    zone: Code | None = None
    """None: every display of the office calls to it."""
    place: Text | None = None
    accessible: Flag = False
    help_out: list[Code] = []


class Override(_Part):
    """What one office does differently with a service; what is not said keeps the catalogue's value.

    Said to be nothing (`null`) is something else: there is no daily limit here, it is not booked here.
    """

    typical_minutes: Minutes | None = None
    daily_limit: DailyLimit | UnsetType | None = UNSET
    wait_norm_minutes: Minutes | None = None
    booking_norm_minutes: Minutes | None = None
    walk_in: Flag | None = None
    booking: ServiceBooking | UnsetType | None = UNSET


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
    place: Place | None = None
    public_holidays: Country | bool | None = "RU"
    """False or None: it works on them."""
    closures: list[Closure] = []
    ticker: list[Text] = []
    policy: Policy = field(default_factory=Policy)
    overrides: dict[str, Override] = {}
    booking: OfficeBooking = field(default_factory=OfficeBooking)
    lanes: list[Lane] = []
    kiosks: KioskCount = 1
    displays: list[Display] = []
    active: Flag = True
    """False: it is still being set up, so citizens do not see it and it may be incomplete."""
    retention_days: RetentionDays = 30
    """So long after a visit its name and contact are kept."""
    texts: dict[Code, Text] = {}
    """Sentences of tickets and messages that this office says in its own words."""

    def offered(self, catalogue: Catalogue) -> list[str]:
        """Codes of the services this office gives."""
        return [service.code for service in catalogue.services] if self.services == "all" else self.services

    def booking_of(self, service: Service) -> ServiceBooking | None:
        """How the service is booked here: the catalogue's rules with what this office does differently; None: not booked."""
        override = self.overrides.get(service.code)
        if override is None or override.booking is UNSET:
            return service.booking
        if override.booking is None:
            return None
        return replace(service.booking or ServiceBooking(), **override.booking.said())

    def booked(self, catalogue: Catalogue) -> list[str]:
        """Codes of the offered services that are booked."""
        offered = set(self.offered(catalogue))
        return [service.code for service in catalogue.services if service.code in offered and self.booking_of(service)]


class Configuration(_Part):
    city: City
    catalogue: Catalogue
    offices: list[Office]
    privileges: list[Privilege] = []
    texts: dict[Code, Text] = {}
    """The city's own words; an office's go before them."""


class OfficeFile(_Part):
    """One office by itself."""

    office: Office


class Problem(NamedTuple):
    path: str
    """`offices[3].desks[2].services (строка 214)`; indexes count from 0."""
    sentence: str
    """Russian, as whoever writes the file by hand reads it."""
    english: str = ""


class ConfigurationError(DomainError):
    """Everything that is wrong with the file, in the file's order."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "bad_configuration"
    sentence: ClassVar[Text] = {"ru": "В файле города есть ошибки.", "en": "The city file has mistakes."}

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(problems=[problem._asdict() for problem in problems])
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(f"{problem.path}: {problem.sentence}" for problem in self.problems)


def parse_configuration(text: str) -> Configuration:
    """The city that the file describes, or ConfigurationError."""
    document = read_document(text)
    configuration, found = judged(document)
    refuse(document, found)
    return configuration


def read_document(text: str) -> Document:
    """ConfigurationError where the text cannot be read at all."""
    try:
        return Document(text)
    except UnreadableError as error:
        raise ConfigurationError([Problem(f"файл (строка {error.line})", error.sentence, error.english)]) from error


def judged(document: Document) -> tuple[Configuration, list[Found]]:
    """The city that the document describes and everything that is wrong with it."""
    configuration = document.fit(Configuration)
    return configuration, [*document.found, *_contradictions(configuration, document.sound)]


def judged_office(document: Document, city: Configuration) -> tuple[Office, list[Found]]:
    """One office's file, `office: …`, within the city that is there."""
    office = document.fit(OfficeFile).office

    def sound(*path: str | int) -> bool:
        return path[:1] != ("offices",) or document.sound("office", *path[2:])

    alone = Configuration(city=city.city, catalogue=city.catalogue, offices=[office])
    about = ((path, why) for path, why in _contradictions(alone, sound) if path[:1] == ("offices",))
    return office, [*document.found, *((("office", *path[2:]), why) for path, why in about)]


def refuse(document: Document, found: list[Found]) -> None:
    """ConfigurationError with what was found, in the file's order."""
    if found:
        lines = sorted(((document.line(path), path, why) for path, why in found), key=lambda each: each[0])
        raise ConfigurationError([Problem(f"{shown(path)} (строка {line})", why["ru"], why["en"]) for line, path, why in lines])


def minute_of_day(time: str) -> int:
    """Minutes since local midnight; "24:00" is 1440."""
    return int(time[:2]) * 60 + int(time[3:])


Sound = Callable[..., bool]
"""`Document.sound`: a check is left out where what it would compare is malformed already."""


def _twice(value: str) -> Text:
    return told(f"«{value}» уже есть выше, а должно встречаться один раз", f"“{value}” is there already and must be there once")


def _backwards(opens: str, closes: str) -> Text:
    return told(f"приём кончается ({closes}) не позже, чем начинается ({opens})", f"it closes ({closes}) no later than it opens ({opens})")


def _contradictions(city: Configuration, sound: Sound) -> Iterator[Found]:
    """What no single value shows: repeated names, references to nothing, times that collide."""
    yield from _time_zone(city.city.time_zone, ("city", "time_zone"), sound)
    yield from _repeated(("privileges",), "code", (item.code for item in city.privileges), sound)
    for index, privilege in enumerate(city.privileges):
        since, until = privilege.valid_from, privilege.valid_to
        if since and until and sound("privileges", index) and until < since:
            yield ("privileges", index, "valid_to"), told("срок действия кончается раньше, чем начинается", "it ends before it begins")
    yield from _catalogue(city.catalogue, sound)
    yield from _repeated(("offices",), "slug", (office.slug for office in city.offices), sound)
    yield from _texts(city.texts, ("texts",), sound)
    known = {service.code for service in city.catalogue.services}
    complete = _named(("catalogue", "services"), len(city.catalogue.services), sound)
    for index, office in enumerate(city.offices):
        path: Path = ("offices", index)
        yield from _texts(office.texts, (*path, "texts"), sound)
        yield from _time_zone(office.time_zone, (*path, "time_zone"), sound)
        if office.opening_hours or office.active:
            yield from _opening_hours(office.opening_hours, (*path, "opening_hours"), sound)
        yield from _public_holidays(office.public_holidays, (*path, "public_holidays"), sound)
        yield from _closures(office.closures, (*path, "closures"), sound)
        yield from _policy(office.policy, (*path, "policy"), sound)
        yield from _zones(office, path, sound)
        yield from _repeated((*path, "desks"), "number", (desk.number for desk in office.desks), sound)
        yield from _lanes(office.lanes, (*path, "lanes"), sound)
        if complete and sound(*path, "services"):
            offered = set(office.offered(city.catalogue))
            yield from _services(office, known, offered, path, sound)
            yield from _lane_services(office, known, offered, _not_booked(city.catalogue, office, path, sound), path, sound)


def _catalogue(catalogue: Catalogue, sound: Sound) -> Iterator[Found]:
    groups, services = ("catalogue", "groups"), ("catalogue", "services")
    yield from _repeated(groups, "code", (group.code for group in catalogue.groups), sound)
    yield from _repeated(groups, "letter", (group.letter for group in catalogue.groups), sound)
    yield from _repeated(services, "code", (service.code for service in catalogue.services), sound)
    known = {group.code for group in catalogue.groups}
    complete = _named(groups, len(catalogue.groups), sound)
    for index, service in enumerate(catalogue.services):
        if complete and sound(*services, index, "group") and service.group not in known:
            yield (*services, index, "group"), told(f"группа «{service.group}» не найдена", f"there is no group “{service.group}”")
        yield from _repeated((*services, index, "results"), "code", (each.code for each in service.results), sound)
        yield from _chain(service, (*services, index, "chain"), {each.code for each in catalogue.services}, sound)


def _texts(texts: dict[str, Text], path: Path, sound: Sound) -> Iterator[Found]:
    for code, sentence in texts.items():
        if code not in WORDINGS:
            yield (*path, code), told(f"фразы «{code}» нет", f"there is no sentence “{code}”")
        elif sound(*path, code):
            yield from (((*path, code, language), why) for language, why in wrong_with(code, sentence).items())


def _policy(policy: Policy, path: Path, sound: Sound) -> Iterator[Found]:
    reasons, needs = (*path, "postpone_reasons"), (*path, "accessible_needs")
    yield from _repeated(reasons, "code", (each.code for each in policy.postpone_reasons), sound)
    for index, need in enumerate(policy.accessible_needs):
        if sound(*needs, index) and need in policy.accessible_needs[:index]:
            yield (*needs, index), _twice(need)


def _chain(service: Service, path: Path, known: set[str], sound: Sound) -> Iterator[Found]:
    if not sound(*path):
        return
    if len(service.chain) > LONGEST_CHAIN:
        yield (
            path,
            told(f"в одном визите не больше {LONGEST_CHAIN} следующих услуг", f"at most {LONGEST_CHAIN} services may follow in one visit"),
        )
    if service.code in service.chain:
        yield path, told(f"услуга «{service.code}» не может следовать за собой", f"service “{service.code}” cannot follow itself")
    yield from _listed(path, service.chain, known, known)


def _time_zone(name: str | None, path: Path, sound: Sound) -> Iterator[Found]:
    if name is None or not sound(*path):
        return
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not found, not a plain name, a folder
        yield (
            path,
            told(f"часовой пояс «{name}» не найден, пример: Europe/Moscow", f"there is no time zone “{name}”, for example Europe/Moscow"),
        )


def _repeated(path: Path, field: str, values: Iterable[str], sound: Sound) -> Iterator[Found]:
    seen: set[str] = set()
    for index, value in enumerate(values):
        place = (*path, index, field)
        if not sound(*place):
            continue
        if value in seen:
            yield place, _twice(value)
        seen.add(value)


def _named(path: Path, count: int, sound: Sound, field: str = "code") -> bool:
    """Whether the list and that field of each item are sound, so that what is not among them is surely nowhere."""
    return all(sound(*path, index, field) for index in range(-1, count))  # no item is -1: that asks for the list itself


def _opening_hours(hours: list[OpeningHours], path: Path, sound: Sound) -> Iterator[Found]:
    if not sound(*path):
        return
    if not hours:
        yield path, told("нет ни одного часа приёма", "there are no opening hours")
    spans: list[tuple[int, str, str, int]] = []
    for index, item in enumerate(hours):
        if not item.days:
            yield (*path, index, "days"), told("не назван ни один день недели", "no weekday is named")
        if item.closes <= item.opens:
            yield (*path, index), _backwards(item.opens, item.closes)
        else:
            spans += [(day, item.opens, item.closes, index) for day in item.days]
    taken_until: dict[int, str] = {}
    for day, opens, closes, index in sorted(spans):
        until = taken_until.get(day, "")
        if opens < until:
            yield (
                (*path, index),
                told(
                    f"часы приёма в день {day} пересекаются: до {until} и с {opens}",
                    f"the hours of day {day} overlap: until {until} and from {opens}",
                ),
            )
        taken_until[day] = max(until, closes)


def _public_holidays(country: str | bool | None, path: Path, sound: Sound) -> Iterator[Found]:
    if country is None or country is False or not sound(*path):
        return
    if country is True:
        yield path, told(f"ожидается {COUNTRY_FORM}, а здесь «true»", f"expected {COUNTRY_FORM_EN}, but here is “true”")
    elif not is_known_country(country):
        yield (
            path,
            told(f"праздники страны «{country}» не известны, пример: RU", f"the holidays of “{country}” are not known, for example RU"),
        )


def _wrong_hours(opens: str | None, closes: str | None) -> Text | None:
    """What is wrong with a date's hours."""
    if (opens is None) != (closes is None):
        return told("нужны оба времени, from и to, или ни одного (закрыто весь день)", "both times are needed, or none (closed all day)")
    if opens and closes and closes <= opens:
        return _backwards(opens, closes)
    return None


def _closures(closures: list[Closure], path: Path, sound: Sound) -> Iterator[Found]:
    if not sound(*path):
        return
    seen: set[date] = set()
    for index, closure in enumerate(closures):
        if wrong := _wrong_hours(closure.opens, closure.closes):
            yield (*path, index), wrong
        if closure.local_date in seen:
            yield (
                (*path, index, "date"),
                told(
                    f"{closure.local_date} уже есть выше, а должно встречаться один раз",
                    f"{closure.local_date} is there already and must be there once",
                ),
            )
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
            yield place, told(f"зона «{zone}» не найдена", f"there is no zone “{zone}”")


def _services(office: Office, known: set[str], offered: set[str], path: Path, sound: Sound) -> Iterator[Found]:
    if office.services != "all":
        yield from _listed((*path, "services"), office.services, known, known)
    yield from _listed((*path, "overrides"), office.overrides, known, offered)
    served: set[str] = set()
    for index, desk in enumerate(office.desks):
        services, help_out = (*path, "desks", index, "services"), (*path, "desks", index, "help_out")
        if sound(*services):
            if not desk.services:
                yield services, told("у окна нет ни одной услуги", "the desk has no service")
            yield from _listed(services, desk.services, known, offered)
            served.update(desk.services)
        if sound(*help_out):
            yield from _listed(help_out, desk.help_out, known, offered)
            for code in (code for code in desk.help_out if code in desk.services):
                yield help_out, told(f"услуга «{code}» у этого окна и так основная", f"service “{code}” is this desk's own already")
    if office.active and _named((*path, "desks"), len(office.desks), sound, "services"):
        for code in sorted((offered & known) - served):
            yield (*path, "services"), told(f"услугу «{code}» не принимает ни одно окно", f"no desk takes service “{code}”")


def _lanes(lanes: list[Lane], path: Path, sound: Sound) -> Iterator[Found]:
    seen: set[str] = set()
    for index, lane in enumerate(lanes):
        place = (*path, index)
        if sound(*place, "name") and sound(*place, "count"):
            for name in lane.names():
                if name in seen:
                    yield (
                        (*place, "name"),
                        told(
                            f"линия «{name}» уже есть выше, а должна встречаться один раз",
                            f"lane “{name}” is there already and must be there once",
                        ),
                    )
                seen.add(name)
        if lane.hours is not None:
            yield from _opening_hours(lane.hours, (*place, "hours"), sound)
        yield from _exceptions(lane.exceptions, (*place, "exceptions"), sound)


def _exceptions(exceptions: list[LaneException], path: Path, sound: Sound) -> Iterator[Found]:
    """A date may stand there more than once: a day with a break has two rows."""
    if not sound(*path):
        return
    taken: dict[date, list[tuple[str, str]]] = {}
    for index, item in enumerate(exceptions):
        place = (*path, index)
        if wrong := _wrong_hours(item.opens, item.closes):
            yield place, wrong
            continue
        others = taken.setdefault(item.local_date, [])
        # Closed is the whole day.
        opens, closes = item.opens or "00:00", item.closes or "24:00"
        if any(opens < until and since < closes for since, until in others):
            yield (
                place,
                told(
                    f"для {item.local_date} выше уже сказано другое: часы пересекаются",
                    f"another row says something else of {item.local_date}: hours overlap",
                ),
            )
        others.append((opens, closes))


def _not_booked(catalogue: Catalogue, office: Office, path: Path, sound: Sound) -> set[str]:
    """Services that surely have no rules of booking here: where something about them is malformed, nobody can tell."""
    if not sound(*path, "overrides"):
        return set()
    services = list(enumerate(catalogue.services))
    maybe = {each.code for index, each in services if office.booking_of(each) or not sound("catalogue", "services", index)}
    return {each.code for _, each in services} - maybe


def _lane_services(office: Office, known: set[str], offered: set[str], not_booked: set[str], path: Path, sound: Sound) -> Iterator[Found]:
    for index, lane in enumerate(office.lanes):
        place = (*path, "lanes", index, "services")
        if not sound(*place):
            continue
        if lane.services == "all":
            if offered <= not_booked:
                yield (
                    place,
                    told("ни у одной услуги отделения нет правил записи (booking)", "no service of the office has rules of booking"),
                )
            continue
        if not lane.services:
            yield place, told("у линии нет ни одной услуги", "the lane has no service")
        yield from _listed(place, lane.services, known, offered)
        for code in lane.services:
            if code in offered & not_booked:
                yield place, told(f"у услуги «{code}» нет правил записи (booking)", f"service “{code}” has no rules of booking")


def _listed(path: Path, codes: Iterable[str], known: set[str], offered: set[str]) -> Iterator[Found]:
    seen: set[str] = set()
    for code in codes:
        if code not in known:
            yield path, told(f"услуга «{code}» не найдена", f"there is no service “{code}”")
        elif code not in offered:
            yield path, told(f"услуги «{code}» нет среди услуг отделения", f"service “{code}” is not among the office's services")
        if code in seen:
            yield path, told(f"услуга «{code}» названа дважды", f"service “{code}” is named twice")
        seen.add(code)
