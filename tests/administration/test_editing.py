"""One change at a time: by the rules of the city file, three-way with what others saved meanwhile, and never at the visitors' cost."""

import asyncio
from typing import Any

import pytest

from queue_service.administration.editing import BadEdit, Edit, EditConflict, edit
from queue_service.db import Database
from queue_service.errors import NotFound
from tests.administration.scene import HEAD, MONDAY, change, load, stands, two_offices
from tests.support.factories import AnOffice, a_clerk_at, a_ticket
from tests.support.service import PATIENCE_SECONDS, eventually

DESK = ("offices", "central", "desks", "2")


@pytest.fixture
async def city(database: Database) -> dict[str, Any]:
    made = two_offices()
    await load(database, made)
    return made


async def made_office(database: Database, slug: str = "central") -> AnOffice:
    """The loaded office as factories know offices."""
    row = await database.hot.fetchrow("SELECT id FROM office WHERE slug = $1", slug)
    assert row is not None
    services = await database.hot.fetch(
        "SELECT service.code, service.id, letter FROM service JOIN service_group g ON g.id = group_id WHERE service.office_id = $1",
        row["id"],
    )
    desks = await database.hot.fetch("SELECT number, id FROM desk WHERE office_id = $1", row["id"])
    return AnOffice(
        row["id"],
        slug,
        services={each["code"]: each["id"] for each in services},
        desks={each["number"]: each["id"] for each in desks},
        letters={each["code"]: each["letter"] for each in services},
    )


@pytest.mark.usefixtures("city")
async def test_a_changed_field_is_saved_and_recorded_and_the_rest_stays(database: Database) -> None:
    before = await stands(database, DESK)
    place = {"ru": "у окна в сад", "en": "by the garden"}
    saved = await change(database, DESK, before, {**before, "place": place})
    assert (saved.before, saved.after) == ({"place": None}, {"place": place})
    assert await stands(database, DESK) == {**before, "place": place}
    record = await database.hot.fetchrow("SELECT * FROM audit_record")
    assert record is not None
    assert (record["act"], record["subject"], record["actor"]) == ("setup.changed", "offices/central/desks/2", "head")
    assert (record["before"], record["after"]) == (saved.before, saved.after)
    assert await change(database, DESK, saved.after, saved.after) == type(saved)({}, {})
    assert await database.hot.fetchval("SELECT count(*) FROM audit_record") == 1


@pytest.mark.usefixtures("city")
async def test_what_nobody_touched_here_keeps_what_was_saved_meanwhile(database: Database) -> None:
    seen = await stands(database, DESK)
    await change(database, DESK, seen, {**seen, "accessible": True})
    await change(database, DESK, seen, {**seen, "place": {"ru": "у входа"}})
    assert await stands(database, DESK) == {**seen, "accessible": True, "place": {"ru": "у входа"}}


@pytest.mark.usefixtures("city")
async def test_a_field_that_both_changed_is_a_conflict_that_names_it(database: Database) -> None:
    seen = await stands(database, DESK)
    await change(database, DESK, seen, {**seen, "place": {"ru": "у входа"}})
    with pytest.raises(EditConflict) as refused:
        await change(database, DESK, seen, {**seen, "place": {"ru": "в глубине"}, "accessible": True})
    assert refused.value.changed == {"place": (None, {"ru": "у входа"})}
    assert (await stands(database, DESK))["accessible"] is False


@pytest.mark.usefixtures("city")
async def test_what_was_removed_meanwhile_is_a_conflict_and_so_is_removing_what_was_changed(database: Database) -> None:
    seen = await stands(database, DESK)
    await change(database, DESK, seen, {**seen, "accessible": True})
    with pytest.raises(EditConflict):
        await change(database, DESK, seen, None)
    await change(database, DESK, {"number": "2"}, None)
    with pytest.raises(EditConflict):
        await change(database, DESK, seen, {**seen, "accessible": True})
    assert await stands(database, DESK) is None
    assert (
        await database.hot.fetchval(
            "SELECT active FROM desk WHERE number = '2' AND office_id = (SELECT id FROM office WHERE slug = 'central')"
        )
        is False
    )


@pytest.mark.usefixtures("city")
async def test_a_desk_is_added_once(database: Database) -> None:
    place = ("offices", "central", "desks", "7")
    await change(database, place, None, {"services": ["passport"], "zone": "hall"})
    assert (await stands(database, place))["services"] == ["passport"]
    with pytest.raises(BadEdit) as refused:
        await change(database, place, None, {"services": ["consultation"], "zone": "hall"})
    assert list(refused.value.places) == ["number"]


@pytest.mark.usefixtures("city")
async def test_mistakes_are_told_beside_their_fields_in_both_languages(database: Database) -> None:
    seen = await stands(database, DESK)
    with pytest.raises(BadEdit) as refused:
        await change(database, DESK, seen, {**seen, "zone": "cellar", "services": ["tea"], "place": {"ru": " ", "en": "x"}})
    places = refused.value.places
    assert set(places) == {"zone", "services", "place.ru"}
    assert places["zone"] == {"ru": "зона «cellar» не найдена", "en": "there is no zone “cellar”"}


@pytest.mark.usefixtures("city")
async def test_a_service_comes_to_an_office_together_with_its_desks_and_leaves_with_them(database: Database) -> None:
    catalogue = ("catalogue", "services", "visa")
    await change(database, catalogue, None, {**await stands(database, ("catalogue", "services", "passport")), "code": "visa"})
    assert await stands(database, ("offices", "central", "services")) == ["passport", "consultation"]
    given = ("offices", "central", "services", "visa")
    with pytest.raises(BadEdit):
        await change(database, given, None, {"desks": [], "help_out": [], "override": {}})
    await change(database, given, None, {"desks": ["1"], "help_out": ["2"], "override": {"daily_limit": None, "typical_minutes": 25}})
    assert await stands(database, given) == {"desks": ["1"], "help_out": ["2"], "override": {"typical_minutes": 25}}
    assert (await stands(database, DESK))["help_out"] == ["consultation", "visa"]
    await change(database, given, await stands(database, given), None)
    assert (await stands(database, DESK))["help_out"] == ["consultation"]
    assert await stands(database, given) is None


