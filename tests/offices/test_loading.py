"""A checked configuration becomes rows, once and again: what is new appears, what changed changes, what is gone is switched off."""

from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from queue_service.db import Database
from queue_service.offices.catalogue import POSTPONE_REASONS, Catalogue, load_catalogue
from queue_service.offices.configuration import parse_configuration
from queue_service.offices.loading import NoFreeLetter, digest_of, is_loaded, letter_moves, load_configuration
from queue_service.offices.models import TICKET_LETTERS
from tests.offices.test_configuration import SHIPPED, a_city, a_service
from tests.support.factories import LATER, AnOffice, a_clerk_at, a_display, a_ticket


async def load(database: Database, city: dict[str, Any]) -> None:
    text = yaml.safe_dump(city, allow_unicode=True)
    async with database.session() as db:
        await load_configuration(db, parse_configuration(text), "town.yaml", digest_of(text), LATER)


async def catalogues(database: Database) -> dict[str, Catalogue]:
    async with database.hot.acquire() as connection:
        rows = await connection.fetch("SELECT id FROM office ORDER BY position, id")
        found = [await load_catalogue(connection, row["id"], LATER) for row in rows]
    return {each.slug: each for each in found}


async def everything(database: Database) -> list[Any]:
    tables = ("office", "opening_hours", "closure", "service_group", "service", "zone", "desk", "desk_service", "privilege")
    return [[tuple(row) for row in await database.hot.fetch(f"SELECT * FROM {table} ORDER BY 1, 2")] for table in tables]


@pytest.fixture
def city() -> dict[str, Any]:
    return a_city()


async def test_a_city_is_loaded_as_its_file_says(database: Database, city: dict[str, Any]) -> None:
    city["offices"][0]["policy"] = {"no_show_min_calls": 3}
    city["offices"][0]["overrides"] = {"passport": {"typical_minutes": 42, "daily_limit": 7}}
    await load(database, city)
    ((slug, office),) = (await catalogues(database)).items()
    written = city["offices"][0]
    assert slug == written["slug"]
    assert office.time_zone == "Europe/Moscow"
    assert office.policy.no_show_min_calls == 3
    assert set(office.services) == {"passport", "consultation"}
    assert (office.services["passport"].typical_minutes, office.services["passport"].daily_limit) == (42, 7)
    assert office.services["consultation"].typical_minutes == 10
    assert {number: desk.zone for number, desk in office.desks.items()} == {each["number"]: each["zone"] for each in written["desks"]}
    assert set(office.privileges) == {"veteran", "pregnant"}


async def test_the_rules_of_a_halls_day_are_loaded(database: Database, city: dict[str, Any]) -> None:
    city["offices"][0]["policy"] = {
        "accessible_needs": ["hearing"],
        "auto_call_seconds": 40,
        "postpone_reasons": [{"code": "copies", "name": {"ru": "Делает копии"}}],
        "day_ends_minutes": 90,
        "amber_minutes": 3,
    }
    city["catalogue"]["services"][0] |= {"results": [{"code": "accepted", "name": {"ru": "Принято"}}], "counts_applications": True}
    await load(database, city)
    (office,) = (await catalogues(database)).values()
    policy, (first, second) = office.policy, office.services.values()
    assert (policy.accessible_needs, policy.auto_call_seconds) == (frozenset({"hearing"}), 40)
    assert (policy.day_ends, policy.amber) == (timedelta(minutes=90), timedelta(minutes=3))
    assert policy.postpone_reasons == {"copies": {"ru": "Делает копии"}}
    assert (first.result_codes, first.counts_applications) == ({"accepted": {"ru": "Принято"}}, True)
    assert (second.result_codes, second.counts_applications) == ({}, False)
    del city["offices"][0]["policy"], city["catalogue"]["services"][0]["results"]
    await load(database, city)
    (office,) = (await catalogues(database)).values()
    assert (office.policy.auto_call_seconds, len(office.policy.postpone_reasons)) == (None, len(POSTPONE_REASONS))
    assert next(iter(office.services.values())).result_codes == {}


