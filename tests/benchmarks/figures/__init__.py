"""What is measured, one module a figure: each arranges its rounds on the stage and names what it found."""

from collections.abc import Awaitable, Callable

from tests.benchmarks.figures import book, call_next, day, live, notify, overload, slots, start, take_ticket
from tests.benchmarks.results import Results
from tests.benchmarks.stage import Stage

FIGURES: dict[str, Callable[[Stage, Results], Awaitable[None]]] = {
    "start": start.measure,
    "take": take_ticket.measure,
    "notify": notify.measure,
    "call": call_next.measure,
    "book": book.measure,
    "slots": slots.measure,
    "overload": overload.measure,
    "day": day.measure,
    "live": live.measure,
}
"""By the name for --only. `live` is last: its largest crowd is left out when the time is up."""
LONG = ("overload", "day")
"""What a look in under a minute has no time for, unless it is asked for by name."""
