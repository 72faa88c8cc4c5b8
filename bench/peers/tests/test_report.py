"""From segments to the page: what is summed up, compared, bounded and left out."""

import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from compare import report
from compare.results import NoopRun, Results, Segment, percentiles
from compare.summary import lines, queues


def segment(
    number: int, system: str, jobs: int, p99: float, problem: str | None = None, unfinished: int = 0
) -> Segment:
    """Ten seconds of a system."""
    latencies = {"p50": p99 / 2, "p95": p99, "p99": p99, "max": p99}
    return Segment(
        round=number,
        system=system,
        concurrency=100,
        seconds=10.0,
        jobs=jobs,
        unfinished=unfinished,
        failures=0,
        refusals=0,
        submit_seconds=latencies,
        total_seconds=latencies,
        cpu_seconds_per_job={"system": 0.05, "s3": 0.004},
        memory_bytes=100 << 20,
        client_cpu_seconds_per_job=0.0004,
        others_cores=0.1,
        problem=problem,
    )


class Summary(unittest.TestCase):
    """Two rounds of three systems, one of which did not do its work."""

    def setUp(self) -> None:
        """Make the figures."""
        self.results = Results(
            machine={"processor": "P", "cores": "2", "memory": "4 GiB", "system": "Linux"},
            document={"bytes": 1000, "pages": 2, "images": 1},
            segments=[
                segment(1, "pdf-ingest", 2000, 0.5),
                segment(1, "Celery", 200, 5.0),
                segment(1, "BullMQ", 9000, 0.1, problem="job 1 has no text in the bucket"),
                segment(2, "pdf-ingest", 1000, 1.0),
                segment(2, "Celery", 50, 20.0, unfinished=30),
            ],
            noop=[NoopRun(1, "pdf-ingest", 9000.0), NoopRun(1, "BullMQ", 4000.0)],
        )

    def test_ratios_are_taken_within_rounds(self) -> None:
        """10× and 20× make 15×, and not the ratio of the medians."""
        ours, theirs = lines(self.results, 100)
        self.assertEqual((ours.system, theirs.system), ("pdf-ingest", "Celery"))
        self.assertEqual(str(theirs.throughput_ratio), "15.0× (10.0–20.0)")
        self.assertEqual(str(theirs.p99_ratio), "15.0× (10.0–20.0)")
        self.assertIsNone(ours.throughput_ratio)
        self.assertEqual([(name, str(ratio)) for name, _, ratio in queues(self.results)][1], ("BullMQ", "2.2×"))

    def test_latencies_of_what_was_cut_off_are_bounds(self) -> None:
        """30 of 280 documents were cut off: p95 is a bound, the median is none."""
        theirs = lines(self.results, 100)[1]
        self.assertEqual([theirs.is_cut_off(name) for name in ("p50", "p95", "p99", "max")], [False, True, True, True])

    def test_work_that_was_not_done_is_named_and_has_no_figure(self) -> None:
        """The page says why; the charts are well-formed."""
        with tempfile.TemporaryDirectory() as name:
            report.write(self.results, Path(name))
            page = (Path(name) / "benchmarks.md").read_text()
            charts = {file.name: ElementTree.parse(file).getroot() for file in Path(name).glob("*.svg")}
        self.assertIn("- BullMQ: job 1 has no text in the bucket", page)
        self.assertNotIn("| BullMQ | 900", page)
        self.assertIn("| Celery | 12.5 | 15.0× (10.0–20.0) | 6.2 s | ≥ 12 s |", page)
        self.assertEqual(len(charts), 3)
        self.assertTrue(all(f"({chart})" in page for chart in charts))

    def test_figures_are_read_as_they_were_written(self) -> None:
        """Later rounds can be added."""
        with tempfile.TemporaryDirectory() as name:
            self.results.save(Path(name) / "results.json")
            self.assertEqual(Results.load(Path(name) / "results.json"), self.results)
        self.assertEqual(self.results.next_round(), 3)

    def test_percentiles_are_values_that_were_seen(self) -> None:
        """Nearest rank (Hyndman and Fan, 1996, definition 1)."""
        self.assertEqual(percentiles(range(1, 101)), {"p50": 50, "p95": 95, "p99": 99, "max": 100})
        self.assertEqual(percentiles([7.0]), {"p50": 7.0, "p95": 7.0, "p99": 7.0, "max": 7.0})
