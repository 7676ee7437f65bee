"""A week played again: under the same rules it comes out as it was, and under others as the rules promise."""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from queue_service.db import Database
from queue_service.desks import commands, handover
from queue_service.desks.call_next import call_next
from queue_service.desks.handover import Destination
from queue_service.desks.rules import PauseReason
from queue_service.desks.serving import Result, finish, start_serving
from queue_service.statistics.replay import (
    NOBODY,
    Arrival,
    Call,
    DeskTakes,
    Group,
    Norms,
    Outcome,
    QueueRules,
    Stint,
    Visit,
    Waits,
    Week,
    Window,
    rank_of,
    replay,
    usual_turn,
    waits,
)
from queue_service.statistics.what_if import EVENTS, SHIFTS, TICKETS, last_week, rules_of, rules_with, what_if
from queue_service.tickets.check_in import check_in
from queue_service.tickets.rules import Rank, rank_of_walk_in
from tests.booking.scene import a_booked_office, book, means
from tests.support.factories import LATER, Queued, a_clerk, a_clerk_at, a_desk, a_privilege, a_queue, a_service, an_office

MINUTE = timedelta(minutes=1)
NONE = timedelta()
MONDAY = datetime(2031, 3, 10, 9, 0, tzinfo=UTC)
RULES = QueueRules(
    privilege_head_start=120 * MINUTE,
    booked_head_start=0 * MINUTE,
    late_grace=15 * MINUTE,
    help_out_penalty=10 * MINUTE,
    accessible_needs=frozenset({"wheelchair"}),
    norms={1: Norms(15 * MINUTE, 15 * MINUTE), 2: Norms(15 * MINUTE, 15 * MINUTE)},
)
TAKES_ALL = DeskTakes(frozenset({1, 2}), frozenset())


def at(minutes: float) -> datetime:
    return MONDAY + minutes * MINUTE


def comes(ticket: int, minutes: float, service: int = 1, takes: float = 10, **what: object) -> Arrival:
    base = Arrival(ticket, at(minutes), MONDAY.date(), [Stint(service, takes * MINUTE)])
    return replace(base, **what)  # type: ignore[arg-type]


def a_week(arrivals: Sequence[Arrival], desks: dict[int, DeskTakes] | None = None, hours: float = 9, turn: timedelta = NONE) -> Week:
    """Desks that are open from Monday's opening on."""
    desks = desks or {1: TAKES_ALL}
    return Week(arrivals, [Window(desk, MONDAY, at(hours * 60)) for desk in desks], desks, turn)


def order(outcome: Outcome) -> list[int]:
    return [call.ticket_id for call in outcome.calls]


def waited(outcome: Outcome) -> dict[int, float]:
    return {call.ticket_id: call.waited / MINUTE for call in outcome.calls}


# --- one after another --------------------------------------------------------------------------------------------------


def test_people_are_called_in_the_order_of_their_ranks_when_the_desk_is_free() -> None:
    outcome = replay(a_week([comes(1, 0), comes(2, 1), comes(3, 2), comes(4, 5, privileged=True)]), RULES)
    assert order(outcome) == [1, 4, 2, 3]
    assert waited(outcome) == {1: 0, 4: 5, 2: 19, 3: 28}
    assert [call.after_norm for call in outcome.calls] == [False, False, True, True]


def test_two_desks_share_the_queue_and_take_their_time_between_two_visitors() -> None:
    week = a_week([comes(n, 0) for n in range(1, 5)], {1: TAKES_ALL, 2: TAKES_ALL}, turn=MINUTE / 2)
    assert waited(replay(week, RULES)) == {1: 0, 2: 0, 3: 10.5, 4: 10.5}


