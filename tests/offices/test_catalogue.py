"""A worker's copies of an office's set-up are as new as what it has heard of."""

from typing import Any

import pytest

from queue_service.db import Database
from queue_service.offices import catalogue
from queue_service.offices.catalogue import Catalogue, Catalogues, load_catalogue
from tests.support.factories import LATER, an_office


async def test_a_copy_that_was_read_before_the_latest_news_is_not_kept(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    office = await an_office(database)
    catalogues = Catalogues(database.hot)

    async def overtaken(*asked: Any) -> Catalogue:
        loaded = await load_catalogue(*asked)
        catalogues.drop(office.id)
        return loaded

    monkeypatch.setattr(catalogue, "load_catalogue", overtaken)
    first = await catalogues.of(office.id, LATER)
    monkeypatch.undo()
    second = await catalogues.of(office.id, LATER)
    assert second is not first
    assert await catalogues.of(office.id, LATER) is second
