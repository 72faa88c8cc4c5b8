"""Queues alone: jobs that do nothing, one worker process, and its Redis on the same core."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from compare.processes import CannotStart, Program, Running
from compare.results import NoopRun, Results
from compare.servers import start_redis
from compare.systems import HERE, SYSTEMS, Tools

FOLDER = SYSTEMS / "noop"
LOOK_SECONDS = 0.02
LIMIT_SECONDS = 30.0


@dataclass(frozen=True)
class Queue:
    """A queue on Redis. `depth_key` is the list of jobs that wait; their number is chosen for some seconds of work."""

    name: str
    jobs: int
    depth_key: str
    enqueue: Callable[[Tools], Sequence[str]]
    work: Callable[[Tools], Sequence[str]]
    needs_node: bool = False


def python(*arguments: str) -> Callable[[Tools], Sequence[str]]:
    """Run a Python program of the folder."""
    return lambda tools: [tools.python, *arguments]


def node(*arguments: str) -> Callable[[Tools], Sequence[str]]:
    """Run a Node program of the folder."""
    return lambda tools: [tools.node or "node", *arguments]


CELERY_WORKER = "-m celery --app celery_noop worker --pool solo --loglevel WARNING --without-gossip --without-mingle"

PEERS: Sequence[Queue] = (
    Queue(
        "Celery, solo pool",
        5_000,
        "celery",
        python("celery_noop.py", "enqueue"),
        python(*CELERY_WORKER.split()),
    ),
    Queue(
        "RQ, Worker",
        300,
        "rq:queue:default",
        python("rq_noop.py", "enqueue"),
        python("rq_noop.py", "work"),
    ),
    Queue(
        "RQ, SimpleWorker",
        2_000,
        "rq:queue:default",
        python("rq_noop.py", "enqueue"),
        python("rq_noop.py", "work-simple"),
    ),
    Queue(
        "BullMQ",
        20_000,
        "bull:noop:wait",
        node("bullmq_noop.mjs", "enqueue"),
        node("bullmq_noop.mjs", "work"),
        needs_node=True,
    ),
)
OURS = "pdf-ingest"
OUR_SLOTS = 64


def measure_all(tools: Tools, number: int, results: Results) -> None:
    """Measure every queue once; one that cannot be had is said to be so."""
    runs: list[tuple[str, Callable[[], float]]] = [(OURS, lambda: ours(tools))]
    runs += [(queue.name, lambda queue=queue: peer(queue, tools)) for queue in PEERS]  # type: ignore[misc]
    for name, run in runs:
        try:
            jobs_per_second = run()
        except (CannotStart, OSError, subprocess.SubprocessError) as error:
            results.not_measured[f"{name} (jobs that do nothing)"] = str(error)
            print(f"{name}: {error}", file=sys.stderr, flush=True)
            continue
        print(f"round {number} {name:<18} {jobs_per_second:8.0f} no-op jobs/s", file=sys.stderr, flush=True)
        results.noop.append(NoopRun(number, name, jobs_per_second))


def pinned() -> list[str]:
    """Put a program and its children on the last core; the others are left to who fills and watches."""
    if not shutil.which("taskset"):
        raise CannotStart("no taskset on PATH")
    return ["taskset", "--cpu-list", str(max(os.sched_getaffinity(0)))]


def ours(tools: Tools) -> float:
    """Run the project's own program, which starts Redis and one worker and says how many jobs it did per second."""
    program = tools.release / "examples" / "noop_jobs"
    command = [*pinned(), str(program), "--slots", str(OUR_SLOTS)]
    said = subprocess.run(
        command, cwd=HERE, check=True, capture_output=True, text=True, timeout=4 * LIMIT_SECONDS
    ).stdout
    found = re.findall(r"([\d.,]+) jobs/s", said)
    if not found:
        raise CannotStart(f"{program.name} names no jobs/s: {said[:300]}")
    return float(found[-1].replace(",", ""))


def peer(queue: Queue, tools: Tools) -> float:
    """Fill a queue, start its worker, and watch the queue become empty."""
    if queue.needs_node and tools.node is None:
        raise CannotStart("no node on PATH")
    folder = Path(tempfile.mkdtemp(prefix="peers-"))
    running: list[Running] = []
    try:
        redis, port = start_redis(folder, pinned())
        running.append(redis)
        environment = dict(os.environ) | {"REDIS_PORT": str(port)}
        subprocess.run(
            [*queue.enqueue(tools), str(queue.jobs)],
            cwd=FOLDER,
            env=environment,
            check=True,
            capture_output=True,
            timeout=2 * LIMIT_SECONDS,
        )
        worker = Program("system", [*pinned(), *queue.work(tools)], environment, FOLDER)
        running.append(Running(worker, folder / "worker.log"))
        return rate(watched(port, queue, running[-1]), queue.jobs)
    finally:
        for one in reversed(running):
            one.stop()
        shutil.rmtree(folder, ignore_errors=True)


def watched(port: int, queue: Queue, worker: Running) -> list[tuple[float, int]]:
    """Look at the number of waiting jobs until there are none: pairs of a time and a number."""
    seen: list[tuple[float, int]] = []
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        replies = connection.makefile("rb")
        until = time.perf_counter() + LIMIT_SECONDS
        while not seen or seen[-1][1] > 0:
            if time.perf_counter() > until:
                worker.require_alive()
                raise CannotStart(f"{seen[-1][1]} of {queue.jobs} jobs wait after {LIMIT_SECONDS:.0f} s")
            connection.sendall(f"LLEN {queue.depth_key}\r\n".encode())
            seen.append((time.perf_counter(), int(replies.readline().removeprefix(b":"))))
            time.sleep(LOOK_SECONDS)
    return seen


def rate(seen: Sequence[tuple[float, int]], jobs: int) -> float:
    """Jobs per second between a tenth and nine tenths of the work: neither start nor end counts."""
    middle = [(at, left) for at, left in seen if jobs // 10 <= left <= jobs - jobs // 10]
    if len(middle) < 2:
        raise CannotStart("the queue was empty too soon to be measured")
    (first, most), (last, least) = middle[0], middle[-1]
    return (most - least) / (last - first)
