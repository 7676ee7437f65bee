"""Who comes when with what: the whole crowd decided beforehand from a seed, so that a run can be repeated and argued about.

Every visitor has a random source of their own, named by seed and index; one visitor more changes nothing about the others.
Pure: refuses clock, network and module-level randomness.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from queue_service.simulator.arrivals import Arrivals

PRIVILEGED = 0.06
WITH_NEEDS = 0.04
ENGLISH = 0.05
NO_SHOWS = 0.05
COME_LATE = 0.05
"""Did not hear the first call; the second one brings them."""
IMPATIENT = 0.08
"""Give the ticket up on the phone when it takes too long."""
WITH_PHONE = 0.3
"""Scan the ticket's code and follow it on the phone; the others watch the display."""
LOSE_THE_ANSWER = 0.03
DOUBLE_TAP = 0.02
"""Both send one wish twice under one key; a flaky network and an impatient finger."""

SPREAD = 0.45
"""Sigma of the lognormal visit: most take a little less than typical, a few take three times as long."""
SHORTEST_SHARE, LONGEST_SHARE = 0.2, 4.0
"""Of the typical minutes; nobody is served in five seconds and nobody for two hours."""
WALK_MINUTES = (0.15, 0.9)
PATIENCE_MINUTES = (8.0, 30.0)


@dataclass(frozen=True, slots=True)
class Offer:
    """A service that people may come for; `popularity` is relative."""

    code: str
    minutes: float
    popularity: float


@dataclass(frozen=True, slots=True)
class Crowd:
    """What the plan depends on, all of it."""

    seed: int
    hours: float
    visitors: int
    offers: Sequence[Offer]
    privileges: Sequence[str]
    needs: Sequence[str]


@dataclass(frozen=True, slots=True)
class PlannedVisitor:
    """Times in simulated minutes; `arrives` counts from the opening."""

    index: int
    arrives: float
    service: str
    privilege: str | None
    needs: tuple[str, ...]
    language: Literal["ru", "en"]
    serving_minutes: float
    walk_minutes: float
    comes: Literal["at once", "after a recall", "never"]
    patience: float | None
    """Minutes of waiting after which the visitor leaves the queue from the phone."""
    phone: bool
    network: Literal["good", "answer lost", "double tap"]


def plan_visitors(crowd: Crowd) -> list[PlannedVisitor]:
    """The day's visitors in the order in which they come."""
    arrivals = Arrivals(crowd.hours)
    visitors = [_visitor(crowd, arrivals, index) for index in range(crowd.visitors)]
    return sorted(visitors, key=lambda each: (each.arrives, each.index))


def _visitor(crowd: Crowd, arrivals: Arrivals, index: int) -> PlannedVisitor:
    random = Random(f"{crowd.seed}/visitor/{index}")  # a text seeds the same on every machine and Python
    offer = random.choices(crowd.offers, [each.popularity for each in crowd.offers])[0]
    privileged, needy, impatient = random.random() < PRIVILEGED, random.random() < WITH_NEEDS, random.random() < IMPATIENT
    manners, network = random.random(), random.random()
    return PlannedVisitor(
        index=index,
        arrives=arrivals.minute(random.random()),
        service=offer.code,
        privilege=random.choice(crowd.privileges) if privileged and crowd.privileges else None,
        needs=(random.choice(crowd.needs),) if needy and crowd.needs else (),
        language="en" if random.random() < ENGLISH else "ru",
        serving_minutes=serving_minutes(random, offer.minutes),
        walk_minutes=random.uniform(*WALK_MINUTES),
        comes="never" if manners < NO_SHOWS else "after a recall" if manners < NO_SHOWS + COME_LATE else "at once",
        patience=random.uniform(*PATIENCE_MINUTES) if impatient else None,
        phone=impatient or random.random() < WITH_PHONE,
        network="answer lost" if network < LOSE_THE_ANSWER else "double tap" if network < LOSE_THE_ANSWER + DOUBLE_TAP else "good",
    )


def serving_minutes(random: Random, typical: float) -> float:
    """A lognormal visit whose mean is the typical one, kept within what a clerk would believe."""
    drawn = random.lognormvariate(math.log(typical) - SPREAD**2 / 2, SPREAD)
    return min(max(drawn, typical * SHORTEST_SHARE), typical * LONGEST_SHARE)
