"""The checker can fail: a sound hall has no finding, and each thing that could be wrong with it is found, by the check that is for it."""

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from tests.torture.checks import CHECKS, judged
from tests.torture.checks.evidence import Finding
from tests.torture.checks.replay import NOT_IN_THE_TABLE
from tests.torture.checks.standing import Standing
from tests.torture.record import Came, Heard, Linked, Shown
from tests.torture.report import report
from tests.torture.scene import BEGIN, BENEFIT, CLERKS, DESKS, LANE, PASSPORT, Scene

NOON = BEGIN + timedelta(hours=1)
HOUR = timedelta(hours=1)
PASSPORT_WANTED = {"service": f"service-{PASSPORT}"}


def a_hall() -> Scene:
    """Everything that the checks know of happens once: tickets 1 to 6 in the order of their issue, a booking moved, one cancelled."""
    scene = Scene()
    one, two, three = scene.issue(), scene.issue(privileged=True), scene.issue(lost=True)
    four = scene.issue(BENEFIT)
    scene.call_next(0, two, "privilege")
    scene.call_next(1, one)
    scene.follow(one)
    scene.recall(1, one)
    scene.serve(0, two)
    scene.acts(1, "start", "started", one, {"state": "serving", "started_at": "now"})
    scene.send_on(1, one, BENEFIT)
    scene.put_first(four)
    scene.call_next(0, four, "help_out")
    scene.serve(0, four)
    scene.leave(three)
    booking = scene.hold(NOON)
    scene.confirm(booking)
    scene.move(booking, NOON + HOUR)
    other = scene.hold(NOON)
    scene.confirm(other)
    scene.cancel(other)
    scene.check_in(booking)
    scene.write_notice("Санитарный день в пятницу")
    scene.join()
    scene.fault()
    scene.call_next(1, one)
    scene.passes(20)
    scene.show()
    scene.close()
    return scene


def findings(scene: Scene, service_log: str = "") -> list[Finding]:
    return judged(scene.history(), scene.dump(), service_log)[0]


def ticket(scene: Scene, number: int) -> dict[str, Any]:
    return next(row for row in scene.tables["ticket"] if row["number"] == number)


def test_a_sound_hall_has_no_finding() -> None:
    assert findings(a_hall()) == []


def test_the_sound_hall_is_looked_at_by_every_check() -> None:
    looked_at = judged((scene := a_hall()).history(), scene.dump())[1].looked_at
    assert {name for name, count in looked_at.items() if not count} == {"tickets with wrong clocks", "wishes without an answer"}
    assert {"calls compared with one who waited", "bookings followed", "promises", "calls on displays"} <= looked_at.keys()


def test_a_clerk_who_hears_of_a_call_when_the_desk_was_ended_already_has_nobody() -> None:
    scene = Scene()
    one = scene.issue()
    scene.call_next(0, one, ended_at_once=True)
    scene.call_next(1, one)
    scene.close()
    assert findings(scene) == []


Mutation = Callable[[Scene], object]
MUTATIONS: list[tuple[str, str, Mutation]] = []


def mutation(check: str) -> Callable[[Mutation], Mutation]:
    def remembered(change: Mutation) -> Mutation:
        MUTATIONS.append((check, change.__name__, change))
        return change

    return remembered


@mutation("numbers")
def a_number_is_given_twice(scene: Scene) -> None:
    ticket(scene, 3)["number"] = 2


@mutation("numbers")
def a_number_is_missing(scene: Scene) -> None:
    ticket(scene, 5)["number"] = 6
    scene.tables["ticket_counter"][0]["last_number"] = 6


@mutation("numbers")
def the_counter_lags_behind(scene: Scene) -> None:
    scene.tables["ticket_counter"][0]["last_number"] = 4


@mutation("numbers")
def the_quota_is_counted_wrong(scene: Scene) -> None:
    scene.tables["service_day"].append({"service_id": PASSPORT, "local_date": BEGIN.date(), "issued": 3})


