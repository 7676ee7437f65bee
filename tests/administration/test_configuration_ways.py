"""The configuration file through its three doors: the page, the API and the command line."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from queue_service.administration.console import export_text, import_text
from queue_service.administration.editing import Edit, edit
from queue_service.administration.importing import SetupMoved
from queue_service.cli import main
from queue_service.db import Database
from queue_service.staff.api import SESSION_COOKIE
from queue_service.staff.models import Role
from tests.administration.scene import HEAD, MONDAY, load, stands, two_offices
from tests.administration.test_editing import made_office
from tests.support.factories import AClerk, a_clerk
from tests.support.service import Service, bearer, eventually


@pytest.fixture
async def admin(database: Database) -> AClerk:
    await load(database, two_offices())
    return await a_clerk(database, None, role=Role.CITY_ADMINISTRATOR)


async def address(database: Database) -> str:
    found: dict[str, str] = await database.hot.fetchval("SELECT address FROM office WHERE slug = 'central'")
    return found["ru"]


async def test_a_program_takes_the_file_out_and_puts_it_in(service: Service, database: Database, admin: AClerk) -> None:
    answer = await service.http.get("/api/admin/configuration", headers=bearer(admin.token))
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/yaml")
    text = answer.text.replace("Невский проспект, 1", "Невский проспект, 2")

    async def put(content: bytes, **more: Any) -> Any:
        return await service.http.put("/api/admin/configuration", content=content, params=more, headers=bearer(admin.token))

    looked = await put(text.encode(), dry_run=True)
    assert (looked.status_code, looked.json()["saved"]) == (200, False)
    assert [each["place"] for each in looked.json()["changes"]] == ["offices/central/address", "offices/northern/address"]
    assert await address(database) == "Невский проспект, 1"
    assert (await put(text.encode())).json()["saved"] is True
    assert await address(database) == "Невский проспект, 2"
    assert (await put(text.replace("проспект, 2", "проспект, 3").encode())).json()["code"] == "setup_changed_since_export"
    assert (await put(text.replace("проспект, 2", "проспект, 3").encode(), overwrite=True)).status_code == 200
    wrong = await put(text.replace("zone: hall", "zone: cellar").encode())
    assert (wrong.status_code, wrong.json()["code"], len(wrong.json()["problems"])) == (422, "bad_configuration", 4)
    assert [(await put(content)).status_code for content in (b"", b"\xff\xfe", b"- 1", b"{" * 5000)] == [422, 400, 422, 422]
    assert (await put(b"#" * (1024 * 1024 + 1))).status_code == 413
    own = await service.http.get("/api/admin/offices/northern/configuration", headers=bearer(admin.token))
    assert "office:\n  slug: northern" in own.text
    taken = "SELECT slug FROM audit_record LEFT JOIN office ON office.id = office_id WHERE act = 'setup.exported' ORDER BY audit_record.id"
    assert [row["slug"] for row in await database.hot.fetch(taken)] == [None, "northern"], "a head finds who took the office's file"


async def test_a_program_is_told_what_was_saved_and_not_what_would_have_been_a_moment_before(
    service: Service, database: Database, admin: AClerk
) -> None:
    url, headers = "/api/admin/configuration", bearer(admin.token)
    text = (await service.http.get(url, headers=headers)).text
    place = ("offices", "central")
    async with database.session() as db:
        await edit(db, Edit(place, {"phone": None}, {"phone": "123"}), HEAD, MONDAY)
        put = asyncio.create_task(service.http.put(url, content=text.encode(), params={"overwrite": True}, headers=headers))
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        await eventually(lambda: database.hot.fetchval(waiting))
    answer = (await put).json()
    assert [(each["place"], each["before"]) for each in answer["changes"]] == [("offices/central/phone", "123")]
    assert (await stands(database, place))["phone"] is None


async def test_an_offices_head_reads_only_their_own_part(service: Service, database: Database, admin: AClerk) -> None:
    head = bearer((await a_clerk(database, await made_office(database), role=Role.OFFICE_HEAD)).token)
    paths = ("/api/admin/offices/central/configuration", "/api/admin/offices/northern/configuration", "/api/admin/configuration")
    assert [(await service.http.get(path, headers=head)).status_code for path in paths] == [200, 403, 403]
    assert admin.office is None


async def test_an_administrator_sees_what_a_file_would_do_before_it_is_saved(service: Service, database: Database, admin: AClerk) -> None:
    cookies = {"Cookie": f"{SESSION_COOKIE}={admin.token}"}
    text = (await service.http.get("/admin/configuration/file", headers=cookies)).text.replace("проспект, 1", "проспект, 2")

    async def post(files: dict[str, Any] | None = None, **fields: str) -> Any:
        data = {"csrf": admin.csrf, **fields}
        parts = files or {"nothing": ("", b"")}
        return await service.http.post("/admin/configuration", data=data, files=parts, headers=cookies, follow_redirects=False)

    looked = await post({"file": ("city.yaml", text.encode())})
    assert looked.status_code == 200
    assert "offices / central / address" in looked.text
    assert await address(database) == "Невский проспект, 1"
    saved = await post(text=text, save="yes")
    assert (saved.status_code, saved.headers["location"]) == (303, "/admin/configuration?saved=1")
    assert await address(database) == "Невский проспект, 2"
    moved = await post(text=text.replace("проспект, 2", "проспект, 3"), save="yes")
    assert moved.status_code == 409
    assert "Всё равно заменить" in moved.text
    wrong = await post({"file": ("city.yaml", text.replace("zone: hall", "zone: cellar").encode())})
    assert wrong.status_code == 422
    assert "зона «cellar» не найдена" in wrong.text
    assert await address(database) == "Невский проспект, 2"


@pytest.mark.usefixtures("admin")
async def test_the_command_line_says_what_it_changed(database: Database, database_url: str) -> None:
    text = (await export_text(database_url)).replace("проспект, 1", "проспект, 2")
    told = await import_text(database_url, text, dry_run=True, overwrite=False)
    assert told.splitlines()[0] == "~ offices/central/address"
    assert await address(database) == "Невский проспект, 1"
    assert (await import_text(database_url, text, dry_run=False, overwrite=False)).endswith("Сохранено.")
    assert await import_text(database_url, text, dry_run=False, overwrite=False) == "Изменений нет."
    with pytest.raises(SetupMoved):
        await import_text(database_url, text.replace("проспект, 2", "проспект, 3"), dry_run=False, overwrite=False)


def test_export_and_import_are_commands(
    database: Database, database_url: str, tmp_path: Path, run_in_loop: Callable[[Coroutine[Any, Any, None]], None]
) -> None:
    run_in_loop(load(database, two_offices()))
    ours = {"QUEUE_DATABASE_URL": database_url, "QUEUE_DATA_DIR": str(tmp_path)}
    file = tmp_path / "city.yaml"
    done = CliRunner().invoke(main, ["export", "--output", str(file)], env=ours)
    assert done.exit_code == 0, done.output
    done = CliRunner().invoke(main, ["import", str(file)], env=ours)
    assert (done.exit_code, done.output.strip().splitlines()[-1]) == (0, "Изменений нет.")
