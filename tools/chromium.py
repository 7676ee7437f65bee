"""Finds the browser in which the tests look at our pages, and installs it where that is one safe command.

Exists because the tests need a real Chromium and playwright's own download is no package with a pinned source. Takes
what is there (QUEUE_CHROMIUM, or a Chromium or Chrome on PATH); as root on a Debian with none it asks apt; anybody
else is told what to do. Refuses to fetch a browser from anywhere but the distribution.

    .venv/bin/python -m tools.chromium     prints the path
"""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")

HOW_TO = (
    "The tests need Chromium and none was found. Install it (Debian: apt install chromium; Ubuntu: snap install "
    "chromium; or Google Chrome), or say where it is: QUEUE_CHROMIUM=/path/to/chromium make test. "
    "What needs no browser runs with: .venv/bin/python -m pytest -m 'not browser'"
)


class NoChromium(Exception):
    """There is no browser; the text tells the person how to get one."""


def find_chromium() -> str:
    """The path of a Chromium that starts; NoChromium with advice otherwise."""
    named = os.environ.get("QUEUE_CHROMIUM")
    if named:
        if starts(named):
            return named
        raise NoChromium(f"QUEUE_CHROMIUM={named} does not start: correct it, or unset it to let us search.")
    for name in NAMES:
        path = shutil.which(name)
        if path and starts(path):
            return path
    raise NoChromium(HOW_TO)


def starts(path: str) -> bool:
    """On some systems `chromium` is only a stub that tells to install another package."""
    try:
        return subprocess.run([path, "--version"], capture_output=True, check=False, timeout=30).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def install_chromium() -> None:
    """Does nothing where apt brings no real browser: Ubuntu's package only calls snap, which containers lack."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    print("* Installing Chromium with apt for the tests (about 100 MB, a minute or two).", file=sys.stderr, flush=True)
    apt("update")
    candidate = subprocess.run(["apt-cache", "policy", "chromium"], capture_output=True, text=True, check=False).stdout
    if "Candidate:" not in candidate or "Candidate: (none)" in candidate or "snap" in candidate:
        return
    apt("install", "--yes", "--no-install-recommends", "chromium")


def apt(*arguments: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    result = subprocess.run(
        ["apt-get", "--quiet", "-o", "DPkg::Lock::Timeout=120", *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if result.returncode != 0:
        print(*result.stdout.splitlines()[-10:], sep="\n", file=sys.stderr)


def main() -> int:
    try:
        try:
            path = find_chromium()
        except NoChromium:
            if os.environ.get("QUEUE_CHROMIUM"):
                raise
            install_chromium()
            path = find_chromium()
    except NoChromium as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
