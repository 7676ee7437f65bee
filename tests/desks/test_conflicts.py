"""Two people press at the same moment: whatever they press, it ends as if one had pressed after the other.

Every pair of acts that can meet over one visitor is tried in both orders, one after the other, and then together in real concurrent
transactions: the answers, the visitor's state and the journal must be those of one of the two orders. Who comes second gets a sentence.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from queue_service.db import Database
from queue_service.desks import handover
from queue_service.desks.housekeeping import end_days
from queue_service.errors import DeskTaken, DomainError
from queue_service.tickets.rules import Need
from tests.desks.scene import MINUTE, Scene, a_scene
from tests.desks.soundness import check_sound, deadlocks
from tests.support.booking import wait_in_line
from tests.support.factories import LATER, Queued, a_desk, a_privilege, a_queue, a_service

CAME = LATER - 60 * MINUTE
ROUNDS = 3
"""How often each pair presses together: with nothing, with a little, and with a little more between the two."""

Act = Callable[[Scene, int], Awaitable[Any]]


async def the_day_ends(scene: Scene, _: int) -> list[str]:
    return await end_days(scene.database.hot, scene.now)


async def the_term_is_over(scene: Scene, _: int) -> None:
    await scene.database.hot.execute("UPDATE ticket SET postponed_until = $1 WHERE state = 'postponed'", scene.now)
    await scene.keeps_time()


def judged(confirmed: bool) -> Act:
    return lambda scene, _: scene.do(lambda db: handover.judge_privilege(db, scene.catalogue, scene.who("1"), confirmed, scene.now))


ACTS: dict[str, Act] = {
    "1 calls next": lambda scene, _: scene.next("1"),
    "2 calls next": lambda scene, _: scene.next("2"),
    "1 calls it": lambda scene, ticket: scene.calls("1", ticket, "по просьбе"),
    "2 calls it": lambda scene, ticket: scene.calls("2", ticket, "по просьбе"),
    "1 recalls": lambda scene, _: scene.recalls("1"),
    "1 starts": lambda scene, _: scene.starts("1"),
    "1 gives up": lambda scene, _: scene.gives_up("1"),
    "1 sends back": lambda scene, _: scene.sends_back("1"),
    "1 postpones": lambda scene, _: scene.postpones("1"),
    "1 transfers to desk 2": lambda scene, _: scene.transfers("1", desk="2"),
    "1 transfers to clerk 2": lambda scene, _: scene.transfers("1", clerk=scene.clerks["2"].login),
    "1 transfers to a service": lambda scene, _: scene.transfers("1", service="benefit", come_back=True),
    "1 adds a service": lambda scene, _: scene.adds("1", "benefit"),
    "1 finishes": lambda scene, _: scene.finishes("1"),
    "1 refuses the privilege": judged(False),
    "1 marks as inaccurate": lambda scene, _: scene.do(lambda db: handover.mark_inaccurate(db, scene.who("1"), scene.now)),
    "1 pauses": lambda scene, _: scene.pauses("1"),
    "1 closes": lambda scene, _: scene.closes("1"),
    "2 closes": lambda scene, _: scene.closes("2"),
    "1 moves to desk 3": lambda scene, _: scene.opens("3", by="1"),
    "2 takes desk 3": lambda scene, _: scene.opens("3", by="2"),
    "the hall sets it aside": lambda scene, ticket: scene.sets_aside(ticket),
    "the hall resumes it": lambda scene, ticket: scene.resumes(ticket),
    "the hall brings it back": lambda scene, ticket: scene.brings_back(ticket),
    "the hall puts it first": lambda scene, ticket: scene.puts_first(ticket),
    "the hall sends it away": lambda scene, ticket: scene.sends_away(ticket),
    "the hall changes needs": lambda scene, ticket: scene.changes_needs(ticket, Need.HEARING),
    "the hall takes the privilege": lambda scene, ticket: scene.changes_privilege(ticket, None),
    "the hall ends desk 1": lambda scene, _: scene.ends("1"),
    "the visitor leaves": lambda scene, ticket: scene.leaves(ticket),
    "the term is over": the_term_is_over,
    "the day ends": the_day_ends,
}
CALLS_NEXT = frozenset({"1 calls next", "2 calls next"})
MOVES = frozenset({"1 moves to desk 3", "2 takes desk 3"})

MEET: dict[str, list[str]] = {
    "waiting": [
        "1 calls next",
        "2 calls next",
        "1 calls it",
        "2 calls it",
        "the hall sets it aside",
        "the hall puts it first",
        "the hall sends it away",
        "the hall changes needs",
        "the hall takes the privilege",
        "the hall ends desk 1",
        "the visitor leaves",
        "1 pauses",
        "1 closes",
        "1 moves to desk 3",
        "2 takes desk 3",
        "the day ends",
    ],
    "called": [
        "1 recalls",
        "1 starts",
        "1 gives up",
        "1 sends back",
        "1 postpones",
        "1 transfers to desk 2",
        "1 transfers to a service",
        "1 refuses the privilege",
        "1 calls next",
        "2 calls next",
        "2 calls it",
        "2 closes",
        "1 closes",
        "the hall brings it back",
        "the hall changes needs",
        "the hall ends desk 1",
        "the visitor leaves",
        "the day ends",
    ],
    "serving": [
        "1 recalls",
        "1 finishes",
        "1 postpones",
        "1 transfers to desk 2",
        "1 transfers to clerk 2",
        "1 transfers to a service",
        "1 adds a service",
        "1 marks as inaccurate",
        "1 calls next",
        "2 calls next",
        "2 closes",
        "1 closes",
        "the hall takes the privilege",
        "the hall ends desk 1",
        "the hall sends it away",
        "the visitor leaves",
        "the day ends",
    ],
    "postponed": [
        "1 calls it",
        "2 calls it",
        "1 calls next",
        "1 closes",
        "the hall resumes it",
        "the hall sends it away",
        "the hall changes needs",
        "the hall puts it first",
        "the visitor leaves",
        "the term is over",
        "the day ends",
    ],
    "no_show": ["1 calls it", "2 calls it", "1 calls next", "the hall brings it back", "the visitor leaves", "the day ends"],
    "sent to desk 2": [
        "2 calls next",
        "1 calls it",
        "2 closes",
        "2 takes desk 3",
        "the hall sets it aside",
        "the visitor leaves",
        "the day ends",
    ],
}
"""Where the visitor is -> who may press what at that moment."""


@pytest.fixture
async def scene(database: Database) -> Scene:
    """Closed for half an hour already: the day may end at any moment."""
    await a_privilege(database)
    desks = (a_desk("1"), a_desk("2"), a_desk("3"))
    hours = [(weekday, 0, 11 * 60) for weekday in range(1, 8)]
    services = (a_service("passport"), a_service("benefit"))
    return await a_scene(database, *services, desks=desks, closed="3", time_zone="Europe/Moscow", hours=hours, day_ends_minutes=30)


async def somebody(scene: Scene, where: str) -> int:
    """A hall with desks 1 and 2 open and one visitor, who is there."""
    for table in ("ticket_event", "ticket", "office_day"):
        await scene.database.hot.execute(f"DELETE FROM {table}")
    await scene.database.hot.execute("DELETE FROM shift_event")
    await scene.database.hot.execute("DELETE FROM shift")
    await scene.database.hot.executemany(
        "INSERT INTO shift (office_id, desk_id, account_id, opened_at, served, serving_seconds) VALUES ($1, $2, $3, $4, 0, 0)",
        [(scene.office.id, scene.office.desks[desk], scene.who(desk), CAME) for desk in "12"],
    )
    scene.now = CAME
    privilege = await scene.database.hot.fetchval("SELECT id FROM privilege")
    (ticket,) = await a_queue(scene.database, scene.office, [Queued(issued_at=CAME, privilege=privilege)])
    if where != "waiting":
        await scene.next("1")
    if where == "serving":
        await scene.starts("1")
    elif where == "postponed":
        await scene.postpones("1")
    elif where == "sent to desk 2":
        await scene.transfers("1", desk="2")
    scene.now = LATER
    if where == "no_show":
        await scene.gives_up("1")
    return ticket


async def pressed(scene: Scene, act: str, ticket: int) -> object:
    """What whoever pressed it sees: the refusal's code, for call-next whom it called, else that it is done."""
    try:
        result = await ACTS[act](scene, ticket)
    except DomainError as refusal:
        return refusal.code if refusal.text["ru"] and refusal.text["en"] else "without a sentence"
    return result == ticket if act in CALLS_NEXT else bool(result) if act == "the day ends" else "done"