async def test_an_office_stands_where_its_file_says_and_knows_its_holidays(database: Database, city: dict[str, Any]) -> None:
    found = "SELECT latitude, longitude, public_holidays FROM office"
    await load(database, city)
    assert [tuple(row) for row in await database.hot.fetch(found)] == [(59.93, 30.0, "RU")]
    for works_on_them in (False, None):
        city["offices"][0]["public_holidays"] = works_on_them
        await load(database, city)
        assert await database.hot.fetchval("SELECT public_holidays FROM office") is None
    del city["offices"][0]["place"], city["offices"][0]["public_holidays"]
    await load(database, city)
    assert [tuple(row) for row in await database.hot.fetch(found)] == [(None, None, "RU")]


async def test_loading_the_same_again_changes_nothing(database: Database, city: dict[str, Any]) -> None:
    await load(database, city)
    before = await everything(database)
    await load(database, city)
    assert await everything(database) == before


async def test_what_a_newer_file_changes_is_changed_under_the_same_id(database: Database, city: dict[str, Any]) -> None:
    await load(database, city)
    ids = {code: each.id for code, each in next(iter((await catalogues(database)).values())).services.items()}
    city["catalogue"]["services"][1]["typical_minutes"] = 33
    await load(database, city)
    office = next(iter((await catalogues(database)).values()))
    assert office.services["consultation"].typical_minutes == 33
    assert {code: each.id for code, each in office.services.items()} == ids


async def test_a_new_service_appears(database: Database, city: dict[str, Any]) -> None:
    city["offices"][0]["services"] = "all"
    await load(database, city)
    city["catalogue"]["services"].append(a_service("visa", "papers"))
    city["offices"][0]["desks"][0]["services"].append("visa")
    await load(database, city)
    office = next(iter((await catalogues(database)).values()))
    assert office.services["visa"].id in office.desks[city["offices"][0]["desks"][0]["number"]].services


async def test_what_is_gone_is_switched_off_and_its_tickets_stay(database: Database, city: dict[str, Any]) -> None:
    await load(database, city)
    (office,) = (await catalogues(database)).values()
    made = AnOffice(
        office.id,
        office.slug,
        services={code: each.id for code, each in office.services.items()},
        desks={number: each.id for number, each in office.desks.items()},
        letters={code: each.letter for code, each in office.services.items()},
    )
    ticket = await a_ticket(database, made, "consultation")
    gone = city["offices"][0]["desks"][-1]["number"]
    await a_clerk_at(database, made, gone)

    smaller = deepcopy(city)
    del smaller["offices"][0]["desks"][-1]
    smaller["catalogue"]["services"] = [each for each in smaller["catalogue"]["services"] if each["code"] != "consultation"]
    for desk in smaller["offices"][0]["desks"]:
        desk["services"] = ["passport"]
        desk.pop("help_out", None)
    smaller["offices"][0]["services"] = ["passport"]
    await load(database, smaller)

    (office,) = (await catalogues(database)).values()
    assert office.services["consultation"].active is False
    assert gone not in office.desks
    assert await database.hot.fetchval("SELECT state FROM ticket WHERE id = $1", ticket) == "waiting"
    await load(database, city)
    (office,) = (await catalogues(database)).values()
    assert office.services["consultation"].active is True
    assert gone in office.desks


async def test_a_second_start_knows_that_the_file_is_loaded(database: Database, city: dict[str, Any]) -> None:
    text = yaml.safe_dump(city, allow_unicode=True)
    await load(database, city)
    async with database.session() as db:
        assert await is_loaded(db, "town.yaml", digest_of(text))
        assert not await is_loaded(db, "town.yaml", digest_of(text + "\n"))
        assert not await is_loaded(db, "other.yaml", digest_of(text))


async def test_a_file_with_a_mistake_changes_nothing(database: Database, city: dict[str, Any]) -> None:
    await load(database, city)
    before = await everything(database)
    city["catalogue"]["services"][0]["goal"] = "nap"
    with pytest.raises(Exception, match="goal"):
        await load(database, city)
    assert await everything(database) == before


