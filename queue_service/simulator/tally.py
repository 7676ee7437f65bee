"""What has happened so far, in numbers. Refuses to decide anything by them.

Kept as sets of ticket ids: a clerk may call a ticket before its visitor has read the answer that brought it, so events come in any order.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median, quantiles


@dataclass
class Tally:
    speed: float
    ours: set[int] = field(default_factory=set)
    """Tickets that our visitors took; other people's are counted apart."""
    at_desks: set[int] = field(default_factory=set)
    gone: set[int] = field(default_factory=set)
    finished: set[int] = field(default_factory=set)
    no_shows: int = 0
    left: int = 0
    returned: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    """Code of the refusal -> visitors who went away without a ticket."""
    sent_twice: int = 0
    """Issues that we repeated on purpose."""
    retries: int = 0
    """Requests repeated because the service did not answer or failed."""
    surprises: int = 0
    """Refusals after which a clerk had to look at the desk anew (a person used the same account, a restart)."""
    _waits: dict[int, float] = field(default_factory=dict)

    def takes_ticket(self, ticket_id: int) -> None:
        self.ours.add(ticket_id)

    def is_called(self, ticket_id: int, waited: timedelta) -> None:
        """`waited` is real time since the ticket; only the first call counts."""
        self.at_desks.add(ticket_id)
        self._waits.setdefault(ticket_id, waited.total_seconds() * self.speed / 60)

    def is_returned(self, ticket_id: int) -> None:
        self.returned += 1
        self.at_desks.discard(ticket_id)

    def goes(self, ticket_id: int, *, served: bool = False) -> None:
        """The ticket is neither waiting nor at a desk any more."""
        self.at_desks.discard(ticket_id)
        self.gone.add(ticket_id)
        if served:
            self.finished.add(ticket_id)

    @property
    def issued(self) -> int:
        return len(self.ours)

    @property
    def waiting(self) -> int:
        return len(self.ours - self.at_desks - self.gone)

    @property
    def served(self) -> int:
        return len(self.finished & self.ours)

    @property
    def strangers(self) -> int:
        """Served tickets of others: a spectator at the kiosk, an earlier run."""
        return len(self.finished - self.ours)

    @property
    def waits(self) -> list[float]:
        """Simulated minutes from the ticket to its first call."""
        return [minutes for ticket_id, minutes in self._waits.items() if ticket_id in self.ours]

    @property
    def median_wait(self) -> float | None:
        return median(self.waits) if self.waits else None

    @property
    def long_wait(self) -> float | None:
        """Nine of ten waited less."""
        waits = self.waits
        return quantiles(waits, n=10, method="inclusive")[-1] if len(waits) > 1 else None
