"""One spelling for one meaning: a document as reading the database would give it, and the names that its parts have for people.

Pure. Refuses to change what a document means.
"""

from typing import Any

from msgspec import to_builtins
from msgspec.structs import replace

from queue_service.administration.hours import in_order, said_week, week_of
from queue_service.administration.places import KEYS, Place, at
from queue_service.offices import configuration as file
from queue_service.offices.configuration import Configuration, judged
from queue_service.offices.yaml_form import Document, Path
from queue_service.text import Text

Problems = list[tuple[Place, Text]]


def canonical(city: Configuration) -> Configuration:
    """The same city in the order of reading, everything that is offered named."""
    order = {service.code: index for index, service in enumerate(city.catalogue.services)}
    return replace(city, offices=[_office(city, office, order) for office in city.offices])


def _office(city: Configuration, office: file.Office, order: dict[str, int]) -> file.Office:
    def sorted_codes(codes: list[str]) -> list[str]:
        return sorted(codes, key=lambda code: order.get(code, len(order)))

    booked = office.booked(city.catalogue)
    week = said_week(office.opening_hours)
    return replace(
        office,
        opening_hours=week_of(week),
        services=sorted_codes(office.offered(city.catalogue)),
        overrides={code: office.overrides[code] for code in sorted_codes(list(office.overrides))},
        closures=sorted(office.closures, key=lambda each: each.local_date),
        public_holidays=office.public_holidays or False,
        time_zone=None if office.time_zone == city.city.time_zone else office.time_zone,
        desks=[
            replace(desk, services=sorted_codes(desk.services), help_out=sorted_codes(desk.help_out))
            for desk in sorted(office.desks, key=lambda desk: int(desk.number))
        ],
        lanes=[
            replace(
                lane,
                services=sorted_codes(booked if lane.services == "all" else lane.services),
                hours=None if lane.hours is None or said_week(lane.hours) == week else week_of(said_week(lane.hours)),
                exceptions=in_order(lane.exceptions),
            )
            for lane in office.lanes
        ],
    )


def problems_of(document: dict[str, Any]) -> tuple[Configuration, Problems, bool]:
    """The city that the plain values describe, what is wrong with them by the names of people, and whether every value has its form."""
    raw = Document.of(document)
    city, found = judged(raw)
    return city, [(_named(document, path), why) for path, why in found], not raw.found


def _named(document: Any, path: Path) -> Place:
    """`offices[0].desks[3]` as `offices/central/desks/5`; a text without Russian is marked at its Russian field."""
    part, place = document, list[str]()
    for index, step in enumerate(path):
        if isinstance(part, list) and isinstance(step, int):
            item = part[step] if 0 <= step < len(part) else None
            key = KEYS.get(str(path[index - 1]))
            known = item.get(key) if isinstance(item, dict) and key else None
            place.append(known if isinstance(known, str) else str(step))
            part = item
        else:
            place.append(str(step))
            part = part.get(step) if isinstance(part, dict) else None
    if isinstance(part, dict) and "ru" not in part and set(part) <= {"en"} and place[-1:] != ["ru"] and part is not document:
        place.append("ru")
    return tuple(place)


def relative(place: Place, problem: Place) -> str:
    """The field of a form about `place`; of another part its whole path. A service as an office gives it stands in several parts."""
    if problem[: len(place)] == place:
        return ".".join(problem[len(place) :])
    return "/".join(problem)


SAYS_NOTHING = ("typical_minutes", "wait_norm_minutes", "booking_norm_minutes", "walk_in")
"""Fields of an override that say nothing by being null; of the others null is a saying."""


def plain(city: Configuration) -> dict[str, Any]:
    """Every field in plain values; of an override only what it says."""
    document: dict[str, Any] = to_builtins(city)
    for office in document["offices"]:
        for override in office["overrides"].values():
            for name in SAYS_NOTHING:
                if override[name] is None:
                    del override[name]
    return document


def part_of(city: Configuration, place: Place) -> Any | None:
    return at(plain(city), place)
