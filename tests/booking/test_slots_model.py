"""Free slots and holds against a reference that counts minutes, in zones and on days where clocks do odd things.

One test draws an office with everything that bears on a slot and compares every offer; one plays citizens in any order and keeps a book.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.booking import commands, confirming
from queue_service.booking.availability import Beyond, days_from, slots_of_days
from queue_service.booking.calendar import Calendars, load_calendar
from queue_service.booking.commands import HoldWish
from queue_service.booking.confirming import Person
from queue_service.booking.errors import AlreadyExtended, HoldExpired, NoMovesLeft, NotChangeable, SlotNotOffered, SlotTaken
from queue_service.booking.guard import Guard
from queue_service.booking.hold import Slot, Wish, hold_slot, slot_at
from queue_service.booking.housekeeping import keep_booking
from queue_service.booking.office import Booking, Place
from queue_service.booking.rules import AppointmentState, BookingCalendar, Channel, Wanted
from queue_service.booking.snapshots import Snapshots
from queue_service.db import Database
from queue_service.errors import DomainError
from queue_service.limits.limiter import Limiter
from queue_service.offices.catalogue import Catalogues
from queue_service.offices.models import Closure
from queue_service.sealing import KeyRing
from tests.booking.reference import DAY, MINUTE, Sees, Spans, Taken, TheLane, TheOffice, the_minutes_of
from tests.support.factories import LATER, AnOffice, a_lane, a_service, an_office, booked_online

Run = Callable[[Coroutine[Any, Any, Any]], Any]

ODD_DAYS = [
    ("Europe/Moscow", date(2027, 12, 31)),  # the new year, and public holidays
    ("Europe/Moscow", date(2028, 2, 28)),  # a leap day follows
    ("Europe/Berlin", date(2027, 3, 28)),
    ("Europe/Berlin", date(2027, 10, 31)),
    ("America/New_York", date(2027, 3, 14)),
    ("America/New_York", date(2027, 11, 7)),
    ("America/Santiago", date(2027, 4, 3)),  # 24:00 becomes 23:00
    ("America/Santiago", date(2027, 9, 5)),  # there is no midnight
    ("Africa/Cairo", date(2027, 4, 30)),
    ("Africa/Cairo", date(2027, 10, 28)),
    ("America/Nuuk", date(2027, 3, 27)),  # the day's last hour is skipped
    ("America/Nuuk", date(2027, 10, 30)),
    ("Australia/Lord_Howe", date(2027, 4, 4)),  # half an hour
    ("Australia/Lord_Howe", date(2027, 10, 3)),
    ("Asia/Kolkata", date(2028, 2, 29)),
    ("Asia/Kathmandu", date(2027, 6, 15)),
]
"""Where a day is not like others, and a few where it is."""
NO_SUCH_DAY = ("Pacific/Apia", date(2011, 12, 29))
"""The next day is the 31st. Only for visits that end before midnight: across a day that never was there are none."""

EXAMPLES = 10
"""Of each day: some ten seconds in all."""
THE_SAME_EVERY_TIME = settings(
    derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck), phases=(Phase.generate, Phase.shrink)
)


@st.composite
def hours(draw: st.DrawFn) -> Spans:
    """A day's hours: round the clock, over midnight, with a break, in the night when clocks change, or none."""
    usual: list[Spans] = [[(0, 1440)], [(540, 1080)], [(540, 780), (840, 1080)], [(0, 240)], [(0, 120), (1290, 1440)], [(1380, 1440)], []]
    at_night: list[Spans] = [[(1200, 1410)], [(0, 30)], [(90, 150), (160, 1430)], [(60, 1425)], [(120, 180)], [(0, 90), (1425, 1440)]]
    chosen = draw(st.integers(0, 3))
    if chosen == 1:
        return draw(st.sampled_from(at_night))
    if chosen:
        return draw(st.sampled_from(usual))
    edges = sorted(draw(st.sets(st.integers(0, 288), min_size=2, max_size=4)))
    return [(opens * 5, closes * 5) for opens, closes in zip(edges[::2], edges[1::2], strict=False)]


@st.composite
def a_span_or_closed(draw: st.DrawFn) -> Spans:
    return draw(hours())[:1]


