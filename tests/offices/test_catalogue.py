"""A worker's copies of an office's set-up are as new as what it has heard of."""

import asyncio
from typing import Any

import pytest

from queue_service.db import Database
from queue_service.offices import catalogue
from queue_service.offices.catalogue import Catalogue, Catalogues, load_catalogue
from tests.support.factories import LATER, an_office
from tests.support.service import eventually


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


async def test_nobody_waits_for_a_copy_that_is_read_anew(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    office = await an_office(database)
    catalogues = Catalogues(database.hot)
    first = await catalogues.of(office.id, LATER)
    monkeypatch.setattr(catalogue, "REFRESHED_AFTER_SECONDS", 0.0)
    may_read = asyncio.Event()

    async def slowly(*asked: Any) -> Catalogue:
        await may_read.wait()
        return await load_catalogue(*asked)

    monkeypatch.setattr(catalogue, "load_catalogue", slowly)
    assert [await catalogues.of(office.id, LATER) for _ in range(3)] == [first] * 3
    may_read.set()

    async def replaced() -> bool:
        return await catalogues.of(office.id, LATER) is not first

    await eventually(replaced)
