"""People come to the desk that called them, after they have seen the call and not before."""

from datetime import UTC, datetime, timedelta

import pytest

from queue_service.simulator.day import Day
from queue_service.simulator.hall import Call, Hall, Person
from queue_service.simulator.plan import PlannedVisitor
from queue_service.simulator.wire import Board, CallSeen, Named, PhoneTicket

MORNING = datetime(2026, 3, 12, 7, 0, tzinfo=UTC)
PLAN = PlannedVisitor(0, 0.0, "passport", None, (), "ru", 10.0, 0.5, "at once", None, False, "good")


@pytest.fixture
async def hall() -> Hall:
    return Hall(Day(60, 9), outside=1)


def a_person(hall: Hall, *, watches_display: bool = True) -> Person:
    person = Person(7, "А007", PLAN)
    hall.enter(person, watches_display=watches_display)
    return person


def a_board(call_id: int, desk: str, *, ticket: str = "А007", recall: bool = False, zone: str | None = None) -> Board:
    return Board(version=call_id, zone=Named(zone) if zone else None, calls=[CallSeen(call_id, ticket, desk, recall)])


def a_phone(desk: str | None, called: timedelta | None, calls: int) -> PhoneTicket:
    state = "called" if desk else "waiting"
    return PhoneTicket(version=1, state=state, desk=desk, called_at=MORNING + called if called is not None else None, calls=calls)


async def test_who_watches_the_display_sees_their_own_call(hall: Hall) -> None:
    person = a_person(hall)
    hall.display_shows(a_board(1, "5", ticket="В001"))
    assert not person.has_news(None)
    hall.display_shows(a_board(2, "5"))
    assert person.call == Call((2, 0), "5", repeated=False)


async def test_the_same_call_shown_again_is_no_news(hall: Hall) -> None:
    person = a_person(hall)
    hall.display_shows(a_board(1, "5"))
    known = person.call
    hall.display_shows(a_board(1, "5"))
    assert not person.has_news(known)


async def test_an_older_picture_does_not_undo_a_newer_call(hall: Hall) -> None:
    person = a_person(hall)
    hall.display_shows(a_board(2, "6"))
    hall.display_shows(a_board(1, "5"))
    assert person.call is not None
    assert person.call.desk == "6"


async def test_a_recall_is_news_on_the_display_and_on_the_phone(hall: Hall) -> None:
    person = a_person(hall, watches_display=False)
    hall.phone_shows(person, a_phone(None, None, 0))
    assert not person.has_news(None)
    hall.phone_shows(person, a_phone("5", timedelta(), 1))
    known = person.call
    hall.phone_shows(person, a_phone("5", timedelta(), 2))
    assert person.has_news(known)
    assert person.call is not None
    assert person.call.repeated


async def test_a_call_after_a_return_is_news_on_the_phone(hall: Hall) -> None:
    person = a_person(hall, watches_display=False)
    hall.phone_shows(person, a_phone("5", timedelta(), 2))
    known = person.call
    hall.phone_shows(person, a_phone("6", timedelta(minutes=1), 1))
    assert person.has_news(known)


async def test_a_clerk_sees_only_who_stands_at_the_own_desk(hall: Hall) -> None:
    person = a_person(hall)
    assert not hall.stands_at("5", 7)
    hall.comes_to(person, "5")
    assert hall.stands_at("5", 7)
    assert not hall.stands_at("6", 7)
    hall.sent_back(7)
    assert not hall.stands_at("5", 7)


async def test_a_served_person_goes_home(hall: Hall) -> None:
    person = a_person(hall)
    hall.dismissed(7)
    assert person.over
    assert person.has_news(None)


async def test_who_was_served_before_reading_the_own_number_goes_home_too(hall: Hall) -> None:
    hall.dismissed(7)
    assert a_person(hall).over


async def test_a_spectator_is_nobody_of_ours(hall: Hall) -> None:
    assert hall.person(99) is None
    hall.sent_back(99)
    hall.dismissed(99)


async def test_a_display_of_one_zone_is_not_relied_on(hall: Hall) -> None:
    relied_on = [hall.display_shows_all]
    for zone in (None, "upstairs"):
        hall.display_shows(a_board(1, "5", zone=zone))
        relied_on.append(hall.display_shows_all)
    assert relied_on == [False, True, False]
