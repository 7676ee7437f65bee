"""What everybody in one simulated hall shares. A plain value; refuses to do anything."""

from dataclasses import dataclass

from queue_service.simulator.day import Day
from queue_service.simulator.hall import Hall
from queue_service.simulator.promises import Promises
from queue_service.simulator.remote import Service
from queue_service.simulator.tally import Tally


@dataclass(frozen=True, slots=True)
class Stage:
    service: Service
    day: Day
    hall: Hall
    tally: Tally
    promises: Promises
    kiosk_token: str
    typical_minutes: dict[str, float]
    """Service code -> minutes, for visitors whose plan we do not know."""
