"""The whole configuration as one file: out and in again without loss, and in only when it is right and its sender has seen what it does."""

from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from queue_service.administration.canonical import canonical
from queue_service.administration.copying import taken_over
from queue_service.administration.errors import BadEdit
from queue_service.administration.importing import Order, SetupMoved, export_city, export_office, import_configuration, plan
from queue_service.administration.reading import read_city, read_office
from queue_service.administration.writing import digest_in, digest_of_state, written
from queue_service.db import Database
from queue_service.offices.configuration import Configuration, ConfigurationError, judged, parse_configuration
from queue_service.offices.yaml_form import Document
from tests.administration.scene import HEAD, MONDAY, change, load, stands, two_offices
from tests.offices.test_configuration import SHIPPED, a_city
from tests.support.postgres import delete_everything

TABLES = [
    *("office", "opening_hours", "closure", "service_group", "service", "zone", "desk", "desk_service", "privilege", "wording"),
    *("city_setup", "booking_policy", "office_booking", "lane", "lane_hours", "lane_exception", "lane_service"),
]


async def rows(database: Database) -> dict[str, list[str]]:
    return {table: sorted(str(dict(row)) for row in await database.hot.fetch(f"SELECT * FROM {table}")) for table in TABLES}


async def city_of(database: Database) -> Configuration:
    async with database.session() as db:
        return await read_city(db)


async def exported(database: Database) -> str:
    async with database.session() as db:
        return await export_city(db)


async def imported(database: Database, text: str, **more: Any) -> Any:
    async with database.session() as db:
        return await import_configuration(db, Order(await plan(db, text, MONDAY, to_save=True), **more), HEAD, MONDAY)


def a_rich_city() -> dict[str, Any]:
    """Everything that a file can say."""
    city = two_offices()
    city["texts"] = {"ticket-note": {"ru": "Сохраните талон", "en": "Keep the ticket"}}
    first = city["offices"][0]
    city["catalogue"]["services"][1]["daily_limit"] = 30
    first["overrides"] = {
        "passport": {"typical_minutes": 20, "booking": {"lead_minutes": 0}},
        "consultation": {"daily_limit": None, "walk_in": False, "booking_norm_minutes": 7},
    }
    city["offices"][1]["overrides"] = {"passport": {"booking": None}}
    city["offices"][1]["lanes"] = []
    first |= {
        "phone": "122",
        "ticker": [{"ru": 'Добро пожаловать: «здесь» — \u2028 "тут" \\ \t #1'}],
        "active": False,
        "retention_days": 90,
        "texts": {"ticket-note": {"ru": "Ваш талон"}},
        "time_zone": "Asia/Omsk",
        "policy": {"accessible_needs": [], "auto_call_seconds": 30, "postpone_reasons": [{"code": "copies", "name": {"ru": "Копии"}}]},
    }
    first["lanes"][1] |= {"channel": "hall", "hours": None}
    return city


async def test_what_is_read_is_what_was_loaded(database: Database) -> None:
    city = a_rich_city()
    await load(database, city)
    wanted = parse_configuration(yaml.safe_dump(city, allow_unicode=True))
    for office in wanted.offices:
        office.kiosks, office.displays = 1, []
    assert await city_of(database) == canonical(wanted)
    async with database.session() as db:
        assert await read_office(db, "northern") == canonical(wanted).offices[1]


async def test_what_is_exported_can_be_imported_and_changes_nothing(database: Database) -> None:
    await load(database, a_rich_city())
    before = await rows(database)
    text = await exported(database)
    assert (await imported(database, text)).after == {}
    await load(database, yaml.safe_load(yaml.safe_dump(msgspec.to_builtins(parse_configuration(text)))))
    assert await rows(database) == before
    assert await exported(database) == text


async def test_an_empty_database_becomes_an_equal_city(database: Database) -> None:
    await load(database, a_rich_city())
    text, city = await exported(database), await city_of(database)
    await delete_everything(database)
    await imported(database, text)
    assert await city_of(database) == city
    assert await exported(database) == text