@mutation("desks")
def a_visitor_is_called_to_two_desks(scene: Scene) -> None:
    one = ticket(scene, 1)["id"]
    scene.journal(one, "called", DESKS[0], CLERKS[0], **scene.rows_of(one, "called")[-1]["details"])


@mutation("desks")
def a_desk_has_two_visitors(scene: Scene) -> None:
    call = scene.rows_of(ticket(scene, 4)["id"], "called")[0]
    scene.journal(scene.issue(), "called", DESKS[1], CLERKS[1], **call["details"])


@mutation("desks")
def another_desk_finishes_the_visit(scene: Scene) -> None:
    scene.rows_of(ticket(scene, 2)["id"], "finished")[0]["desk_id"] = DESKS[1]


@mutation("desks")
def two_clerks_are_told_of_one_visitor(scene: Scene) -> None:
    one = ticket(scene, 1)["id"]
    scene.hears(scene.asks("clerk-0", "call-next", "/api/desk/call-next", None, "double"), 200, scene.answer(one))


@mutation("order")
def somebody_who_waited_longer_is_passed_over(scene: Scene) -> None:
    first = scene.issue()
    second = scene.issue()
    scene.call_next(0, second)
    assert first < second


@mutation("order")
def the_privileged_one_is_passed_over(scene: Scene) -> None:
    scene.issue(privileged=True)
    scene.call_next(0, scene.issue())


@mutation("order")
def the_stored_explanation_is_untrue(scene: Scene) -> None:
    scene.rows_of(ticket(scene, 2)["id"], "called")[0]["details"]["key"] = BEGIN.isoformat()


@mutation("order")
def the_stored_rule_is_untrue(scene: Scene) -> None:
    scene.rows_of(ticket(scene, 2)["id"], "called")[0]["details"]["rule"] = "due"


@mutation("slots")
def a_lane_has_two_visits_at_once(scene: Scene) -> None:
    part = scene.tables["lane_taken"][0]
    scene.tables["lane_taken"].append({**part, "id": scene.next_id(), "appointment_id": None, "kind": "freed"})


@mutation("slots")
def a_visit_lies_outside_the_hours(scene: Scene) -> None:
    scene.tables["lane_hours"] = [{"lane_id": LANE, "weekday": 3, "opens": 0, "closes": 60}]


@mutation("slots")
def there_are_more_bookings_than_lanes(scene: Scene) -> None:
    scene.tables["lane_taken"].remove(scene.part_of(scene.hold(NOON + HOUR)))


@mutation("slots")
def a_slot_is_promised_twice_at_once(scene: Scene) -> None:
    for citizen in (0, 1):
        lapsed = scene.hold(NOON + 3 * HOUR, citizen)
        scene.tables["lane_taken"].remove(scene.part_of(lapsed))
        scene.row("appointment", lapsed)["state"] = "expired"


@mutation("acts")
def an_acknowledged_ticket_is_not_there(scene: Scene) -> None:
    lost = ticket(scene, 3)
    scene.tables["ticket"].remove(lost)
    scene.tables["ticket_event"] = [event for event in scene.tables["ticket_event"] if event["ticket_id"] != lost["id"]]


@mutation("acts")
def a_retried_wish_became_two_tickets(scene: Scene) -> None:
    scene.put_ticket(PASSPORT, key=ticket(scene, 3)["idempotency_key"])


@mutation("acts")
def a_ticket_is_asked_for_by_nobody(scene: Scene) -> None:
    scene.put_ticket(PASSPORT, key="nobody's")


@mutation("acts")
def a_refused_ticket_is_there(scene: Scene) -> None:
    wish = scene.asks("kiosk-0", "issue", "/api/kiosk/tickets", PASSPORT_WANTED, "refused")
    scene.put_ticket(PASSPORT, key="refused")
    scene.hears(wish, 403, {"code": "service_closed"})


@mutation("acts")
def another_number_was_told(scene: Scene) -> None:
    _answer(scene, "issue")["number"] = "А099"


