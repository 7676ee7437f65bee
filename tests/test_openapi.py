"""Schemathesis over the whole description, as every role and kind of device: no 5xx, nothing undocumented, nothing of another office.

Ids and slugs are mostly those of a neighbouring office whose every text carries a mark: whoever belongs elsewhere must never read it.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from queue_service.app import create_app
from queue_service.db import Database
from queue_service.settings import Settings
from queue_service.staff.models import Role
from tests.support.factories import AnOffice, Queued, a_clerk, a_clerk_at, a_display, a_kiosk, a_queue, an_office
from tests.support.service import PATIENCE_SECONDS, Service, bearer

EXAMPLES = int(os.environ.get("QUEUE_FUZZ_EXAMPLES", "6"))
"""Of each operation, with a caller drawn for each, after every kind of caller has asked once; a night's run asks for more."""
MARK = "СОСЕДНЕЕ"
DESCRIPTION = json.loads(json.dumps(create_app(Settings()).openapi_schema.to_schema(), default=lambda value: None))
SCHEMA = schemathesis.openapi.from_dict(DESCRIPTION)
OPERATIONS = {found.label: found for found in (each.ok() for each in SCHEMA.get_all_operations() if isinstance(each, Ok))}
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@dataclass(frozen=True)
class City:
    base_url: str
    callers: Mapping[str, str | None]
    """Name to token; those of the own office, and of the city."""
    parameters: Mapping[str, tuple[Any, ...]]
    """Likely values of the path's parameters."""
    foreign: int
    """Id of the neighbouring office."""


@pytest.fixture
async def city(open_database: Database, running_service: Service) -> City:
    own, foreign = await an_office(open_database), await an_office(open_database)
    callers: dict[str, str | None] = {"nobody": None}
    for role in Role:
        callers[role.value] = (await a_clerk(open_database, own, role=role)).token
    callers["city administrator of all"] = (await a_clerk(open_database, None, role=Role.CITY_ADMINISTRATOR)).token
    callers["kiosk"], callers["display"] = await a_kiosk(open_database, own), await a_display(open_database, own)
    ids = await _marked(open_database, foreign)
    slugs = await open_database.hot.fetch("SELECT slug FROM office WHERE id = ANY($1::int[]) ORDER BY id", [own.id, foreign.id])
    offices = tuple(row["slug"] for row in slugs)
    parameters = {"office": offices, "slug": offices, "number": ("1",), "code": ("passport",), "*_id": ids}
    return City(running_service.base_url, callers, parameters, foreign.id)


async def _marked(database: Database, office: AnOffice) -> tuple[int, ...]:
    """Everything in the neighbouring office that has a text gets the mark; ids of what stands there."""
    clerk = await a_clerk_at(database, office, "1")
    await a_kiosk(database, office)
    tickets = await a_queue(database, office, [Queued(issued_at=datetime.now(UTC)) for _ in range(3)])
    mark = json.dumps({"ru": MARK, "en": MARK})
    text = ("UPDATE account SET name = $1 WHERE office_id = $2", "UPDATE ticket SET comment = $1 WHERE office_id = $2")
    for statement in text:
        await database.hot.execute(statement, MARK, office.id)
    for table in ("service", "service_group"):
        await database.hot.execute(f"UPDATE {table} SET name = $1::jsonb WHERE office_id = $2", json.loads(mark), office.id)
    notice = await database.hot.fetchval(
        "INSERT INTO notice (office_id, sentence, until, written_by) VALUES ($1, $2, $3, $4) RETURNING id",
        office.id,
        json.loads(mark),
        datetime.now(UTC) + timedelta(hours=1),
        clerk.account_id,
    )
    devices = await database.hot.fetch("UPDATE device SET name = $1 WHERE office_id = $2 RETURNING id", MARK, office.id)
    return (*tickets, clerk.account_id, notice, *(row["id"] for row in devices))


