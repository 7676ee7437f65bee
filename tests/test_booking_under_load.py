"""A whole city wants the same few places: what must hold when everybody books at once, through HTTP, on two real workers."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from queue_service.db import Database
from queue_service.staff.models import Role
from tests.support.booking import (
    Citizen,
    Contested,
    a_contact,
    a_contested_day,
    act,
    booked,
    broken_promises,
    confirm,
    day_after,
    free_slots,
    held,
    hold,
    in_any_order,
    lapse,
    no_deadlock_in,
    places_of,
    somebody_busy,
    wait_in_line,
)
from tests.support.factories import AnOffice, a_clerk, a_kiosk, a_lane, a_service, an_office, booked_online
from tests.support.service import PATIENCE_SECONDS, Json, ServiceProcess, eventually
from tests.support.wire import Answer, ConnectionLost, Wire

pytestmark = pytest.mark.alone

CITIZENS, ADMINISTRATORS, MOVERS, WAITING, UNDECIDED = 130, 60, 60, 45, 5
"""300 people; the undecided have places from the beginning and give them up in the middle."""
PLACES = 20


@pytest.fixture(scope="module")
async def two_workers(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ServiceProcess]:
    async with ServiceProcess({"QUEUE_DATABASE_URL": database_url}, 2, tmp_path_factory.mktemp("service")) as process:
        try:
            process.start()
            await process.each_ready()
            yield process
        finally:
            process.kill()


@pytest.fixture
async def service(database: Database, two_workers: ServiceProcess) -> AsyncIterator[ServiceProcess]:
    """Two workers over an empty database; whatever a test does, nobody waits for somebody who waits for him."""
    counter = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    before = await database.hot.fetchval(counter)
    with no_deadlock_in(two_workers):
        yield two_workers
    assert await database.hot.fetchval(counter) == before


@asynccontextmanager
async def wires_to(service: ServiceProcess, tokens: list[str]) -> AsyncIterator[list[Wire]]:
    """A connection for each, spread over the workers."""
    wires: list[Wire] = [Citizen(service.base_url, token) for token in tokens]
    await service.spread(wires)
    yield wires
    for wire in wires:
        wire.close()


ANYBODY = "citizen"
"""Citizens have no token."""


@dataclass
class Race:
    """Everybody's attempts at the contested day, and what came of them."""

    contested: Contested
    database: Database
    lost: list[Answer] = field(default_factory=list)
    won: Counter[str] = field(default_factory=Counter)
    surprises: list[str] = field(default_factory=list)

    @property
    def office(self) -> AnOffice:
        return self.contested.office

    def judge(self, answer: Answer, *good: int) -> bool:
        """Whether it went well; a lost place is a 409 with alternatives, and anything else is a surprise."""
        if answer.status in good:
            return True
        if answer.status == 409 and answer.json()["code"] in ("slot_taken", "hold_expired") and answer.json()["alternatives"]:
            self.lost.append(answer)
        else:
            self.surprises.append(f"{answer.status}: {answer.body!r}")
        return False

    async def citizen(self, wire: Wire) -> bool:
        for slot in in_any_order(self.contested.slots):
            answer = await hold(wire, self.office, slot)
            if self.judge(answer, 201) and self.judge(await confirm(wire, answer.json()["secret"]), 200):
                self.won["citizen"] += 1
                return True
        return False

    async def administrator(self, wire: Wire) -> bool:
        for slot in in_any_order(self.contested.slots):
            person = {"service": "passport", "starts_at": slot, "name": "Ольга Быстрова", "contact": a_contact()}
            if self.judge(await wire.post("/api/desk/appointments", body=person), 201):
                self.won["administrator"] += 1
                return True
        return False

    async def mover(self, wire: Wire, booking: Json) -> bool:
        for slot in in_any_order(self.contested.slots):
            answer = await act(wire, booking["secret"], "move", starts_at=slot)
            if self.judge(answer, 200):
                self.won["mover"] += 1
                booking.update(answer.json())
                return True
        return False

    async def waiting(self, wire: Wire) -> None:
        day = self.contested.day.isoformat()
        wish = {"office": self.office.slug, "service": "passport", "from": day, "to": day, "name": "Игорь", "contact": a_contact()}
        self.judge(await wire.post("/api/public/waitlist", body=wish), 201)

    async def undecided(self, wire: Wire, booking: Json) -> None:
        self.judge(await act(wire, booking["secret"], "cancel"), 200)

    async def offers_are_accepted(self, wires: list[Wire], over: asyncio.Event) -> None:
        """Whoever is offered a place finds the link in the mail and presses the button."""
        while not over.is_set():
            offers = await self.database.hot.fetch("SELECT secret FROM appointment WHERE state = 'offered'")
            await asyncio.gather(*(self._accept(wire, offer["secret"]) for wire, offer in zip(wires, offers, strict=False)))
            await asyncio.sleep(0.02)

    async def _accept(self, wire: Wire, offer: str) -> None:
        try:
            answer = await act(wire, offer, "accept")
        except ConnectionLost:
            return  # the service closes what was idle for long; the offer still stands, and is found again
        self.won["waiting"] += self.judge(answer, 200)

    async def is_settled(self) -> bool:
        return await places_of(self.database, self.contested) == {"booking": PLACES}

    async def check(self) -> None:
        assert self.surprises == []
        assert await places_of(self.database, self.contested) == {"booking": PLACES}
        assert await broken_promises(self.database) == []


