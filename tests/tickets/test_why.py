"""Why another number was called: what a waiting visitor is told is what the journal holds, and it is true."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import pytest

from queue_service.db import Database
from queue_service.desks import commands as desk
from queue_service.desks import hall, handover
from queue_service.desks.call_next import call_next
from queue_service.desks.handover import Destination
from queue_service.desks.housekeeping import keep_time
from queue_service.desks.serving import Result, finish, start_serving
from queue_service.errors import DomainError
from queue_service.offices.catalogue import Catalogue, Catalogues
from queue_service.tickets.check_in import check_in
from queue_service.tickets.commands import Act, leave_queue
from queue_service.tickets.explanation import RULE_SENTENCES, why_called
from queue_service.tickets.rules import Need
from queue_service.tickets.take import Taking, Wish
from queue_service.tickets.why import CALLS_SHOWN, CallWhyOut, why_others
from tests.booking.scene import a_booked_office, book, means
from tests.support.factories import (
    LATER,
    AClerk,
    AnOffice,
    Queued,
    a_clerk_at,
    a_desk,
    a_privilege,
    a_queue,
    a_service,
    a_ticket,
    an_office,
)
from tests.support.service import Service

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
MOSCOW = ZoneInfo("Europe/Moscow")
T = TypeVar("T")


class TestSentencesOfACall:
    """What clerk and visitor read of the call itself."""

    def said(self, **details: Any) -> str:
        return why_called({"waiting": 2, **details}, LATER, MOSCOW)["ru"]

    @pytest.mark.parametrize("rule", ["due", "privilege", "booked", "help_out", "directed", "postponed", "came_back"])
    def test_each_rule_has_a_sentence_of_its_own(self, rule: str) -> None:
        assert RULE_SENTENCES[rule]["ru"] in self.said(rule=rule)
        assert "(срок 12:00; кроме него ждали: 2)" in self.said(rule=rule)

    def test_who_is_picked_was_not_next(self) -> None:
        assert self.said(rule="due").startswith("Вызван следующим: ")
        assert self.said(rule="postponed").startswith("Вызван вне очереди: ")
        assert self.said(rule="by_hand", reason="кормящая мать") == (
            "Вызван вне очереди: вызван вручную, причина: «кормящая мать» (срок 12:00; кроме него ждали: 2)."
        )

    def test_a_place_changed_by_hand_is_not_a_call_by_hand(self) -> None:
        assert "поставлен первым администратором зала" in self.said(rule="by_hand")
        assert self.said(rule="by_hand").startswith("Вызван следующим: ")

    def test_english_says_the_same(self) -> None:
        assert why_called({"rule": "by_hand", "reason": "x1", "waiting": 40}, LATER, MOSCOW)["en"] == (
            "Called out of turn: called by hand, reason: “x1” (due 12:00; others waiting: more than 30)."
        )


@dataclass
class Visitor:
    """The test's own idea of a ticket; it takes nothing from the service but the number."""

    id: int
    secret: str
    service: str
    due_at: datetime
    head_start: timedelta
    counts_from: datetime
    state: str = "waiting"
    needs: frozenset[str] = frozenset()
    only_desk: str | None = None
    back_to: tuple[str, str] | None = None
    later: list[str] = field(default_factory=list)
    moved_to: datetime | None = None
    moved_because: str | None = None
    until: datetime | None = None

    def place(self, now: datetime) -> datetime:
        if self.moved_to is not None:
            return self.moved_to
        return self.due_at - self.head_start if self.counts_from <= now else self.due_at


PENALTY = 10 * MINUTE
TAKES = {"1": ({"passport"}, {"property"}), "2": ({"property"}, set[str]()), "3": ({"passport", "property"}, set[str]())}
"""Desk -> its own services, those it helps out with. Desk 3 is the accessible one."""
ORDERED = {"due", "privilege", "booked", "directed", "helps_them", "moved"}
COULD_NOT = {"not_its_service", "sent_elsewhere", "needs_access", "helps_us"}


