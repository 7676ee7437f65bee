"""Every contradiction that a hall could notice is noticed, and no race is mistaken for one."""

from datetime import UTC, datetime, timedelta

from queue_service.simulator.promises import REMEMBERED, Promises
from queue_service.simulator.wire import Board, CallSeen, DeskTicket, Issued

MORNING = datetime(2026, 3, 12, 7, 0, tzinfo=UTC)


def an_issued(id_: int = 1, number: str = "А001", at: datetime = MORNING) -> Issued:
    return Issued(id=id_, secret=f"secret-{id_}", number=number, service="passport", state="waiting", issued_at=at)


def a_desk_ticket(id_: int = 1, number: str = "А001") -> DeskTicket:
    return DeskTicket(id_, number, "called", "passport", MORNING, MORNING, 1)


def a_board(*calls: tuple[str, str]) -> Board:
    seen = [CallSeen(call_id=index, ticket=ticket, desk=desk, recall=False) for index, (ticket, desk) in enumerate(calls)]
    return Board(version=1, zone=None, calls=seen)


def promises() -> Promises:
    return Promises("Europe/Moscow")


def test_a_repeated_key_gives_the_same_ticket() -> None:
    kept = promises()
    kept.issued("key", an_issued())
    kept.issued("key", an_issued())
    assert not kept.broken


def test_a_repeated_key_with_another_ticket_is_noticed() -> None:
    kept = promises()
    kept.issued("key", an_issued(1, "А001"))
    kept.issued("key", an_issued(2, "А002"))
    assert kept.broken == ["Повтор запроса с тем же ключом дал другой талон: А002."]


def test_a_number_given_twice_on_one_day_is_noticed() -> None:
    kept = promises()
    kept.issued("one", an_issued(1, "А001"))
    kept.issued("other", an_issued(2, "А001"))
    assert kept.broken == ["Номер А001 выдан дважды за день."]


def test_numbers_start_again_at_the_midnight_of_the_office() -> None:
    kept = promises()
    kept.issued("one", an_issued(1, "А001", datetime(2026, 3, 12, 20, 59, tzinfo=UTC)))
    kept.issued("other", an_issued(2, "А001", datetime(2026, 3, 12, 21, 1, tzinfo=UTC)))
    assert not kept.broken


def test_one_ticket_for_two_people_is_noticed() -> None:
    kept = promises()
    kept.issued("one", an_issued())
    kept.issued("other", an_issued())
    assert kept.broken == ["Талон А001 выдан двум посетителям."]


def test_one_ticket_at_two_desks_is_noticed() -> None:
    kept = promises()
    kept.called(a_desk_ticket(), "1")
    kept.called(a_desk_ticket(), "2")
    assert kept.broken == ["Талон А001 вызван сразу к двум окнам: 1 и 2."]


def test_a_ticket_that_was_let_go_may_be_called_by_another_desk() -> None:
    kept = promises()
    kept.called(a_desk_ticket(), "1")
    kept.let_go(1)
    kept.called(a_desk_ticket(), "2")
    assert not kept.broken


def test_a_call_after_the_end_is_noticed() -> None:
    kept = promises()
    kept.called(a_desk_ticket(), "1")
    kept.ended(1, "принят")
    kept.called(a_desk_ticket(), "2")
    assert kept.broken == ["Талон А001 вызван к окну 2, хотя он уже завершён (принят)."]


def test_a_display_shows_each_ticket_at_one_desk_and_each_desk_with_one_ticket() -> None:
    kept = promises()
    kept.shown(a_board(("А001", "1"), ("А002", "2")))
    assert not kept.broken
    kept.shown(a_board(("А001", "1"), ("А001", "2")))
    kept.shown(a_board(("А003", "4"), ("А004", "4")))
    assert kept.broken == [
        "Табло показывает талон А001 у двух окон: 1 и 2.",
        "Табло показывает у окна 4 два талона: А003 и А004.",
    ]


def test_a_flood_of_broken_promises_is_counted_and_not_kept() -> None:
    kept = promises()
    for index in range(REMEMBERED * 2):
        kept.break_(f"случай {index}")
    assert kept.count == REMEMBERED * 2
    assert len(kept.broken) == REMEMBERED


def test_waiting_for_midnight_does_not_matter_elsewhere() -> None:
    kept = promises()
    kept.issued("one", an_issued(1, "А001"))
    kept.issued("other", an_issued(2, "А001", MORNING + timedelta(days=1)))
    assert not kept.broken