@mutation("acts")
def the_answer_to_a_retry_is_another_ticket(scene: Scene) -> None:
    wish = scene.asks("kiosk-0", "issue", "/api/kiosk/tickets", PASSPORT_WANTED, ticket(scene, 1)["idempotency_key"])
    scene.hears(wish, 201, scene.answer(ticket(scene, 2)["id"]))


@mutation("acts")
def an_acknowledged_recall_is_not_there(scene: Scene) -> None:
    scene.tables["ticket_event"].remove(scene.rows_of(ticket(scene, 1)["id"], "recalled")[0])


@mutation("acts")
def a_recall_is_there_twice(scene: Scene) -> None:
    recall = scene.rows_of(ticket(scene, 1)["id"], "recalled")[0]
    place = scene.tables["ticket_event"].index(recall)
    scene.tables["ticket_event"].insert(place, {**recall, "id": recall["id"] - 1})


@mutation("acts")
def a_visitor_is_finished_by_a_request_that_was_meant_for_the_one_before(scene: Scene) -> None:
    last = ticket(scene, 1)["id"]
    scene.journal(last, "finished", DESKS[1], CLERKS[1], service=BENEFIT, seconds=0, occupied=0)


@mutation("acts")
def a_call_is_acknowledged_twice_and_made_once(scene: Scene) -> None:
    fresh = scene.issue()
    wish = scene.asks("clerk-0", "call-next", "/api/desk/call-next", None, "again")
    scene.hears(wish, 200, scene.answer(fresh))


@mutation("acts")
def one_booking_became_two_tickets(scene: Scene) -> None:
    booking = ticket(scene, 5)["appointment_id"]
    scene.put_ticket(PASSPORT, booking=booking)


@mutation("acts")
def a_visitor_who_left_is_still_there(scene: Scene) -> None:
    left = ticket(scene, 3)
    left.update({"state": "waiting", "ended_at": None})
    scene.tables["ticket_event"].remove(scene.rows_of(left["id"], "left")[0])


@mutation("acts")
def a_notice_hangs_twice(scene: Scene) -> None:
    scene.tables["notice"].append({**scene.tables["notice"][0], "id": scene.next_id()})


@mutation("bookings")
def a_confirmed_booking_is_only_held(scene: Scene) -> None:
    booking = scene.hold(NOON + 4 * HOUR)
    scene.confirm(booking)
    scene.row("appointment", booking).update({"state": "held", "hold_expires_at": BEGIN})


@mutation("bookings")
def a_cancelled_booking_stands(scene: Scene) -> None:
    next(row for row in scene.tables["appointment"] if row["state"] == "cancelled")["state"] = "booked"


@mutation("bookings")
def a_hold_was_made_twice(scene: Scene) -> None:
    row = scene.tables["appointment"][0]
    scene.tables["appointment"].append({**row, "id": scene.next_id(), "secret": "twice", "state": "expired"})


@mutation("bookings")
def an_acknowledged_hold_is_not_there(scene: Scene) -> None:
    booking = scene.hold(NOON + 4 * HOUR)
    scene.tables["lane_taken"].remove(scene.part_of(booking))
    scene.tables["appointment"].remove(scene.row("appointment", booking))


@mutation("bookings")
def a_move_was_made_twice(scene: Scene) -> None:
    scene.tables["appointment"][0]["moves"] = 2
    scene.letter(scene.tables["appointment"][0]["id"], "change")


@mutation("bookings")
def a_booking_has_no_part_of_a_lane(scene: Scene) -> None:
    scene.tables["lane_taken"].clear()


@mutation("bookings")
def a_booking_has_a_part_of_another_time(scene: Scene) -> None:
    scene.tables["lane_taken"][0]["starts_at"] -= timedelta(minutes=15)


@mutation("bookings")
def a_confirmation_is_not_written(scene: Scene) -> None:
    scene.tables["outbox_message"].pop(0)


@mutation("bookings")
def who_joined_the_waitlist_is_not_on_it(scene: Scene) -> None:
    scene.tables["waitlist_entry"].clear()


