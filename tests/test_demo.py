"""The demo keeps to itself, and names everybody whom a visitor can be."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from queue_service.db import Database
from queue_service.demo import prepare_demo, table_of_links
from queue_service.errors import SettingsError
from queue_service.settings import Settings
from tests.support.factories import LATER, an_office


async def test_the_demo_is_not_loaded_beside_a_real_citys_offices(database: Database, tmp_path: Path) -> None:
    office = await an_office(database)
    with pytest.raises(SettingsError, match=office.slug):
        await prepare_demo(database, replace(Settings(), data_dir=tmp_path), LATER)
    assert await database.hot.fetchval("SELECT count(*) FROM office") == 1
    assert await database.hot.fetchval("SELECT count(*) FROM account") == 0


async def test_the_demo_prints_whom_you_can_be_and_a_second_start_says_the_same(database: Database, tmp_path: Path) -> None:
    settings = replace(Settings(), data_dir=tmp_path)
    city = await prepare_demo(database, settings, LATER)
    assert json.loads((tmp_path / "demo.json").read_text(encoding="utf-8")) == city.content
    assert city.content["hall"] == city.content["offices"][city.office]["hall"] == {"login": f"{city.office}-hall", "password": "demo-neva"}
    table = table_of_links(city)
    assert f"{city.office}-hall / demo-neva" in table
    assert f"{city.content['base_url']}/book" in table
    roles = await database.hot.fetch("SELECT role, count(*), count(DISTINCT office_id) FROM account GROUP BY role ORDER BY role")
    assert {row[0]: row[2] for row in roles} == {"city_administrator": 0, "clerk": 18, "hall_administrator": 18, "office_head": 18}
    assert await database.hot.fetchval("SELECT count(DISTINCT office_id) FROM lane") == 18
    assert (await prepare_demo(database, settings, LATER)).content == city.content


async def test_a_demo_file_from_before_hall_administrators_is_written_anew(database: Database, tmp_path: Path) -> None:
    settings = replace(Settings(), data_dir=tmp_path)
    old = (await prepare_demo(database, settings, LATER)).content
    for each in (old, *old["offices"].values()):
        each.pop("hall", None)
    (tmp_path / "demo.json").write_text(json.dumps(old), encoding="utf-8")
    assert "hall" in (await prepare_demo(database, settings, LATER)).content
