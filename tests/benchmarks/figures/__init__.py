"""What is measured, one module a figure: each arranges its rounds on the stage and names what it found."""

from collections.abc import Awaitable, Callable

from tests.benchmarks.figures import call_next, live, notify, start, take_ticket
from tests.benchmarks.results import Results
from tests.benchmarks.stage import Stage

FIGURES: dict[str, Callable[[Stage, Results], Awaitable[None]]] = {
    "start": start.measure,
    "take": take_ticket.measure,
    "call": call_next.measure,
    "live": live.measure,
    "notify": notify.measure,
}
"""By the name for --only. `notify` is last, for the day when the time does not suffice."""
