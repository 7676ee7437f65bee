"""SECURITY.md says the truth: every attack of its table is answered by a test that exists."""

import ast
import re
from pathlib import Path

from queue_service.limits import bodies, classes
from queue_service.settings import CHECKOUT

TEXT = (CHECKOUT / "SECURITY.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", TEXT)


def names_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")}


def test_every_attack_has_a_defence_and_a_test_that_exists() -> None:
    rows = [line.split(" | ") for line in TEXT.partition("## Attack")[2].partition("\n## ")[0].splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 45
    assert [row for row in rows if len(row) != 3 or "`tests/" not in row[2]] == []
    missing = [
        f"{path}::{name}" for path, name in NAMED if not (CHECKOUT / path).is_file() or (name and name not in names_in(CHECKOUT / path))
    ]
    assert missing == []


def test_the_attacks_that_must_be_tried_are_all_there() -> None:
    table = TEXT.partition("## Attack")[2].lower()
    wanted = ("guess a password", "fixation", "csrf", "websocket", "secret", "device", "html", "oversized", "malformed", "spelling")
    assert [word for word in wanted if word not in table] == []


def test_the_figures_are_those_of_the_code() -> None:
    assert f"{bodies.BODY_LIMIT_BYTES // 1024} KB; {bodies.CONFIGURATION_LIMIT_BYTES // 1024 // 1024} MB" in TEXT
    assert f"{bodies.HEAD_LIMIT_BYTES // 1024} KB, {bodies.HEAD_SECONDS:.0f} seconds" in TEXT
    assert f"{bodies.BODY_SECONDS:.0f} seconds, and no database" in TEXT
    assert classes.GUESS.hits > 0
