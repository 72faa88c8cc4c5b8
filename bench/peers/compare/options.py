"""The command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from compare.document import Expected
from compare.systems import ALL, HERE

PROJECT = HERE.parent.parent
SAMPLE = PROJECT / "cli" / "assets" / "sample.pdf"


def read_options(given: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line; what a quick run leaves out is left out here."""
    parser = argparse.ArgumentParser(
        prog="./run bench-peers",
        description="Measure every system in turns, with the same documents, and write docs/benchmarks.md.",
    )
    add = parser.add_argument
    add("file", type=Path, nargs="?", default=SAMPLE, help="the PDF; the project's sample when left out")
    add("--quick", action="store_true", help="one short round with few users; the report goes to .local/peers")
    add("--rounds", type=int, default=3, help="times that each system has its turn (3)")
    add(
        "--concurrency",
        type=int,
        action="append",
        metavar="USERS",
        help="a load: the first in every round (100, 1000)",
    )
    add("--seconds", type=float, default=5.0, help="how long documents are begun, per system and load (5)")
    add("--drain", type=float, default=25.0, help="seconds in which they must end after that (25)")
    add("--only", action="append", choices=[system.name for system in ALL], help="a system; may be given again")
    add("--no-noop", action="store_false", dest="noop", help="leave out the queues with jobs that do nothing")
    add("--add", action="store_true", help="add rounds to the figures of the last run")
    add("--expect", type=Expected.parse, metavar="PAGES:LETTERS:IMAGES", help="what is in FILE; PyMuPDF is asked else")
    add("--s3-mebibytes", type=int, default=4096, help="memory the object store takes before it is measured (4096)")
    add("--s3-endpoint", metavar="URL", help="a store that runs; S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY, AWS_REGION")
    add("--s3-bucket", metavar="NAME", default="bucket", help="a bucket of it")
    add("--programs", type=resolved, default=PROJECT / "target" / "release", help="where pdf-ingest was built")
    add("--results", type=Path, default=PROJECT / ".local" / "peers" / "results.json", help="all figures, as JSON")
    add("--report", type=Path, default=PROJECT / "docs", help="the folder of the report")
    options = parser.parse_args(given)
    options.concurrency = options.concurrency or ([4] if options.quick else [100, 1000])
    if options.quick:
        folder = PROJECT / ".local" / "peers" / "quick"
        options.rounds, options.seconds, options.noop, options.s3_mebibytes = 1, 1.0, False, 0
        options.results, options.report = folder / "results.json", folder
    return options


def resolved(path: str) -> Path:
    """Make a path independent of the folder that a program is started in."""
    return Path(path).resolve()