async def outcome(scene: Scene, ticket: int, *answers: object) -> object:
    """The answers and what has become of the hall, once time has been kept."""
    await scene.keeps_time()
    row = await scene.ticket(ticket)
    kept = (
        "state",
        "desk_id",
        "for_desk_id",
        "for_clerk_id",
        "service_id",
        "calls",
        "needs",
        "privilege_state",
        "next_services",
        "inaccurate",
    )
    open_ = await scene.database.hot.fetch("SELECT desk_id, account_id, paused_at IS NULL FROM shift WHERE closed_at IS NULL ORDER BY 1")
    return answers, [(each, row[each]) for each in kept], await scene.story(ticket), [tuple(each) for each in open_]


async def possible(scene: Scene, where: str, one: str, other: str) -> list[object]:
    """How it may end: one first, or the other."""
    ends = []
    ticket = await somebody(scene, where)
    answers = [await pressed(scene, one, ticket), await pressed(scene, other, ticket)]
    ends.append(await outcome(scene, ticket, *answers))
    ticket = await somebody(scene, where)
    answers = [await pressed(scene, other, ticket), await pressed(scene, one, ticket)]
    ends.append(await outcome(scene, ticket, *reversed(answers)))
    for mine, another in ((one, other), (other, one)):
        if mine in CALLS_NEXT and another not in CALLS_NEXT:
            # Call-next waits for nobody: a visitor with whom somebody is busy all the while is passed over.
            ticket = await somebody(scene, where)
            answer = await pressed(scene, another, ticket)
            ends.append(await outcome(scene, ticket, *((False, answer) if mine == one else (answer, False))))
        if mine in MOVES and mine[0] == another[0]:
            # Who has just left a desk is told that it is closed, though another one is open by now.
            ticket = await somebody(scene, where)
            answer = await pressed(scene, mine, ticket)
            ends.append(await outcome(scene, ticket, *((answer, "shift_closed") if mine == one else ("shift_closed", answer))))
    return ends