def strategy(label: str, city: City, *, likely: bool = False) -> st.SearchStrategy[tuple[Case[Any], str]]:
    """A request and who sends it; `likely`: a valid one about something that is there."""
    operation = OPERATIONS[label]
    names = [parameter.name for parameter in operation.path_parameters]

    @st.composite
    def asked(draw: st.DrawFn) -> tuple[Case[Any], str]:
        case: Case[Any] = draw(operation.as_strategy(generation_mode=GenerationMode.POSITIVE) if likely else operation.as_strategy())
        for name in names:
            there = city.parameters.get(name) or city.parameters["*_id" if name.endswith("_id") else "office"]
            if likely or draw(st.integers(0, 3)):
                case.path_parameters[name] = draw(st.sampled_from(there))
        return case, draw(st.sampled_from(sorted(city.callers)))

    return asked()


def answer(city: City, label: str, case: Case[Any], caller: str) -> int:
    """The status of an answer that is as described and says nothing of another office."""
    token = city.callers[caller]
    headers = {**dict(case.headers or {}), **(bearer(token) if token else {})}
    response = case.call(base_url=city.base_url, headers=headers, timeout=PATIENCE_SECONDS)
    case.validate_response(response, checks=CHECKS)
    if "/api/public/" not in label and caller != "city administrator of all":
        assert MARK not in response.text, f"{caller} reads of another office"
    return response.status_code


@pytest.mark.parametrize("label", sorted(OPERATIONS))
async def test_whatever_is_sent_the_answer_is_a_documented_one(city: City, label: str) -> None:
    of_an_office = [name for name in ("office", "slug") if f"{{{name}}}" in label]

    @settings(max_examples=1, derandomize=True, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(strategy(label, city, likely=True))
    def ask_as_everybody(drawn: tuple[Case[Any], str]) -> None:
        case, _ = drawn
        for caller in sorted(city.callers):
            for office in city.parameters["office"] if of_an_office else [None]:
                case.path_parameters.update(dict.fromkeys(of_an_office, office))
                answer(city, label, case, caller)

    @settings(max_examples=EXAMPLES, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(strategy(label, city))
    def ask(drawn: tuple[Case[Any], str]) -> None:
        answer(city, label, *drawn)

    ask_as_everybody()
    ask()


BY_ID = [label for label in sorted(OPERATIONS) if "/api/public/" not in label and "_id}" in label]


async def everything_of(database: Database, office_id: int) -> list[str]:
    """Every row that the office has, as text."""
    tables = await database.hot.fetch(
        "SELECT table_name FROM information_schema.columns WHERE column_name = 'office_id' AND table_schema = 'public' ORDER BY 1"
    )
    found = []
    for table in (row["table_name"] for row in tables):
        rows = await database.hot.fetch(f"SELECT {table}::text AS row FROM {table} WHERE office_id = $1 ORDER BY 1", office_id)
        found += [f"{table} {row['row']}" for row in rows]
    return found


@pytest.mark.parametrize("label", BY_ID)
async def test_nothing_of_another_office_is_read_or_changed_by_its_id(city: City, open_database: Database, label: str) -> None:
    """By those who may do the most at home."""
    before = await everything_of(open_database, city.foreign)
    operation = OPERATIONS[label]
    answered = set()

    @settings(max_examples=2, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
    def ask(case: Case[Any]) -> None:
        for found in city.parameters["*_id"]:
            for role in (Role.OFFICE_HEAD, Role.HALL_ADMINISTRATOR, Role.CLERK):
                for name in case.path_parameters:
                    if name.endswith("_id"):
                        case.path_parameters[name] = found
                    elif name == "office":
                        case.path_parameters[name] = city.parameters["office"][0]
                token = city.callers[role.value]
                headers = {**dict(case.headers or {}), **bearer(token or "")}
                response = case.call(base_url=city.base_url, headers=headers, timeout=PATIENCE_SECONDS)
                answered.add(response.status_code)
                assert MARK not in response.text, f"{role} reads {found} of another office"

    ask()
    assert await everything_of(open_database, city.foreign) == before
    assert answered <= {204, 400, 403, 404, 409, 422}, answered


def test_every_route_below_api_is_described() -> None:
    assert len(OPERATIONS) >= 68
