"""A connection puts answers together from whatever pieces arrive."""

import asyncio
import unittest

from compare.connection import Connection, Response, ServerFailed


class Pieces(unittest.IsolatedAsyncioTestCase):
    """A server that answers in given pieces."""

    async def answer(self, *pieces: bytes) -> Response:
        """Ask a server that sends these pieces and closes."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            connection = await Connection.open(*server.sockets[0].getsockname())
            return await connection.request((b"GET / HTTP/1.1\r\n\r\n",))

    async def test_an_answer_may_come_in_pieces(self) -> None:
        """A head and a body that are cut anywhere are one answer."""
        answer = await self.answer(
            b"HTTP/1.1 202 Acc", b'epted\r\nRetry-After: 3\r\nContent-Length: 8\r\n\r\n{"a"', b": 1}"
        )
        self.assertEqual((answer.status, answer.json(), answer.retry_after_seconds), (202, {"a": 1}, 3))

    async def test_what_is_no_answer_fails(self) -> None:
        """A lost connection, a refusal and a body that is no JSON are the server's failures."""
        with self.assertRaises(ServerFailed):
            await self.answer(b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n{")
        with self.assertRaises(ServerFailed):
            (await self.answer(b"HTTP/1.1 503 No\r\ncontent-length: 2\r\n\r\n{}")).json()
        with self.assertRaises(ServerFailed):
            (await self.answer(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{x")).json()
