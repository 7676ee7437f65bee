"""Reads the whole code without running it: style, types, and the syntax of the oldest browser that we promise.

Exists so that one command gives the same verdict on every machine. All checks run even if one fails, so that a person
sees everything at once; a folder without files is named, never passed over in silence. Refuses to change a file:
`.venv/bin/ruff check --fix` and `.venv/bin/ruff format` do that.
"""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
NODE_BIN = ROOT / "node_modules" / ".bin"

SCRIPTS = {
    "kiosk": "kiosk/js/**/*.js",
    "pages": "queue_service/pages/static/**/*.js",
    "display": "display/js/**/*.js",
}
"""Each surface has its own tsconfig.<name>.json: pages and kiosk are modules, the display is plain scripts."""


@dataclass(frozen=True)
class Check:
    name: str
    command: list[str]


def checks() -> Iterator[Check]:
    typed = [folder for folder in ("queue_service", "tests", "tools") if files(f"{folder}/**/*.py")]
    yield Check("ruff check", [str(BIN / "ruff"), "check", "--quiet", "."])
    yield Check("ruff format", [str(BIN / "ruff"), "format", "--quiet", "--diff", "."])
    yield Check("mypy --strict", [str(BIN / "mypy"), "--strict", *typed])
    for surface, pattern in SCRIPTS.items():
        if files(pattern):
            yield Check(f"tsc {surface}", [str(NODE_BIN / "tsc"), "--project", f"tsconfig.{surface}.json"])
        else:
            print(f"  nothing yet: {pattern}")
    if files(SCRIPTS["display"]):
        # Television sets in the halls carry browsers of 2013: a single arrow function and the screen stays black.
        yield Check("ES5 display", [str(NODE_BIN / "acorn"), "--ecma5", "--silent", *files(SCRIPTS["display"])])


def files(pattern: str) -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for path in ROOT.glob(pattern))


def passes(check: Check) -> bool:
    environment = {**os.environ, "PATH": os.pathsep.join([str(BIN), os.environ.get("PATH", os.defpath)])}
    begun = time.monotonic()
    result = subprocess.run(check.command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=False)
    verdict = "ok" if result.returncode == 0 else "FAILED"
    print(f"  {verdict:6} {check.name} ({time.monotonic() - begun:.1f} s)", flush=True)
    if result.returncode != 0:
        print(result.stdout + result.stderr)
        print(f"  again with: {shlex.join(check.command)}\n", flush=True)
    return result.returncode == 0


def main() -> int:
    verdicts = [passes(check) for check in checks()]
    failed = verdicts.count(False)
    print(f"Lint: {len(verdicts)} checks, {failed} failed." if failed else f"Lint: {len(verdicts)} checks, all clean.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
