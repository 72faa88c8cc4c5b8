"""One system, started with servers of its own, under one load after the other, and its results looked at."""

from __future__ import annotations

import asyncio
import http.client
import shutil
import tempfile
import time
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compare import usage
from compare.check import why_wrong
from compare.document import Expected, Upload
from compare.load import Load, Target, closed_loop, few
from compare.processes import CannotStart, Running, free_port
from compare.results import Segment, percentiles
from compare.s3 import Bucket, S3Failed
from compare.servers import start_redis, start_s3
from compare.systems import Place, System, Tools

READY_SECONDS = 60.0
WARM_UP_DOCUMENTS = 6
MEMORY_INTERVAL_SECONDS = 2.0


@dataclass(frozen=True)
class Plan:
    """The load that all systems get. `s3_program` is started for each system unless there is a `bucket`."""

    upload: Upload
    expected: Expected
    concurrencies: Sequence[int]
    seconds: float
    drain_seconds: float
    s3_program: Path
    s3_mebibytes: int
    bucket: Bucket | None


@dataclass(frozen=True)
class Started:
    """A system that serves, and what it is made of."""

    system: System
    place: Place
    running: Sequence[Running]

    def roots(self, group: str) -> list[int]:
        """List the processes of a group: `system`, `redis` or `s3`."""
        return [running.process.pid for running in self.running if running.group == group]


def measure(system: System, tools: Tools, plan: Plan, number: int) -> list[Segment]:
    """Start a system, warm it up, and measure it under each load."""
    with started(system, tools, plan) as started_system:
        target = Target("127.0.0.1", started_system.place.port, system.dialect)
        asyncio.run(asyncio.wait_for(few(target, plan.upload, WARM_UP_DOCUMENTS), READY_SECONDS))
        return [under_load(started_system, target, plan, users, number) for users in plan.concurrencies]


@contextmanager
def started(system: System, tools: Tools, plan: Plan) -> Iterator[Started]:
    """Start the servers and then the system; end and remove everything afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="peers-"))
    running: list[Running] = []
    bucket = plan.bucket
    try:
        if bucket is None:
            s3, bucket = start_s3(plan.s3_program, plan.s3_mebibytes, folder)
            running.append(s3)
        redis_port = None
        if system.needs_redis:
            redis, redis_port = start_redis(folder)
            running.append(redis)
        place = Place(tools, bucket, folder.name, redis_port, free_port())
        for index, program in enumerate(system.programs(place)):
            running.append(Running(program, folder / f"{index}.log"))
        wait_until_ready(running, place.port, system.ready_path)
        yield Started(system, place, running)
    finally:
        for one in reversed(running):
            one.stop()
        if plan.bucket is not None:
            for key in list(plan.bucket.keys(f"{folder.name}/")):
                plan.bucket.delete(key)
        shutil.rmtree(folder, ignore_errors=True)


def wait_until_ready(running: Sequence[Running], port: int, path: str) -> None:
    """Return when the service says that it is ready."""
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        for one in running:
            one.require_alive()
        with suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        time.sleep(0.05)
    logs = "\n".join(one.log.read_text(errors="replace")[-1000:] for one in running)
    raise CannotStart(f"it does not become ready:\n{logs}")


def under_load(started: Started, target: Target, plan: Plan, users: int, number: int) -> Segment:
    """Put one load on a system that serves."""
    groups = {group: started.roots(group) for group in ("system", "redis", "s3")}
    before = {group: usage.cpu_seconds(roots) for group, roots in groups.items()}
    busy_before = usage.machine_busy_seconds()
    load, memory = asyncio.run(
        with_memory(started, closed_loop(target, plan.upload, users, plan.seconds, plan.drain_seconds))
    )
    busy = usage.machine_busy_seconds() - busy_before
    spent = {group: usage.cpu_seconds(roots) - before[group] for group, roots in groups.items()}
    jobs = len(load.finished)
    return Segment(
        round=number,
        system=started.system.name,
        concurrency=users,
        seconds=load.seconds,
        jobs=jobs,
        unfinished=len(load.unfinished_seconds),
        failures=load.failures.total(),
        refusals=sum(finished.refusals for finished in load.finished),
        submit_seconds=percentiles([finished.submit_seconds for finished in load.finished]),
        total_seconds=percentiles([finished.total_seconds for finished in load.finished] + load.unfinished_seconds),
        cpu_seconds_per_job={group: seconds / max(jobs, 1) for group, seconds in spent.items() if groups[group]},
        memory_bytes=memory,
        client_cpu_seconds_per_job=load.client_cpu_seconds / max(jobs, 1),
        others_cores=max(0.0, busy - sum(spent.values()) - load.client_cpu_seconds) / load.seconds,
        problem=problem(started, plan, load),
    )


async def with_memory(started: Started, loading: Coroutine[Any, Any, Load]) -> tuple[Load, int]:
    """Look at the memory of the system and its Redis while the load runs, in a thread; tell the most that was seen."""
    roots = started.roots("system") + started.roots("redis")
    task = asyncio.create_task(loading)
    most = 0
    while not task.done():
        most = max(most, await asyncio.to_thread(usage.memory_bytes, roots))
        await asyncio.wait((task,), timeout=MEMORY_INTERVAL_SECONDS)
    return task.result(), most


def problem(started: Started, plan: Plan, load: Load) -> str | None:
    """Say why the figures do not count, or nothing."""
    if load.failures:
        message, count = load.failures.most_common(1)[0]
        return f"{load.failures.total()} requests failed, {count} of them with: {message}"
    try:
        return why_wrong(started.place.bucket, started.place.prefix, load.finished, plan.expected)
    except (OSError, S3Failed) as error:
        return f"the results cannot be read: {error}"