@dataclass
class Day:
    """One office's day through the real commands, beside a plain list that the test keeps by itself."""

    database: Database
    office: AnOffice
    catalogue: Catalogue
    clerks: dict[str, AClerk]
    chance: random.Random
    now: datetime = LATER
    visitors: dict[int, Visitor] = field(default_factory=dict)
    at_desk: dict[str, int] = field(default_factory=dict)
    calls: int = 0
    answers: dict[str, int] = field(default_factory=dict)
    rules: dict[str, int] = field(default_factory=dict)
    told: dict[int, dict[datetime, CallWhyOut]] = field(default_factory=dict)
    """What each visitor was told of each call at the moment of the call."""

    async def does(self, command: Callable[..., Awaitable[T]], *arguments: Any) -> T:
        async with self.database.session() as db:
            return await command(db, *arguments)

    # The order, by a reading of design §4 that shares no line with the service ------------------------------------------------

    def may(self, number: str, visitor: Visitor) -> bool:
        if visitor.only_desk is not None:
            return visitor.only_desk == number
        own, helped = TAKES[number]
        return visitor.service in own | helped and ("wheelchair" not in visitor.needs or number == "3")

    def key(self, number: str, visitor: Visitor) -> tuple[datetime, int]:
        helps = visitor.only_desk is None and visitor.service in TAKES[number][1]
        return visitor.place(self.now) + (PENALTY if helps else timedelta()), visitor.id

    def waiting(self) -> list[Visitor]:
        return [each for each in self.visitors.values() if each.state == "waiting"]

    def next_for(self, number: str) -> Visitor | None:
        return min((each for each in self.waiting() if self.may(number, each)), key=lambda each: self.key(number, each), default=None)

    # What happens ---------------------------------------------------------------------------------------------------------------

    async def comes(self, service: str, privilege: str | None = None, needs: tuple[Need, ...] = ()) -> None:
        wish = Wish(service, privilege, needs, "ru", f"key-{len(self.visitors)}")
        taken = await Taking(self.database.hot).take(self.catalogue, wish, ("kiosk", 1), self.now)
        due_at, head = self.now + 15 * MINUTE, 120 * MINUTE if privilege else timedelta()
        self.visitors[taken.id] = Visitor(taken.id, taken.secret, service, due_at, head, self.now, needs=frozenset(needs))

    async def calls_next(self, number: str) -> None:
        expected = self.next_for(number)
        called = await call_next(self.database.hot, self.catalogue, self.clerks[number].account_id, None, self.now)
        assert (called[0].id if called else None) == (expected.id if expected else None)
        if called is not None and expected is not None:
            stood = {each.id: self.key(number, each) for each in self.waiting()}
            await self._called(number, expected, called[1]["rule"], stood)

    async def picks(self, number: str, visitor: Visitor, reason: str | None, rule: str) -> None:
        stood = {each.id: self.key(number, each) for each in self.waiting()}
        await self.does(handover.call_ticket, self.catalogue, self.clerks[number].account_id, visitor.id, reason, self.now)
        await self._called(number, visitor, rule, stood, reason)

    async def _called(
        self, number: str, visitor: Visitor, rule: str, stood: dict[int, tuple[datetime, int]], reason: str | None = None
    ) -> None:
        """Everybody who waits asks at once, and the one who was called as well."""
        others = [each for each in self.waiting() if each.id != visitor.id]
        key = self.key(number, visitor)
        picked = rule in ("postponed", "came_back") or reason is not None
        visitor.state, self.at_desk[number] = "called", visitor.id
        if picked:
            visitor.only_desk = None
        self.calls += 1
        self.rules[rule] = self.rules.get(rule, 0) + 1
        journal: Any = await self.database.hot.fetchrow(
            "SELECT ticket_id, at, desk_id, details FROM ticket_event WHERE kind = 'called' ORDER BY id DESC LIMIT 1"
        )
        stored = journal["details"]
        assert (journal["ticket_id"], journal["at"], stored["rule"]) == (visitor.id, self.now, rule)
        catalogues = Catalogues(self.database.hot)
        for each in [*others, visitor]:
            _, told = await why_others(self.database.hot, catalogues, each.secret, self.now)
            newest = told.calls[0]
            assert (newest.at, self.office.desks[newest.desk]) == (journal["at"], journal["desk_id"])
            assert newest.rule == stored["rule"]
            assert newest.due_at == datetime.fromisoformat(stored["due"]) == visitor.due_at
            if picked:
                assert newest.reason == stored.get("reason") == reason
            self.told.setdefault(each.id, {})[newest.at] = newest
            self.answers[newest.answer] = self.answers.get(newest.answer, 0) + 1
            if each is visitor:
                assert newest.answer == "own"
            else:
                self._is_true(newest, number, visitor, key, each, stood[each.id], rule, picked)

    def _is_true(
        self,
        told: CallWhyOut,
        number: str,
        visitor: Visitor,
        key: tuple[datetime, int],
        asks: Visitor,
        asks_key: tuple[datetime, int],
        rule: str,
        picked: bool,
    ) -> None:
        said = told.why["ru"]
        assert f"{visitor.secret}" not in said
        if picked:
            assert told.answer == {"by_hand": "picked"}.get(rule, rule)
            assert told.reason is None or told.reason in said
            return
        assert told.answer in ORDERED | COULD_NOT, said
        if told.answer in ORDERED:
            assert key < (asks.place(self.now), asks.id), "it stood before, whatever the desk"
            still_moved = visitor.moved_to is not None and visitor.moved_to < visitor.due_at
            assert told.answer == {"by_hand": "moved" if still_moved else "due", "help_out": "helps_them"}.get(rule, rule)
        else:
            assert key > (asks.place(self.now), asks.id), "by the order alone it would have been this one"
        self._says_what_is_true(told, number, visitor, asks, asks_key > key)

    def _says_what_is_true(self, told: CallWhyOut, number: str, visitor: Visitor, asks: Visitor, after: bool) -> None:
        said, places = told.why["ru"], (visitor.due_at, asks.due_at)
        own, helped = TAKES[number]
        theirs, ours = (f"{each.astimezone(MOSCOW):%H:%M}" for each in places)
        match told.answer:
            case "due":
                assert (visitor.due_at, visitor.id) < (asks.due_at, asks.id)
                assert (f"{theirs}, ваш — {ours}" if theirs != ours else f"у обоих {ours}") in said
            case "booked":
                assert f"записи на {visitor.counts_from.astimezone(MOSCOW):%H:%M}" in said
            case "moved":
                assert str(visitor.moved_because) in said
            case "not_its_service":
                assert asks.service not in own | helped
            case "sent_elsewhere":
                assert asks.only_desk not in (None, number)
            case "needs_access":
                assert "wheelchair" in asks.needs
                assert number != "3"
            case "helps_us":
                assert asks.service in helped
                assert after

    async def goes_on(self, number: str) -> None:
        """What becomes of the visitor at the desk, by chance."""
        visitor = self.visitors[self.at_desk[number]]
        clerk = self.clerks[number].account_id
        dice = self.chance.random()
        if dice < 0.06:
            await self.does(desk.return_to_queue, clerk, self.now)
            visitor.state = "waiting"
        elif dice < 0.12:
            await self.does(desk.no_show, self.catalogue, clerk, self.now)
            visitor.state = "no_show"
        else:
            await start_serving(self.database.hot, clerk, None, self.now)
            self.now += SECOND
            if visitor.head_start == 120 * MINUTE and self.chance.random() < 0.3:
                await self.does(handover.judge_privilege, self.catalogue, clerk, False, self.now)
                visitor.head_start = timedelta()
            if dice < 0.26:
                minutes = self.chance.choice([None, 5, 10])
                await self.does(handover.postpone, self.catalogue, clerk, "form", minutes, self.now)
                visitor.state, visitor.until = "postponed", self.now + minutes * MINUTE if minutes else None
            elif dice < 0.46:
                there = self.chance.choice([each for each in TAKES if each != number])
                service, back = self.chance.choice(sorted(TAKES[there][0])), self.chance.random() < 0.5
                to = Destination(service=service, desk=there, come_back=back)
                await self.does(handover.transfer, self.catalogue, clerk, to, self.now)
                if back:
                    visitor.later[:0] = [visitor.back_to[1]] if visitor.back_to else []
                    visitor.back_to = (number, visitor.service)
                visitor.state, visitor.service, visitor.only_desk = "waiting", service, there
            else:
                await finish(self.database.hot, self.catalogue, clerk, Result(), None, self.now)
                if visitor.back_to is not None:
                    (visitor.only_desk, visitor.service), visitor.back_to, visitor.state = visitor.back_to, None, "waiting"
                elif visitor.later:
                    visitor.only_desk, visitor.service, visitor.state = None, visitor.later.pop(0), "waiting"
                else:
                    visitor.state = "served"
        del self.at_desk[number]

    async def terms_end(self) -> None:
        await keep_time(self.database.hot, self.now)
        for each in self.visitors.values():
            if each.state == "postponed" and each.until is not None and each.until <= self.now:
                each.state, each.until = "waiting", None

    async def put_first(self, visitor: Visitor, reason: str) -> None:
        first = min(each.due_at - each.head_start if each.moved_to is None else each.moved_to for each in self.waiting())
        await self.does(hall.put_first, self.catalogue, visitor.id, reason, Act(self.now, clerk_id=self.clerks["1"].account_id))
        visitor.moved_to, visitor.moved_because = min(first - SECOND, visitor.due_at), reason


