"""The systems that are compared: what each is made of, and how its clients talk to it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from compare.dialect import Dialect, OneRequest, Ticket
from compare.processes import Program, free_port
from compare.s3 import Bucket

HERE = Path(__file__).parent.parent
SYSTEMS = HERE / "systems"


@dataclass(frozen=True)
class Tools:
    """The programs that systems are made of. What is None could not be had."""

    python: str
    node: str | None
    release: Path


@dataclass(frozen=True)
class Place:
    """What a system gets to work with: servers, a port of its own, and a prefix for its objects."""

    tools: Tools
    bucket: Bucket
    prefix: str
    redis_port: int | None
    port: int

    def environment(self) -> dict[str, str]:
        """Tell a peer where everything is."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return own | {
            "PORT": str(self.port),
            "REDIS_PORT": str(self.redis_port or ""),
            "S3_ENDPOINT": self.bucket.endpoint,
            "S3_BUCKET": self.bucket.name,
            "S3_PREFIX": self.prefix,
            "AWS_ACCESS_KEY_ID": self.bucket.access_key,
            "AWS_SECRET_ACCESS_KEY": self.bucket.secret_key,
            "AWS_REGION": self.bucket.region,
            "AWS_DEFAULT_REGION": self.bucket.region,
            "AWS_EC2_METADATA_DISABLED": "true",
        }


@dataclass(frozen=True)
class System:
    """One way to do the work. `is_ours` is the one that the others are compared with."""

    name: str
    made_of: str
    dialect: Dialect
    programs: Callable[[Place], Sequence[Program]]
    needs_redis: bool = True
    needs_node: bool = False
    is_ours: bool = False
    ready_path: str = "/ready"
    python_packages: Sequence[str] = field(default=())


def uvicorn(place: Place, folder: str, app: str, *options: str) -> Program:
    """Serve a Python application, with the loop and the parser that uvicorn's `standard` extra brings."""
    command = f"-m uvicorn {app} --host 127.0.0.1 --port {place.port} --loop uvloop --http httptools --no-access-log"
    arguments = [place.tools.python, *command.split(), "--log-level", "warning", *options]
    return Program("system", arguments, place.environment(), SYSTEMS / folder)


def celery(place: Place) -> list[Program]:
    """An API and a worker with one child process per core."""
    worker = f"{place.tools.python} -m celery --app tasks worker --pool prefork --concurrency {os.cpu_count()}"
    options = "--loglevel WARNING --without-gossip --without-mingle"
    arguments = f"{worker} {options}".split()
    environment = place.environment() | {"PYTHONPATH": str(SYSTEMS / "demo")}
    folder = SYSTEMS / "celery_redis"
    api = uvicorn(place, "celery_redis", "api:app")
    return [replace(api, environment=environment), Program("system", arguments, environment, folder)]


def bullmq(place: Place) -> list[Program]:
    """An API and one worker process per core, as extraction holds the event loop of each."""
    folder = SYSTEMS / "bullmq"
    node = place.tools.node or "node"
    programs = ["api.mjs"] + ["worker.mjs"] * (os.cpu_count() or 1)
    return [Program("system", [node, program], place.environment(), folder) for program in programs]


def pdf_ingest(place: Place) -> list[Program]:
    """An API and a worker, with their default configuration apart from the number of connections."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment: Mapping[str, str] = {
        "LOG": "warn",
        "MAX_CONNECTIONS": "2000",
        **inherited,
        "API_LISTEN": f"127.0.0.1:{place.port}",
        "WORKER_LISTEN": f"127.0.0.1:{free_port()}",
        "REDIS_URL": f"redis://127.0.0.1:{place.redis_port}",
        "STORE_URL": f"s3://{place.bucket.name}/{place.prefix}",
        "S3_ENDPOINT": place.bucket.endpoint,
        "AWS_REGION": place.bucket.region,
        "S3_ACCESS_KEY_ID": place.bucket.access_key,
        "S3_SECRET_ACCESS_KEY": place.bucket.secret_key,
    }
    programs = ("pdf-ingest-api", "pdf-ingest-worker")
    return [Program("system", [str(place.tools.release / name)], environment, HERE) for name in programs]


ALL: Sequence[System] = (
    System(
        "pdf-ingest",
        "api, worker, Redis",
        Ticket("/v1/jobs"),
        pdf_ingest,
        is_ours=True,
        ready_path="/readyz",
    ),
    System(
        "demo, event loop",
        "FastAPI, PyMuPDF and boto3 in the event loop",
        OneRequest("/blocking"),
        lambda place: [uvicorn(place, "demo", "app:app")],
        needs_redis=False,
        python_packages=("fastapi", "uvicorn", "pymupdf", "boto3"),
    ),
    System(
        "demo, to_thread",
        "the same through asyncio.to_thread",
        OneRequest("/to-thread"),
        lambda place: [uvicorn(place, "demo", "app:app")],
        needs_redis=False,
        python_packages=("fastapi", "uvicorn", "pymupdf", "boto3"),
    ),
    System(
        "demo, 2 processes",
        "the same, uvicorn --workers 2",
        OneRequest("/to-thread"),
        lambda place: [uvicorn(place, "demo", "app:app", "--workers", "2")],
        needs_redis=False,
        python_packages=("fastapi", "uvicorn", "pymupdf", "boto3"),
    ),
    System(
        "Celery",
        "FastAPI, Celery prefork, Redis, PyMuPDF, boto3",
        Ticket("/jobs"),
        celery,
        python_packages=("fastapi", "celery", "redis", "pymupdf", "boto3"),
    ),
    System(
        "BullMQ",
        "node:http, BullMQ, Redis, MuPDF.js, AWS SDK",
        Ticket("/jobs"),
        bullmq,
        needs_node=True,
    ),
    System(
        "xberg",
        "FastAPI with xberg in process, boto3",
        OneRequest("/documents"),
        lambda place: [uvicorn(place, "xberg", "app:app")],
        needs_redis=False,
        python_packages=("fastapi", "xberg", "boto3"),
    ),
)


def why_not(system: System, tools: Tools) -> str | None:
    """Say what is missing for a system, or nothing."""
    if system.needs_node and tools.node is None:
        return "no node on PATH"
    if system.needs_node and not (HERE / "node_modules" / "installed-lock.json").is_file():
        return "its packages are not installed"
    if system.is_ours and not shutil.which(tools.release / "pdf-ingest-api"):
        return f"no program in {tools.release}"
    return None
