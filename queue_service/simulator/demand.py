"""What people come for, and how many of them an office can bear: from its menu and its staffed desks, without knowing any code.

Short errands are frequent, long ones rare, and what a menu lists first is asked for most. Each desk's time is shared among the
services it takes, so that specialists have something to do: offices staff desks by demand. Pure; refuses to draw lots.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from queue_service.simulator.plan import Offer

GOAL_WEIGHT: Mapping[str, float] = {"collect": 2.5, "ask": 1.5, "submit": 1.0}
"""Who has submitted comes again to collect, and asks before; one submission makes several visits."""
LOAD = 0.82
"""Share of the desks' time that the crowd takes. The humps are 1.6 times the mean, so queues grow there and melt afterwards."""
OVERHEAD_MINUTES = 1.0
"""From the call to the first word."""
SOUGHT_AFTER = 2.0
"""Two idle specialists do not make a rare errand common: no service is sought more than twice as eagerly as the median one."""
AT_THE_DESK = 0.87
"""Of a clerk's day, once lunch and breaks are over."""


@dataclass(frozen=True, slots=True)
class MenuItem:
    """A service as the kiosk lists it; `position` within its group."""

    code: str
    goal: str
    minutes: float
    position: int


def offers(menu: Iterable[MenuItem], desks: Sequence[Collection[str]]) -> list[Offer]:
    """The services that a staffed desk takes, each as popular as its desks have time for; `desks` hold service codes."""
    items = [item for item in menu if any(item.code in desk for desk in desks)]
    appeal = {item.code: GOAL_WEIGHT.get(item.goal, 1.0) / item.minutes / (1 + item.position) ** 0.5 for item in items}
    share = dict.fromkeys(appeal, 0.0)
    for desk in desks:
        taken = [item for item in items if item.code in desk]
        busy = sum(appeal[item.code] * item.minutes for item in taken)
        for item in taken:
            share[item.code] += appeal[item.code] / busy
    most = SOUGHT_AFTER * median(share[code] / appeal[code] for code in appeal) if appeal else 0.0
    return [Offer(item.code, item.minutes, min(share[item.code], most * appeal[item.code])) for item in items]


def bearable(crowd: Sequence[Offer], clerks: int, hours: float) -> int:
    """How many visitors make a lively day that still ends on time."""
    visits = sum(each.popularity for each in crowd)
    mean = sum(each.popularity * each.minutes for each in crowd) / visits + OVERHEAD_MINUTES
    return max(1, round(LOAD * AT_THE_DESK * clerks * hours * 60 / mean))
