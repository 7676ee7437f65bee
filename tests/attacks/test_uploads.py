"""The one place where a file comes in, the configuration: what a file can do to its reader, tried by somebody who may send one."""

import time

import pytest

from queue_service.db import Database
from queue_service.limits.bodies import CONFIGURATION_LIMIT_BYTES
from queue_service.staff.models import Role
from tests.support.factories import a_clerk
from tests.support.service import Service, bearer

PATH = "/api/admin/configuration"
LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 12)
)
FILES = {
    "a billion laughs": LAUGHS + "offices: *a11\n",
    "laughs where texts belong": LAUGHS + "city: *a11\noffices: [{slug: *a11, name: *a11, services: *a11}]\n",
    "itself in itself": "offices: &o [*o]\nservices: &s {a: *s}\n",
    "brackets": "[" * 50_000,
    "maps in maps": "{a: " * 20_000,
    "a Python object": "!!python/object/apply:os.system ['touch /tmp/hacked']\n",
    "a Python name": "offices: !!python/name:os.system\n",
    "merges": "a: &a {x: 1}\n" + "b: {<<: [" + ", ".join(["*a"] * 20_000) + "]}\n",
    "a number without end": "offices: " + "9" * 100_000 + "\n",
    "base sixty": "offices: " + ":".join(["59"] * 20_000) + "\n",
    "no UTF-8": "offices: \udcff\udcfe",
    "NUL": "offices: a\0b",
    "nothing": "",
    "two documents": "a: 1\n---\nb: 2\n",
    "a word": "offices",
}


@pytest.mark.parametrize("what", list(FILES))
async def test_no_file_is_our_fault_or_holds_us_up(service: Service, database: Database, what: str) -> None:
    admin = await a_clerk(database, None, role=Role.CITY_ADMINISTRATOR)
    content = FILES[what].encode("utf-8", "surrogateescape")
    started = time.process_time()
    answer = await service.http.put(PATH, content=content, headers={**bearer(admin.token), "Content-Type": "application/yaml"})
    assert 400 <= answer.status_code < 500, answer.text[:300]
    assert time.process_time() - started < 8
    assert len(answer.content) < 200_000, "nor is the answer longer than anybody reads"


async def test_a_file_has_a_size(service: Service, database: Database) -> None:
    admin = await a_clerk(database, None, role=Role.CITY_ADMINISTRATOR)
    headers = {**bearer(admin.token), "Content-Type": "application/yaml"}
    assert (await service.http.put(PATH, content=b"#" * (CONFIGURATION_LIMIT_BYTES + 1), headers=headers)).status_code == 413
    assert (await service.http.put(PATH, content=b"#" * 100_000, headers=headers)).status_code != 413