async def test_the_shipped_city_is_loaded_whole(database: Database) -> None:
    configuration = parse_configuration(SHIPPED.read_text(encoding="utf-8"))
    async with database.session() as db:
        await load_configuration(db, configuration, SHIPPED.name, "digest", LATER)
    offices = await catalogues(database)
    assert len(offices) == 18
    for office in offices.values():
        assert len(office.desks) >= 4
        assert len([each for each in office.services.values() if each.active]) >= 20
        assert any(desk.accessible for desk in office.desks.values())
        served = frozenset[int]().union(*(desk.services for desk in office.desks.values()))
        assert served == {each.id for each in office.services.values() if each.active}


# --- what a newer file takes away or exchanges --------------------------------------------------------------------------


@given(st.data())
@settings(max_examples=60)
def test_groups_change_letters_without_ever_having_the_same(data: st.DataObject) -> None:
    codes = [f"group-{number}" for number in range(6)]
    held = dict(zip(codes, data.draw(st.permutations(TICKET_LETTERS)), strict=False))
    named = data.draw(st.lists(st.sampled_from([*codes, "new-1", "new-2"]), unique=True))
    wanted = dict(zip(named, data.draw(st.permutations(TICKET_LETTERS)), strict=False))
    now = dict(held)
    for code, letter in letter_moves(held, wanted):
        assert letter not in now.values()
        now[code] = letter
    for code, letter in wanted.items():
        assert now.get(code, letter) == letter
        assert letter not in [each for other, each in now.items() if other != code]


def test_without_a_free_letter_a_ring_cannot_be_opened() -> None:
    held = {f"group-{index}": letter for index, letter in enumerate(TICKET_LETTERS)}
    wanted = {code: TICKET_LETTERS[(index + 1) % len(TICKET_LETTERS)] for index, code in enumerate(held)}
    with pytest.raises(NoFreeLetter):
        letter_moves(held, wanted)


async def test_what_the_city_shares_stands_in_its_row(database: Database, city: dict[str, Any]) -> None:
    await load(database, city)
    document = await database.hot.fetchval("SELECT document FROM city_setup")
    assert document["city"]["code"] == "town"
    assert [each["code"] for each in document["catalogue"]["services"]] == ["passport", "consultation"]


async def test_a_zone_and_a_category_that_are_not_named_any_more_go_unless_something_points_at_them(
    database: Database, city: dict[str, Any]
) -> None:
    first = city["offices"][0]
    first["zones"] += [{"code": code, "name": {"ru": code}} for code in ("cellar", "roof")]
    await load(database, city)
    (office,) = (await catalogues(database)).values()
    roof = await database.hot.fetchval("SELECT id FROM zone WHERE code = 'roof'")
    await a_display(database, AnOffice(office.id, office.slug, zones={"roof": roof}), "roof")
    privilege = await database.hot.fetchval("SELECT id FROM privilege WHERE code = 'veteran'")
    made = AnOffice(office.id, office.slug, services={"passport": office.services["passport"].id}, letters={"passport": "А"})
    await a_ticket(database, made, "passport", privilege=privilege)
    first["zones"], city["privileges"] = first["zones"][:1], []
    await load(database, city)
    assert [row["code"] for row in await database.hot.fetch("SELECT code FROM zone ORDER BY code")] == ["hall", "roof"]
    (left,) = await database.hot.fetch("SELECT code, valid_to FROM privilege")
    assert (left["code"], left["valid_to"]) == ("veteran", LATER.date() - timedelta(days=1))


async def test_words_of_the_city_and_of_an_office_are_replaced_by_their_codes(database: Database, city: dict[str, Any]) -> None:
    said = "SELECT office_id IS NULL AS shared, sentence ->> 'ru' AS ru FROM wording ORDER BY 1"
    city["texts"] = {"ticket-note": {"ru": "Сохраните талон"}}
    city["offices"][0]["texts"] = {"ticket-note": {"ru": "Ваш талон"}}
    await load(database, city)
    assert [tuple(row) for row in await database.hot.fetch(said)] == [(False, "Ваш талон"), (True, "Сохраните талон")]
    city["texts"] = {}
    await load(database, city)
    assert [tuple(row) for row in await database.hot.fetch(said)] == [(False, "Ваш талон")]
