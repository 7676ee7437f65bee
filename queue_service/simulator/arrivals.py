"""When people come: the curve with two humps that every district office knows, late morning and after school.

Pure: a number between 0 and 1 goes in, a minute of the day comes out. Refuses to draw the number itself.
"""

import math
from bisect import bisect_right
from itertools import accumulate

OPENING_HOUR = 9
"""Minute 0 of every simulated day."""
LONGEST_HOURS = 15
"""Until midnight: a simulated day has one date."""

CALM = 0.25
"""Somebody always comes, also between the humps."""
HUMPS = ((10.75, 1.0, 1.0), (15.5, 1.2, 0.85))
"""Hour of the peak, its breadth in hours (standard deviation), its height."""


def intensity(minute: float) -> float:
    """How many people come per minute, up to a constant factor; `minute` counts from the opening."""
    hour = OPENING_HOUR + minute / 60
    return CALM + sum(height * math.exp(-(((hour - peak) / breadth) ** 2) / 2) for peak, breadth, height in HUMPS)


class Arrivals:
    """The curve over the first `hours` of the day, ready to place people on it."""

    def __init__(self, hours: float) -> None:
        minutes = max(1, math.ceil(hours * 60))
        self.length = hours * 60
        self._step = self.length / minutes
        self._cumulative = list(accumulate(intensity((minute + 0.5) * self._step) for minute in range(minutes)))

    def minute(self, share: float) -> float:
        """The minute by which `share` (0 up to, not including, 1) of the day's visitors have come."""
        target = share * self._cumulative[-1]
        index = min(bisect_right(self._cumulative, target), len(self._cumulative) - 1)
        before = self._cumulative[index - 1] if index else 0.0
        within = (target - before) / (self._cumulative[index] - before)
        return min((index + within) * self._step, self.length)
