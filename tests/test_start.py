"""What a worker that has just started has in memory, and what it has put aside for those who need it."""

import os
import subprocess
import sys

PROBE = """
import gc, sys
import queue_service.cli
from queue_service.app import from_environment
app = from_environment()
print(gc.get_freeze_count(), *sys.modules)
"""


def test_a_worker_starts_without_what_it_seldom_needs_and_looks_through_its_own_code_no_more() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("QUEUE_")}
    ran = subprocess.run([sys.executable, "-c", PROBE], env=environment, capture_output=True, encoding="utf-8", check=True, timeout=90)
    frozen, *modules = ran.stdout.split()
    assert int(frozen) > 100_000, "every full collection would stop the hall"
    assert not {"zxcvbn", "alembic", "schemathesis", "hypothesis", "pytest"} & set(modules)