def test_a_desk_that_helps_out_serves_its_own_first_unless_the_others_wait_longer_than_the_penalty() -> None:
    helper = {1: DeskTakes(frozenset({1}), frozenset({2}))}
    busy = comes(9, 0, takes=20)
    close = a_week([busy, comes(1, 5, service=2), comes(2, 12)], helper)
    far = a_week([busy, comes(1, 1, service=2), comes(2, 12)], helper)
    assert order(replay(close, RULES)) == [9, 2, 1]
    assert order(replay(far, RULES)) == [9, 1, 2]


def test_a_booking_that_came_early_counts_from_its_time_on() -> None:
    early = comes(1, 0, booked_at=at(30))
    crowd = [comes(n, 1, takes=7) for n in range(2, 9)]
    generous = replace(RULES, booked_head_start=60 * MINUTE)
    outcome = replay(a_week([comes(9, 0, takes=7), early, *crowd]), generous)
    assert order(outcome).index(1) == 5, "at minute 35, before whoever came hours later would"
    assert waited(outcome)[1] == 5


def test_who_comes_after_the_grace_stands_in_the_common_queue_and_is_still_counted_as_booked() -> None:
    late = comes(1, 20, booked_at=at(0))
    week = a_week([comes(9, 0, takes=30), comes(2, 10), late])
    strict, kind = replace(RULES, late_grace=15 * MINUTE), replace(RULES, late_grace=20 * MINUTE)
    assert order(replay(week, strict)) == [9, 2, 1]
    assert order(replay(week, kind)) == [9, 1, 2]
    assert {call.group for call in replay(week, strict).calls if call.ticket_id == 1} == {Group.BOOKED}


def test_further_stints_take_the_desk_as_they_did_and_only_the_first_wait_counts() -> None:
    twice = replace(comes(1, 0), stints=[Stint(1, 10 * MINUTE), Stint(2, 5 * MINUTE, away=3 * MINUTE)])
    outcome = replay(a_week([twice, comes(2, 1, takes=20), comes(3, 2)]), RULES)
    assert order(outcome) == [1, 2, 3]
    assert waited(outcome) == {1: 0, 2: 9, 3: 33}  # the second stint of the first visitor came before, with its old promise


def test_who_gave_up_is_not_called_later_than_that() -> None:
    impatient = comes(2, 1, gone_at=at(8))
    outcome = replay(a_week([comes(1, 0), impatient, comes(3, 2)]), RULES)
    assert order(outcome) == [1, 3]
    assert outcome.uncalled == 1
    patient = replace(impatient, gone_at=at(11))
    assert order(replay(a_week([comes(1, 0), patient, comes(3, 2)]), RULES)) == [1, 2, 3]


def test_a_closed_desk_calls_nobody_and_a_break_is_one() -> None:
    week = Week([comes(1, 0, takes=5), comes(2, 1)], [Window(1, MONDAY, at(4)), Window(1, at(30), at(60))], {1: TAKES_ALL})
    assert waited(replay(week, RULES)) == {1: 0, 2: 29}
    closed = Week([comes(1, 0)], [Window(1, at(-60), at(-1))], {1: TAKES_ALL})
    assert (order(replay(closed, RULES)), replay(closed, RULES).uncalled) == ([], 1)


def test_who_needs_an_accessible_desk_waits_for_it_while_one_is_open() -> None:
    desks = {1: TAKES_ALL, 2: replace(TAKES_ALL, accessible=True)}
    arrivals = [comes(1, 0, takes=5), comes(2, 0, takes=40), comes(3, 1, needs=frozenset({"wheelchair"}))]
    windows = [Window(1, MONDAY, at(300)), Window(2, MONDAY, at(300))]
    taken = replace(arrivals[1], needs=frozenset({"wheelchair"}))
    assert waited(replay(Week([arrivals[0], taken, arrivals[2]], windows, desks), RULES))[3] == 39
    anywhere = replace(RULES, accessible_needs=frozenset[str]())
    assert waited(replay(Week([arrivals[0], taken, arrivals[2]], windows, desks), anywhere))[3] == 4
    closes = [windows[0], Window(2, MONDAY, at(10))]
    assert waited(replay(Week([arrivals[0], taken, arrivals[2]], closes, desks), RULES))[3] == 9, "nobody waits for a closed desk"


