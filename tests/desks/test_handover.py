"""What a clerk does with a visitor besides serving: set aside, send on, bring back, call by number; and what the others see of it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from queue_service.db import Database
from queue_service.desks import commands, hall, handover
from queue_service.errors import (
    DeskBusy,
    DeskNotOpen,
    DomainError,
    Malformed,
    NobodyServes,
    ReasonNeeded,
    ResultNeeded,
    ShiftPaused,
    TooLateToComeBack,
    UnknownService,
    WrongState,
)
from queue_service.statistics.durations import Durations
from queue_service.tickets.rules import Need, Rank, Source
from tests.desks.scene import MINUTE, RESULTS, Scene, a_scene
from tests.support.factories import LATER, Queued, a_desk, a_privilege, a_queue, a_service
from tests.support.service import Service

SECOND = timedelta(seconds=1)
PASSPORT, BENEFIT = a_service("passport"), a_service("benefit", "В", norm=30)


async def refused(act: Any, error: type[DomainError]) -> None:
    with pytest.raises(error) as raised:
        await act
    assert raised.type is error
    assert raised.value.text["ru"]


@pytest.fixture
async def scene(database: Database) -> Scene:
    """Two services, two open desks that take both."""
    return await a_scene(database, PASSPORT, BENEFIT)


async def with_a_visitor(scene: Scene, desk: str = "1", *, served: bool = True) -> int:
    """A visitor who was called to the desk a minute after coming, and is served there."""
    ticket = await scene.takes()
    scene.later()
    assert await scene.next(desk) == ticket
    if served:
        await scene.starts(desk)
    return ticket


# Postponing


async def test_a_postponed_visitor_returns_when_the_term_is_over_and_not_before(scene: Scene) -> None:
    ticket = await with_a_visitor(scene)
    due_at = (await scene.ticket(ticket))["due_at"]
    await scene.postpones("1", minutes=10)
    later = await scene.takes()
    scene.later(10 - 1 / 60)
    await scene.keeps_time()
    assert await scene.state(ticket) == "postponed"
    scene.now += SECOND
    await scene.keeps_time()
    row = await scene.ticket(ticket)
    assert (row["state"], row["due_at"], row["postponed_until"], row["postpone_reason"]) == ("waiting", due_at, None, None)
    assert await scene.told(ticket, "resumed") == {"by": "term"}
    assert await scene.next("2") == ticket, "the promise is older than that of who came meanwhile"
    assert await scene.next("1") == later


async def test_who_is_postponed_without_a_term_waits_to_be_called(scene: Scene) -> None:
    ticket = await with_a_visitor(scene)
    await scene.postpones("1")
    scene.now += timedelta(hours=5)
    await scene.keeps_time()
    assert await scene.state(ticket) == "postponed"
    assert await scene.next("1") is None, "call-next never calls a postponed one"


async def test_a_postponed_visitor_is_called_by_any_desk_that_is_free(scene: Scene) -> None:
    ticket = await with_a_visitor(scene)
    await scene.postpones("1", minutes=30)
    scene.later()
    called = await scene.calls("2", ticket)
    assert (called.state, called.desk_id, called.calls, called.called_at) == ("called", scene.office.desks["2"], 1, scene.now)
    assert await scene.story(ticket) == ["issued", "called", "started", "postponed", "resumed", "called"]
    assert (await scene.told(ticket, "called"))["rule"] == "postponed"
    scene.later(60)
    await scene.keeps_time()
    assert await scene.state(ticket) == "called", "the term is forgotten"


@pytest.mark.parametrize("minutes", [0, -5, 721])
async def test_a_term_is_between_a_minute_and_half_a_day(scene: Scene, minutes: int) -> None:
    ticket = await with_a_visitor(scene)
    await refused(scene.postpones("1", minutes=minutes), Malformed)
    assert await scene.state(ticket) == "serving"


async def test_a_postponement_needs_a_reason_of_the_offices_dictionary(database: Database) -> None:
    scene = await a_scene(database, postpone_reasons=[{"code": "photo", "name": {"ru": "Фотографируется"}}])
    ticket = await with_a_visitor(scene)
    await refused(scene.postpones("1", reason="documents"), ReasonNeeded)
    await scene.postpones("1", reason="photo")
    assert (await scene.ticket(ticket))["postpone_reason"] == "photo"
    assert (await scene.told(ticket, "postponed"))["reason"] == "photo"


async def test_a_postponed_visitor_may_leave(scene: Scene) -> None:
    ticket = await with_a_visitor(scene)
    await scene.postpones("1", minutes=5)
    await scene.leaves(ticket)
    scene.later(6)
    await scene.keeps_time()
    assert await scene.state(ticket) == "left"


# Bringing back, calling by number


@pytest.mark.parametrize("by", ["desk", "hall"])
async def test_who_did_not_come_is_brought_back_within_the_limit_and_not_after(database: Database, by: str) -> None:
    scene = await a_scene(database, return_limit_minutes=30)

    async def bring_back(ticket: int) -> None:
        await (scene.calls("1", ticket) if by == "desk" else scene.brings_back(ticket))

    ticket = await with_a_visitor(scene, served=False)
    await scene.gives_up("1")
    scene.later(30)
    await bring_back(ticket)
    assert await scene.state(ticket) == ("called" if by == "desk" else "waiting")
    if by == "hall":
        assert await scene.next("1") == ticket
    await scene.gives_up("1")
    scene.later(30)
    scene.now += SECOND
    await refused(bring_back(ticket), TooLateToComeBack)
    assert await scene.state(ticket) == "no_show"


async def test_who_is_brought_back_keeps_the_due_time(scene: Scene) -> None:
    ticket = await with_a_visitor(scene, served=False)
    due_at = (await scene.ticket(ticket))["due_at"]
    await scene.gives_up("1")
    scene.later(5)
    await scene.calls("2", ticket)
    row = await scene.ticket(ticket)
    assert (row["due_at"], row["ended_at"]) == (due_at, None)
    assert await scene.story(ticket) == ["issued", "called", "no_show", "came_back", "called"]
    assert (await scene.told(ticket, "called"))["rule"] == "came_back"


@pytest.mark.parametrize("reason", [None, "", "   "])
async def test_a_call_by_number_needs_a_reason(scene: Scene, reason: str | None) -> None:
    await scene.takes()
    second = await scene.takes()
    await refused(scene.calls("1", second, reason), ReasonNeeded)
    assert await scene.state(second) == "waiting"


async def test_a_call_by_number_says_why_and_how_many_waited(scene: Scene) -> None:
    await scene.takes()
    second = await scene.takes()
    await scene.calls("1", second, " плохо себя чувствует ")
    told = await scene.told(second, "called")
    assert (told["rule"], told["reason"], told["waiting"]) == ("by_hand", "плохо себя чувствует", 1)


async def test_nobody_is_called_by_number_to_a_busy_or_paused_desk_or_from_another(scene: Scene) -> None:
    first = await with_a_visitor(scene)
    second = await scene.takes()
    await refused(scene.calls("1", second, "причина"), DeskBusy)
    await scene.pauses("2")
    await refused(scene.calls("2", second, "причина"), ShiftPaused)
    await scene.do(lambda db: commands.resume_shift(db, scene.who("2"), scene.now))
    await refused(scene.calls("2", first, "причина"), WrongState)


# Sending on


@pytest.mark.parametrize("served", [False, True])
async def test_a_transfer_to_a_service_keeps_number_and_due_time(scene: Scene, served: bool) -> None:
    ticket = await with_a_visitor(scene, served=served)
    before = await scene.ticket(ticket)
    scene.later(3)
    await scene.transfers("1", service="benefit", comment=" нужна справка ")
    after = await scene.ticket(ticket)
    for kept in ("letter", "number", "issued_at", "due_at", "rank_at", "rank_from"):
        assert after[kept] == before[kept]
    assert (after["state"], after["service_id"], after["desk_id"]) == ("waiting", scene.office.services["benefit"], None)
    assert after["comment"] == "нужна справка"
    told = await scene.told(ticket, "transferred")
    assert (told["service"], told["to_service"]) == (scene.office.services["passport"], scene.office.services["benefit"])
    assert (told["seconds"], told["occupied"]) == (180 if served else 0, 180)


async def test_who_is_sent_to_a_desk_is_called_by_that_desk_alone(scene: Scene) -> None:
    ticket = await with_a_visitor(scene)
    await scene.transfers("1", desk="2")
    assert await scene.next("1") is None
    assert await scene.next("2") == ticket
    assert (await scene.told(ticket, "called"))["rule"] == "directed"


async def test_who_is_sent_to_a_clerk_is_called_by_that_clerk_alone(database: Database) -> None:
    scene = await a_scene(database, desks=(a_desk("1"), a_desk("2"), a_desk("3")))
    ticket = await with_a_visitor(scene)
    await scene.transfers("1", clerk=scene.clerks["3"].login)
    assert (await scene.next("1"), await scene.next("2")) == (None, None)
    assert await scene.next("3") == ticket


async def test_a_clerk_who_moves_to_another_desk_is_still_waited_for(database: Database) -> None:
    scene = await a_scene(database, desks=(a_desk("1"), a_desk("2"), a_desk("3")), closed="3")
    for_clerk = await with_a_visitor(scene)
    await scene.transfers("1", clerk=scene.clerks["2"].login)
    for_desk = await with_a_visitor(scene)
    await scene.transfers("1", desk="2")
    await scene.opens("3", by="2")
    await scene.keeps_time()
    assert await scene.next("1") == for_desk, "desk 2 is closed"
    assert await scene.next("2") == for_clerk, "at desk 3 now"


async def test_a_desk_gets_whom_it_was_sent_also_for_a_service_that_it_does_not_take(database: Database) -> None:
    scene = await a_scene(database, PASSPORT, BENEFIT, desks=(a_desk("1"), a_desk("2", ["benefit"])))
    ticket = await with_a_visitor(scene)
    await scene.transfers("1", desk="2")
    assert await scene.next("2") == ticket


async def test_nobody_is_sent_where_nobody_is(database: Database) -> None:
    scene = await a_scene(database, PASSPORT, BENEFIT, desks=(a_desk("1", ["passport"]), a_desk("2", ["passport"])), closed="2")
    ticket = await with_a_visitor(scene)
    await refused(scene.transfers("1"), Malformed)
    await refused(scene.transfers("1", desk="2"), DeskNotOpen)
    await refused(scene.transfers("1", desk="77"), DeskNotOpen)
    await refused(scene.transfers("1", desk="1"), DeskNotOpen)
    await refused(scene.transfers("1", clerk=scene.clerks["2"].login), DeskNotOpen)
    await refused(scene.transfers("1", clerk=scene.clerks["1"].login), DeskNotOpen)
    await refused(scene.transfers("1", service="nothing"), UnknownService)
    await refused(scene.transfers("1", service="benefit"), NobodyServes)
    assert await scene.state(ticket) == "serving"


@pytest.mark.parametrize("to", ["desk", "clerk"])
@pytest.mark.parametrize("by", ["clerk", "administrator"])
async def test_when_the_desk_closes_whoever_waited_for_it_alone_waits_for_any(scene: Scene, to: str, by: str) -> None:
    ticket = await with_a_visitor(scene)
    await scene.transfers("1", **{to: "2" if to == "desk" else scene.clerks["2"].login})
    await (scene.closes("2") if by == "clerk" else scene.ends("2"))
    assert (await scene.story(ticket))[-1] == "undirected"
    assert await scene.next("1") == ticket


async def test_who_was_sent_to_a_desk_while_it_closed_is_released_within_seconds(scene: Scene) -> None:
    """The transfer saw the desk open, and the desk's closing did not see the ticket."""
    ticket = await with_a_visitor(scene)
    await scene.closes("2")
    await scene.transfers("1", service="passport")
    await scene.database.hot.execute("UPDATE ticket SET for_desk_id = $2 WHERE id = $1", ticket, scene.office.desks["2"])
    assert await scene.next("1") is None
    await scene.keeps_time()
    assert (await scene.story(ticket))[-1] == "undirected"
    assert await scene.next("1") == ticket


