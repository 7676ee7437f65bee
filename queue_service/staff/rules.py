"""Who may manage whom. Pure: whether somebody is the last administrator is counted by the caller, under a lock."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from queue_service.staff.errors import BadPerson, LastAdministrator, NoSuchPerson, NotYours, OwnAccount
from queue_service.staff.models import Role
from queue_service.text import Text

OF_A_HEAD: Final = frozenset({Role.CLERK, Role.HALL_ADMINISTRATOR})
"""Whom the head of an office appoints and looks after; another head is the city's to choose."""
OF_THE_CITY: Final = frozenset({Role.CITY_ADMINISTRATOR, Role.AUDITOR})
"""Roles that need no office."""
LONGEST: Final = 100
LOGIN_SIGNS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-_@")
"""What can be typed at any desk's keyboard and said over the telephone."""


@dataclass(frozen=True, slots=True)
class Place:
    """Who somebody is as far as managing goes; `office_id` None: of the whole city."""

    account_id: int | None
    role: Role
    office_id: int | None


def check_visible(manager: Place, person: Place) -> None:
    """NoSuchPerson: another office's people are not even there."""
    if manager.office_id is not None and person.office_id != manager.office_id:
        raise NoSuchPerson


def may_manage(manager: Place, person: Place) -> bool:
    """Whether anything about the person may be changed."""
    if manager.office_id is None:
        return manager.role is Role.CITY_ADMINISTRATOR
    return person.office_id == manager.office_id and person.role in OF_A_HEAD


def check_managed(manager: Place, person: Place) -> None:
    check_visible(manager, person)
    if not may_manage(manager, person):
        raise NotYours


def check_not_oneself(manager: Place, person: Place) -> None:
    """What one could otherwise do by mistake, or what would go round one's own second factor."""
    if manager.account_id is not None and manager.account_id == person.account_id:
        raise OwnAccount


def check_appointed(manager: Place, wanted: Place) -> None:
    """Whether the manager may put somebody there, and whether there is such a place. NotYours, BadPerson."""
    if not may_manage(manager, wanted):
        raise NotYours
    if wanted.office_id is None and wanted.role not in OF_THE_CITY:
        raise BadPerson("office", {"ru": "Выберите отделение: без него эта роль невозможна.", "en": "This role needs an office."})
    if wanted.role is Role.CITY_ADMINISTRATOR and wanted.office_id is not None:
        raise BadPerson("office", {"ru": "Администратор города не относится к отделению.", "en": "A city administrator has no office."})


def check_not_last(person: Place, administrators: frozenset[int]) -> None:
    """`administrators`: who can administer the city now, the person among them. LastAdministrator."""
    if administrators == {person.account_id}:
        raise LastAdministrator


def appointable(manager: Place) -> tuple[Role, ...]:
    """The roles that the manager may give."""
    return tuple(role for role in Role if manager.office_id is None or role in OF_A_HEAD)


_LOGIN: Final[Text] = {
    "ru": "Логин — до 100 знаков: латинские буквы, цифры, точка, дефис, подчёркивание, @.",
    "en": "A login has up to 100 signs: Latin letters, digits, dot, hyphen, underscore, @.",
}


def clean_login(login: str) -> str:
    """As it is kept. BadPerson."""
    clean = login.strip().lower()
    if not 2 <= len(clean) <= LONGEST or not LOGIN_SIGNS.issuperset(clean):
        raise BadPerson("login", _LOGIN)
    return clean


def clean_name(name: str) -> str:
    clean = " ".join(name.split())
    if not clean or len(clean) > LONGEST or not clean.isprintable():
        raise BadPerson("name", {"ru": "Укажите фамилию и имя, до 100 знаков.", "en": "Give the name, up to 100 signs."})
    return clean


def moved(seen: Mapping[str, object], present: Mapping[str, object]) -> dict[str, tuple[object, object]]:
    """Field -> (seen, present), where somebody else saved meanwhile."""
    return {name: (value, present[name]) for name, value in seen.items() if name in present and present[name] != value}
