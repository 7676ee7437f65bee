"""A working day of a city of sixty offices in less than a minute, from the first visitor to the last desk closed, and what it costs.

Visitors come in the two humps of a real day, a fifth of them with a booking; clerks call, serve, send on, rest and close. What a visitor
costs the service, and what its open screens cost while nobody comes, says how many such cities one core would carry in real time.
Hundreds of times faster than life a screen is told of several events at once, so a real day costs somewhat more per visitor.
Refuses a day in which a promise of the service was broken; refusals miss their target.
"""

from datetime import UTC, datetime, timedelta

from queue_service.simulator.arrivals import intensity
from tests.benchmarks.city import GRID_MINUTES
from tests.benchmarks.errors import BenchmarkError
from tests.benchmarks.load.jobs import DayJob, DayOffice, Played
from tests.benchmarks.results import Results, Target
from tests.benchmarks.stage import Stage, say, simulated
from tests.support.service import ServiceProcess

SPEED = 810.0
"""Nine hours in forty seconds."""
CLERKS, VISITORS = 1, 6
"""In each office. As many commands a second as a city with 290,000 visitors a day would give in real time."""
CITY_VISITORS = 60 * 16 * 25
"""A day of the city whose share of a core is told: 25 visits at each of its 960 desks."""
HALF_AN_HOUR = 30
"""How long before its time a booking may be checked in."""
MAKE_DAY = """
UPDATE office SET no_show_min_seconds = 1;
UPDATE lane_hours SET opens = 0, closes = 1440;
UPDATE booking_policy SET lead_minutes = 0;
UPDATE shift SET closed_at = now() WHERE closed_at IS NULL;
"""
"""What takes seconds in life must not take hours here, and the bookings are for now, whatever the hour."""


async def measure(stage: Stage, results: Results) -> None:
    database = await stage.database("day")
    await database.connection.execute(MAKE_DAY)
    process = ServiceProcess({"QUEUE_DATABASE_URL": database.url, "QUEUE_LOG_LEVEL": "warning"}, 1, stage.folder)
    process.start()
    try:
        await process.ready()
        say(f"a city's day of {stage.scale.day_hours:g} h, {SPEED:.0f} times as fast as life")
        played = await simulated(_job(stage, process))
    finally:
        process.kill()
        await process.close()
    if played.broken:
        raise BenchmarkError(f"The service broke its promises: {'; '.join(played.broken)}")
    _note(results, played, stage.scale.day_hours)


def _job(stage: Stage, process: ServiceProcess) -> DayJob:
    return DayJob(
        port=process.port,
        offices=tuple(
            DayOffice(office.slug, office.kiosk.token, office.display_token, office.desks[:CLERKS]) for office in stage.city.offices
        ),
        bookable=stage.city.offices[0].kiosk.service,
        starts=_next_starts(datetime.now(UTC)),
        visitors=VISITORS,
        hours=stage.scale.day_hours,
        speed=SPEED,
        workers=tuple(process.worker_pids()),
    )


def _next_starts(now: datetime) -> tuple[str, ...]:
    """The one slot that is neither over when the day ends nor too far ahead to be checked in."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    minutes = (now.minute + 2) // GRID_MINUTES * GRID_MINUTES + GRID_MINUTES
    return tuple((hour + timedelta(minutes=minutes + more)).isoformat() for more in range(0, HALF_AN_HOUR - GRID_MINUTES, GRID_MINUTES))


def _note(results: Results, played: Played, hours: float) -> None:
    group = f"a day of 60 offices with {CLERKS} clerk each, {hours:g} h, {SPEED:.0f} times as fast as life, 1 worker"
    results.figure(group, "visitors", "").add(
        played.visitors, booked=played.booked, served=played.served, sent_on=played.transferred, no_shows=played.no_shows, left=played.left
    )
    undone = played.planned - played.visitors + played.unfinished
    results.figure(group, "not served when everybody went home", "", target=Target("ours", most=0.0)).add(undone)
    felt = played.commands
    results.figure(group, "commands a second", "").add(felt.count / played.seconds, commands=felt.count, seconds=played.seconds)
    results.figure(group, "a command, ms", "").add(felt.p50, p99=felt.p99, longest=felt.longest)
    results.figure(group, "refused", "", target=Target("ours", most=0.0)).add(sum(played.refused.values()))
    if played.refused:
        results.remarks.append(f"Refused in the city's day: {played.refused}.")
    per_visitor = played.service_cpu / max(1, played.visitors)
    results.figure(group, "processor seconds of 1,000 visitors", "").add(1_000 * per_visitor)
    results.figure(group, "share of a core with all screens open and nobody there", "").add(played.resting_cpu)
    busiest = per_visitor * CITY_VISITORS / (hours * 3600) * _peak(hours) + played.resting_cpu
    name = f"cities of {CITY_VISITORS:,} visitors a day on one core in their busiest minute"
    results.figure(group, name, "").add(1 / busiest if busiest else 0.0, share=busiest)


def _peak(hours: float) -> float:
    """How many times the mean come in the busiest minute."""
    minutes = [intensity(minute) for minute in range(round(hours * 60))]
    return max(minutes) / (sum(minutes) / len(minutes))
