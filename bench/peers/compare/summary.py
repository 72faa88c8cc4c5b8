"""One line per system out of several rounds: medians, and ratios that are taken within each round."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from compare.noop import OURS as OUR_QUEUE
from compare.results import Results, Segment
from compare.systems import ALL

OURS = next(system.name for system in ALL if system.is_ours)


@dataclass(frozen=True)
class Ratio:
    """How many times better the project did: the median of the rounds, the least and the most."""

    middle: float
    least: float
    most: float
    rounds: int

    @classmethod
    def of(cls, ratios: Sequence[float]) -> Ratio | None:
        """Sum up the ratios of all rounds."""
        return cls(median(ratios), min(ratios), max(ratios), len(ratios)) if ratios else None

    def __str__(self) -> str:
        """Write the middle, and the range when there is one."""
        if self.rounds == 1:
            return f"{self.middle:.1f}×"
        return f"{self.middle:.1f}× ({self.least:.1f}–{self.most:.1f})"


@dataclass(frozen=True)
class Line:
    """A system at one concurrency; latencies in seconds."""

    system: str
    is_ours: bool
    jobs_per_second: float
    total: dict[str, float]
    submit_p99: float
    cpu: dict[str, float]
    memory_bytes: float
    throughput_ratio: Ratio | None
    p99_ratio: Ratio | None
    unfinished: int
    refusals: int
    jobs: int

    def is_cut_off(self, percentile: str) -> bool:
        """Whether documents that were never finished reach down to a percentile, which is then a lower bound."""
        share_above = {"p50": 0.5, "p95": 0.05, "p99": 0.01, "max": 0.0}[percentile]
        return self.unfinished > share_above * (self.jobs + self.unfinished)


def concurrencies(results: Results) -> list[int]:
    """List the loads that were measured."""
    return sorted({segment.concurrency for segment in results.segments})


def lines(results: Results, concurrency: int) -> list[Line]:
    """Sum up every system whose work was right in all its rounds, the fastest first."""
    segments = [segment for segment in results.segments if segment.concurrency == concurrency]
    by_system: dict[str, list[Segment]] = {}
    for segment in segments:
        by_system.setdefault(segment.system, []).append(segment)
    ours = {segment.round: segment for segment in by_system.get(OURS, []) if not segment.problem}
    right = [rounds for rounds in by_system.values() if not any(segment.problem for segment in rounds)]
    return sorted((line(rounds, ours) for rounds in right), key=lambda found: -found.jobs_per_second)


def line(rounds: Sequence[Segment], ours: dict[int, Segment]) -> Line:
    """Sum up one system."""
    is_ours = rounds[0].system == OURS
    pairs = [] if is_ours else [(ours[segment.round], segment) for segment in rounds if segment.round in ours]
    return Line(
        system=rounds[0].system,
        is_ours=is_ours,
        jobs_per_second=median(segment.jobs_per_second for segment in rounds),
        total=medians(segment.total_seconds for segment in rounds),
        submit_p99=median(segment.submit_seconds["p99"] for segment in rounds),
        cpu=medians(segment.cpu_seconds_per_job for segment in rounds),
        memory_bytes=median(segment.memory_bytes for segment in rounds),
        throughput_ratio=Ratio.of([our.jobs_per_second / their.jobs_per_second for our, their in pairs]),
        p99_ratio=Ratio.of([their.total_seconds["p99"] / our.total_seconds["p99"] for our, their in pairs]),
        unfinished=sum(segment.unfinished for segment in rounds),
        refusals=sum(segment.refusals for segment in rounds),
        jobs=sum(segment.jobs for segment in rounds),
    )


def medians(rounds: Iterable[dict[str, float]]) -> dict[str, float]:
    """Take the median of each value."""
    every = list(rounds)
    return {name: median(one[name] for one in every) for name in every[0]}


def queues(results: Results) -> list[tuple[str, float, Ratio | None]]:
    """Sum up every queue: its jobs per second and how many times more the project's own does, the fastest first."""
    by_queue: dict[str, dict[int, float]] = {}
    for run in results.noop:
        by_queue.setdefault(run.queue, {})[run.round] = run.jobs_per_second
    ours = by_queue.get(OUR_QUEUE, {})
    found = []
    for name, rounds in by_queue.items():
        ratios = [ours[number] / rate for number, rate in rounds.items() if number in ours and name != OUR_QUEUE]
        found.append((name, median(rounds.values()), Ratio.of(ratios)))
    return sorted(found, key=lambda entry: -entry[1])
