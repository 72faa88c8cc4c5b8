"""What lies in the bucket decides whether figures count."""

import unittest
from unittest import mock

from compare.check import why_wrong
from compare.dialect import Finished
from compare.document import Expected
from compare.noop import rate

EXPECTED = Expected(pages=2, letters=100, unclipped_letters=150, images=1)
DONE = [Finished("j", 2, 1, 0.1, 0.2)]


def bucket(objects: dict[str, bytes]) -> mock.Mock:
    """Hold a few objects."""
    return mock.Mock(keys=lambda prefix: [key for key in objects if key.startswith(prefix)], get=objects.__getitem__)


class Check(unittest.TestCase):
    """One job, well or badly done."""

    def test_work_that_was_done(self) -> None:
        """Plain text and pages as JSON are read alike; text beyond the edge of the page may be kept or not."""
        self.assertIsNone(
            why_wrong(bucket({"p/j/images/0.png": b"", "p/j/text.txt": b"a " * 101}), "p", DONE, EXPECTED)
        )
        pages = b'{"text": "' + b"a" * 75 + b'"}\n'
        stored = {"p/jobs/j/images/0.png": b"", "p/jobs/j/pages.ndjson": pages + pages}
        self.assertIsNone(why_wrong(bucket(stored), "p", DONE, EXPECTED))

    def test_work_that_was_not_done(self) -> None:
        """Each thing that is missing is named."""
        text, image = {"p/j/text.txt": b"a" * 100}, {"p/j/images/0.png": b""}
        for stored, finished, reason in (
            (text | image, [], "no document"),
            (text | image, [Finished("j", 3, 1, 0.1, 0.2)], "3 pages"),
            (text, DONE, "0 images"),
            (image, DONE, "no text"),
            ({"p/j/text.txt": b"a" * 90} | image, DONE, "90 letters"),
        ):
            self.assertIn(reason, why_wrong(bucket(stored), "p", finished, EXPECTED) or "")


class Rate(unittest.TestCase):
    """A queue that is watched."""

    def test_start_and_end_do_not_count(self) -> None:
        """900 to 100 jobs in 0.8 s, whatever came before and after."""
        seen = [(0.0, 1000), (5.0, 1000), (5.1, 900), (5.5, 500), (5.9, 100), (9.0, 0)]
        self.assertAlmostEqual(rate(seen, 1000), 1000.0)
