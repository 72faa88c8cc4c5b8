"""`python -m compare`: measure every system in turns, and write the report."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
from dataclasses import replace
from typing import NoReturn

from compare import machine, noop, report
from compare.connection import ServerFailed
from compare.document import Expected, Upload
from compare.options import read_options
from compare.processes import CannotStart
from compare.results import Results, Segment
from compare.s3 import Bucket, S3Failed
from compare.segment import Plan, measure
from compare.systems import ALL, SYSTEMS, System, Tools, why_not


def main() -> int:
    """Measure and report; 1 when a system could not be measured rightly."""
    signal.signal(signal.SIGTERM, end)
    use_uvloop()
    options = read_options()
    tools = Tools(sys.executable, shutil.which("node"), options.programs)
    chosen = [system for system in ALL if not options.only or system.name in options.only]
    plan = the_plan(options)
    results = Results.load(options.results) if options.add else Results()
    results.not_measured = {system.name: reason for system in chosen if (reason := why_not(system, tools))}
    chosen = [system for system in chosen if system.name not in results.not_measured]
    results.machine = machine.machine()
    results.versions |= machine.versions(chosen, tools)
    results.document = {"bytes": options.file.stat().st_size, **vars(plan.expected)}
    first = results.next_round()
    for number in range(first, first + options.rounds):
        loads = plan.concurrencies if number == first else plan.concurrencies[:1]
        for system in chosen:
            measure_one(system, tools, replace(plan, concurrencies=loads), number, results)
            results.save(options.results)
        if options.noop:
            noop.measure_all(tools, number, results)
            results.save(options.results)
    report.write(results, options.report)
    print(options.report / "benchmarks.md")
    return 1 if any(segment.problem for segment in results.segments) or not results.segments else 0


def end(*_: object) -> NoReturn:
    """Stop what runs and end; once is enough."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(128 + signal.SIGTERM)


def measure_one(system: System, tools: Tools, plan: Plan, number: int, results: Results) -> None:
    """Measure a system once; one that does not work is said to be so, and the others go on."""
    try:
        segments = measure(system, tools, plan, number)
    except (CannotStart, ServerFailed, S3Failed, OSError) as error:
        results.not_measured[system.name] = str(error) or type(error).__name__
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
        f"{segment.unfinished} unfinished  {segment.refusals} refused",
    ]
    return "  ".join([*parts, segment.problem or ""])


def the_plan(options: argparse.Namespace) -> Plan:
    """Read the document and put the load together."""
    return Plan(
        upload=Upload.of(options.file),
        expected=options.expect or Expected.by_reference(sys.executable, SYSTEMS / "reference.py", options.file),
        concurrencies=options.concurrency,
        seconds=options.seconds,
        drain_seconds=options.drain,
        s3_program=options.programs / "examples" / "s3_memory",
        s3_mebibytes=options.s3_mebibytes,
        bucket=own_bucket(options) if options.s3_endpoint else None,
    )


def own_bucket(options: argparse.Namespace) -> Bucket:
    """Use a store that runs already; its key is in the environment."""
    region = os.environ.get("AWS_REGION", "us-east-1")
    key, secret = os.environ["S3_ACCESS_KEY_ID"], os.environ["S3_SECRET_ACCESS_KEY"]
    return Bucket(options.s3_endpoint.rstrip("/"), options.s3_bucket, region, key, secret)


def use_uvloop() -> None:
    """Run the client on uvloop where it is installed: it takes less of the cores that the servers need."""
    try:
        import uvloop
    except ImportError:
        return
    uvloop.install()


if __name__ == "__main__":
    sys.exit(main())