def test_a_lower_daily_limit_turns_walk_ins_away_and_never_who_has_booked() -> None:
    limited = replace(RULES, norms={1: Norms(15 * MINUTE, 15 * MINUTE, daily_limit=2), 2: RULES.norms[2]})
    arrivals = [comes(1, 0), comes(2, 1), comes(3, 2), comes(4, 3, booked_at=at(3)), comes(5, 4, service=2)]
    outcome = replay(a_week(arrivals), limited)
    assert outcome.turned_away == 1
    assert 3 not in order(outcome)
    assert {1, 2, 4, 5} == set(order(outcome))


# --- figures -----------------------------------------------------------------------------------------------------------


def test_waits_are_told_by_the_middle_by_nine_of_ten_and_by_the_share_after_the_norm() -> None:
    calls = [Call(n, Group.ORDINARY, 1, n * MINUTE, after_norm=n > 8) for n in range(1, 11)]
    assert waits(calls) == Waits(10, 5.5, 9, 0.2)
    assert waits([]) == NOBODY


def test_the_usual_turn_is_measured_only_where_somebody_waited_and_the_desk_was_open() -> None:
    windows = [Window(1, at(0), at(60)), Window(1, at(90), at(200))]
    visits = [
        Visit(1, at(0), at(0), at(10)),
        Visit(1, at(5), at(11), at(20)),  # a turn of one minute
        Visit(1, at(25), at(26), at(58)),  # nobody had waited at 20
        Visit(1, at(30), at(91), at(95)),  # a break between
        Visit(1, at(40), at(98), at(99)),  # three minutes
    ]
    assert usual_turn(visits, windows) == 2 * MINUTE
    assert usual_turn([], windows) == NONE


# --- a week ------------------------------------------------------------------------------------------------------------


def a_busy_week(chance: Random, tickets: int, desks: int, days: int = 7) -> Week:
    """As many people as the desks can just serve, a fifth of them booked and a tenth privileged."""
    per_day = tickets // days
    minutes = 9 * 60 * desks * 0.97 / per_day
    arrivals, windows, number = [], [], 0
    for day in range(days):
        opens = MONDAY + timedelta(days=day)
        windows += [Window(desk, opens, opens + timedelta(hours=12)) for desk in range(desks)]
        for _ in range(per_day):
            number += 1
            moment = opens + chance.uniform(0, 540) * MINUTE
            kind = chance.random()
            arrivals.append(
                Arrival(
                    number,
                    moment,
                    opens.date(),
                    [Stint(chance.choice([1, 2]), chance.uniform(0.5, 1.5) * minutes * MINUTE)],
                    privileged=kind < 0.1,
                    booked_at=moment + chance.uniform(-10, 20) * MINUTE if kind > 0.8 else None,
                )
            )
    return Week(arrivals, windows, dict.fromkeys(range(desks), TAKES_ALL), MINUTE / 6)


def of(group: Group, outcome: Outcome) -> Waits:
    return waits(call for call in outcome.calls if call.group is group)


@pytest.mark.parametrize("seed", range(5))
def test_a_larger_head_start_of_bookings_shortens_their_waits_and_lengthens_the_others(seed: int) -> None:
    week = a_busy_week(Random(seed), 1400, 4)
    before, after = replay(week, RULES), replay(week, replace(RULES, booked_head_start=60 * MINUTE))
    assert of(Group.BOOKED, after).median < of(Group.BOOKED, before).median
    assert of(Group.BOOKED, after).nine_of_ten < of(Group.BOOKED, before).nine_of_ten
    assert of(Group.ORDINARY, after).median > of(Group.ORDINARY, before).median
    assert len(before.calls) == len(after.calls) == 1400


