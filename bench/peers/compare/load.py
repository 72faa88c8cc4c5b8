"""The load: so many users, each with one document at a time, for so many seconds, and then until all is done."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field

from compare.connection import Connection, ServerFailed
from compare.dialect import Dialect, Finished
from compare.document import Upload


@dataclass
class Load:
    """What happened under load."""

    seconds: float = 0.0
    finished: list[Finished] = field(default_factory=list)
    unfinished_seconds: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    client_cpu_seconds: float = 0.0


@dataclass(frozen=True)
class Target:
    """Where the system under load listens, and how it is talked to."""

    host: str
    port: int
    dialect: Dialect


async def few(target: Target, upload: Upload, count: int) -> list[Finished]:
    """Send a few documents one after the other, so that everything is loaded and connected."""
    connection = await Connection.open(target.host, target.port)
    try:
        return [await target.dialect.run(connection, target.host, upload) for _ in range(count)]
    finally:
        connection.close()


async def closed_loop(target: Target, upload: Upload, users: int, seconds: float, drain_seconds: float) -> Load:
    """Let every user begin documents for `seconds`; what is unfinished `drain_seconds` later is cut off."""
    load = Load()
    began, cpu_began = time.perf_counter(), time.process_time()
    under_way: dict[int, float] = {}
    tasks = [
        asyncio.create_task(user(number, target, upload, began + seconds, load, under_way)) for number in range(users)
    ]
    _, cut_off = await asyncio.wait(tasks, timeout=seconds + drain_seconds)
    ended = time.perf_counter()
    load.unfinished_seconds = [ended - since for since in under_way.values()]
    for task in cut_off:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Exception):
            raise outcome
    load.seconds = ended - began
    load.client_cpu_seconds = time.process_time() - cpu_began
    return load


async def user(
    number: int, target: Target, upload: Upload, until: float, load: Load, under_way: dict[int, float]
) -> None:
    """One document after the other until the time is up."""
    connection: Connection | None = None
    try:
        while (now := time.perf_counter()) < until:
            under_way[number] = now
            try:
                if connection is None or not connection.is_open:
                    connection = await Connection.open(target.host, target.port)
                load.finished.append(await target.dialect.run(connection, target.host, upload))
            except (ServerFailed, OSError) as error:
                load.failures[f"{type(error).__name__}: {error}"] += 1
                await asyncio.sleep(0.1)
            del under_way[number]
    finally:
        if connection is not None:
            connection.close()
