"""What tests of booking do again and again, each in one call."""

import itertools

from tests.support.factories import AnOffice
from tests.support.service import Api, Json

_serial = itertools.count(1)


async def free_slots(api: Api, office: AnOffice, service: str = "passport", days: int = 3) -> list[str]:
    """Starts of the free slots from today on, as the service writes them."""
    answer = await api.http.get(f"/api/public/offices/{office.slug}/slots", params={"service": service, "days": days})
    assert answer.status_code == 200, answer.text
    return [slot["starts_at"] for day in answer.json()["days"] for slot in day["slots"]]


async def held(api: Api, office: AnOffice, starts_at: str, service: str = "passport") -> Json:
    """A hold."""
    body = {"office": office.slug, "service": service, "starts_at": starts_at}
    answer = await api.http.post("/api/public/appointments", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def booked(api: Api, office: AnOffice, starts_at: str, service: str = "passport", contact: str | None = None) -> Json:
    """A booking of somebody new."""
    hold = await held(api, office, starts_at, service)
    person = {"name": "Анна Смирнова", "contact": contact or f"anna-{next(_serial)}@mail.ru"}
    answer = await api.http.post(f"/api/public/appointments/{hold['secret']}/confirm", json=person)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())
