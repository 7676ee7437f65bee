"""How long and how large: the whole benchmark, or a look in under a minute that only shows that nothing is broken."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Scale:
    rounds: int
    """Medians are over these; each round plays every figure and its floor once."""
    seconds: int
    """Of one measured window; pgbench takes whole seconds only."""
    warm_up: float
    """Before the window: connections open, statements get prepared, caches fill."""
    old_tickets: int
    """0: the figures over history are left out."""
    complete: bool
    """False: of every figure only the points that the targets name."""
    limit: float
    """Seconds after which no further round begins."""
    set_aside: float
    """Of the limit, for what has no rounds: writing years of tickets and bookings, the overload and the city's day."""
    overload_seconds: float
    """How long citizens come past capacity."""
    day_hours: float
    """Of the simulated city's day, from its opening."""
    began: float = field(default_factory=time.monotonic)

    def overloaded_for(self, minutes: float) -> "Scale":
        return replace(self, overload_seconds=60 * minutes, limit=self.limit + 60 * minutes)

    def over(self) -> bool:
        return time.monotonic() - self.began > self.limit

    def turns(self, share: float) -> Iterator[int]:
        """Round numbers for one figure; fewer than `rounds` when the next one would not end within its share of the time."""
        began = time.monotonic()
        for turn in range(self.rounds):
            passed = time.monotonic() - began
            longest = passed / turn if turn else 0.0
            left = min((self.limit - self.set_aside) * share - passed, self.limit - (time.monotonic() - self.began))
            if turn and longest > left:
                return
            yield turn


def whole() -> Scale:
    """Up to five rounds: three would be the fewest whose median survives one disturbed round."""
    return Scale(
        rounds=5,
        seconds=2,
        warm_up=0.5,
        old_tickets=1_000_000,
        complete=True,
        limit=565.0,
        set_aside=230.0,
        overload_seconds=12.0,
        day_hours=9.0,
    )


def quick() -> Scale:
    return Scale(
        rounds=1, seconds=1, warm_up=0.3, old_tickets=0, complete=False, limit=45.0, set_aside=0.0, overload_seconds=4.0, day_hours=1.5
    )
