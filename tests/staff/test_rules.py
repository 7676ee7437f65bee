"""Who may manage whom, as a table."""

from itertools import product

import pytest

from queue_service.errors import DomainError
from queue_service.staff.errors import BadPerson, LastAdministrator, NoSuchPerson, NotYours, OwnAccount
from queue_service.staff.models import Role
from queue_service.staff.rules import (
    Place,
    appointable,
    check_appointed,
    check_managed,
    check_not_last,
    check_not_oneself,
    clean_login,
    clean_name,
    may_manage,
    moved,
)

HERE, THERE = 1, 2
HEAD = Place(100, Role.OFFICE_HEAD, HERE)
CITY = Place(200, Role.CITY_ADMINISTRATOR, None)
PLACES = [(role, office) for role, office in product(Role, (HERE, THERE, None))]


@pytest.mark.parametrize(("role", "office"), PLACES)
def test_a_head_manages_clerks_and_hall_administrators_of_the_own_office_only(role: Role, office: int | None) -> None:
    person = Place(1, role, office)
    own = office == HERE and role in (Role.CLERK, Role.HALL_ADMINISTRATOR)
    assert may_manage(HEAD, person) is own
    if own:
        check_managed(HEAD, person)
    else:
        with pytest.raises(NotYours if office == HERE else NoSuchPerson):
            check_managed(HEAD, person)
        with pytest.raises(NotYours):
            check_appointed(HEAD, person)


@pytest.mark.parametrize(("role", "office"), PLACES)
def test_a_city_administrator_manages_everybody_and_puts_nobody_where_there_is_no_place(role: Role, office: int | None) -> None:
    person = Place(1, role, office)
    check_managed(CITY, person)
    possible = role is Role.AUDITOR or (role is Role.CITY_ADMINISTRATOR) == (office is None)
    if possible:
        check_appointed(CITY, person)
    else:
        with pytest.raises(BadPerson) as error:
            check_appointed(CITY, person)
        assert error.value.field == "office"


def test_somebody_who_manages_nobody_manages_nobody_whatever_their_place() -> None:
    assert not may_manage(Place(1, Role.AUDITOR, None), Place(2, Role.CLERK, HERE))


def test_a_head_appoints_clerks_and_hall_administrators() -> None:
    assert appointable(HEAD) == (Role.CLERK, Role.HALL_ADMINISTRATOR)
    assert appointable(CITY) == tuple(Role)


def test_nobody_does_it_to_themselves() -> None:
    check_not_oneself(CITY, HEAD)
    with pytest.raises(OwnAccount):
        check_not_oneself(CITY, Place(200, Role.CITY_ADMINISTRATOR, None))


def test_the_last_administrator_of_the_city_stays() -> None:
    check_not_last(CITY, frozenset({200, 201}))
    check_not_last(CITY, frozenset({201}))
    with pytest.raises(LastAdministrator):
        check_not_last(CITY, frozenset({200}))


@pytest.mark.parametrize("login", ["", "a", "anna smirnova", "анна", "x" * 101, "a\0b", "a'b", "<b>"])
def test_a_login_can_be_typed_and_said(login: str) -> None:
    with pytest.raises(BadPerson):
        clean_login(login)
    assert clean_login(" A.Smirnova ") == "a.smirnova"


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\0b", "a\u202eb"])
def test_a_name_can_be_shown(name: str) -> None:
    with pytest.raises(DomainError):
        clean_name(name)
    assert clean_name("  Смирнова \n Анна ") == "Смирнова Анна"


def test_what_moved_is_what_was_seen_differently() -> None:
    assert moved({"name": "А", "role": "clerk"}, {"name": "Б", "role": "clerk", "active": True}) == {"name": ("А", "Б")}
