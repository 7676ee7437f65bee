"""Makes a failing plan smaller: plays plans that do less, keeps each that still fails in the same way, and stops when time is up.

A run that depends on chance may pass although its plan can fail; so each smaller plan gets two tries, and the smallest one that failed is
kept, never the smallest one imaginable.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.torture.plan import Plan, smaller

TRIES = 2


@dataclass
class Shrunk:
    plan: Plan
    runs: int


async def shrink(plan: Plan, fails: Callable[[Plan], Awaitable[bool]], seconds: float) -> Shrunk:
    """The smallest plan found of which `fails` is true; `fails` plays it."""
    end, runs = time.monotonic() + seconds, 0
    found = True
    while found:
        found = False
        for candidate in smaller(plan):
            for _ in range(TRIES):
                if time.monotonic() + candidate.seconds > end:
                    return Shrunk(plan, runs)
                runs += 1
                if await fails(candidate):
                    plan, found = candidate, True
                    break
            if found:
                break
    return Shrunk(plan, runs)
