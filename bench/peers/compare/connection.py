"""One HTTP/1.1 connection that is kept open, with as little work per request as Python allows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast


class ServerFailed(Exception):
    """The server closed the connection, or answered what no request of ours should get."""


@dataclass(frozen=True)
class Response:
    """An answer, read to its end."""

    status: int
    body: bytes
    retry_after_seconds: float | None = None

    def json(self) -> dict[str, Any]:
        """Read the body of a 2xx answer as a JSON object."""
        if not 200 <= self.status < 300:
            raise ServerFailed(f"{self.status}: {self.body[:200].decode(errors='replace')}")
        try:
            return cast("dict[str, Any]", json.loads(self.body))
        except ValueError as error:
            raise ServerFailed(f"not JSON: {self.body[:200].decode(errors='replace')}") from error


class Connection(asyncio.Protocol):
    """A connection with at most one request on its way."""

    def __init__(self) -> None:
        """Make an unconnected one; `open` connects."""
        self._transport: asyncio.WriteTransport | None = None
        self._received = bytearray()
        self._waiting: asyncio.Future[Response] | None = None
        self.is_open = False

    @classmethod
    async def open(cls, host: str, port: int) -> Connection:
        """Connect."""
        _, connection = await asyncio.get_running_loop().create_connection(cls, host, port)
        return connection

    async def request(self, parts: Iterable[bytes]) -> Response:
        """Send a request and wait for the whole answer."""
        if self._transport is None or not self.is_open:
            raise ServerFailed("the connection is closed")
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.writelines(parts)
        return await self._waiting

    def close(self) -> None:
        """Drop the connection, and a request on its way with it."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.WriteTransport", transport)
        self.is_open = True

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the request on its way."""
        self.is_open = False
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ServerFailed(f"the connection was lost: {exc or 'closed by the server'}"))

    def data_received(self, data: bytes) -> None:
        """Hand over the answer when it is complete."""
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0 or self._waiting is None:
            return
        head = bytes(self._received[:end])
        length = number_in(head, b"content-length")
        if length is None:
            if not self._waiting.done():
                self._waiting.set_exception(ServerFailed("an answer without content-length"))
            return
        if len(self._received) < end + 4 + length:
            return
        body = bytes(self._received[end + 4 : end + 4 + length])
        del self._received[: end + 4 + length]
        if not self._waiting.done():
            self._waiting.set_result(Response(int(head[9:12]), body, number_in(head, b"retry-after")))


def number_in(head: bytes, wanted: bytes) -> int | None:
    """Find a header of an answer whose value is a number."""
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == wanted:
            return int(value)
    return None
