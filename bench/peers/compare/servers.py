"""The servers that every system gets anew and alike: a Redis with an append-only file, and an object store."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from compare.processes import CannotStart, Program, Running, free_port
from compare.s3 import Bucket

# The last two are the server too, when they are called by its name: Debian's redis-tools holds it without a service.
REDIS_NAMES = ("valkey-server", "redis-server", "redis-check-rdb", "valkey-check-rdb")
START_SECONDS = 20.0


def redis_program() -> str:
    """Find a Redis or Valkey server: REDIS_SERVER, else on PATH."""
    for name in (os.environ.get("REDIS_SERVER", ""), *REDIS_NAMES):
        if name and (path := shutil.which(name)):
            return path
    raise CannotStart("no Redis server on PATH; REDIS_SERVER names one")


def redis_version() -> str:
    """Ask the server for its version."""
    answer = subprocess.run(["redis-server", "--version"], executable=redis_program(), capture_output=True, text=True)
    return " ".join(word for word in answer.stdout.split()[:3] if word != "server").replace("v=", "")


def start_redis(folder: Path, pinned: Sequence[str] = ()) -> tuple[Running, int]:
    """Start Redis with the durability that pdf-ingest asks of it: every write in the file within a second."""
    port = free_port()
    data = folder / "redis"
    data.mkdir()
    # The server acts by the name it is called with, so a link gives the name.
    link = folder / "redis-server"
    link.symlink_to(redis_program())
    arguments = f"{link} --bind 127.0.0.1 --port {port} --dir {data} --appendonly yes --appendfsync everysec".split()
    arguments += ["--save", "", "--maxmemory-policy", "noeviction", "--loglevel", "warning"]
    running = Running(Program("redis", [*pinned, *arguments], os.environ, folder), folder / "redis.log")
    wait_for_port(running, port)
    return running, port


def start_s3(program: Path, mebibytes: int, folder: Path) -> tuple[Running, Bucket]:
    """Start the object store, which keeps its objects in memory; so much of it is taken from the system at once."""
    running = Running(Program("s3", [str(program), str(mebibytes)], os.environ, folder), folder / "s3.log")
    until = time.monotonic() + START_SECONDS
    while "S3_SECRET_ACCESS_KEY" not in running.log.read_text():
        running.require_alive()
        if time.monotonic() > until:
            raise CannotStart("the object store does not say where it listens")
        time.sleep(0.02)
    lines = running.log.read_text().splitlines()
    said = dict(line.removeprefix("export ").split("=", 1) for line in lines if line.startswith("export "))
    endpoint, bucket = said["S3_ENDPOINT"].rstrip("/"), said["STORE_URL"].removeprefix("s3://").split("/")[0]
    return running, Bucket(endpoint, bucket, "us-east-1", said["S3_ACCESS_KEY_ID"], said["S3_SECRET_ACCESS_KEY"])


def wait_for_port(running: Running, port: int) -> None:
    """Return when somebody listens."""
    until = time.monotonic() + START_SECONDS
    while True:
        running.require_alive()
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > until:
                raise CannotStart(f"nobody listens on port {port}; {running.log}") from None
            time.sleep(0.02)
