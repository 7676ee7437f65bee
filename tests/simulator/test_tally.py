"""The numbers of the progress line are true in whatever order things are heard of."""

from datetime import timedelta

from queue_service.simulator.progress import progress_line, summary
from queue_service.simulator.promises import Promises
from queue_service.simulator.tally import Tally


def a_tally() -> Tally:
    return Tally(speed=60)


def test_a_ticket_waits_is_called_and_is_served() -> None:
    tally = a_tally()
    tally.takes_ticket(1)
    assert (tally.issued, tally.waiting, len(tally.at_desks)) == (1, 1, 0)
    tally.is_called(1, timedelta(seconds=3))
    assert (tally.waiting, len(tally.at_desks)) == (0, 1)
    tally.goes(1, served=True)
    assert (tally.waiting, len(tally.at_desks), tally.served) == (0, 0, 1)


def test_a_call_may_be_heard_of_before_the_ticket() -> None:
    tally = a_tally()
    tally.is_called(1, timedelta(seconds=3))
    tally.takes_ticket(1)
    assert (tally.issued, tally.waiting) == (1, 0)
    assert tally.median_wait == 3


def test_waits_are_told_in_simulated_minutes_and_end_with_the_first_call() -> None:
    tally = a_tally()
    tally.takes_ticket(1)
    tally.is_called(1, timedelta(seconds=4))
    tally.is_returned(1)
    assert tally.waiting == 1
    tally.is_called(1, timedelta(seconds=90))
    assert tally.waits == [4]


def test_other_peoples_tickets_are_counted_apart() -> None:
    tally = a_tally()
    tally.is_called(9, timedelta(hours=5))
    tally.goes(9, served=True)
    assert (tally.served, tally.strangers, tally.waits) == (0, 1, [])


def test_no_wait_is_known_before_the_first_call() -> None:
    tally = a_tally()
    assert tally.median_wait is None
    assert tally.long_wait is None
    assert "ожидание —" in progress_line("09:00", tally)


def test_the_line_says_everything_at_a_glance() -> None:
    tally = a_tally()
    for ticket in range(4):
        tally.takes_ticket(ticket)
    tally.is_called(0, timedelta(seconds=2))
    tally.is_called(1, timedelta(seconds=4))
    tally.goes(0, served=True)
    line = progress_line("10:42", tally, broken=2, silent_seconds=7)
    assert line == ("10:42  талонов 4 · ждут 2 · у окон 1 · принято 1 · неявок 0 · ожидание 3.0 мин · НАРУШЕНИЙ 2 · сервис не отвечает 7 с")


def test_the_summary_names_what_was_broken() -> None:
    promises = Promises("Europe/Moscow")
    promises.break_("Номер А001 выдан дважды за день.")
    text = summary(a_tally(), promises, "18:07", hurried=False)
    assert "День окончен в 18:07." in text
    assert "НАРУШЕНЫ, случаев: 1" in text
    assert "Номер А001 выдан дважды за день." in text


def test_the_summary_of_a_good_day_says_that_promises_were_kept() -> None:
    text = summary(a_tally(), Promises("Europe/Moscow"), "12:00", hurried=True)
    assert text.startswith("Остановлено в 12:00.")
    assert "выполнил все" in text