@dataclass
class Scene:
    """What Hypothesis thought of."""

    office: TheOffice
    duration: int
    per_application: int
    applications: int
    channel: str
    holidays: bool
    now: datetime
    first: date
    count: int
    beyond: Sees


@st.composite
def lanes(draw: st.DrawFn, days: list[date], now: datetime, grid: int) -> TheLane:
    usual = draw(hours())
    lane = TheLane(
        takes_it=draw(st.integers(0, 9)) < 9,
        channel=draw(st.sampled_from(["both", "both", "both", "online", "hall"])),
        week=dict.fromkeys(range(1, 8), usual) | draw(st.dictionaries(st.integers(1, 7), hours(), max_size=2)),
        exceptions=draw(st.dictionaries(st.sampled_from(days), hours(), max_size=1)),
    )
    begins = datetime(days[0].year, days[0].month, days[0].day, tzinfo=UTC)
    for _ in range(draw(st.integers(0, 8))):
        unit = draw(st.sampled_from([1, grid, grid, grid]))
        starts = begins + draw(st.integers(-12 * 60 // unit, (24 * len(days) + 12) * 60 // unit)) * unit * MINUTE
        # Also whole days and halves: without them a day is never full.
        ends = starts + draw(st.sampled_from([grid, grid, 2 * grid, 7, 720, 1440, 4320])) * MINUTE
        kind = draw(st.sampled_from(["block", "booking", "hold", "hold", "freed"]))
        expires = now + timedelta(seconds=draw(st.sampled_from([-60, 0, 1, 300]))) if kind in ("hold", "freed") else None
        if not any(each.starts < ends and starts < each.ends for each in lane.taken):
            lane.taken.append(Taken(starts, ends, kind, expires))
    mine = [each for each in lane.taken if each.kind in ("booking", "hold")]
    has_own: bool = draw(st.booleans())
    if mine and has_own:
        mine[draw(st.integers(0, len(mine) - 1))].own = True
    return lane


@st.composite
def scenes(draw: st.DrawFn, zone: str, odd: date) -> Scene:
    first, count = odd - draw(st.integers(0, 2)) * DAY, draw(st.integers(1, 4))
    grid = draw(st.sampled_from([5, 10, 15, 20, 30, 60]))
    duration, per_application = draw(st.sampled_from([5, 15, 25, 30, 60, 150])), draw(st.sampled_from([0, 0, 7, 20]))
    applications = draw(st.integers(1, 5)) if per_application else 1
    whole = duration + per_application * (applications - 1)
    wall = the_minutes_of(zone, first)[0][0]
    now = wall + timedelta(
        seconds=draw(st.one_of(st.integers(-36 * 60, 18 * 60).map(lambda each: each * 60), st.integers(-90_000, 60_000)))
    )
    days = days_from(first - DAY, count + 2)
    usual = draw(hours())
    office = TheOffice(
        zone=zone,
        week={weekday: usual if draw(st.booleans()) else [(0, 1440)] for weekday in range(1, 8)},
        closures=draw(st.dictionaries(st.sampled_from(days), a_span_or_closed(), max_size=1)),
        holidays=frozenset(),
        lanes=draw(st.lists(lanes(days, now, grid), min_size=1, max_size=3)),
        grid=grid,
        length=-(-whole // grid) * grid,
        lead=draw(st.sampled_from([0, 0, 0, 60, 7, 600])),
        horizon=draw(st.sampled_from([7, 7, 7, 3, 1])),
        quota_returns=draw(st.sampled_from([None, 720, 1440, -600])),
    )
    return Scene(
        office=office,
        duration=duration,
        per_application=per_application,
        applications=applications,
        channel=draw(st.sampled_from(["online", "online", "hall"])),
        holidays=draw(st.booleans()),
        now=now,
        first=first,
        count=count,
        beyond=Sees(draw(st.booleans()), draw(st.booleans())),
    )


_PUT_TAKEN = """
WITH made AS (
    INSERT INTO appointment (secret, reference, office_id, service_id, state, starts_at, ends_at, applications, language, created_at,
                             hold_expires_at, extended, moves, sequence, code_attempts, via)
    SELECT gen_random_uuid()::text, gen_random_uuid()::text, $1, $2, CASE $6 WHEN 'hold' THEN 'held' ELSE 'booked' END, $4, $5, 1, 'ru', $4,
           $7, false, 0, 0, 0, 'citizen'
     WHERE $6 IN ('hold', 'booking')
 RETURNING id
)
INSERT INTO lane_taken (lane_id, during, kind, appointment_id, expires_at)
SELECT $3, tstzrange($4, $5), $6, (SELECT id FROM made), $7
RETURNING appointment_id
"""


@dataclass
class Real:
    """The same office as the service knows it."""

    office: AnOffice
    calendar: BookingCalendar
    lanes: list[int]
    wanted: Wanted
    own: int | None


def rows(week: dict[int, Spans]) -> list[tuple[int, int, int]]:
    return [(weekday, opens, closes) for weekday, spans in week.items() for opens, closes in spans]


async def make_real(database: Database, scene: Scene) -> Real:
    model = scene.office
    country = "RU" if scene.holidays else None
    services = a_service("passport"), a_service("other")
    office = await an_office(database, *services, desks=(), hours=rows(model.week), time_zone=model.zone, public_holidays=country)
    async with database.session() as db:
        for day, spans in model.closures.items():
            opens, closes = spans[0] if spans else (None, None)
            db.add(Closure(office_id=office.id, local_date=day, opens=opens, closes=closes, reason={"ru": "ремонт"}))
    await booked_online(
        database,
        office,
        grid=model.grid,
        duration=scene.duration,
        per_application=scene.per_application,
        lead=model.lead,
        horizon=model.horizon,
        quota_returns_minutes=model.quota_returns,
    )
    made, own = [], None
    for lane in model.lanes:
        exceptions: list[tuple[date, int | None, int | None]] = [
            (day, opens, closes) for day, spans in lane.exceptions.items() for opens, closes in spans
        ]
        exceptions += [(day, None, None) for day, spans in lane.exceptions.items() if not spans]
        takes = ["passport"] if lane.takes_it else ["other"]
        made.append(await a_lane(database, office, takes, rows(lane.week), Channel(lane.channel), exceptions))
        for each in lane.taken:
            put = office.id, office.services["passport"], made[-1], each.starts, each.ends, each.kind, each.expires
            appointment = await database.hot.fetchval(_PUT_TAKEN, *put)
            if each.own and own is None:
                own = appointment
            else:
                each.own = False
    async with database.hot.acquire() as connection:
        calendar = await load_calendar(connection, await office.catalogue(database, scene.now), scene.now)
    model.holidays = frozenset(calendar.schedule.holidays)
    wanted = Wanted(office.services["passport"], scene.applications, Channel(scene.channel))
    return Real(office, calendar, made, wanted, own)


async def lane_won(database: Database, real: Real, slot: Slot, now: datetime, freed: bool) -> int | None:
    """The lane that a hold gets, which is then as if it had never been; None when all are taken."""
    wish = Wish(real.wanted, "ru", "citizen", AppointmentState.HELD)
    async with database.hot.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            held = await hold_slot(connection, real.office.id, slot, wish, (now + MINUTE, now + MINUTE), now, freed=freed)
            lane: int = await connection.fetchval("SELECT lane_id FROM lane_taken WHERE appointment_id = $1", held.id)
        except SlotTaken:
            return None
        finally:
            await transaction.rollback()
    return lane


def some(moments: list[datetime], most: int) -> list[datetime]:
    """The first, the last and others evenly between."""
    if len(moments) <= most:
        return moments
    return [moments[place * (len(moments) - 1) // (most - 1)] for place in range(most)]


async def offers_are_what_can_be_held(database: Database, scene: Scene) -> None:
    real = await make_real(database, scene)
    days = days_from(scene.first, scene.count)
    await the_right_days_are_shown(database, scene, real, days)
    for day in days if scene.count > 1 else ():
        await the_right_days_are_shown(database, scene, real, [day])
    the_calendar_admits_what_it_should(scene, real, days)
    await holds_get_the_lowest_free_lane(database, scene, real, days)


async def the_right_days_are_shown(database: Database, scene: Scene, real: Real, days: list[date]) -> None:
    model, channel, now = scene.office, scene.channel, scene.now
    beyond = Beyond(scene.beyond.freed, real.own if scene.beyond.own else None)
    shown = await slots_of_days(database.hot, real.calendar, real.wanted, days, now, beyond)
    assert [each.date for each in shown] == days
    for day in shown:
        offered = {slot.starts_at: slot.free for slot in day.slots}
        assert offered == model.offers(day.date, channel, now, scene.beyond), day.date
        assert list(offered) == sorted(offered)
        expected = None if offered else model.why_nothing(day.date, channel, now)
        assert (day.why and day.why.value) == expected or no_such_hours(model, day.date), (day.date, day.why, expected)


def the_calendar_admits_what_it_should(scene: Scene, real: Real, days: list[date]) -> None:
    model, channel, now = scene.office, scene.channel, scene.now
    whole = [moment for day in days for moment in model.grid_of(day)]
    for start in some(whole, 60):
        slot = slot_at(real.calendar, real.wanted, start, now)
        places = model.lanes_at(start, channel, now) if model.in_time(start, now) else []
        assert (list(slot.lanes) if slot else []) == [real.lanes[place] for place in places], start
        assert slot is None or slot.ends_at == start + model.length * MINUTE
    # No time beside the grid is a slot, neither half a step nor a second off.
    for start in some(whole, 20):
        for aside in (MINUTE, timedelta(seconds=1), timedelta(microseconds=1), -model.grid * MINUTE / 2):
            assert slot_at(real.calendar, real.wanted, start + aside, now) is None


async def holds_get_the_lowest_free_lane(database: Database, scene: Scene, real: Real, days: list[date]) -> None:
    model, channel, now = scene.office, scene.channel, scene.now
    sees = Sees(freed=scene.beyond.freed)  # who holds anew has no own part
    possible = [start for day in days for start in model.grid_of(day) if model.in_time(start, now) and model.lanes_at(start, channel, now)]
    for wanted in (True, False):
        for start in some([each for each in possible if bool(model.free_lanes(each, channel, now, sees)) is wanted], 8):
            slot = slot_at(real.calendar, real.wanted, start, now)
            assert slot is not None
            free = model.free_lanes(start, channel, now, sees)
            lowest = real.lanes[free[0]] if free else None
            assert await lane_won(database, real, slot, now, scene.beyond.freed) == lowest, start


def no_such_hours(model: TheOffice, day: date) -> bool:
    """A dated closure's hours, or all of a day, that the clock jumps over: «нет приёма» and «закрыто» are both true."""
    return not model.office_minutes(day) and (not the_minutes_of(model.zone, day) or bool(model.closures.get(day)))


PLAIN: list[Spans] = [[(0, 1440)], [(60, 1410)], [(0, 30), (90, 150), (1380, 1410)], [(150, 180), (1410, 1440)]]
"""Hours whose edges lie where clocks change."""


@pytest.mark.parametrize(("zone", "odd"), [*ODD_DAYS, NO_SUCH_DAY])
def test_hours_that_end_where_the_clock_jumps(run_in_loop: Run, open_database: Database, zone: str, odd: date) -> None:
    noon = datetime(odd.year, odd.month, odd.day, 12, tzinfo=UTC)
    for hours, grid in zip(PLAIN, (60, 15, 15, 60), strict=True):
        week: dict[int, Spans] = dict.fromkeys(range(1, 8), hours)
        lane = TheLane(True, "both", week, {})
        length = grid if (zone, odd) == NO_SUCH_DAY else 2 * grid  # so that visits stand across midnight
        office = TheOffice(zone, week, {}, frozenset(), [lane], grid, length, 0, 7, None)
        scene = Scene(office, length, 0, 1, "online", False, noon - 3 * DAY, odd - DAY, 4, Sees())
        run_in_loop(offers_are_what_can_be_held(open_database, scene))


@pytest.mark.parametrize(("zone", "odd"), ODD_DAYS)
def test_what_is_offered_is_exactly_what_can_be_held(run_in_loop: Run, open_database: Database, zone: str, odd: date) -> None:
    # A seed per case: derandomized alone, every zone would see the same scenes.
    @seed(odd.toordinal())
    @settings(THE_SAME_EVERY_TIME, max_examples=EXAMPLES)
    @given(scene=scenes(zone, odd))
    def whatever_the_office(scene: Scene) -> None:
        run_in_loop(offers_are_what_can_be_held(open_database, scene))

    whatever_the_office()


HOLD = timedelta(minutes=5)
LENGTH, GRID = timedelta(minutes=30), timedelta(minutes=15)
TOMORROW = LATER.replace(hour=9) + DAY
"""When the lanes of the machine's office open, for an hour and a half: five starts, of which two visits can stand beside each other."""
CLOSES = TOMORROW + timedelta(minutes=90)
MOVES = 2


@dataclass
class Part:
    lane: int
    starts: datetime
    ends: datetime
    expires: datetime | None
    kind: str

    def counts(self, now: datetime) -> bool:
        return self.expires is None or self.expires > now


@dataclass
class Visit:
    """An appointment in the machine's own book."""

    secret: str
    contact: str
    state: str
    part: Part | None
    moves: int = 0
    extended: bool = False


class Citizens(RuleBasedStateMachine):
    """Whatever citizens do in whatever order: the book knows every lane's parts, and says what each command must answer."""

    run: Run
    database: Database
    booking: Booking

    @initialize(lanes=st.integers(1, 2))
    def open_the_office(self, lanes: int) -> None:
        async def open_() -> tuple[AnOffice, list[int], Place]:
            office = await an_office(self.database, time_zone="UTC", desks=())
            await booked_online(self.database, office, duration=30, horizon=1, hold_minutes=5, moves_limit=MOVES, freed_delay_minutes=1)
            hours = [(day, 540, 630) for day in range(1, 8)]
            made = [await a_lane(self.database, office, hours=hours) for _ in range(lanes)]
            return office, made, await self.booking.at(office.slug, LATER)

        self.office, self.lanes, self.place = self.run(open_())
        self.now = LATER
        self.book: dict[int, Visit] = {}
        self.freed: list[Part] = []

    def parts(self) -> list[Part]:
        """What counts now."""
        return [part for part in [*self.freed, *(each.part for each in self.book.values())] if part is not None and part.counts(self.now)]

    def lane_for(self, starts: datetime, without: Part | None = None) -> int | None:
        in_the_way = {part.lane for part in self.parts() if part is not without and part.starts < starts + LENGTH and starts < part.ends}
        return next((lane for lane in self.lanes if lane not in in_the_way), None)

    @staticmethod
    def is_offered(starts: datetime) -> bool:
        return TOMORROW <= starts <= CLOSES - LENGTH and (starts - TOMORROW) % GRID == timedelta()

    def lapsed(self, visit: Visit) -> bool:
        return visit.state == "held" and (visit.part is None or not visit.part.counts(self.now))

    def attempt(self, command: Callable[[AsyncSession], Coroutine[Any, Any, Any]], *refusals: type[DomainError]) -> Any:
        """Runs a command in its transaction; it must be refused by one of these errors, or admitted where there are none."""

        async def in_a_transaction() -> Any:
            async with self.database.session() as db:
                return await command(db)

        try:
            result = self.run(in_a_transaction())
        except DomainError as error:
            if type(error) not in refusals:
                raise
            return None
        assert not refusals, f"admitted instead of {refusals}"
        return result

    def any_visit(self, data: st.DataObject) -> tuple[int, Visit]:
        number = data.draw(st.sampled_from(sorted(self.book)))
        return number, self.book[number]

    @rule(minutes=st.sampled_from([1, 2, 3, 5]))
    def time_passes(self, minutes: int) -> None:
        self.now += minutes * MINUTE

    @rule()
    def the_house_is_kept(self) -> None:
        self.run(keep_booking(self.database.hot, self.now))
        for visit in self.book.values():
            if self.lapsed(visit):
                visit.state, visit.part = "expired", None
        self.freed = [part for part in self.freed if part.counts(self.now)]

    @rule(minutes=st.sampled_from([0, 15, 30, 45, 60, 75, 7, -15]))
    def somebody_holds(self, minutes: int) -> None:
        starts = TOMORROW + minutes * MINUTE
        lane = self.lane_for(starts) if self.is_offered(starts) else None
        refusals = () if lane is not None else (SlotTaken if self.is_offered(starts) else SlotNotOffered,)
        held = self.attempt(lambda _: commands.hold(self.booking, self.place, HoldWish("passport", starts), self.now), *refusals)
        if lane is not None:
            part = Part(lane, starts, starts + LENGTH, self.now + HOLD, "hold")
            self.book[held.id] = Visit(held.secret, f"anna-{held.id}@mail.ru", "held", part)

    @precondition(lambda self: self.book)
    @rule(data=st.data())
    def somebody_confirms(self, data: st.DataObject) -> None:
        _, visit = self.any_visit(data)
        refusals: tuple[type[DomainError], ...] = ()
        if visit.state == "cancelled":
            refusals = (NotChangeable,)
        elif visit.state == "expired" or self.lapsed(visit):
            refusals = (HoldExpired,)
        person = Person("Анна Смирнова", visit.contact, "ru")
        self.attempt(lambda db: confirming.confirm(db, self.booking, visit.secret, person, self.now), *refusals)
        if not refusals and visit.part is not None:
            visit.state, visit.part.kind, visit.part.expires = "booked", "booking", None

    @precondition(lambda self: self.book)
    @rule(data=st.data())
    def somebody_asks_for_more_time(self, data: st.DataObject) -> None:
        _, visit = self.any_visit(data)
        refusals: tuple[type[DomainError], ...] = ()
        if visit.state != "held":
            refusals = (NotChangeable,)
        elif self.lapsed(visit):
            refusals = (HoldExpired, NotChangeable)  # the latter where somebody else's hold has swept this one already
        elif visit.extended:
            refusals = (AlreadyExtended,)
        self.attempt(lambda db: commands.extend(db, self.booking, visit.secret, self.now), *refusals)
        if not refusals and visit.part is not None:
            visit.part.expires, visit.extended = self.now + HOLD, True

    @precondition(lambda self: self.book)
    @rule(data=st.data(), minutes=st.sampled_from([0, 15, 30, 45, 60, 75]))
    def somebody_chooses_anew(self, data: st.DataObject, minutes: int) -> None:
        _, visit = self.any_visit(data)
        starts = TOMORROW + minutes * MINUTE
        lasts = visit.state == "held" and not self.lapsed(visit)
        if lasts and visit.part is not None and visit.part.starts == starts:
            refusal: type[DomainError] | None = None  # and no time is won by it
            part = visit.part
        else:
            refusal = self.refusal_to_take(visit, starts) if visit.state in ("held", "expired") else NotChangeable
            part = Part(self.lane_beside(visit, starts) or 0, starts, starts + LENGTH, self.now + HOLD, "hold")
        again = self.attempt(
            lambda db: commands.hold_again(db, self.booking, visit.secret, starts, self.now), *([refusal] if refusal else [])
        )
        if refusal is None:
            visit.part, visit.state = part, "held"
            if not lasts:  # whether it may be extended anew depends on whether it was swept
                visit.extended = again.extended

    def lane_beside(self, visit: Visit, starts: datetime) -> int | None:
        """The lane for another time of the same visit: one that is free anyway, else its own."""
        lane = self.lane_for(starts)
        return self.lane_for(starts, visit.part) if lane is None else lane

    def refusal_to_take(self, visit: Visit, starts: datetime) -> type[DomainError] | None:
        if not self.is_offered(starts):
            return SlotNotOffered
        return SlotTaken if self.lane_beside(visit, starts) is None else None

    @precondition(lambda self: any(each.state == "booked" for each in self.book.values()))
    @rule(data=st.data(), minutes=st.sampled_from([0, 15, 15, 30, 30, 45, 60, 75]))
    def somebody_moves(self, data: st.DataObject, minutes: int) -> None:
        _, visit = self.any_visit(data)
        starts = TOMORROW + minutes * MINUTE
        refusal: type[DomainError] | None = None
        stays = visit.part is not None and visit.part.starts == starts
        if visit.state != "booked":
            refusal = NotChangeable
        elif not stays:
            refusal = NoMovesLeft if visit.moves == MOVES else self.refusal_to_take(visit, starts)
        free, own = self.lane_for(starts), self.lane_beside(visit, starts)
        self.attempt(lambda db: commands.move(db, self.booking, visit.secret, starts, self.now), *([refusal] if refusal else []))
        if refusal is not None or stays:
            return
        assert visit.part is not None
        assert own is not None
        old, visit.part, visit.moves = visit.part, Part(own, starts, starts + LENGTH, None, "booking"), visit.moves + 1
        if free is not None:
            self.returns_later(old.lane, old.starts, old.ends)
        elif starts > old.starts:  # only its own part was in the way, and what is left of that returns
            self.returns_later(old.lane, old.starts, starts)
        else:
            self.returns_later(old.lane, starts + LENGTH, old.ends)

    @precondition(lambda self: self.book)
    @rule(data=st.data())
    def somebody_cancels(self, data: st.DataObject) -> None:
        _, visit = self.any_visit(data)
        if self.lapsed(visit):
            return  # refused or not, by whether it was swept: either way nothing is taken
        refusals = (NotChangeable,) if visit.state == "expired" else ()
        self.attempt(lambda db: commands.cancel(db, self.booking, visit.secret, self.now), *refusals)
        if visit.state == "booked" and visit.part is not None:
            self.returns_later(visit.part.lane, visit.part.starts, visit.part.ends)
        if not refusals:
            visit.state, visit.part = "cancelled", None

    def returns_later(self, lane: int, starts: datetime, ends: datetime) -> None:
        """What was booked is free for all at a random moment, which only the database knows."""
        expires = self.run(
            self.database.hot.fetchval(
                "SELECT expires_at FROM lane_taken WHERE lane_id = $1 AND during = tstzrange($2, $3) AND kind = 'freed'", lane, starts, ends
            )
        )
        assert self.now + timedelta(seconds=20) <= expires <= self.now + MINUTE
        self.freed.append(Part(lane, starts, ends, expires, "freed"))

    @invariant()
    def lanes_hold_what_the_book_says(self) -> None:
        if not hasattr(self, "book"):
            return

        async def read() -> tuple[set[Any], dict[int, str]]:
            parts = await self.database.hot.fetch(
                "SELECT lane_id, lower(during), upper(during), kind, expires_at FROM lane_taken"
                " WHERE lane_id = ANY ($1::bigint[]) AND (expires_at IS NULL OR expires_at > $2)",
                self.lanes,
                self.now,
            )
            visits = await self.database.hot.fetch("SELECT id, state FROM appointment WHERE office_id = $1", self.office.id)
            return {tuple(part) for part in parts}, {visit["id"]: visit["state"] for visit in visits}

        parts, states = self.run(read())
        assert parts == {(part.lane, part.starts, part.ends, part.kind, part.expires) for part in self.parts()}
        for number, visit in self.book.items():
            assert states[number] == visit.state or (self.lapsed(visit) and states[number] == "expired"), number

    @invariant()
    def everybody_is_offered_what_the_book_has_free(self) -> None:
        if not hasattr(self, "book"):
            return
        wanted = self.place.wanted("passport")
        (day,) = self.run(slots_of_days(self.database.hot, self.place.calendar, wanted, [TOMORROW.date()], self.now))
        free = {}
        for step in range(5):
            starts = TOMORROW + step * GRID
            others = {part.lane for part in self.parts() if part.starts < starts + LENGTH and starts < part.ends}
            if len(others) < len(self.lanes):
                free[starts] = len(self.lanes) - len(others)
        assert {slot.starts_at: slot.free for slot in day.slots} == free


def the_means(database: Database) -> Booking:
    """What the service's process has, without the service."""
    ring = KeyRing.throwaway()
    return Booking(
        pool=database.hot,
        ring=ring,
        catalogues=Catalogues(database.hot),
        calendars=Calendars(database.hot),
        snapshots=Snapshots(database.hot),
        guard=Guard(Limiter(database.hot, ring), ring, on=False),
        public_url="https://queue.example",
        organizer="queue@example.org",
    )


def test_whatever_citizens_do_no_lane_has_two_visits_and_every_free_one_is_offered(run_in_loop: Run, database: Database) -> None:
    means = {"run": staticmethod(run_in_loop), "database": database, "booking": the_means(database)}
    citizens: type[Citizens] = type("CitizensOfThisRun", (Citizens,), means)
    run_state_machine_as_test(citizens, settings=settings(THE_SAME_EVERY_TIME, max_examples=30, stateful_step_count=25))