async def test_a_desk_and_a_clerk_who_is_elsewhere_is_nobody(database: Database) -> None:
    scene = await a_scene(database, desks=(a_desk("1"), a_desk("2"), a_desk("3")))
    ticket = await with_a_visitor(scene)
    await scene.transfers("1", desk="2", clerk=scene.clerks["3"].login)
    assert (await scene.next("2"), await scene.next("3")) == (None, None)
    await scene.keeps_time()
    assert await scene.next("2") == ticket


async def test_keeping_time_leaves_alone_who_waits_for_an_open_desk(scene: Scene) -> None:
    ticket = await with_a_visitor(scene)
    await scene.transfers("1", desk="2")
    await scene.pauses("2")
    await scene.keeps_time()
    assert (await scene.ticket(ticket))["for_desk_id"] == scene.office.desks["2"], "a break is not the end"


async def test_after_the_other_service_the_visitor_comes_back_to_the_senders_desk(scene: Scene) -> None:
    ticket = await with_a_visitor(scene)
    await scene.transfers("1", service="benefit", comment="проверьте", come_back=True)
    assert await scene.next("2") == ticket
    await scene.starts("2")
    ended = await scene.finishes("2")
    assert ended.state == "waiting"
    row = await scene.ticket(ticket)
    assert (row["service_id"], row["comment"], row["return_desk_id"]) == (scene.office.services["passport"], None, None)
    assert await scene.next("2") is None, "desk 1 alone"
    assert await scene.next("1") == ticket
    await scene.starts("1")
    assert (await scene.finishes("1")).state == "served"