@mutation("boards")
def a_call_is_missing_on_a_snapshot(scene: Scene) -> None:
    _last_board(scene, calls=())


@mutation("boards")
def a_call_that_is_over_is_still_shown(scene: Scene) -> None:
    over = scene.rows_of(ticket(scene, 2)["id"], "called")[0]["id"]
    _last_board(scene, calls=tuple(sorted({*_last_shown(scene).calls, over})))


@mutation("boards")
def a_call_is_shown_that_nobody_made(scene: Scene) -> None:
    _last_board(scene, calls=(*_last_shown(scene).calls, 987_654))


@mutation("boards")
def a_display_goes_back_in_time(scene: Scene) -> None:
    _last_board(scene, version=1)


@mutation("boards")
def a_display_sleeps_through_a_call(scene: Scene) -> None:
    call = scene.call_ids[ticket(scene, 1)["id"]]
    scene.lines = [line for line in scene.lines if not (isinstance(line, Shown) and call in line.calls)]


@mutation("phones")
def a_phone_shows_a_state_that_never_was(scene: Scene) -> None:
    row = ticket(scene, 1)
    scene.follow(row["id"])
    scene.lines.append(msgspec.structs.replace(_last_shown(scene, "phone-0"), state="postponed"))


@mutation("phones")
def a_phone_shows_a_state_that_is_over(scene: Scene) -> None:
    row = ticket(scene, 2)
    scene.follow(row["id"])
    scene.lines.append(msgspec.structs.replace(_last_shown(scene, "phone-0"), state="called"))


@mutation("replay")
def a_row_of_the_journal_is_missing(scene: Scene) -> None:
    scene.tables["ticket_event"].remove(scene.rows_of(ticket(scene, 4)["id"], "started")[0])


@mutation("replay")
def a_shift_counts_one_too_many(scene: Scene) -> None:
    scene.tables["shift"][0]["served"] += 1


@mutation("replay")
def a_visitor_is_stuck_at_a_closed_desk(scene: Scene) -> None:
    scene.tables["shift"][1]["closed_at"] = scene.now


@mutation("answers")
def a_failure_is_answered(scene: Scene) -> None:
    scene.hears(scene.asks("kiosk-0", "issue", "/api/kiosk/tickets", PASSPORT_WANTED, "failed"), 500, {"code": "internal_error"})


@mutation("answers")
def a_key_is_refused_though_nothing_has_changed(scene: Scene) -> None:
    wish = scene.asks("kiosk-0", "issue", "/api/kiosk/tickets", PASSPORT_WANTED, scene.tables["ticket"][2]["idempotency_key"])
    scene.hears(wish, 422, {"code": "idempotency_key_reused"})


@mutation("clocks")
def a_kiosks_clock_got_into_the_table(scene: Scene) -> None:
    row = ticket(scene, 3)
    for moment in ("issued_at", "due_at", "rank_at", "rank_from"):
        row[moment] += timedelta(minutes=3)
    scene.rows_of(row["id"], "issued")[0]["at"] += timedelta(minutes=3)


@mutation("clocks")
def a_row_of_the_journal_is_of_yesterday(scene: Scene) -> None:
    scene.rows_of(ticket(scene, 3)["id"], "left")[0]["at"] -= timedelta(days=1)


def _answer(scene: Scene, act: str) -> Any:
    wish = next(each for each in scene.history().wishes if each.act == act)
    return next(line.body for line in scene.lines if isinstance(line, Heard) and line.wish == wish.number)


def _last_shown(scene: Scene, client: str = "display-0") -> Any:
    return next(line for line in reversed(scene.lines) if not isinstance(line, Came | Linked) and getattr(line, "client", "") == client)


def _last_board(scene: Scene, **change: Any) -> None:
    scene.lines[scene.lines.index(_last_shown(scene))] = msgspec.structs.replace(_last_shown(scene), **change)


@pytest.mark.parametrize(("check", "name", "change"), MUTATIONS, ids=[f"{check}-{name}" for check, name, _ in MUTATIONS])
def test_what_is_wrong_is_found(check: str, name: str, change: Mutation) -> None:
    scene = a_hall()
    change(scene)
    assert check in {finding.check for finding in findings(scene)}


