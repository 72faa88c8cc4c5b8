"""What processes cost: CPU time and memory of a tree of them, from /proc."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def tree(roots: Iterable[int]) -> list[int]:
    """List the processes and all their descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := stat_fields(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = list(roots)
    for process in found:
        found.extend(children.get(process, []))
    return found


def cpu_seconds(roots: Iterable[int]) -> float:
    """Sum up the CPU time of the tree, with that of children which have ended."""
    ticks = 0
    for process in tree(roots):
        if fields := stat_fields(process):
            ticks += sum(int(field) for field in fields[11:15])
    return ticks / TICKS_PER_SECOND


def memory_bytes(roots: Iterable[int]) -> int:
    """Sum up the memory of the tree; pages that processes share count once (proportional set size)."""
    total = 0
    for process in tree(roots):
        try:
            rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
        except OSError:
            continue
        total += sum(int(line.split()[1]) << 10 for line in rollup.splitlines() if line.startswith("Pss:"))
    return total


def machine_busy_seconds() -> float:
    """Sum up the CPU time that the whole machine has spent on anything."""
    user, nice, system, _idle, _iowait, irq, softirq, steal = (
        int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
    )
    return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND


def stat_fields(process: int) -> list[str]:
    """Read /proc/PID/stat from the state on; nothing when the process is gone (proc(5))."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