async def test_where_the_senders_desk_is_closed_the_visitor_comes_back_to_any(scene: Scene) -> None:
    ticket = await with_a_visitor(scene)
    await scene.transfers("1", service="benefit", come_back=True)
    await scene.closes("1")
    await scene.next("2")
    await scene.starts("2")
    await scene.finishes("2")
    assert await scene.next("2") == ticket
    assert (await scene.ticket(ticket))["service_id"] == scene.office.services["passport"]


async def test_who_is_sent_on_twice_comes_back_to_both(database: Database) -> None:
    """1 sends to 2, and 2 to 3: back to 2, and then what 1 had begun."""
    scene = await a_scene(database, PASSPORT, BENEFIT, a_service("photo"), desks=(a_desk("1"), a_desk("2"), a_desk("3")))
    ticket = await with_a_visitor(scene)
    await scene.transfers("1", service="benefit", desk="2", come_back=True)
    await scene.next("2")
    await scene.starts("2")
    await scene.transfers("2", service="photo", desk="3", come_back=True)
    served = []
    for desk in ("3", "2", "1"):
        assert await scene.next(desk) == ticket
        served.append((await scene.ticket(ticket))["service_id"])
        await scene.starts(desk)
        await scene.finishes(desk)
    assert served == [scene.office.services[each] for each in ("photo", "benefit", "passport")]
    assert await scene.state(ticket) == "served"