def test_every_check_has_been_seen_to_fail() -> None:
    assert {check for check, _, _ in MUTATIONS} == set(CHECKS)


FIELDS = sorted({field.name for field in fields(Standing)} - NOT_IN_THE_TABLE)


def another(value: Any) -> Any:
    """A value that is not this one."""
    match value:
        case bool():
            return not value
        case datetime():
            return value + timedelta(seconds=1)
        case int():
            return value + 1
        case list():
            return [*value, PASSPORT]
        case _:
            return None


@pytest.mark.parametrize("field", FIELDS)
def test_a_table_that_says_something_else_than_the_journal_is_found(field: str) -> None:
    """Of every column that the journal tells."""
    examples: dict[str, Any] = {"needs": ["hearing"], "state": "served", "privilege_state": "refused", "postpone_reason": "documents"}
    scene = a_hall()
    row = ticket(scene, 1)
    value = examples.get(field, another(row[field]))
    if value is None:
        value = BEGIN if field.endswith(("_at", "_until")) else 2
    row[field] = value
    assert [finding for finding in findings(scene) if finding.check == "replay" and field in finding.what]


def test_a_deadlock_and_a_failure_that_nobody_heard_of_are_found_in_the_services_log() -> None:
    scene = a_hall()
    failed = '{"path": "/api/desk/start", "code": "internal_error", "exception": "Traceback\\nKeyError: 7"}'
    gone = '{"path": "/api/desk/start", "code": "internal_error", "exception": "500: client disconnected prematurely"}'
    assert [finding.what for finding in findings(scene, f"{failed}\n{gone}\n")] == ["/api/desk/start failed: KeyError: 7"]
    assert len(findings(scene, "asyncpg.exceptions.DeadlockDetectedError: deadlock detected")) == 1


# --- what must not be held against a service --------------------------------------------------------------------------------


def test_an_act_of_which_nobody_heard_may_be_there_or_not() -> None:
    for made in (False, True):
        scene = a_hall()
        one = ticket(scene, 1)
        wish = scene.asks("clerk-1", "recall", "/api/desk/recall")
        if made:
            one["calls"] += 1
            scene.journal(one["id"], "recalled", DESKS[1], CLERKS[1], calls=one["calls"])
            scene.call_ids[one["id"]] = scene.serial
        scene.hears(wish, None, "ConnectionLost()")
        assert findings(scene) == []


def test_whoever_came_while_the_call_was_being_made_may_be_passed_over() -> None:
    scene = a_hall()
    later = scene.issue()
    wanted = {**PASSPORT_WANTED, "privilege": "veteran"}
    issue = scene.asks("kiosk-0", "issue", "/api/kiosk/tickets", wanted, "meanwhile")
    better = scene.put_ticket(PASSPORT, privileged=True, key="meanwhile")
    scene.call_next(0, later)  # before the kiosk has its answer: nobody knows whether the ticket was there
    scene.hears(issue, 201, scene.answer(better))
    assert [finding for finding in findings(scene) if finding.check == "order"] == []


# --- the report ---------------------------------------------------------------------------------------------------------------


def test_the_report_shows_what_belongs_to_a_finding_in_the_order_of_time() -> None:
    scene = a_hall()
    one = ticket(scene, 1)["id"]
    scene.journal(one, "called", DESKS[0], CLERKS[0], **scene.rows_of(one, "called")[-1]["details"])
    text = report(*judged(scene.history(), scene.dump()))
    told = text.partition("## desks:")[2].partition("\n## ")[0]
    assert f"ticket {one} was called to desk 1 while desk 2 had it" in told
    lines = told.partition("```\n")[2].partition("```")[0].splitlines()
    assert lines == sorted(lines, key=lambda line: line[:12])
    assert any("journal" in line and "issued" in line for line in lines)
    assert any("kiosk-0 sends" in line for line in lines)
    assert any("fault: storm" in line for line in lines)
