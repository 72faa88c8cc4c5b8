"""What was measured, as one JSON file that later rounds are added to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Segment:
    """One system under one load, once. Times are in seconds; a latency that was cut off counts with the age it had."""

    round: int
    system: str
    concurrency: int
    seconds: float
    jobs: int
    unfinished: int
    failures: int
    refusals: int
    submit_seconds: dict[str, float]
    total_seconds: dict[str, float]
    cpu_seconds_per_job: dict[str, float]
    memory_bytes: int
    client_cpu_seconds_per_job: float
    others_cores: float
    problem: str | None

    @property
    def jobs_per_second(self) -> float:
        """How many documents were done per second, from the first submit to the last result."""
        return self.jobs / self.seconds if self.seconds else 0.0


@dataclass
class NoopRun:
    """One queue with jobs that do nothing, once."""

    round: int
    queue: str
    jobs_per_second: float


@dataclass
class Results:
    """Everything that a report is written from."""

    machine: dict[str, str] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    not_measured: dict[str, str] = field(default_factory=dict)
    segments: list[Segment] = field(default_factory=list)
    noop: list[NoopRun] = field(default_factory=list)

    @classmethod
    def load(cls, file: Path) -> Results:
        """Read what `save` wrote."""
        raw = json.loads(file.read_text())
        raw["segments"] = [Segment(**segment) for segment in raw["segments"]]
        raw["noop"] = [NoopRun(**run) for run in raw["noop"]]
        return cls(**raw)

    def save(self, file: Path) -> None:
        """Write everything."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(asdict(self), indent=1) + "\n")

    def next_round(self) -> int:
        """Tell the number of a round that is to be added."""
        rounds = [segment.round for segment in self.segments] + [run.round for run in self.noop]
        return 1 + max(rounds, default=0)


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Name the median, p95, p99 and the largest; each is a value that was seen (nearest rank)."""
    ordered = sorted(values) or [0.0]
    ranks = {"p50": 50, "p95": 95, "p99": 99}
    return {name: ordered[-(-len(ordered) * rank // 100) - 1] for name, rank in ranks.items()} | {"max": ordered[-1]}