async def test_several_services_are_one_visit_with_one_number(scene: Scene) -> None:
    ticket = await with_a_visitor(scene)
    before = await scene.ticket(ticket)
    await scene.adds("1", "benefit")
    await scene.adds("1", "passport")
    served = []
    desks = iter("212")
    desk = "1"
    while True:
        served.append((await scene.ticket(ticket))["service_id"])
        scene.later(2)
        if (await scene.finishes(desk)).state == "served":
            break
        desk = next(desks)
        assert await scene.next(desk) == ticket
        await scene.starts(desk)
    assert served == [scene.office.services[each] for each in ("passport", "benefit", "passport")]
    after = await scene.ticket(ticket)
    assert (after["number"], after["due_at"]) == (before["number"], before["due_at"])
    rows = await scene.database.hot.fetch("SELECT details FROM ticket_event WHERE ticket_id = $1 AND kind = 'finished' ORDER BY id", ticket)
    assert [row["details"]["service"] for row in rows] == served, "each service is measured as itself"
    assert [row["details"].get("then") for row in rows] == [*served[1:], None]


async def test_a_visit_has_so_many_services_and_no_more(scene: Scene) -> None:
    await with_a_visitor(scene)
    for _ in range(handover.MOST_SERVICES):
        await scene.adds("1", "benefit")
    await refused(scene.adds("1", "benefit"), Malformed)
    await refused(scene.adds("1", "nothing"), UnknownService)


