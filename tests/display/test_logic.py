"""Runs the tests of the display's pure parts (*.test.js), which are written in the language that they test."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
SUITES = sorted(HERE.glob("*.test.js"))


def node() -> str:
    """That of .venv where set-up had to bring one, else that of the machine."""
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    found = shutil.which("node", path=places)
    assert found, "Node.js is missing: `make dev` installs it"
    return found


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name.removesuffix(".test.js"))
def test_suite(suite: Path) -> None:
    done = subprocess.run([node(), "--test", str(suite)], capture_output=True, encoding="utf-8", check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_are_suites() -> None:
    assert len(SUITES) >= 4
