"""`docs/benchmarks.md` and its charts, from the figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from compare.charts import Row, bars, number_text, seconds_text, spans
from compare.noop import OURS as OUR_QUEUE
from compare.results import Results
from compare.summary import Line, concurrencies, lines, queues
from compare.systems import ALL

PERCENTILES = ("p50", "p95", "p99", "max")

INTRODUCTION = """\
# Benchmarks

The same documents through pdf-ingest and through other ways to do the same work: on one machine, with the same
client, the same object store and the same Redis settings, in turns. `./run bench-peers FILE.pdf` measures and writes
this page; [bench/peers](../bench/peers/README.md) says how, and what every system is.
"""

METHOD = """\
## How to read it

- A job is an upload over HTTP, text of all pages and every image out of it, all of it in S3, and the answer that it is
  done. Systems with a queue store the upload first, answer it with a ticket and are then asked with a long poll; the
  demo and xberg answer the upload when all is done, and keep no source.
- Every user has one document at a time. Documents are begun for some seconds; jobs/s counts them all, from the first
  upload to the last result. Each upload is another file: a comment at its end is new every time.
- Figures are medians over the rounds. Ratios are taken within a round, between neighbours in time, and are the median
  of those, with the least and the most.
- A figure is printed only if every job had its pages, its images in the bucket and, in a sample of jobs, its text.
- CPU is that of the system's own processes, of its Redis and of the object store. The client's is not in it, but is
  taken from the same cores. Memory is the most that the system and its Redis took together (proportional set size).
"""


def write(results: Results, folder: Path) -> None:
    """Write the page and its charts into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    sections = [INTRODUCTION, *(load_section(results, users, folder) for users in concurrencies(results))]
    if results.noop:
        sections.append(queue_section(results, folder))
    sections += [METHOD, setting_section(results)]
    (folder / "benchmarks.md").write_text("\n".join(sections))


def load_section(results: Results, users: int, folder: Path) -> str:
    """Write the table and the charts of one load."""
    found = lines(results, users)
    rounds = {segment.round for segment in results.segments if segment.concurrency == users}
    throughput, latency = f"benchmarks-throughput-{users}.svg", f"benchmarks-latency-{users}.svg"
    shown = [Row(line.system, (line.jobs_per_second,), line.is_ours) for line in found]
    (folder / throughput).write_text(bars(f"Documents per second, {users:,} users", shown))
    shown = [Row(line.system, [line.total[name] for name in PERCENTILES], line.is_ours) for line in found]
    (folder / latency).write_text(spans(f"From upload to result, {users:,} users", PERCENTILES, shown))
    head = [
        "",
        "jobs/s",
        "here is faster by",
        *PERCENTILES,
        "p99 here is lower by",
        "upload p99",
        "CPU ms per job",
        "memory",
    ]
    parts = [
        f"## {users:,} users\n",
        f"{plural(len(rounds), 'round')}; CPU is the system's + its Redis' + the object store's.\n",
        table(head, (cells(line) for line in found)),
        f"![Documents per second]({throughput})\n",
        f"![From upload to result]({latency})\n",
    ]
    if any(line.is_cut_off(name) for line in found for name in PERCENTILES):
        parts.insert(3, "≥: so many documents were unfinished when the time was up that the true figure is higher.\n")
    if refused := [f"{line.system} {line.refusals} of {line.jobs}" for line in found if line.refusals]:
        parts.insert(
            3, f"Refused with a time to come back, and sent again within the same latency: {', '.join(refused)}.\n"
        )
    return "\n".join(parts)


def cells(line: Line) -> list[str]:
    """Write a system's line of the table."""
    bounds = {name: "≥ " if line.is_cut_off(name) else "" for name in PERCENTILES}
    cpu = " + ".join(f"{1000 * line.cpu[group]:.1f}" for group in ("system", "redis", "s3") if group in line.cpu)
    ratios = [str(ratio) if ratio else "–" for ratio in (line.throughput_ratio, line.p99_ratio)]
    return [
        f"**{line.system}**" if line.is_ours else line.system,
        number_text(line.jobs_per_second),
        ratios[0],
        *(bounds[name] + seconds_text(line.total[name]) for name in PERCENTILES),
        (bounds["p99"] if line.p99_ratio else "") + ratios[1],
        seconds_text(line.submit_p99),
        cpu,
        f"{line.memory_bytes / (1 << 20):.0f} MiB",
    ]


def queue_section(results: Results, folder: Path) -> str:
    """Write the table and the chart of the queues alone."""
    found = queues(results)
    rows = [Row(name, (rate,), name == OUR_QUEUE) for name, rate, _ in found]
    (folder / "benchmarks-queues.svg").write_text(bars("Jobs that do nothing per second, one core", rows))
    written = ([name, number_text(rate), str(ratio) if ratio else "–"] for name, rate, ratio in found)
    return "\n".join(
        [
            "## The queue alone\n",
            "Jobs that do nothing; one worker process and its Redis (append-only file) together on one core.\n",
            table(["", "jobs/s", "here is faster by"], written),
            "![Jobs per second](benchmarks-queues.svg)\n",
        ]
    )


def setting_section(results: Results) -> str:
    """Say where, with what, and what is not in it."""
    machine, document = results.machine, results.document
    others = max((segment.others_cores for segment in results.segments), default=0.0)
    said = [
        "## Machine and versions\n",
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory']}, {machine['system']}. "
        f"Other programs took up to {others:.2f} cores during a measurement.",
        f"The document: {document['bytes']:,} bytes, {document['pages']} pages, {document['images']} images.\n",
        *(f"- {system.name}: {system.made_of}" for system in ALL),
        "",
        ", ".join(f"{name} {version}" for name, version in sorted(results.versions.items(), key=by_name)) + ".\n",
    ]
    wrong = {segment.system: segment.problem for segment in results.segments if segment.problem}
    missing = results.not_measured | wrong
    if missing:
        said += ["Not shown:\n", *(f"- {name}: {str(reason).splitlines()[0]}" for name, reason in missing.items()), ""]
    return "\n".join(said)


def by_name(entry: tuple[str, str]) -> str:
    """Sort without regard to case."""
    return entry[0].lower()


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table; all columns but the first are numbers."""
    written = [f"| {' | '.join(head)} |", "|---|" + "---:|" * (len(head) - 1)]
    return "\n".join(written + [f"| {' | '.join(row)} |" for row in rows]) + "\n"


def plural(count: int, noun: str) -> str:
    """Write a number with its noun."""
    return f"{count} {noun}" + ("" if count == 1 else "s")