async def a_day(database: Database, seed: int) -> Day:
    services = a_service("passport", "А"), a_service("property", "В")
    desks = [a_desk(number, sorted(own), help_out=sorted(helped), accessible=number == "3") for number, (own, helped) in TAKES.items()]
    office = await a_booked_office(
        database,
        *services,
        lanes=3,
        policy={"desks": desks, "no_show_min_calls": 1, "no_show_min_seconds": 0, "help_out_penalty_minutes": 10},
    )
    await a_privilege(database, "veteran")
    clerks = {number: await a_clerk_at(database, office, number, LATER) for number in TAKES}
    return Day(database, office, await office.catalogue(database), clerks, random.Random(seed))


async def the_booked(day: Day) -> list[tuple[datetime, str, str]]:
    """Bookings of the day to come: (when the visitor arrives, secret, service)."""
    booking, people = means(day.database), []
    for number in range(6):
        starts_at = LATER + (60 + 15 * (number // 2)) * MINUTE
        service = "passport" if number % 2 else "property"
        booked = await book(day.database, booking, day.office, starts_at, service=service)
        people.append((starts_at - (5 + 10 * (number % 3)) * MINUTE, booked.secret, service))
    return sorted(people)


@pytest.mark.parametrize("seed", [4, 14])
async def test_every_call_of_a_day_is_explained_to_everybody_who_waits_as_the_journal_has_it(database: Database, seed: int) -> None:
    day = await a_day(database, seed)
    booking, booked, chance = means(database), await the_booked(day), day.chance
    for _ in range(420):
        day.now += timedelta(seconds=chance.randint(5, 35))
        await day.terms_end()
        if booked and booked[0][0] <= day.now:
            _, secret, service = booked.pop(0)
            taken = await check_in(booking, day.office.id, secret, ("kiosk", 1), day.now)
            assert taken.booked_for is not None
            norm = day.catalogue.services[service].booking_norm
            day.visitors[taken.id] = Visitor(taken.id, taken.secret, service, taken.booked_for + norm, 60 * MINUTE, taken.booked_for)
        dice = chance.random()
        number = chance.choice(sorted(TAKES))
        if dice < 0.22 and len(day.waiting()) < 12:
            what = chance.random()
            privilege, needs = "veteran" if what < 0.15 else None, (Need.WHEELCHAIR,) if 0.15 < what < 0.3 else ()
            await day.comes(chance.choice(["passport", "property"]), privilege, needs)
        elif number in day.at_desk:
            await day.goes_on(number)
        elif dice < 0.85:
            await day.calls_next(number)
        else:
            await something_unusual(day, number)
    assert day.calls >= 80
    assert {"due", "privilege", "booked", "help_out", "directed", "postponed", "by_hand"} <= day.rules.keys(), day.rules
    assert {"own", "picked", "moved", "due", "privilege", "booked", "directed", "not_its_service"} <= day.answers.keys(), day.answers
    assert "out_of_reach" not in day.answers
    await is_told_the_same_in_the_evening(day)


async def is_told_the_same_in_the_evening(day: Day) -> None:
    """Whatever has become of a ticket since: transferred, moved, refused, served."""
    asked_again = 0
    for visitor in day.visitors.values():
        _, evening = await why_others(day.database.hot, Catalogues(day.database.hot), visitor.secret, day.now)
        for call in evening.calls:
            then = day.told[visitor.id].get(call.at)
            asked_again += then is not None
            assert call.answer == "not_waiting" if then is None else call == then
    assert asked_again > 300


async def something_unusual(day: Day, number: str) -> None:
    """A person decides: a call by hand, a postponed or missed visitor, another place, or the visitor goes."""
    chance = day.chance
    aside = [each for each in day.visitors.values() if each.state in ("postponed", "no_show")]
    waiting = day.waiting()
    if aside and chance.random() < 0.5:
        visitor = chance.choice(aside)
        try:
            await day.picks(number, visitor, None, "postponed" if visitor.state == "postponed" else "came_back")
        except DomainError:
            assert visitor.state == "no_show", "only who did not come may come too late"
    elif waiting:
        visitor, what = chance.choice(waiting), chance.random()
        if what < 0.4:
            await day.picks(number, visitor, f"плохо себя чувствует, {day.calls}", "by_hand")
        elif what < 0.8:
            await day.put_first(visitor, f"ждёт с ребёнком, {day.calls}")
        else:
            await day.does(leave_queue, visitor.secret, day.now)
            visitor.state = "left"


async def asked(database: Database, ticket_id: int, now: datetime) -> list[CallWhyOut]:
    secret = await database.hot.fetchval("SELECT secret FROM ticket WHERE id = $1", ticket_id)
    _, told = await why_others(database.hot, Catalogues(database.hot), secret, now)
    return told.calls


class TestOneCall:
    async def test_an_earlier_promise(self, database: Database) -> None:
        office = await an_office(database, time_zone="Europe/Moscow")
        clerk = await a_clerk_at(database, office, "1")
        await a_queue(database, office, [Queued(issued_at=LATER - 10 * MINUTE)])
        mine = await a_ticket(database, office, issued_at=LATER)
        await call_next(database.hot, await office.catalogue(database), clerk.account_id, None, LATER + MINUTE)
        (told,) = await asked(database, mine, LATER + MINUTE)
        assert (told.answer, told.rule) == ("due", "due")
        assert told.why == {"ru": "Его срок вызова раньше: 12:05, ваш — 12:15.", "en": "It was due earlier: 12:05, yours 12:15."}

    async def test_calls_before_the_ticket_are_not_told_and_calls_after_its_own_neither(self, database: Database) -> None:
        office = await an_office(database, desks=[a_desk("1"), a_desk("2")])
        first, second = await a_clerk_at(database, office, "1"), await a_clerk_at(database, office, "2")
        catalogue = await office.catalogue(database)
        await a_ticket(database, office, issued_at=LATER)
        await call_next(database.hot, catalogue, first.account_id, None, LATER)
        mine = await a_ticket(database, office, issued_at=LATER)
        assert await asked(database, mine, LATER) == []
        await call_next(database.hot, catalogue, second.account_id, None, LATER + SECOND)
        assert [each.answer for each in await asked(database, mine, LATER)] == ["own"]
        await start_serving(database.hot, first.account_id, None, LATER + SECOND)
        await finish(database.hot, catalogue, first.account_id, Result(), None, LATER + MINUTE)
        await a_ticket(database, office, issued_at=LATER)
        await call_next(database.hot, catalogue, first.account_id, None, LATER + MINUTE)
        assert [each.answer for each in await asked(database, mine, LATER)] == ["own"]

    async def test_who_was_aside_is_told_so(self, database: Database) -> None:
        office = await an_office(database)
        clerk, catalogue = await a_clerk_at(database, office, "1"), await office.catalogue(database)
        mine, _ = await a_queue(database, office, [Queued(issued_at=LATER), Queued(issued_at=LATER)])
        async with database.session() as db:
            await hall.postpone_waiting(db, catalogue, mine, "away", None, Act(LATER, clerk_id=clerk.account_id))
        await call_next(database.hot, catalogue, clerk.account_id, None, LATER + SECOND)
        (told,) = await asked(database, mine, LATER)
        assert told.answer == "not_waiting"
        assert told.why["ru"] == "Ваш талон в это время был отложен."

    async def test_a_refused_privilege_is_judged_by_what_it_was_when_the_call_was_made(self, database: Database) -> None:
        office = await an_office(database, desks=[a_desk("1"), a_desk("2")])
        clerks = [await a_clerk_at(database, office, number) for number in ("1", "2")]
        catalogue, veteran = await office.catalogue(database), await a_privilege(database)
        hot = database.hot
        taken = await Taking(hot).take(await office.catalogue(database), Wish("passport", "veteran", (), "ru", "a"), ("kiosk", 1), LATER)
        assert veteran
        await a_ticket(database, office, issued_at=LATER + SECOND)
        for clerk in clerks:
            await call_next(hot, catalogue, clerk.account_id, None, LATER + MINUTE)
        async with database.session() as db:
            await handover.judge_privilege(db, catalogue, clerks[0].account_id, False, LATER + MINUTE)
            await desk.return_to_queue(db, clerks[0].account_id, LATER + MINUTE)
        other, own = await asked(database, taken.id, LATER)
        assert (other.answer, own.answer) == ("not_waiting", "own")
        assert own.rule == "privilege"

    async def test_the_reason_of_a_changed_place_is_told(self, database: Database) -> None:
        office = await an_office(database)
        clerk, catalogue = await a_clerk_at(database, office, "1"), await office.catalogue(database)
        mine, moved = await a_queue(database, office, [Queued(issued_at=LATER), Queued(issued_at=LATER + SECOND)])
        async with database.session() as db:
            await hall.put_first(db, catalogue, moved, "закрывается паром", Act(LATER + SECOND, clerk_id=clerk.account_id))
        await call_next(database.hot, catalogue, clerk.account_id, None, LATER + MINUTE)
        (told,) = await asked(database, mine, LATER)
        assert told.why["ru"] == "Администратор зала поставил этот талон первым. Причина: «закрывается паром»."


async def test_the_latest_calls_are_told_and_the_journal_is_not_walked(database: Database) -> None:
    office = await an_office(database)
    mine, busy = await a_queue(database, office, [Queued(issued_at=LATER), Queued(issued_at=LATER)])
    await database.hot.execute(
        """INSERT INTO ticket_event (ticket_id, office_id, kind, at, desk_id, clerk_id, details)
           SELECT $1, $2, CASE WHEN step % 3 = 0 THEN 'called' ELSE 'started' END, $3, $4, 1,
                  jsonb_build_object('rule', 'due', 'key', $3::timestamptz, 'due', $3::timestamptz)
             FROM generate_series(1, 3000) AS step""",
        busy,
        office.id,
        LATER,
        office.desks["1"],
    )
    assert len(await asked(database, mine, LATER)) == CALLS_SHOWN
    # Another office has been busy since: whoever walked the whole journal backwards would walk over all of it.
    await database.hot.execute(
        """INSERT INTO ticket_event (ticket_id, office_id, kind, at, details)
           SELECT $1, $2, 'called', $3, '{}' FROM generate_series(1, 30000)""",
        busy,
        office.id + 1_000_000,
        LATER,
    )
    await database.hot.execute("ANALYZE ticket_event")
    plan = await database.hot.fetch(
        "EXPLAIN SELECT * FROM ticket_event WHERE office_id = $1 AND kind = 'called' AND id > $2 AND id <= $3 ORDER BY id DESC LIMIT 31",
        office.id,
        0,
        2**62,
    )
    assert "ix_ticket_event_called" in "\n".join(row[0] for row in plan)


class TestWhatAVisitorOpens:
    async def test_the_answer_is_public_to_the_ticket_alone(self, service: Service, database: Database) -> None:
        office = await an_office(database)
        clerk = await a_clerk_at(database, office, "1")
        now = datetime.now(UTC)
        _, mine = await a_queue(database, office, [Queued(issued_at=now - MINUTE), Queued(issued_at=now)])
        called = await service.called(clerk)
        secret = await database.hot.fetchval("SELECT secret FROM ticket WHERE id = $1", mine)
        answer = await service.get(f"/api/public/tickets/{secret}/why")
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        (call,) = answer.json()["calls"]
        assert (call["number"], call["desk"], call["rule"], call["answer"]) == (called["number"], "1", "due", "due")
        assert clerk.name not in answer.text
        assert (await service.get("/api/public/tickets/wrong/why")).status_code == 404

    async def test_the_page_works_as_plain_html_in_both_languages(self, service: Service, database: Database) -> None:
        office = await an_office(database)
        clerk = await a_clerk_at(database, office, "1")
        now = datetime.now(UTC)
        _, mine = await a_queue(database, office, [Queued(issued_at=now - MINUTE), Queued(issued_at=now)])
        secret = await database.hot.fetchval("SELECT secret FROM ticket WHERE id = $1", mine)
        before = await service.http.get(f"/t/{secret}/why")
        assert "С тех пор как выдан этот талон, никого не вызывали." in before.text
        called = await service.called(clerk)
        assert f'href="/t/{secret}/why"' in (await service.http.get(f"/t/{secret}")).text
        page = await service.http.get(f"/t/{secret}/why")
        assert "Почему вызвали другой номер?" in page.text
        assert f'data-call-of="{called["number"]}"' in page.text
        assert "раньше" in page.text
        english = await service.http.get(f"/t/{secret}/why", headers={"Cookie": "lang=en"})
        assert "Why was another number called?" in english.text
        assert "earlier" in english.text
        assert "раньше" not in english.text
