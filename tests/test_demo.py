"""The demo keeps to itself."""

from dataclasses import replace
from pathlib import Path

import pytest

from queue_service.db import Database
from queue_service.demo import prepare_demo
from queue_service.errors import SettingsError
from queue_service.settings import Settings
from tests.support.factories import LATER, an_office


async def test_the_demo_is_not_loaded_beside_a_real_citys_offices(database: Database, tmp_path: Path) -> None:
    office = await an_office(database)
    with pytest.raises(SettingsError, match=office.slug):
        await prepare_demo(database, replace(Settings(), data_dir=tmp_path), LATER)
    assert await database.hot.fetchval("SELECT count(*) FROM office") == 1
    assert await database.hot.fetchval("SELECT count(*) FROM account") == 0