# Finishing


async def test_a_service_with_results_is_finished_with_one_of_them(service: Service, database: Database) -> None:
    scene = await a_scene(database)
    scene.now = LATER
    await database.hot.execute("UPDATE service SET result_codes = $1, counts_applications = true", RESULTS)
    await database.hot.execute("SELECT pg_notify('setup_changed', $1)", str(scene.office.id))
    (ticket,) = await a_queue(database, scene.office, [Queued()])
    shown = await service.called(scene.clerks["1"])
    assert ([each["code"] for each in shown["results"]], shown["counts_applications"]) == (["accepted", "refused"], True)
    await service.desk(scene.clerks["1"], "start")
    for body in ({}, {"result": "whatever"}, {"applications": 2}):
        answer = await service.desk(scene.clerks["1"], "finish", **body)
        assert (answer.status_code, answer.json()["code"]) == (422, "result_needed")
    assert await scene.state(ticket) == "serving"
    answer = await service.desk(scene.clerks["1"], "finish", result="accepted", applications=3)
    assert (answer.status_code, answer.json()["state"]) == (200, "served")
    told = await scene.told(ticket, "finished")
    assert (told["result"], told["applications"]) == ("accepted", 3)


async def test_a_service_without_results_takes_none(scene: Scene) -> None:
    ticket = await with_a_visitor(scene)
    await refused(scene.finishes("1", result="accepted"), ResultNeeded)
    await scene.finishes("1")
    assert "result" not in await scene.told(ticket, "finished")


async def test_a_visit_marked_as_inaccurate_is_not_measured(scene: Scene) -> None:
    """Fifteen visits of two minutes, and fifteen of an hour that nobody stopped in time."""
    for inaccurate in (False, True) * 15:
        await with_a_visitor(scene)
        scene.later(60 if inaccurate else 2)
        if inaccurate:
            await scene.do(lambda db: handover.mark_inaccurate(db, scene.who("1"), scene.now))
        await scene.finishes("1")
    known = await Durations(scene.database.hot).of(scene.catalogue)
    assert known[scene.office.services["passport"]].mean == 120


async def test_only_the_service_that_was_marked_is_inaccurate(scene: Scene) -> None:
    ticket = await with_a_visitor(scene)
    await scene.adds("1", "benefit")
    await scene.do(lambda db: handover.mark_inaccurate(db, scene.who("1"), scene.now))
    await scene.finishes("1")
    assert (await scene.told(ticket, "finished"))["inaccurate"] is True
    await scene.next("1")
    await scene.starts("1")
    await scene.finishes("1")
    assert "inaccurate" not in await scene.told(ticket, "finished")


# Privileges


async def judged(scene: Scene, confirmed: bool, desk: str = "1") -> None:
    await scene.do(lambda db: handover.judge_privilege(db, scene.catalogue, scene.who(desk), confirmed, scene.now))


async def test_a_confirmed_privilege_keeps_its_place_and_a_refused_one_is_everybodys(database: Database) -> None:
    await a_privilege(database, "veteran")
    scene = await a_scene(database)
    ordinary = await scene.takes()
    scene.later()
    privileged = await scene.takes(privilege="veteran")
    assert await scene.next("1") == privileged
    await judged(scene, True)
    await scene.sends_back("1")
    assert await scene.next("1") == privileged
    await judged(scene, False)
    row = await scene.ticket(privileged)
    assert (row["rank_at"], row["privilege_state"]) == (row["due_at"], "refused")
    await scene.sends_back("1")
    assert await scene.next("1") == ordinary
    assert await scene.story(privileged) == [
        "issued",
        "called",
        "privilege_confirmed",
        "returned",
        "called",
        "privilege_refused",
        "returned",
    ]