def test_the_demo_city_is_written_as_it_was_read() -> None:
    city = parse_configuration(SHIPPED.read_text(encoding="utf-8"))
    text = written(city, digest_of_state(city))
    assert parse_configuration(text) == city
    assert digest_in(text) == digest_of_state(city)
    assert max(len(line) for line in text.splitlines()) < 200


words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=12).filter(
    lambda text: text.strip()
)
texts = st.fixed_dictionaries({"ru": words}, optional={"en": words})
minutes = st.integers(1, 480)
overrides = st.fixed_dictionaries(
    {},
    optional={
        "typical_minutes": minutes,
        "wait_norm_minutes": minutes,
        "booking_norm_minutes": minutes,
        "daily_limit": st.none() | st.integers(1, 100),
        "walk_in": st.booleans(),
        "booking": st.none() | st.fixed_dictionaries({}, optional={"grid_minutes": st.sampled_from([5, 15]), "lead_minutes": minutes}),
    },
)


@st.composite
def cities(draw: st.DrawFn) -> dict[str, Any]:
    """Cities of two offices that differ in what is hard to write or to read back."""
    city = two_offices()
    for service in city["catalogue"]["services"]:
        service |= {"name": draw(texts), "daily_limit": draw(st.none() | st.integers(1, 100)), "walk_in": draw(st.booleans())}
    for office in city["offices"]:
        said = {code: draw(overrides) for code in ("passport", "consultation")}
        said["passport"].pop("booking", None)  # its lanes need it
        office |= {"name": draw(texts), "phone": draw(st.none() | words), "ticker": draw(st.lists(texts, max_size=2)), "overrides": said}
        office["place"] = {"latitude": draw(st.integers(-90_000_000, 90_000_000)) / 1e6, "longitude": 30.5}
        office["public_holidays"] = draw(st.sampled_from(["RU", False]))
        office["lanes"][0]["count"] = draw(st.integers(1, 3))
        office["lanes"][1]["hours"] = draw(
            st.sampled_from([None, office["opening_hours"], [{"days": [7], "from": "00:00", "to": "24:00"}]])
        )
    return city


@given(city=cities())
@settings(max_examples=25, phases=[Phase.explicit, Phase.generate])
def test_whatever_a_city_says_is_written_and_parsed_as_the_same(city: dict[str, Any]) -> None:
    parsed, found = judged(Document.of(city))
    assert not found
    assert parse_configuration(written(parsed)) == parsed


