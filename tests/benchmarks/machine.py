"""On what the figures were taken: without it a number says nothing to anybody else."""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil  # type: ignore[import-untyped]

ROOT = Path(__file__).resolve().parent.parent.parent
LIBRARIES = ("asyncpg", "litestar", "uvicorn", "uvloop", "httptools", "msgspec", "websockets")


def description(folder: Path, postgres: str) -> dict[str, str]:
    """What a reader needs to judge the figures; `folder` is where the database lies."""
    return {
        "taken_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "commit": _git("rev-parse", "--short", "HEAD") + (" and changes" if _git("status", "--porcelain") else ""),
        "processor": f"{os.cpu_count()} × {_processor()}",
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GB",
        "disk": _file_system(folder),
        "load": f"{os.getloadavg()[0]:.1f} before the start",
        "system": f"{platform.system()} {platform.release()}",
        "postgres": f"{postgres}, fsync and synchronous_commit on",
        "python": f"{platform.python_implementation()} {platform.python_version()}, "
        + ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
    }


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    except OSError:
        return "unknown"
    return done.stdout.strip()


def _processor() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _file_system(folder: Path) -> str:
    """A database on tmpfs would make every commit free, so the kind of file system belongs to the figures."""
    places = [disk for disk in psutil.disk_partitions(all=True) if folder.resolve().is_relative_to(disk.mountpoint)]
    return max(places, key=lambda disk: len(disk.mountpoint)).fstype if places else "unknown"
