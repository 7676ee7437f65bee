"""Runs the tests of the kiosk's pure parts (*.test.js), which are written in the language that they test."""

import subprocess
from pathlib import Path

import pytest

from tests.display.test_logic import node

SUITES = sorted(Path(__file__).resolve().parent.glob("*.test.js"))


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name.removesuffix(".test.js"))
def test_suite(suite: Path) -> None:
    done = subprocess.run([node(), "--test", str(suite)], capture_output=True, encoding="utf-8", check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_are_suites() -> None:
    assert len(SUITES) >= 2
