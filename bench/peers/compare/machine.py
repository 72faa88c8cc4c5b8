"""What the machine is, and which versions are compared."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from compare.servers import redis_version
from compare.systems import HERE, System, Tools


def machine() -> dict[str, str]:
    """Describe the processor, the memory and the system."""
    models = [line.partition(":")[2].strip() for line in read_lines("/proc/cpuinfo") if line.startswith("model name")]
    kib = next((int(line.split()[1]) for line in read_lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    return {
        "processor": models[0] if models else platform.machine(),
        "cores": str(os.cpu_count()),
        "memory": f"{kib / 1024 / 1024:.0f} GiB",
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
    }


def versions(systems: Iterable[System], tools: Tools) -> dict[str, str]:
    """Name the version of every part."""
    found = {"Python": platform.python_version(), "Redis": redis_version().removeprefix("Redis ")}
    for system in systems:
        for package in system.python_packages:
            found[package] = metadata.version(package)
        if system.needs_node and tools.node:
            found["Node.js"] = output([tools.node, "--version"]).removeprefix("v")
            found |= json.loads((HERE / "package.json").read_text())["dependencies"]
    found["pdf-ingest"] = output(["git", "-C", str(HERE), "describe", "--always", "--dirty"]) or "unknown"
    return found


def output(command: list[str]) -> str:
    """Run a program for what it says; nothing when it cannot."""
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def read_lines(path: str) -> list[str]:
    """Read a file of /proc."""
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        print(f"no {path} here", file=sys.stderr)
        return []
