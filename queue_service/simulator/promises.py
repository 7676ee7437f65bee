"""What the service must never do, as far as a hall full of people could notice it.

Pure bookkeeping: told what was answered, remembers every contradiction as a sentence. Refuses to judge what a race could explain:
a desk lets a ticket go before the request that ends it is sent, because another desk may have it before we hear the answer.
"""

from datetime import date
from zoneinfo import ZoneInfo

from queue_service.simulator.wire import Board, DeskTicket, Issued

REMEMBERED = 50
"""Sentences kept; a service that breaks more is broken, and the rest is only counted."""


class Promises:
    def __init__(self, time_zone: str) -> None:
        self.broken: list[str] = []
        self.count = 0
        self._zone = ZoneInfo(time_zone)
        self._ticket_of_key: dict[str, int] = {}
        self._ticket_of_number: dict[tuple[date, str], int] = {}
        self._key_of_ticket: dict[int, str] = {}
        self._desk_of: dict[int, str] = {}
        self._ended: dict[int, str] = {}

    def break_(self, sentence: str) -> None:
        self.count += 1
        if len(self.broken) < REMEMBERED and sentence not in self.broken:
            self.broken.append(sentence)

    def issued(self, key: str, ticket: Issued) -> None:
        """One key, one ticket; one number, one ticket a day; one ticket, one key."""
        if self._ticket_of_key.setdefault(key, ticket.id) != ticket.id:
            self.break_(f"Повтор запроса с тем же ключом дал другой талон: {ticket.number}.")
        if self._key_of_ticket.setdefault(ticket.id, key) != key:
            self.break_(f"Талон {ticket.number} выдан двум посетителям.")
        day = ticket.issued_at.astimezone(self._zone).date()
        if self._ticket_of_number.setdefault((day, ticket.number), ticket.id) != ticket.id:
            self.break_(f"Номер {ticket.number} выдан дважды за день.")

    def called(self, ticket: DeskTicket, desk: str) -> None:
        """A ticket is at one desk at a time, and not any more once its visit is over."""
        held_by = self._desk_of.get(ticket.id)
        if held_by is not None and held_by != desk:
            self.break_(f"Талон {ticket.number} вызван сразу к двум окнам: {held_by} и {desk}.")
        if ticket.id in self._ended:
            self.break_(f"Талон {ticket.number} вызван к окну {desk}, хотя он уже завершён ({self._ended[ticket.id]}).")
        self._desk_of[ticket.id] = desk

    def let_go(self, ticket_id: int) -> None:
        """Before the request is sent that may bring the ticket to another desk."""
        self._desk_of.pop(ticket_id, None)

    def ended(self, ticket_id: int, how: str) -> None:
        """Nothing brings this ticket back to a desk."""
        self.let_go(ticket_id)
        self._ended[ticket_id] = how

    def shown(self, board: Board) -> None:
        """A display never shows one ticket at two desks, nor two tickets at one desk."""
        desks: dict[str, str] = {}
        tickets: dict[str, str] = {}
        for call in board.calls:
            if tickets.setdefault(call.ticket, call.desk) != call.desk:
                self.break_(f"Табло показывает талон {call.ticket} у двух окон: {tickets[call.ticket]} и {call.desk}.")
            if desks.setdefault(call.desk, call.ticket) != call.ticket:
                self.break_(f"Табло показывает у окна {call.desk} два талона: {desks[call.desk]} и {call.ticket}.")
