"""How a client gets one document through a system: by one request, or by a ticket that it then waits on."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any, Protocol

from compare.connection import Connection, ServerFailed
from compare.document import Upload


@dataclass(frozen=True)
class Finished:
    """A document that was done, with what the system says of it."""

    job: str
    pages: int
    images: int
    submit_seconds: float
    total_seconds: float
    refusals: int = 0


class Dialect(Protocol):
    """What a client of a system does for one document."""

    async def run(self, connection: Connection, host: str, upload: Upload) -> Finished:
        """Upload a copy and return when its result can be read."""


@dataclass(frozen=True)
class OneRequest:
    """The answer to the upload is the result."""

    path: str

    async def run(self, connection: Connection, host: str, upload: Upload) -> Finished:
        """Upload; the answer says what was found."""
        began = time.perf_counter()
        answer, refusals = await accepted(connection, self.path, host, upload)
        seconds = time.perf_counter() - began
        return Finished(answer["id"], answer["pages"], answer["images"], seconds, seconds, refusals)


@dataclass(frozen=True)
class Ticket:
    """The upload is answered with a job; a question for it is held back by the server until the job has ended."""

    path: str
    wait_seconds: int = 30

    async def run(self, connection: Connection, host: str, upload: Upload) -> Finished:
        """Upload, then wait for the end of the job."""
        began = time.perf_counter()
        ticket, refusals = await accepted(connection, self.path, host, upload)
        job, submitted = ticket["id"], time.perf_counter()
        question = (f"GET {self.path}/{job}?wait={self.wait_seconds} HTTP/1.1\r\nhost: {host}\r\n\r\n".encode(),)
        while (found := found_in((await connection.request(question)).json())) is None:
            pass
        ended = time.perf_counter()
        return Finished(job, found["pages"], found["images"], submitted - began, ended - began, refusals)


async def accepted(connection: Connection, path: str, host: str, upload: Upload) -> tuple[dict[str, Any], int]:
    """Upload a copy, again after each refusal that says when to come back; tell the answer and how often that was."""
    refusals = 0
    while True:
        answer = await connection.request((upload.head(path, host), *upload.body()))
        if answer.status not in (429, 503) or answer.retry_after_seconds is None:
            return answer.json(), refusals
        refusals += 1
        await asyncio.sleep(answer.retry_after_seconds)


def found_in(job: dict[str, Any]) -> dict[str, Any] | None:
    """Tell what a job left behind, or nothing while it goes on."""
    match job["state"]:
        case "succeeded":
            result: dict[str, Any] = job["result"]
            return result
        case "queued" | "running":
            return None
        case state:
            raise ServerFailed(f"the job is {state}: {job.get('error')}")