async def bookings(service: ServiceProcess, office: AnOffice, slots: list[str]) -> list[Json]:
    return await asyncio.gather(*(booked(service, office, slot) for slot in slots))


async def tokens_of_administrators(database: Database, office: AnOffice) -> list[str]:
    return [(await a_clerk(database, office, role=Role.HALL_ADMINISTRATOR)).token for _ in range(ADMINISTRATORS)]


async def test_300_people_race_for_20_places_by_every_path(service: ServiceProcess, database: Database) -> None:
    contested = await a_contested_day(service, database, moves_limit=2)
    race = Race(contested, database)
    undecided = await bookings(service, race.office, list(contested.slots))
    moving = await bookings(service, race.office, [contested.elsewhere[number // 2] for number in range(MOVERS)])
    before = {booking["secret"]: booking["starts_at"] for booking in moving}
    administrators = await tokens_of_administrators(database, race.office)
    async with wires_to(service, [*administrators, *[ANYBODY] * (300 - ADMINISTRATORS + PLACES)]) as wires:
        free, mail = iter(wires), wires[-PLACES:]
        people: list[Awaitable[object]] = [
            *(race.administrator(next(free)) for _ in range(ADMINISTRATORS)),
            *(race.citizen(next(free)) for _ in range(CITIZENS)),
            *(race.waiting(next(free)) for _ in range(WAITING)),
            *(race.undecided(next(free), booking) for booking in undecided),
        ]
        random.shuffle(people)
        # Theirs is the longest transaction: without a start they would always come last.
        movers = [asyncio.create_task(race.mover(next(free), booking)) for booking in moving]
        await asyncio.wait(movers, return_when=asyncio.FIRST_COMPLETED)
        over = asyncio.Event()
        accepting = asyncio.create_task(race.offers_are_accepted(mail, over))
        await asyncio.gather(*people, *movers)
        await eventually(race.is_settled)
        over.set()
        await accepting

    await race.check()
    assert sum(race.won.values()) == PLACES
    assert {"mover", "waiting"} <= {path for path, won in race.won.items() if won}, "paths that were not really tried"
    stayed = [booking for booking in moving if booking["starts_at"] == before[booking["secret"]]]
    assert len(stayed) == MOVERS - race.won["mover"]
    for booking in stayed:
        shown = (await service.get(f"/api/public/appointments/{booking['secret']}")).json()
        assert (shown["state"], shown["starts_at"], shown["moves_left"]) == ("booked", before[booking["secret"]], 2)


async def test_holds_expire_in_the_middle_of_the_race_and_20_places_are_taken(service: ServiceProcess, database: Database) -> None:
    """Every place is held at first by somebody who forgets it, and more forget theirs in the middle; who comes back is too late."""
    contested = await a_contested_day(service, database)
    race = Race(contested, database)
    moving = await bookings(service, race.office, [contested.elsewhere[number // 2] for number in range(MOVERS)])
    forgotten = await asyncio.gather(*(held(service, race.office, slot) for slot in contested.places))
    administrators = await tokens_of_administrators(database, race.office)
    too_late: list[str] = []

    async def comes_back(wire: Wire, secret: str) -> None:
        await lapse(database, secret)
        answer = await confirm(wire, secret)
        assert not race.judge(answer, 200)
        too_late.append(answer.json()["code"])

    async def forgetful(wire: Wire) -> None:
        answer = await hold(wire, race.office, random.choice(contested.slots))
        if race.judge(answer, 201):
            await comes_back(wire, answer.json()["secret"])

    async def insists(attempt: Callable[[], Awaitable[bool]]) -> None:
        for _ in range(50):
            if await attempt() or await race.is_settled():
                return

    async with wires_to(service, [*administrators, *[ANYBODY] * (300 - ADMINISTRATORS)]) as wires:
        free = iter(wires)

        def tries(act_of: Callable[..., Awaitable[bool]], *what: object) -> Awaitable[None]:
            wire = next(free)
            return insists(lambda: act_of(wire, *what))

        people: list[Awaitable[object]] = [
            *(tries(race.administrator) for _ in range(ADMINISTRATORS)),
            *(tries(race.mover, booking) for booking in moving),
            *(comes_back(next(free), each["secret"]) for each in forgotten),
            *(forgetful(next(free)) for _ in range(60)),
            *(tries(race.citizen) for _ in range(100)),
        ]
        random.shuffle(people)
        await asyncio.gather(*people)

    await race.check()
    assert sum(race.won.values()) == PLACES
    assert set(too_late) == {"hold_expired"}
    assert len(too_late) >= PLACES


async def an_office_with_lanes(database: Database, lanes: int = 1, **rules: Any) -> AnOffice:
    office = await an_office(database)
    await booked_online(database, office, **rules)
    for _ in range(lanes):
        await a_lane(database, office)
    return office


def said(answers: list[Answer]) -> Counter[str]:
    """The answers as "200" or "409 code"; a refusal has a sentence for the person."""
    assert all(answer.json()["detail"] for answer in answers if answer.status >= 400)
    return Counter(str(answer.status) if answer.status < 400 else f"{answer.status} {answer.json()['code']}" for answer in answers)


async def test_a_hold_that_is_sent_20_times_at_once_under_one_key_is_one_hold(service: ServiceProcess, database: Database) -> None:
    office = await an_office_with_lanes(database, lanes=4)
    slots = (await free_slots(service, office))[8:18]
    async with wires_to(service, [ANYBODY] * 20) as wires:
        for number, slot in enumerate(slots):
            answers = await asyncio.gather(*(hold(wire, office, slot, f"key-{number}") for wire in wires))
            assert said(answers) == {"201": 20}
            assert len({(answer.json()["secret"], answer.json()["reference"]) for answer in answers}) == 1
    assert await database.hot.fetchval("SELECT count(*) FROM lane_taken") == len(slots)
    assert await broken_promises(database) == []


async def test_the_last_place_that_is_asked_for_20_times_under_one_key_is_one_hold(service: ServiceProcess, database: Database) -> None:
    """With one lane the retries lose the place to the first of them, not the key."""
    office = await an_office_with_lanes(database)
    slots = (await free_slots(service, office))[8:18]
    async with wires_to(service, [ANYBODY] * 20) as wires:
        for number, slot in enumerate(slots):
            answers = await asyncio.gather(*(hold(wire, office, slot, f"key-{number}") for wire in wires))
            assert said(answers) == {"201": 20}
            assert len({answer.json()["secret"] for answer in answers}) == 1
    assert await broken_promises(database) == []


async def test_two_confirms_of_one_hold_at_once_are_one_booking_with_one_confirmation(service: ServiceProcess, database: Database) -> None:
    office = await an_office_with_lanes(database)
    slots = (await free_slots(service, office))[8:28]
    async with wires_to(service, [ANYBODY] * 2) as wires:
        for slot in slots:
            secret = (await held(service, office, slot))["secret"]
            contact = a_contact()
            answers = await asyncio.gather(*(confirm(wire, secret, contact) for wire in wires))
            assert said(answers) == {"200": 2}
    assert await database.hot.fetchval("SELECT count(*) FROM outbox_message WHERE kind = 'confirmation'") == len(slots)
    assert await broken_promises(database) == []


@dataclass(frozen=True)
class Desired:
    """One booking that two people of a family act upon at the same moment."""

    secret: str
    to: str
    """Where it would be moved."""
    kiosk: Wire
    phones: tuple[Wire, Wire]

    async def check_in(self) -> Answer:
        return await self.kiosk.post("/api/kiosk/check-ins", body={"code": self.secret})

    async def cancel(self) -> Answer:
        return await act(self.phones[0], self.secret, "cancel")

    async def move(self) -> Answer:
        return await act(self.phones[1], self.secret, "move", starts_at=self.to)


async def raced(
    service: ServiceProcess, database: Database, *actions: Callable[[Desired], Awaitable[Answer]], apart: int = 60
) -> Counter[tuple[str, ...]]:
    """What the two actions answered, for twenty bookings; a move goes `apart` slots further.

    Visitors of the next two hours may check in: eight slots.
    """
    office = await an_office_with_lanes(database, lanes=20, check_in_opens_minutes=120)
    kiosk = await a_kiosk(database, office)
    slots = await free_slots(service, office)
    outcomes: Counter[tuple[str, ...]] = Counter()
    async with wires_to(service, [kiosk, ANYBODY, kiosk, ANYBODY]) as (kiosk_here, phone_here, kiosk_there, phone_there):
        for number in range(20):
            booking = await booked(service, office, slots[2])
            wires = (phone_here, phone_there) if number % 2 else (phone_there, phone_here)
            desired = Desired(booking["secret"], slots[2 + apart], kiosk_there if number % 2 else kiosk_here, wires)
            in_turn = list(actions) if number % 4 < 2 else list(reversed(actions))
            answers = dict(zip(in_turn, await asyncio.gather(*(each(desired) for each in in_turn)), strict=True))
            outcomes[tuple(next(iter(said([answers[each]]))) for each in actions)] += 1
    assert await broken_promises(database) == []
    return outcomes


async def test_of_a_cancellation_and_a_check_in_at_once_one_wins(service: ServiceProcess, database: Database) -> None:
    outcomes = await raced(service, database, Desired.cancel, Desired.check_in)
    assert set(outcomes) <= {("200", "409 appointment_cancelled"), ("409 not_changeable", "201")}


async def test_of_a_move_to_another_day_and_a_check_in_at_once_one_wins(service: ServiceProcess, database: Database) -> None:
    outcomes = await raced(service, database, Desired.move, Desired.check_in)
    assert set(outcomes) <= {("200", "409 other_day"), ("200", "409 check_in_too_early"), ("409 not_changeable", "201")}


async def test_who_moves_within_the_hour_and_checks_in_at_once_has_a_ticket(service: ServiceProcess, database: Database) -> None:
    """The moved booking may check in as well, so nobody is turned away: the ticket is of the old time or of the new one."""
    outcomes = await raced(service, database, Desired.move, Desired.check_in, apart=1)
    assert set(outcomes) <= {("200", "201"), ("409 not_changeable", "201")}


async def test_of_a_cancellation_and_a_move_at_once_the_cancellation_stays(service: ServiceProcess, database: Database) -> None:
    outcomes = await raced(service, database, Desired.cancel, Desired.move)
    assert set(outcomes) <= {("200", "409 not_changeable"), ("200", "200")}
    assert await database.hot.fetch("SELECT id FROM appointment WHERE state <> 'cancelled'") == []


async def test_confirms_of_one_contact_at_once_are_booked_up_to_its_limit(service: ServiceProcess, database: Database) -> None:
    """More at once than a worker has connections: whoever is refused must not need one that the others keep."""
    office = await an_office_with_lanes(database, active_limit=3)
    slots = (await free_slots(service, office))[8:58]
    holds = await asyncio.gather(*(held(service, office, slot) for slot in slots))
    async with wires_to(service, [ANYBODY] * len(holds)) as wires:
        async with asyncio.timeout(PATIENCE_SECONDS):
            answers = await asyncio.gather(
                *(confirm(*each, "family@mail.ru") for each in zip(wires, (h["secret"] for h in holds), strict=True))
            )
    assert said(answers) == {"200": 3, "409 too_many_bookings": len(holds) - 3}
    assert await database.hot.fetchval("SELECT count(*) FROM appointment WHERE state = 'booked'") == 3
    assert await database.hot.fetchval("SELECT count(*) FROM outbox_message WHERE kind = 'links'") == 1
    assert await broken_promises(database) == []


async def test_of_two_confirms_of_one_person_for_one_time_one_is_refused(service: ServiceProcess, database: Database) -> None:
    office = await an_office_with_lanes(database, lanes=2, active_limit=3)
    slots = (await free_slots(service, office))[8:28]
    async with wires_to(service, [ANYBODY] * 2) as wires:
        for slot in slots:
            holds = [await held(service, office, slot) for _ in wires]
            contact = a_contact()
            answers = await asyncio.gather(
                *(confirm(wire, each["secret"], contact, "Пётр Ильин") for wire, each in zip(wires, holds, strict=True))
            )
            assert said(answers) == {"200": 1, "409 same_person_twice": 1}
    assert await broken_promises(database) == []


async def test_of_two_moves_of_one_person_to_one_time_one_is_refused(service: ServiceProcess, database: Database) -> None:
    """All wait for the same moment: a place that somebody keeps busy becomes free, and both moves write."""
    office = await an_office_with_lanes(database, lanes=20, moves_limit=100)
    *slots, to = (await free_slots(service, office))[8:11]
    contacts = [a_contact() for _ in range(3)]  # no more moves than one worker lets in
    mine = [await booked(service, office, slot, contact=contact) for contact in contacts for slot in slots]
    async with wires_to(service, [ANYBODY] * len(mine)) as wires:
        async with somebody_busy(database) as busy:
            await busy.execute(
                "INSERT INTO lane_taken (lane_id, during, kind)"
                " SELECT id, tstzrange($2::timestamptz, $2 + interval '1 minute'), 'block' FROM lane WHERE office_id = $1",
                office.id,
                datetime.fromisoformat(to),
            )
            moves = [asyncio.create_task(act(wire, each["secret"], "move", starts_at=to)) for wire, each in zip(wires, mine, strict=True)]
            await wait_in_line(database, len(contacts))
        answers = await asyncio.gather(*moves)
    assert said(answers) == {"200": len(contacts), "409 same_person_twice": len(contacts)}
    assert await broken_promises(database) == []


async def test_who_answers_an_offer_and_leaves_the_waitlist_at_once_has_an_answer(service: ServiceProcess, database: Database) -> None:
    """Two telephones of one person: the offer becomes a booking or is given up, and neither waits for the other for ever."""
    office = await an_office_with_lanes(database, lanes=20)
    outcomes: Counter[tuple[str, str, str, str]] = Counter()
    async with wires_to(service, [ANYBODY] * 2) as (one, other):

        async def of_one_person(answer: str, answers_first: bool) -> None:
            entry = await joined(one, office)
            offer = await eventually(lambda: offer_of(database, entry))
            async with somebody_busy(database) as busy:
                await busy.execute("SELECT FROM appointment WHERE secret = $1 FOR UPDATE", offer)
                tasks: dict[bool, asyncio.Task[Answer]] = {}
                for waiting, answering in enumerate((answers_first, not answers_first), 1):
                    path = f"appointments/{offer}/{answer}" if answering else f"waitlist/{entry}/leave"
                    tasks[answering] = asyncio.create_task((one if answering else other).post(f"/api/public/{path}"))
                    await wait_in_line(database, waiting)
            answered, left = [next(iter(said([await tasks[each]]))) for each in (True, False)]
            state = await database.hot.fetchval("SELECT state FROM waitlist_entry WHERE secret = $1", entry)
            outcomes[answer, answered, left, state] += 1

        for number in range(8):
            await of_one_person("accept" if number % 2 else "decline", number % 4 < 2)
    assert set(outcomes) <= {
        ("accept", "200", "200", "accepted"),
        ("accept", "409 not_changeable", "200", "left"),
        ("decline", "200", "200", "left"),
    }
    assert await broken_promises(database) == []


async def joined(wire: Wire, office: AnOffice, days: int = 1) -> str:
    """Somebody's entry of the waitlist, for the day after so many."""
    day = day_after(days).isoformat()
    wish = {"office": office.slug, "service": "passport", "name": "Игорь", "contact": a_contact(), "from": day, "to": day}
    answer = await wire.post("/api/public/waitlist", body=wish)
    assert answer.status == 201, answer
    return str(answer.json()["secret"])


async def offer_of(database: Database, entry: str) -> str | None:
    """The secret of the appointment that is offered to this entry of the waitlist."""
    secret: str | None = await database.hot.fetchval(
        """
        SELECT appointment.secret FROM appointment JOIN waitlist_entry ON appointment_id = appointment.id
         WHERE waitlist_entry.secret = $1 AND waitlist_entry.state = 'offered'
        """,
        entry,
    )
    return secret


async def test_a_part_that_is_confirmed_in_the_last_moment_is_not_swept_away(service: ServiceProcess, database: Database) -> None:
    """Another wants the place of a lapsed hold and has begun to look, when its owner's confirmation (which came in time) is committed.

    To stop that moment the test does not lock the appointment, as the command does: it has just let go of it.
    """
    office = await an_office_with_lanes(database)
    slot = (await free_slots(service, office))[8]
    secret = (await held(service, office, slot))["secret"]
    await lapse(database, secret)
    async with wires_to(service, [ANYBODY] * 2) as wires:
        async with somebody_busy(database) as owner:
            await owner.execute("UPDATE lane_taken SET kind = 'booking', expires_at = NULL")
            rival = asyncio.create_task(hold(wires[0], office, slot))
            await wait_in_line(database, 1)
            await owner.execute("COMMIT")
        assert said([await rival]) == {"409 slot_taken": 1}
    assert [row["kind"] for row in await database.hot.fetch("SELECT kind FROM lane_taken")] == ["booking"]


async def test_two_lapsed_holds_in_the_way_of_long_visits_are_swept_by_one(service: ServiceProcess, database: Database) -> None:
    """Each of two visits of half an hour needs the places of the same two lapsed holds; meanwhile the owner of one is busy with it."""
    office = await an_office(database, a_service("short"), a_service("long"))
    await booked_online(database, office, "short")
    await booked_online(database, office, "long", duration=30)
    await a_lane(database, office)
    slots = await free_slots(service, office, "short")
    async with wires_to(service, [ANYBODY] * 12) as wires:
        for number in range(10):
            first = 8 + 2 * number
            owners = [(await held(service, office, slot, "short"))["secret"] for slot in slots[first : first + 2]]
            async with somebody_busy(database) as owner:
                await owner.execute("SELECT FROM appointment WHERE secret = $1 FOR UPDATE", owners[number % 2])
                await database.hot.execute("UPDATE lane_taken SET expires_at = now() - interval '1 minute' WHERE expires_at > now()")
                early = await asyncio.gather(*(hold(wire, office, slots[first], service="long") for wire in wires))
                assert said(early) == {"409 slot_taken": len(wires)}
            answers = await asyncio.gather(*(hold(wire, office, slots[first], service="long") for wire in wires))
            assert said(answers) == {"201": 1, "409 slot_taken": len(wires) - 1}
            secret = next(answer for answer in answers if answer.status == 201).json()["secret"]
            assert (await confirm(wires[0], secret)).status == 200
    assert await broken_promises(database) == []


async def test_a_free_lane_is_found_beside_one_whose_owner_is_busy(service: ServiceProcess, database: Database) -> None:
    office = await an_office_with_lanes(database, lanes=2)
    slot = (await free_slots(service, office))[8]
    secret = (await held(service, office, slot))["secret"]
    await lapse(database, secret)
    async with wires_to(service, [ANYBODY] * 2) as (wire, _), somebody_busy(database) as owner:
        await owner.execute("SELECT FROM appointment WHERE secret = $1 FOR UPDATE", secret)
        assert said([await hold(wire, office, slot)]) == {"201": 1}


async def test_an_offer_takes_one_freed_part_and_leaves_the_others_for_their_time(service: ServiceProcess, database: Database) -> None:
    """A freed part returns after a random time, so that nobody can hand it over; an offer beside it must not open that door."""
    office = await an_office(database)
    await booked_online(database, office)
    for _ in range(2):
        await a_lane(database, office, hours=(), exceptions=[(day_after(1), 540, 555)])
    [slot] = await free_slots(service, office)
    taken = [await booked(service, office, slot) for _ in range(2)]
    async with wires_to(service, [ANYBODY] * 2) as (wire, _):
        for each in taken:
            assert (await act(wire, each["secret"], "cancel")).status == 200
        entry = await joined(wire, office)
        await eventually(lambda: offer_of(database, entry))
        assert said([await hold(wire, office, slot)]) == {"409 slot_taken": 1}
    kinds = await database.hot.fetch("SELECT kind FROM lane_taken ORDER BY kind")
    assert [row["kind"] for row in kinds] == ["freed", "hold"]


async def test_many_offers_of_two_workers_for_different_days_wait_for_nobody(service: ServiceProcess, database: Database) -> None:
    """More people than one transaction asks, for two days in turn: each worker offers them in its own order."""
    office = await an_office_with_lanes(database, lanes=4, horizon=4)
    people = 150
    async with wires_to(service, [ANYBODY] * 30) as wires:

        async def join_in_turn(wire: Wire, numbers: Iterable[int]) -> None:
            for number in numbers:
                await joined(wire, office, (1, 2, 2, 1, 3)[number % 5])

        await asyncio.gather(*(join_in_turn(wire, range(first, people, 30)) for first, wire in enumerate(wires)))
        everybody = "SELECT count(*) = $1 AND bool_and(state = 'offered') FROM waitlist_entry"
        await eventually(lambda: database.hot.fetchval(everybody, people))
    assert await broken_promises(database) == []