@pytest.mark.usefixtures("city")
async def test_a_change_of_the_catalogue_reaches_every_office_but_not_what_an_office_does_differently(database: Database) -> None:
    place = ("catalogue", "services", "passport")
    seen = await stands(database, place)
    await change(database, place, seen, {**seen, "typical_minutes": 33, "name": {"ru": "Паспорт", "en": "Passport"}})
    rows = await database.hot.fetch(
        "SELECT slug, typical_minutes, service.name FROM service JOIN office ON office.id = office_id WHERE code = 'passport' ORDER BY slug"
    )
    assert [(row["slug"], row["typical_minutes"]) for row in rows] == [("central", 20), ("northern", 33)]
    assert {row["name"]["ru"] for row in rows} == {"Паспорт"}


@pytest.mark.usefixtures("city")
async def test_groups_change_their_letters_with_each_other(database: Database) -> None:
    seen = await stands(database, ("catalogue",))
    papers, advice = seen["groups"]
    await change(database, ("catalogue",), seen, {**seen, "groups": [{**papers, "letter": "В"}, {**advice, "letter": "А"}]})
    assert [each["letter"] for each in await stands(database, ("catalogue", "groups"))] == ["В", "А"]
    assert await database.hot.fetchval("SELECT count(*) FROM service_group WHERE code = 'papers' AND letter = 'В'") == 2


@pytest.mark.usefixtures("city")
async def test_a_code_is_not_changed(database: Database) -> None:
    place = ("offices", "central", "zones", "hall")
    seen = await stands(database, place)
    with pytest.raises(BadEdit) as refused:
        await change(database, place, seen, {**seen, "code": "atrium"})
    assert list(refused.value.places) == ["code"]
    with pytest.raises(NotFound):
        await change(database, ("offices", "nowhere", "zones", "hall"), None, {"name": {"ru": "Зал"}})


@pytest.mark.usefixtures("city")
async def test_a_desk_with_a_clerk_and_a_service_with_visitors_are_not_taken_away(database: Database) -> None:
    office = await made_office(database)
    await a_clerk_at(database, office, "2")
    await a_ticket(database, office, "consultation")
    with pytest.raises(BadEdit) as refused:
        await change(database, DESK, {"number": "2"}, None)
    assert "смена" in refused.value.places[""]["ru"]
    given = ("offices", "central", "services", "consultation")
    with pytest.raises(BadEdit) as refused:
        await change(database, given, await stands(database, given), None)
    assert refused.value.places[""]["en"].startswith("Visitors wait for this service: 1.")
    await database.hot.execute("UPDATE ticket SET state = 'expired'")
    await change(database, given, await stands(database, given), None)


@pytest.mark.usefixtures("city")
async def test_a_lane_keeps_its_rows_under_a_new_name(database: Database) -> None:
    place = ("offices", "central", "lanes", "Паспорта")
    before = await database.hot.fetch("SELECT id FROM lane WHERE name LIKE 'Паспорта%' ORDER BY id")
    seen = await stands(database, place)
    await change(database, place, seen, {**seen, "name": "Документы"})
    after = await database.hot.fetch("SELECT id FROM lane WHERE name LIKE 'Документы%' AND active ORDER BY id")
    northern = await database.hot.fetchval("SELECT count(*) FROM lane WHERE name LIKE 'Паспорта%' AND active")
    assert [row["id"] for row in after] == [row["id"] for row in before[:2]]
    assert northern == 2
    with pytest.raises(BadEdit):
        await change(database, ("offices", "central", "lanes", "Зал"), {"name": "Зал"}, {"name": "Документы"})


@pytest.mark.usefixtures("city")
async def test_an_office_that_is_being_set_up_may_be_incomplete_and_one_that_opens_may_not(database: Database) -> None:
    place = ("offices", "western")
    await change(database, place, None, {"name": {"ru": "Запад"}, "district": {"ru": "Запад"}, "address": {"ru": "Улица, 1"}})
    assert await database.hot.fetchval("SELECT active FROM office WHERE slug = 'western'") is False
    with pytest.raises(BadEdit) as refused:
        await change(database, place, {"active": False}, {"active": True})
    assert list(refused.value.places) == ["opening_hours"]
    with pytest.raises(BadEdit):
        await change(database, place, {"active": False}, None)


@pytest.mark.usefixtures("city")
async def test_of_two_administrators_at_once_the_later_one_is_told_what_changed(database: Database) -> None:
    seen = await stands(database, DESK)
    first_saved, later = asyncio.Event(), asyncio.Event()

    async def first() -> None:
        async with database.session() as db:
            await edit(db, Edit(DESK, seen, {**seen, "place": {"ru": "первый"}}), HEAD, MONDAY)
            first_saved.set()
            await later.wait()

    async def second() -> None:
        await first_saved.wait()
        waiting = asyncio.create_task(change(database, DESK, seen, {**seen, "place": {"ru": "второй"}}))
        await eventually(lambda: database.hot.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))
        later.set()
        with pytest.raises(EditConflict) as refused:
            await waiting
        assert refused.value.changed == {"place": (None, {"ru": "первый"})}

    async with asyncio.timeout(PATIENCE_SECONDS):
        await asyncio.gather(first(), second())
    assert (await stands(database, DESK))["place"] == {"ru": "первый"}
