"""The machine, and the versions of what runs on it."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = (
    "singer-sdk",
    "orjson",
    "pyarrow",
    "dlt",
    "meltanolabs-target-csv",
    "meltanolabs-target-postgres",
)


def described() -> str:
    """The processor and Python."""
    cores = len(os.sched_getaffinity(0))
    return (
        f"{_processor()}, {cores} cores; {platform.system()} {platform.release()}; "
        f"{platform.python_implementation()} {platform.python_version()}"
    )


def packages() -> str:
    """The versions of what is compared with, and of what that rests on."""
    return ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def load() -> str:
    """The load averages of the last 1, 5 and 15 minutes."""
    return " ".join(f"{average:.2f}" for average in os.getloadavg())


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
