"""Whoever loses the account or the office loses the desk with it, at once: the visitor goes back to the queue, and the record says why."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from queue_service.db import Database
from queue_service.desks.commands import open_shift
from queue_service.errors import Forbidden
from queue_service.staff.models import Role
from queue_service.staff.people import PersonAct
from tests.support.factories import AClerk, AnOffice, a_clerk, a_clerk_at, a_ticket, an_office
from tests.support.service import Service, bearer, eventually


@dataclass
class Scene:
    service: Service
    database: Database
    office: AnOffice
    other: AnOffice
    clerk: AClerk
    city: AClerk
    tickets: list[int] = field(default_factory=list)

    async def pressed(self, act: PersonAct, *, on_page: bool = False) -> None:
        if on_page:
            csrf = {"X-CSRF-Token": self.city.csrf, "Cookie": f"queue_session={self.city.token}"}
            answer = await self.service.http.post(f"/admin/staff/{self.clerk.account_id}/acts", data={"act": act.value}, headers=csrf)
            assert answer.status_code == 303, answer.text
            return
        await self._done("acts", act=act.value)

    async def changed(
        self, role: Role = Role.CLERK, office: AnOffice | None = None, *, was: Role = Role.CLERK, on_page: bool = False
    ) -> None:
        goes = office or self.office
        if on_page:
            csrf = {"X-CSRF-Token": self.city.csrf, "Cookie": f"queue_session={self.city.token}"}
            seen = {"seen_name": self.clerk.name, "seen_role": was.value, "seen_office": str(self.office.id)}
            form = {"name": self.clerk.name, "role": role.value, "office": str(goes.id), **seen}
            answer = await self.service.http.post(f"/admin/staff/{self.clerk.account_id}", data=form, headers=csrf)
            assert answer.status_code == 303, answer.text
            return
        seen = {"name": self.clerk.name, "role": was.value, "office": self.office.slug}
        await self._done("change", name=self.clerk.name, role=role.value, office=goes.slug, seen=seen)

    async def _done(self, what: str, **body: Any) -> None:
        path = f"/api/admin/accounts/{self.clerk.account_id}/{what}"
        answer = await self.service.http.post(path, json=body, headers=bearer(self.city.token))
        assert answer.status_code in (200, 204), answer.text

    async def states(self) -> list[str]:
        rows = await self.database.hot.fetch("SELECT state FROM ticket ORDER BY id")
        return [row["state"] for row in rows]

    async def open_desks(self) -> int:
        count: int = await self.database.hot.fetchval("SELECT count(*) FROM shift WHERE closed_at IS NULL")
        return count


@pytest.fixture
async def scene(service: Service, database: Database) -> Scene:
    """Two wait, and the first is called."""
    office, other = await an_office(database), await an_office(database)
    city = await a_clerk(database, None, role=Role.CITY_ADMINISTRATOR)
    made = Scene(service, database, office, other, await a_clerk_at(database, office, "1"), city)
    made.tickets = [await a_ticket(database, office) for _ in range(2)]
    await service.called(made.clerk)
    return made


@pytest.mark.parametrize("on_page", [False, True], ids=["api", "page"])
async def test_who_is_switched_off_leaves_the_desk_and_the_visitor_keeps_the_place(scene: Scene, on_page: bool) -> None:
    await scene.pressed(PersonAct.SWITCH_OFF, on_page=on_page)
    assert (await scene.states(), await scene.open_desks()) == (["waiting", "waiting"], 0)
    called = await scene.service.called(await a_clerk_at(scene.database, scene.office, "1"))
    assert called["id"] == scene.tickets[0]
    rows = await scene.database.hot.fetch("SELECT act, subject, actor, office_id, after FROM audit_record ORDER BY id")
    assert [(row["act"], row["subject"], row["actor"], row["office_id"]) for row in rows] == [
        ("account.switched_off", f"account:{scene.clerk.account_id}", scene.city.login, scene.office.id),
        ("desk.ended", "desk:1", scene.city.login, scene.office.id),
    ]
    assert rows[1]["after"]["account"] == scene.clerk.account_id


@pytest.mark.parametrize("on_page", [False, True], ids=["api", "page"])
async def test_who_is_moved_while_serving_opens_a_desk_of_the_new_office_at_once(scene: Scene, on_page: bool) -> None:
    assert (await scene.service.desk(scene.clerk, "start")).status_code == 200
    await scene.changed(office=scene.other, on_page=on_page)
    assert (await scene.states(), await scene.open_desks()) == (["served", "waiting"], 0)
    assert await scene.database.hot.fetchval("SELECT inaccurate FROM ticket WHERE id = $1", scene.tickets[0])

    async def opens() -> bool:
        return (await scene.service.desk(scene.clerk, "shift", "PUT", desk="1")).status_code == 200

    await eventually(opens)  # who the session is, is looked up anew when the change is heard of
    assert await scene.database.hot.fetchval("SELECT office_id FROM shift WHERE closed_at IS NULL") == scene.other.id


async def test_a_role_without_a_desk_ends_the_shift_and_one_with_a_desk_does_not(scene: Scene) -> None:
    await scene.pressed(PersonAct.END_SESSIONS)
    assert (await scene.states(), await scene.open_desks()) == (["called", "waiting"], 1)
    await scene.changed(Role.HALL_ADMINISTRATOR)
    assert await scene.open_desks() == 1
    await scene.changed(Role.AUDITOR, was=Role.HALL_ADMINISTRATOR)
    assert (await scene.states(), await scene.open_desks()) == (["waiting", "waiting"], 0)


@pytest.mark.parametrize("gone", ["active = false", "office_id = {other}"])
async def test_a_click_that_was_under_way_opens_nothing_afterwards(scene: Scene, gone: str) -> None:
    catalogue = await scene.office.catalogue(scene.database)
    clerk = await a_clerk(scene.database, scene.office)
    await scene.database.hot.execute(f"UPDATE account SET {gone.format(other=scene.other.id)} WHERE id = $1", clerk.account_id)
    with pytest.raises(Forbidden):
        async with scene.database.session() as db:
            await open_shift(db, catalogue, clerk.account_id, "1", datetime.now(UTC))