async def test_a_refusal_by_mistake_is_taken_back(database: Database) -> None:
    await a_privilege(database, "veteran")
    scene = await a_scene(database)
    await scene.takes()
    privileged = await scene.takes(privilege="veteran")
    before = (await scene.ticket(privileged))["rank_at"]
    await scene.next("1")
    await judged(scene, False)
    await judged(scene, True)
    assert (await scene.ticket(privileged))["rank_at"] == before


async def test_a_ticket_without_a_privilege_has_none_to_judge(scene: Scene) -> None:
    await with_a_visitor(scene)
    await refused(judged(scene, True), WrongState)


@pytest.mark.parametrize("by", ["clerk", "administrator"])
async def test_a_booking_that_loses_a_privilege_is_still_a_booking(database: Database, by: str) -> None:
    await a_privilege(database, "veteran")
    scene = await a_scene(database, booked_head_start_minutes=60, privilege_head_start_minutes=120)
    due_at = LATER + 5 * MINUTE
    rank = Rank(due_at, due_at - 60 * MINUTE, LATER)
    (booked,) = await a_queue(database, scene.office, [Queued(rank=rank, issued_at=LATER, source=Source.BOOKED)])
    await scene.changes_privilege(booked, "veteran")
    assert (await scene.ticket(booked))["rank_at"] == due_at - 120 * MINUTE
    if by == "clerk":
        await scene.next("1")
        await judged(scene, False)
    else:
        await scene.changes_privilege(booked, None)
    assert (await scene.ticket(booked))["rank_at"] == due_at - 60 * MINUTE


# Alarms, messages, breaks


async def test_an_alarm_pressed_twice_is_one_alarm(service: Service, database: Database) -> None:
    scene = await a_scene(database)
    for _ in range(5):
        answers = await asyncio.gather(*(service.desk(scene.clerks["1"], "alarm") for _ in range(4)))
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["id"] for answer in answers}) == 1
        alarm = answers[0].json()["id"]
        assert (await service.desk(scene.clerks["2"], f"alarms/{alarm}/acknowledge")).status_code == 204


async def test_an_alarm_is_on_every_other_screen_until_somebody_else_answers(service: Service, database: Database) -> None:
    scene = await a_scene(database)
    raiser, other = scene.clerks["1"], scene.clerks["2"]
    alarm = (await service.desk(raiser, "alarm")).json()["id"]

    async def shown(by: Any) -> list[tuple[int, str, bool]]:
        alarms = (await service.desk(by, "queue", "GET")).json()["alarms"]
        return [(each["id"], each["desk"], each["mine"]) for each in alarms]

    async with service.watch(f"/live/desk?token={other.token}") as screen:
        await screen.until(lambda snapshot: [each["id"] for each in snapshot["alarms"]] == [alarm])
        assert await shown(raiser) == [(alarm, "1", True)]
        answer = await service.desk(raiser, f"alarms/{alarm}/acknowledge")
        assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")
        assert (await service.desk(other, f"alarms/{alarm}/acknowledge")).status_code == 204
        await screen.until(lambda snapshot: snapshot["alarms"] == [])
    assert (await service.desk(scene.administrator, f"alarms/{alarm}/acknowledge")).status_code == 204, "the first answer stands"
    assert await database.hot.fetchval("SELECT acknowledged_by FROM alarm") == other.account_id
    assert (await service.desk(raiser, "alarm")).json()["id"] != alarm, "another trouble is another alarm"


async def test_another_offices_alarm_is_not_there(service: Service, database: Database) -> None:
    here, there = await a_scene(database), await a_scene(database)
    alarm = (await service.desk(there.clerks["1"], "alarm")).json()["id"]
    assert (await service.desk(here.clerks["1"], f"alarms/{alarm}/acknowledge")).status_code == 404


async def test_a_message_reaches_the_administrator_once(scene: Scene) -> None:
    await scene.do(lambda db: hall.send_message(db, scene.office.id, scene.who("1"), "  нужна   бумага ", scene.now))
    (row,) = await scene.database.hot.fetch("SELECT * FROM hall_message")
    assert (row["sentence"], row["desk_id"], row["read_at"]) == ("нужна бумага", scene.office.desks["1"], None)
    for _ in range(2):
        await scene.do(lambda db: hall.read_message(db, scene.office.id, row["id"], scene.administrator.account_id, scene.now))
        scene.later()
    (row,) = await scene.database.hot.fetch("SELECT * FROM hall_message")
    assert (row["read_by"], row["read_at"]) == (scene.administrator.account_id, LATER)


