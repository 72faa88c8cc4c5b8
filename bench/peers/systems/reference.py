"""What PyMuPDF finds in a file, as JSON: the measure for all systems."""

import json
import sys
from pathlib import Path

import pymupdf


def letters(document: pymupdf.Document, **options: object) -> int:
    """Count letters and digits on all pages."""
    return sum(character.isalnum() for page in document for character in page.get_text(**options))


document = pymupdf.open(stream=Path(sys.argv[1]).read_bytes(), filetype="pdf")
found = {
    "pages": len(document),
    "letters": letters(document),
    "unclipped_letters": letters(document, clip=pymupdf.INFINITE_RECT()),
    "images": len({image[0] for page in document for image in page.get_images()}),
}
print(json.dumps(found))
