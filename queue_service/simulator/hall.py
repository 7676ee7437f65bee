"""Where people physically are: who sits in the hall, which calls they have seen, and who stands at which desk.

The service knows nothing of this; a clerk sees somebody at the desk with their own eyes. Refuses to talk to the service.
"""

from dataclasses import dataclass

from queue_service.simulator.day import Bell, Day
from queue_service.simulator.plan import PlannedVisitor
from queue_service.simulator.wire import Board, PhoneTicket


@dataclass(frozen=True, slots=True)
class Call:
    """A call as a person noticed it, on the display or on the phone; later ones have a greater `order`."""

    order: tuple[float, int]
    desk: str
    repeated: bool


class Person:
    """A visitor with a ticket."""

    def __init__(self, ticket_id: int, number: str, plan: PlannedVisitor) -> None:
        self.ticket_id = ticket_id
        self.number = number
        self.plan = plan
        self.call: Call | None = None
        """The latest one noticed."""
        self.desk: str | None = None
        """Where the person stands; None means among those who wait."""
        self.over = False

    def notices(self, call: Call) -> None:
        if self.call is None or call.order > self.call.order:
            self.call = call

    def has_news(self, known: Call | None) -> bool:
        return self.over or (self.call is not None and self.call != known)


class Hall:
    def __init__(self, day: Day, outside: int) -> None:
        self.bell: Bell = day.bell()
        self.outside = outside
        """People of today's plan who have not been at the kiosk yet."""
        self.display_shows_all = False
        """Not before its first picture, and never when the display is one zone's: then people rely on their phones."""
        self._people: dict[int, Person] = {}
        self._watching: dict[str, Person] = {}
        """Number -> who looks for it on the display."""
        self._dismissed: set[int] = set()

    def passes_kiosk(self) -> None:
        """One person less outside, with a ticket or without."""
        self.outside -= 1
        self.bell.ring()

    def enter(self, person: Person, *, watches_display: bool) -> None:
        self._people[person.ticket_id] = person
        if watches_display:
            self._watching[person.number] = person
        if person.ticket_id in self._dismissed:  # served as a stranger while the ticket's answer was still under way
            person.over = True
        self.bell.ring()

    def person(self, ticket_id: int) -> Person | None:
        """None for somebody who is not ours: a spectator with a ticket, or a ticket from an earlier run."""
        return self._people.get(ticket_id)

    def display_shows(self, board: Board) -> None:
        self.display_shows_all = board.zone is None
        for call in board.calls:
            person = self._watching.get(call.ticket)
            if person is not None:
                person.notices(Call((call.call_id, 0), call.desk, call.recall))
        self.bell.ring()

    def phone_shows(self, person: Person, ticket: PhoneTicket) -> None:
        if ticket.desk is not None and ticket.called_at is not None:
            person.notices(Call((ticket.called_at.timestamp(), ticket.calls), ticket.desk, ticket.calls > 1))
        self.bell.ring()

    def comes_to(self, person: Person, desk: str) -> None:
        person.desk = desk
        self.bell.ring()

    def stands_at(self, desk: str, ticket_id: int) -> bool:
        person = self._people.get(ticket_id)
        return person is not None and person.desk == desk

    def sent_back(self, ticket_id: int) -> None:
        """The clerk returned the ticket to the queue: the person waits again."""
        person = self._people.get(ticket_id)
        if person is not None:
            person.desk = None

    def dismissed(self, ticket_id: int) -> None:
        """The visit is over."""
        self._dismissed.add(ticket_id)
        person = self._people.get(ticket_id)
        if person is not None:
            person.over, person.desk = True, None
            self._watching.pop(person.number, None)
        self.bell.ring()