def test_a_longer_norm_makes_fewer_calls_late_and_changes_nothing_where_all_have_it() -> None:
    week = a_busy_week(Random(7), 700, 2)
    longer = replace(RULES, norms={service: Norms(30 * MINUTE, 30 * MINUTE) for service in RULES.norms})
    before, after = replay(week, RULES), replay(week, longer)
    assert order(before) == order(after)
    assert of(Group.ORDINARY, after).after_norm < of(Group.ORDINARY, before).after_norm


def test_a_week_of_ten_thousand_is_played_within_two_seconds() -> None:
    week = a_busy_week(Random(1), 10_000, 20)
    started = time.process_time()
    assert len(replay(week, RULES).calls) > 9_900
    assert time.process_time() - started < 2


# --- what really happened ----------------------------------------------------------------------------------------------


async def a_recorded_day(database: Database, seed: int) -> tuple[int, dict[int, float]]:
    """An office whose day was worked with the real commands, by a clock of its own, and what each visitor waited, minutes."""
    chance = Random(seed)
    office = await an_office(
        database,
        a_service("passport", typical=6),
        a_service("advice", "В", typical=4),
        desks=(a_desk("1"), a_desk("2", ["passport"], help_out=["advice"])),
        time_zone="UTC",
    )
    catalogue, privilege = await office.catalogue(database), await a_privilege(database)
    policy = catalogue.policy
    queue: list[Queued] = []
    for _ in range(90):
        moment, code, kind = LATER + chance.uniform(0, 240) * MINUTE, chance.choice(["passport", "passport", "advice"]), chance.random()
        rank: Rank = rank_of_walk_in(moment, 15 * MINUTE, policy.privilege_head_start if kind < 0.15 else NONE)
        queue.append(Queued(code, rank, moment, privilege if kind < 0.15 else None))
    queue.sort(key=lambda each: each.issued_at)
    clerks = [await a_clerk_at(database, office, number, opened_at=LATER) for number in "12"]
    ids: list[int] = []
    waits_are: dict[int, float] = {}
    free = [LATER, LATER]
    breaks = [LATER + 100 * MINUTE, LATER + 130 * MINUTE]
    while len(waits_are) < len(queue):
        desk = free.index(min(free))
        now, account = free[desk], clerks[desk].account_id
        newcomers = [each for each in queue[len(ids) :] if each.issued_at <= now]
        ids += await a_queue(database, office, newcomers) if newcomers else []
        if now >= breaks[desk]:
            async with database.session() as db:
                await commands.pause_shift(db, account, PauseReason.LUNCH, None, now)
            async with database.session() as db:
                await commands.resume_shift(db, account, now + 15 * MINUTE)
            free[desk], breaks[desk] = now + 15 * MINUTE, LATER + 9999 * MINUTE
            continue
        called = await call_next(database.hot, catalogue, account, None, now)
        if called is None:
            free[desk] = now + MINUTE / 6
            continue
        waits_are[called[0].id] = (now - called[0].issued_at) / MINUTE
        ended = now + chance.uniform(2, 8) * MINUTE
        await start_serving(database.hot, account, None, now + MINUTE / 4)
        await finish(database.hot, catalogue, account, Result(), None, ended)
        free[desk] = ended + MINUTE / 3
    for clerk in clerks:
        async with database.session() as db:
            await commands.close_shift(db, clerk.account_id, max(free))
    return office.id, waits_are