@pytest.mark.parametrize("sentence", ["", "   ", "а" * 301])
async def test_an_empty_or_endless_message_is_refused(scene: Scene, sentence: str) -> None:
    await refused(scene.do(lambda db: hall.send_message(db, scene.office.id, scene.who("1"), sentence, scene.now)), Malformed)


async def test_a_break_has_a_planned_end_that_ends_nothing_by_itself(service: Service, database: Database) -> None:
    scene = await a_scene(database)
    clerk = scene.clerks["1"]
    paused = (await service.desk(clerk, "shift/pause", reason="lunch", note="до двух", minutes=30)).json()
    row = await database.hot.fetchrow("SELECT paused_at, pause_until FROM shift WHERE account_id = $1", clerk.account_id)
    assert row is not None
    assert row["pause_until"] - row["paused_at"] == timedelta(minutes=30)
    assert paused["pause_until"] is not None
    assert (await service.desk(clerk, "queue", "GET")).json()["shift"]["pause_until"] == paused["pause_until"]
    scene.now = row["pause_until"] + MINUTE
    await scene.keeps_time()
    assert (await service.desk(clerk, "queue", "GET")).json()["shift"]["state"] == "paused"
    resumed = (await service.desk(clerk, "shift/resume")).json()
    assert (resumed["state"], resumed["pause_until"]) == ("open", None)


# Who may call whom


async def test_a_visitor_who_needs_an_accessible_desk_waits_for_one_that_is_open(database: Database) -> None:
    scene = await a_scene(database, desks=(a_desk("1"), a_desk("2", accessible=True)))
    wheelchair = await scene.takes(needs=(Need.WHEELCHAIR,))
    scene.later()
    other = await scene.takes()
    assert await scene.serves("1") == other
    assert await scene.next("1") is None
    assert await scene.next("2") == wheelchair


@pytest.mark.parametrize("why", ["closed", "another service"])
async def test_where_no_accessible_desk_serves_any_desk_does(database: Database, why: str) -> None:
    desks = (a_desk("1"), a_desk("2", ["benefit"] if why == "another service" else None, accessible=True))
    scene = await a_scene(database, PASSPORT, BENEFIT, desks=desks, closed="2" if why == "closed" else "")
    wheelchair = await scene.takes(needs=(Need.WHEELCHAIR,))
    assert await scene.next("1") == wheelchair


async def test_the_office_says_which_needs_want_an_accessible_desk(database: Database) -> None:
    scene = await a_scene(database, desks=(a_desk("1"), a_desk("2", accessible=True)), accessible_needs=["hearing"])
    hearing = await scene.takes(needs=(Need.HEARING,))
    wheelchair = await scene.takes(needs=(Need.WHEELCHAIR,))
    assert await scene.next("1") == wheelchair
    assert await scene.next("2") == hearing


async def test_the_administrator_corrects_needs_and_the_order_follows(database: Database) -> None:
    scene = await a_scene(database, desks=(a_desk("1"), a_desk("2", accessible=True)))
    ticket = await scene.takes()
    await scene.changes_needs(ticket, Need.WHEELCHAIR)
    assert await scene.next("1") is None
    await scene.changes_needs(ticket)
    assert await scene.next("1") == ticket


async def test_a_desk_helps_out_only_with_who_is_so_much_longer_overdue(database: Database) -> None:
    desks = (a_desk("1", ["passport"], help_out=["benefit"]), a_desk("2", ["benefit"]))
    scene = await a_scene(database, PASSPORT, a_service("benefit", "В"), desks=desks, help_out_penalty_minutes=10)
    benefit = await scene.takes("benefit")
    scene.later(9)
    own = await scene.takes()
    assert await scene.serves("1") == own, "nine minutes older is not enough"
    scene.later(2)
    await scene.takes()
    assert await scene.serves("1") == benefit
    assert (await scene.told(benefit, "called"))["rule"] == "help_out"