@pytest.mark.parametrize(("where", "one"), [(where, act) for where, acts in MEET.items() for act in acts])
async def test_two_who_press_at_once_end_as_if_one_had_been_first(scene: Scene, where: str, one: str) -> None:
    before = await deadlocks(scene.database)
    acts = MEET[where]
    for other in acts[acts.index(one) :]:
        ends = await possible(scene, where, one, other)
        for round_ in range(ROUNDS):
            ticket = await somebody(scene, where)

            async def presses(act: str, late: bool, ticket: int = ticket, pause: float = round_ * 0.002) -> object:
                if late:
                    await asyncio.sleep(pause)
                return await pressed(scene, act, ticket)

            answers = await asyncio.gather(presses(one, round_ == 1), presses(other, round_ == 2))
            end = await outcome(scene, ticket, *answers)
            assert "without a sentence" not in answers
            assert end in ends, f"{where}: {one} | {other}"
            await check_sound(scene.database, scene.office.id)
    assert await deadlocks(scene.database) == before


async def test_a_call_that_had_to_wait_looks_again_before_it_takes_anybody(scene: Scene) -> None:
    """Meanwhile the visitor was called elsewhere and sent to another desk: waiting again, and not for this one."""
    ticket = await somebody(scene, "waiting")
    await scene.opens("3")
    async with scene.database.hot.acquire() as other, other.transaction():
        await other.execute("SELECT FROM shift WHERE account_id = $1 FOR UPDATE", scene.who("2"))
        waiting = asyncio.create_task(scene.next("2"))
        await wait_in_line(scene.database, 1)
        await scene.next("1")
        await scene.transfers("1", desk="3")
    assert await waiting is None
    assert await scene.next("3") == ticket


async def test_two_clerks_who_change_places_do_not_wait_for_each_other(scene: Scene) -> None:
    """Each desk is taken until its clerk has left it: nobody can be first, and both are told so."""
    before = await deadlocks(scene.database)
    for _ in range(10):
        await somebody(scene, "waiting")
        ends = await asyncio.gather(scene.opens("2", by="1"), scene.opens("1", by="2"), return_exceptions=True)
        assert [type(each) for each in ends] == [DeskTaken, DeskTaken]
        await check_sound(scene.database, scene.office.id)
    assert await deadlocks(scene.database) == before
