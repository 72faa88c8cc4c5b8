"""The document that every system reads, a unique copy per request, and what must come out of it."""

from __future__ import annotations

import json
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path

BOUNDARY = b"----peers-0d6d3c1f9f9b4f0e"
LETTERS_TOLERANCE = 0.03


@dataclass(frozen=True)
class Expected:
    """What a system must have found for its figures to count: engines may or may not clip text to the page."""

    pages: int
    letters: int
    unclipped_letters: int
    images: int

    @classmethod
    def parse(cls, text: str) -> Expected:
        """Read `PAGES:LETTERS:IMAGES`."""
        pages, letters, images = (int(part) for part in text.split(":"))
        return cls(pages, letters, letters, images)

    @classmethod
    def by_reference(cls, python: str, program: Path, file: Path) -> Expected:
        """Ask PyMuPDF, in a process of its own."""
        answer = subprocess.run([python, str(program), str(file)], check=True, capture_output=True, text=True).stdout
        return cls(**json.loads(answer))

    def accepts_letters(self, letters: int) -> bool:
        """Engines differ in ligatures and hyphens, not in more than a few letters of a hundred."""
        counts = (self.letters, self.unclipped_letters)
        return any(abs(letters - count) <= count * LETTERS_TOLERANCE for count in counts)


def letters_in(text: str) -> int:
    """Count letters and digits: engines agree on those, not on spaces and line ends."""
    return sum(character.isalnum() for character in text)


@dataclass(frozen=True)
class Upload:
    """A multipart form with the document as its part `file`; all copies have the same length."""

    opening: bytes
    document: bytes
    content_length: int

    @classmethod
    def of(cls, file: Path) -> Upload:
        """Read the file once; its bytes are shared by all requests."""
        opening = (
            b"--" + BOUNDARY + b'\r\ncontent-disposition: form-data; name="file"; filename="document.pdf"\r\n'
            b"content-type: application/pdf\r\n\r\n"
        )
        document = file.read_bytes()
        unfilled = cls(opening, document, 0)
        return cls(opening, document, sum(len(part) for part in unfilled.body()))

    def head(self, path: str, host: str) -> bytes:
        """Everything before the body of a request."""
        return (
            f"POST {path} HTTP/1.1\r\nhost: {host}\r\naccept: application/json\r\n"
            f"content-type: multipart/form-data; boundary={BOUNDARY.decode()}\r\n"
            f"content-length: {self.content_length}\r\n\r\n"
        ).encode()

    def body(self) -> tuple[bytes, bytes, bytes]:
        """A copy that no other request has: a comment after the end of the PDF changes its hash and nothing else."""
        closing = b"\n%% %s\n\r\n--%s--\r\n" % (uuid.uuid4().hex.encode(), BOUNDARY)
        return (self.opening, self.document, closing)