@given(city=cities())
@settings(max_examples=4, phases=[Phase.explicit, Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_a_city_says_is_read_back_from_its_rows(open_database: Database, city: dict[str, Any]) -> None:
    await delete_everything(open_database)
    await load(open_database, city)
    before = await city_of(open_database)
    rows_before = await rows(open_database)
    async with open_database.session() as db:
        text = written(await read_city(db))
    await load(open_database, msgspec.to_builtins(parse_configuration(text)))
    assert await rows(open_database) == rows_before
    assert await city_of(open_database) == before


async def test_a_file_with_mistakes_changes_nothing_and_says_them_line_by_line(database: Database) -> None:
    await load(database, a_city())
    before = await rows(database)
    text = (await exported(database)).replace("zone: hall", "zone: cellar").replace("typical_minutes: 20", "typical_minutes: 20000")
    with pytest.raises(ConfigurationError) as refused:
        await imported(database, text)
    lines = text.splitlines()
    assert len(refused.value.problems) == 3
    for problem in refused.value.problems:
        number = int(problem.path.rpartition("строка ")[2].rstrip(")"))
        assert "cellar" in lines[number - 1] or "20000" in lines[number - 1]
        assert problem.english
    assert await rows(database) == before
    assert await database.hot.fetchval("SELECT count(*) FROM audit_record") == 0


async def test_what_was_changed_since_the_export_is_not_overwritten_untold(database: Database) -> None:
    await load(database, a_city())
    text = (await exported(database)).replace("Невский проспект, 1", "Невский проспект, 2")
    place = ("offices", "central", "desks", "1")
    await change(database, place, {"accessible": True}, {"accessible": False})
    async with database.session() as db:
        wish = await plan(db, text, MONDAY)
    assert wish.moved
    assert ["/".join(each) for each, _, _ in wish.changes] == ["offices/central/address", "offices/central/desks/1/accessible"]
    with pytest.raises(SetupMoved):
        await imported(database, text)
    await imported(database, text, overwrite=True)
    assert (await stands(database, place))["accessible"] is True
    subjects = await database.hot.fetch("SELECT subject FROM audit_record WHERE act = 'setup.imported' ORDER BY id")
    assert [each["subject"] for each in subjects] == ["city", "offices/central"]


async def test_each_office_finds_in_its_own_record_what_a_citys_file_changed(database: Database) -> None:
    """Its head reads no other; an office of which nothing changed has no record."""
    await load(database, two_offices())
    text = await exported(database)
    await imported(database, text.replace("Невский проспект, 1", "Невский проспект, 2", 1))
    records = await database.hot.fetch(
        "SELECT act, subject, slug, before, after FROM audit_record LEFT JOIN office ON office.id = office_id ORDER BY audit_record.id"
    )
    was, stands_now = {"ru": "Невский проспект, 1"}, {"ru": "Невский проспект, 2"}
    assert [tuple(each) for each in records] == [
        ("setup.imported", "city", None, {"offices/central/address": was}, {"offices/central/address": stands_now}),
        ("setup.imported", "offices/central", "central", {"address": was}, {"address": stands_now}),
    ]


async def test_one_offices_file_changes_only_that_office(database: Database) -> None:
    await load(database, two_offices())
    async with database.session() as db:
        text = await export_office(db, "central")
    untouched = await stands(database, ("offices", "northern"))
    wanted = text.replace("Невский проспект, 1", "Невский проспект, 2")
    await change(database, ("offices", "northern"), {"phone": None}, {"phone": "123"})
    await imported(database, wanted)
    assert (await stands(database, ("offices", "central")))["address"] == {"ru": "Невский проспект, 2"}
    assert await stands(database, ("offices", "northern")) == {**untouched, "phone": "123"}
    with pytest.raises(ConfigurationError) as refused:
        await imported(database, wanted.replace("zone: hall", "zone: cellar"))
    assert refused.value.problems[0].path.startswith("office.desks[0].zone (строка ")


async def test_an_office_that_a_file_does_not_name_stays_unless_its_catalogue_would_break_it(database: Database) -> None:
    await load(database, two_offices())
    text = await exported(database)
    document = yaml.safe_load(text)
    del document["offices"][0]
    async with database.session() as db:
        wish = await plan(db, yaml.safe_dump(document, allow_unicode=True), MONDAY)
    assert (wish.not_named, list(wish.changes)) == (["central"], [(("offices",), ["central", "northern"], ["northern", "central"])])
    document["catalogue"]["services"] = document["catalogue"]["services"][:1]
    document["offices"][0] |= {"services": ["passport"]}
    for desk in document["offices"][0]["desks"]:
        desk["services"], desk["help_out"] = ["passport"], []
    with pytest.raises(ConfigurationError) as refused:
        await imported(database, yaml.safe_dump(document, allow_unicode=True), overwrite=True)
    assert refused.value.problems[0].path.startswith("offices/central/")


async def test_a_copied_office_is_the_same_but_hidden_and_without_its_days(database: Database) -> None:
    await load(database, two_offices())
    own = {"slug": "southern", "name": {"ru": "Юг"}, "address": {"ru": "Южная, 1"}}
    copied = taken_over(await stands(database, ("offices", "central"))) | own
    await change(database, ("offices", "southern"), None, copied)
    made, source = await stands(database, ("offices", "southern")), await stands(database, ("offices", "central"))
    assert (made["active"], made["name"], made["closures"], made["lanes"][0]["exceptions"]) == (False, {"ru": "Юг"}, [], [])
    assert (made["desks"], made["services"], made["opening_hours"]) == (source["desks"], source["services"], source["opening_hours"])
    with pytest.raises(BadEdit) as refused:
        await change(database, ("offices", "southern"), None, copied)
    assert list(refused.value.places) == ["slug"]