@pytest.mark.parametrize("seed", [1, 2])
async def test_under_the_unchanged_policy_a_day_comes_out_as_it_was_recorded(database: Database, seed: int) -> None:
    office_id, recorded = await a_recorded_day(database, seed)
    office = await an_office(database)  # another one, whose visitors are none of ours
    await a_queue(database, office, [Queued(issued_at=LATER)])
    catalogue = await replace(office, id=office_id).catalogue(database)
    now = LATER + timedelta(hours=10)
    record = await last_week(database.hot, catalogue, now)
    outcome = replay(record.week, rules_of(catalogue))
    played = {call.ticket_id: call.waited / MINUTE for call in outcome.calls}
    assert set(played) == set(recorded)
    assert timedelta(seconds=19) < record.week.turn < timedelta(seconds=31)
    assert max(recorded.values()) > 15, "a day without a queue proves nothing"
    true, again = sorted(recorded.values()), sorted(played.values())
    assert abs(true[45] - again[45]) < 1.5
    assert abs(true[81] - again[81]) < 2.5
    assert sum(abs(played[ticket] - minutes) for ticket, minutes in recorded.items()) / len(recorded) < 2


async def test_the_weeks_before_and_other_offices_are_not_played(database: Database) -> None:
    office, other = await an_office(database, time_zone="UTC"), await an_office(database, time_zone="UTC")
    catalogue = await office.catalogue(database)
    (ours,) = await a_queue(database, office, [Queued(issued_at=LATER - timedelta(days=6))])
    await a_queue(database, office, [Queued(issued_at=LATER - timedelta(days=7))])
    await a_queue(database, other, [Queued(issued_at=LATER)])
    record = await last_week(database.hot, catalogue, LATER)
    assert [each.id for each in record.week.arrivals] == [ours]
    assert (record.last_day - record.first_day).days == 6


async def test_a_visitor_who_was_set_aside_and_sent_on_is_played_visit_by_visit(database: Database) -> None:
    office = await an_office(database, a_service("passport"), a_service("advice", "В", typical=7), time_zone="UTC")
    catalogue = await office.catalogue(database)
    clerk = (await a_clerk_at(database, office, "1", opened_at=LATER)).account_id
    ticket, unseen = await a_queue(database, office, [Queued(issued_at=LATER), Queued("advice", issued_at=LATER + 90 * MINUTE)])
    passport, advice = office.services["passport"], office.services["advice"]

    def later(minutes: float) -> datetime:
        return LATER + minutes * MINUTE

    await call_next(database.hot, catalogue, clerk, None, later(2))
    await start_serving(database.hot, clerk, None, later(3))
    async with database.session() as db:
        await handover.postpone(db, catalogue, clerk, "documents", None, later(10))
    async with database.session() as db:
        await handover.call_ticket(db, catalogue, clerk, ticket, None, later(40))
    await start_serving(database.hot, clerk, None, later(41))
    async with database.session() as db:
        await handover.transfer(db, catalogue, clerk, Destination(service="advice"), later(45))
    await call_next(database.hot, catalogue, clerk, None, later(50))
    record = await last_week(database.hot, catalogue, later(54))
    of = {each.id: each for each in record.week.arrivals}
    assert of[ticket].stints == [
        Stint(passport, 8 * MINUTE),
        Stint(passport, 5 * MINUTE, away=30 * MINUTE),
        Stint(advice, 4 * MINUTE),  # still there
    ]
    assert (of[unseen].stints, of[unseen].gone_at) == ([Stint(advice, 7 * MINUTE)], later(54))


async def test_a_booking_is_played_from_its_booked_time(database: Database) -> None:
    office = await a_booked_office(database)
    booking = means(database)
    booked_at = LATER + 60 * MINUTE
    made = await book(database, booking, office, booked_at)
    taken = await check_in(booking, office.id, made.secret, ("staff", 1), booked_at - 10 * MINUTE)
    record = await last_week(database.hot, await office.catalogue(database), booked_at)
    (arrival,) = record.week.arrivals
    assert (arrival.id, arrival.booked_at, arrival.group) == (taken.id, booked_at, Group.BOOKED)
    assert rank_of(arrival, rules_of(await office.catalogue(database))) == Rank(taken.due_at, taken.rank_at, taken.rank_from)


