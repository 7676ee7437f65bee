"""Bookings that somebody follows: read once per office and state, however many phones look.

Refuses to remember a booking longer than its screen is open.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable

from queue_service.booking.queries import AppointmentNow, appointments_by_id
from queue_service.db import Pool
from queue_service.live.state import BOOKINGS, OfficeState
from queue_service.live.views.appointment import AppointmentView, TicketRef, appointment
from queue_service.tickets.queries import tickets_of_appointments

Rows = tuple[dict[int, AppointmentNow], dict[int, TicketRef]]


class Followed:
    """The followed bookings of one process."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._ids: dict[int, Counter[int]] = defaultdict(Counter)

    def follow(self, office_id: int, appointment_id: int) -> Callable[[], None]:
        """Until the answer is called."""
        ids = self._ids[office_id]
        ids[appointment_id] += 1

        def stop() -> None:
            ids[appointment_id] -= 1
            if not ids[appointment_id]:
                del ids[appointment_id]

        return stop

    def somebody_in(self, office_id: int) -> bool:
        return bool(self._ids.get(office_id))

    async def view(self, state: OfficeState, appointment_id: int) -> AppointmentView:
        """The booking as of this state or later."""
        reading: asyncio.Task[Rows] | None = state.shared.get(BOOKINGS)
        if reading is None:
            ids = [*self._ids[state.catalogue.id], appointment_id]
            reading = state.shared[BOOKINGS] = asyncio.create_task(self._read(ids))
        rows, tickets = await asyncio.shield(reading)
        if appointment_id not in rows:  # its screen opened after the read began
            rows, tickets = await self._read([appointment_id])
        return appointment(state, rows[appointment_id], tickets.get(appointment_id))

    async def _read(self, ids: list[int]) -> Rows:
        rows = await appointments_by_id(self._pool, ids)
        tickets = await tickets_of_appointments(self._pool, ids)
        return {each.id: each for each in rows}, {owner: TicketRef(number, secret) for owner, number, secret in tickets}
