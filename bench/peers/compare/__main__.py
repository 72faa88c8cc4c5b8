"""`python -m compare`: measure every system in turns, and write the report."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from compare import machine
from compare.connection import ServerFailed
from compare.document import Expected, Upload
from compare.processes import CannotStart
from compare.results import Results, Segment
from compare.s3 import Bucket
from compare.segment import Plan, measure
from compare.systems import ALL, SYSTEMS, System, Tools, why_not


def main() -> int:
    """Measure and report; 1 when a system could not be measured rightly."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    use_uvloop()
    args = arguments()
    tools = Tools(sys.executable, shutil.which("node"), args.programs)
    chosen = [system for system in ALL if not args.only or system.name in args.only]
    results = Results.load(args.results) if args.add else Results()
    results.not_measured = {system.name: reason for system in chosen if (reason := why_not(system, tools))}
    chosen = [system for system in chosen if system.name not in results.not_measured]
    plan = the_plan(args)
    results.machine = machine.machine()
    results.versions |= machine.versions(chosen, tools)
    results.document = {"bytes": args.file.stat().st_size, **vars(plan.expected)}
    for _ in range(args.rounds):
        number = results.next_round()
        for system in chosen:
            measure_one(system, tools, plan, number, results)
            results.save(args.results)
    return 1 if any(segment.problem for segment in results.segments) else 0


def measure_one(system: System, tools: Tools, plan: Plan, number: int, results: Results) -> None:
    """Measure a system once; one that does not work is said to be so, and the others go on."""
    try:
        segments = measure(system, tools, plan, number)
    except (CannotStart, ServerFailed, OSError) as error:
        results.not_measured[system.name] = str(error)
        print(f"{system.name}: {error}", file=sys.stderr, flush=True)
        return
    for segment in segments:
        print(line(segment), file=sys.stderr, flush=True)
    results.segments += segments


def line(segment: Segment) -> str:
    """Put a segment into one line, for whoever watches."""
    cpu = segment.cpu_seconds_per_job | {"client": segment.client_cpu_seconds_per_job}
    parts = [
        f"round {segment.round} {segment.system:<18} c={segment.concurrency:<5}{segment.jobs_per_second:7.1f} jobs/s",
        *(f"{name} {1000 * segment.total_seconds[name]:.0f} ms" for name in ("p50", "p99")),
        "CPU ms/job: " + " ".join(f"{group} {1000 * seconds:.1f}" for group, seconds in cpu.items()),
        f"{segment.memory_bytes >> 20} MiB",
        f"others {segment.others_cores:.2f} cores",
        f"{segment.unfinished} unfinished",
    ]
    return "  ".join(parts + [segment.problem or ""])


def the_plan(args: argparse.Namespace) -> Plan:
    """Read the document and put the load together."""
    expected = args.expect or Expected.by_reference(sys.executable, SYSTEMS / "reference.py", args.file)
    return Plan(
        upload=Upload.of(args.file),
        expected=expected,
        concurrencies=args.concurrency,
        seconds=args.seconds,
        drain_seconds=args.drain,
        s3_program=args.programs / "examples" / "s3_server",
        bucket=args.s3_endpoint and own_bucket(args),
    )


def own_bucket(args: argparse.Namespace) -> Bucket:
    """The bucket of a store that runs already; its key is in the environment."""
    region = os.environ.get("AWS_REGION", "us-east-1")
    key, secret = os.environ["S3_ACCESS_KEY_ID"], os.environ["S3_SECRET_ACCESS_KEY"]
    return Bucket(args.s3_endpoint.rstrip("/"), args.s3_bucket, region, key, secret)


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="./run bench-peers", description=__doc__)
    parser.add_argument("file", type=Path, help="the PDF")
    parser.add_argument("--programs", type=Path, required=True, help="target/release")
    parser.add_argument("--results", type=Path, required=True, help="JSON file of all figures")
    parser.add_argument("--add", action="store_true", help="add rounds to the file of figures")
    parser.add_argument("--only", action="append", help="a system; may be given again")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--concurrency", type=int, action="append")
    parser.add_argument("--seconds", type=float, default=6.0, help="how long documents are begun, per system and load")
    parser.add_argument("--drain", type=float, default=30.0, help="how long they may take to end after that")
    parser.add_argument(
        "--expect", type=Expected.parse, metavar="PAGES:LETTERS:IMAGES", help="instead of asking PyMuPDF"
    )
    parser.add_argument(
        "--s3-endpoint", help="a store that runs already; S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY, AWS_REGION"
    )
    parser.add_argument("--s3-bucket", default="bucket")
    args = parser.parse_args(given)
    args.concurrency = args.concurrency or [100]
    return args


def use_uvloop() -> None:
    """Run the client on uvloop where it is installed: it takes less of the cores that the servers need."""
    try:
        import uvloop
    except ImportError:
        return
    uvloop.install()


if __name__ == "__main__":
    sys.exit(main())
