"""Writes the lock files anew: the newest versions that pyproject.toml and package.json allow, with hashes.

Exists because a lock file must fit every machine: it is resolved for all platforms and every Python from 3.11 on, and
names no registry, so that a mirror serves as well. Refuses to leave an address in a lock file. Run it by `make
locks`, then `make lint test`, and commit what changed.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

PYTHON_LOCKS = {
    "requirements.lock": "pyproject.toml --group build",
    # The tests run on exactly the versions that go into service.
    "requirements-dev.lock": "pyproject.toml --group build --group dev --constraints requirements.lock",
    "requirements-node.lock": "--group node",
}


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        subprocess.run([f"{folder}/bin/pip", "install", "--quiet", "uv"], check=True)
        for lock, sources in PYTHON_LOCKS.items():
            print(f"* Resolving {lock}.", flush=True)
            (ROOT / lock).unlink(missing_ok=True)  # uv would keep the versions that it finds there
            options = ["--universal", "--python-version", "3.11", "--generate-hashes", "--quiet"]
            bare = ["--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"]
            command = [f"{folder}/bin/uv", "pip", "compile", *options, *bare, *sources.split(), "--output-file", lock]
            subprocess.run(command, cwd=ROOT, check=True)
    lock_node_packages()
    return refuse_addresses([ROOT / lock for lock in [*PYTHON_LOCKS, "package-lock.json"]])


def lock_node_packages() -> None:
    print("* Resolving package-lock.json.", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        # In an empty folder: what is installed in ours would go into the lock without its hash.
        shutil.copy(ROOT / "package.json", folder)
        subprocess.run(["npm", "install", "--package-lock-only", "--ignore-scripts"], cwd=folder, check=True)
        tree = json.loads((Path(folder) / "package-lock.json").read_text())
    for path, package in tree["packages"].items():
        package.pop("resolved", None)
        package.pop("funding", None)
        if path and "integrity" not in package:
            raise SystemExit(f"npm gave no hash for {path}: package-lock.json stays as it was.")
    (ROOT / "package-lock.json").write_text(json.dumps(tree, indent=2, ensure_ascii=False) + "\n")


def refuse_addresses(locks: list[Path]) -> int:
    for lock in locks:
        found = re.search(r"\w+://\S+|^--\w.*", lock.read_text(), re.MULTILINE)
        if found:
            print(f"{lock.name} names an address or an option: {found[0]}. Remove it first.", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
