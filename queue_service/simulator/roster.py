"""When clerks work and rest: openings, short breaks with reasons, and lunch in turns so that the hall never stands still.

Pure and seeded like the plan; times in simulated minutes from the opening. Refuses to know which desk is whose.
"""

from collections.abc import Collection
from dataclasses import dataclass
from random import Random

LUNCH_FROM, LUNCH_MINUTES, LUNCH_TURNS = 180.0, 30.0, 4
"""From noon to two, a quarter of the clerks at a time."""
LATEST_OPENING = 4.0
BREAK_EVERY = 150.0
"""A short break about this often (sanitary rules for work at a screen ask for one every two to three hours)."""
BREAK_MINUTES = (3.0, 9.0)
REASONS = (("break", 6), ("paperwork", 3), ("technical", 2), ("training", 1))
"""Code of the reason and how often it is the one."""


@dataclass(frozen=True, slots=True)
class PlannedPause:
    at: float
    minutes: float
    reason: str


@dataclass(frozen=True, slots=True)
class PlannedShift:
    opens: float
    pauses: tuple[PlannedPause, ...]
    """In the order of their beginnings; none begins before the one before it has ended."""


def plan_shift(seed: int, turn: int, hours: float, reasons: Collection[str]) -> PlannedShift:
    """The day of the clerk number `turn`; `reasons` are the codes that the service knows."""
    random = Random(f"{seed}/clerk/{turn}")
    length = hours * 60
    lunch = LUNCH_FROM + LUNCH_MINUTES * (turn % LUNCH_TURNS)
    pauses = []
    if "lunch" in reasons and lunch + LUNCH_MINUTES <= length:
        pauses.append(PlannedPause(lunch, LUNCH_MINUTES, "lunch"))
    known = [(code, weight) for code, weight in REASONS if code in reasons]
    moment = random.uniform(0.4, 1.0) * BREAK_EVERY
    while known and moment + BREAK_MINUTES[1] <= length:
        short = PlannedPause(moment, random.uniform(*BREAK_MINUTES), random.choices(*zip(*known, strict=True))[0])
        if not any(_overlap(short, each) for each in pauses):
            pauses.append(short)
        moment += random.uniform(0.7, 1.3) * BREAK_EVERY
    return PlannedShift(min(random.uniform(0, LATEST_OPENING), length / 10), tuple(sorted(pauses, key=lambda each: each.at)))


def _overlap(one: PlannedPause, other: PlannedPause) -> bool:
    return one.at < other.at + other.minutes and other.at < one.at + one.minutes
