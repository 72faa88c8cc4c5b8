"""Whether a system did the work: what it says of every job, and what lies in the bucket."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from compare.dialect import Finished
from compare.document import Expected, letters_in
from compare.s3 import Bucket

READ_THROUGH = 5


def why_wrong(bucket: Bucket, prefix: str, finished: Sequence[Finished], expected: Expected) -> str | None:
    """Say what is wrong with the results, or nothing. A system may find more images than expected, such as masks."""
    if not finished:
        return "no document was done"
    images: Counter[str] = Counter()
    texts: dict[str, str] = {}
    for key in bucket.keys(f"{prefix}/"):
        folder, _, name = key.rpartition("/")
        if folder.endswith("/images"):
            images[folder.split("/")[-2]] += 1
        elif name in ("text.txt", "pages.ndjson"):
            texts[folder.split("/")[-1]] = key
    for job in finished:
        if job.pages != expected.pages:
            return f"job {job.job} says {job.pages} pages, not {expected.pages}"
        if images[job.job] < max(expected.images, job.images):
            found = f"{images[job.job]} images in the bucket"
            return f"job {job.job} has {found}; it says {job.images}, {expected.images} are in the file"
        if job.job not in texts:
            return f"job {job.job} has no text in the bucket"
    for job in finished[:: max(1, len(finished) // READ_THROUGH)]:
        letters = letters_in(text_in(bucket.get(texts[job.job]).decode(), texts[job.job]))
        if not expected.accepts_letters(letters):
            return f"job {job.job} has {letters} letters, not {expected.letters}"
    return None


def text_in(stored: str, key: str) -> str:
    """Read the text out of a stored object: plain, or one JSON object per page."""
    if key.endswith(".ndjson"):
        return "\n".join(json.loads(line)["text"] for line in stored.splitlines())
    return stored