async def test_the_present_rules_beside_others(database: Database) -> None:
    office_id, _ = await a_recorded_day(database, 3)
    catalogue = await replace(await an_office(database), id=office_id).catalogue(database)
    rules = rules_of(catalogue)
    told = await what_if(database.hot, catalogue, rules, replace(rules, privilege_head_start=NONE), LATER + timedelta(hours=10))
    privileged, ordinary, booked = told.groups[Group.PRIVILEGED], told.groups[Group.ORDINARY], told.groups[Group.BOOKED]
    assert privileged.then.median > privileged.now.median
    assert ordinary.then.median <= ordinary.now.median
    assert booked.now == booked.then == NOBODY
    assert sum(each.now.visitors for _, each in told.service_groups) == 90
    assert (told.turned_away, told.uncalled, told.nobody_came) == (0, 0, False)


async def test_values_of_the_editor_become_the_rules_of_a_play(database: Database) -> None:
    office = await an_office(database, a_service("passport", limit=50), a_service("advice", "В"))
    catalogue = await office.catalogue(database)
    values = {"booked_head_start_minutes": 5, "amber_minutes": 1, "passport.wait_norm_minutes": 20, "passport.daily_limit": None}
    rules, known = rules_with(catalogue, values), rules_of(catalogue)
    assert rules == replace(
        known, booked_head_start=5 * MINUTE, norms=dict(known.norms) | {office.services["passport"]: Norms(20 * MINUTE, 15 * MINUTE, None)}
    )
    assert known.norms[office.services["passport"]].daily_limit == 50
    assert rules_with(catalogue, {}) == known


async def a_neighbours_years(database: Database) -> None:
    """Another office's 500 tickets, with a journal of twenty rows each."""
    neighbour = await an_office(database)
    tickets = await a_queue(database, neighbour, [Queued(issued_at=LATER - timedelta(days=day)) for day in range(500)])
    await database.hot.execute(
        "INSERT INTO ticket_event (ticket_id, office_id, kind, at, details)"
        " SELECT ticket_id, $2, 'recalled', $3, '{}' FROM unnest($1::bigint[]) AS ticket_id, generate_series(1, 20)",
        tickets,
        neighbour.id,
        LATER,
    )


async def test_a_week_is_read_by_indexes(database: Database) -> None:
    """On a million tickets these plans read one office's seven days."""
    days = (1, LATER.date(), LATER.date())
    office = await an_office(database)
    clerk = await a_clerk(database, office)
    # Years of a neighbour's tickets with their journal, and of shifts, and the planner knows: on a small table every index is as good as
    # any other.
    await a_neighbours_years(database)
    await database.hot.execute(
        "INSERT INTO shift (office_id, desk_id, account_id, opened_at, closed_at, served, serving_seconds)"
        " SELECT $1, $2, $3, at, at, 0, 0 FROM generate_series($4::timestamptz - interval '5000 hours', $4, interval '1 hour') AS at",
        office.id,
        office.desks["1"],
        clerk.account_id,
        LATER,
    )
    await database.hot.execute("INSERT INTO shift_event (shift_id, kind, at) SELECT id, 'opened', opened_at FROM shift")
    await database.hot.execute("ANALYZE shift; ANALYZE shift_event; ANALYZE ticket; ANALYZE ticket_event; ANALYZE appointment")
    for statement, arguments, indexes in (
        (TICKETS, days, ["uq_ticket_number", "pk_appointment"]),
        (EVENTS, days, ["uq_ticket_number", "ix_ticket_event_ticket"]),
        (SHIFTS, (1, LATER, LATER), ["ix_shift_office", "ix_shift_event_shift_id"]),
    ):
        plan = "\n".join(row[0] for row in await database.hot.fetch("EXPLAIN " + statement, *arguments))
        assert not [each for each in indexes if each not in plan], plan
        assert not [each for each in ("Seq Scan", "Hash", "Merge", "Materialize") if each in plan], plan
