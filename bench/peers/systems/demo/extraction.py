"""A PDF's text and images by PyMuPDF, put into S3 by boto3; what the demo and the Celery task have in common."""

import os
from typing import Any

import boto3
import pymupdf
from botocore.config import Config

BUCKET = os.environ["S3_BUCKET"]
PREFIX = os.environ["S3_PREFIX"]

# A connection for each of the threads that FastAPI or asyncio may use.
s3 = boto3.client("s3", endpoint_url=os.environ["S3_ENDPOINT"], config=Config(max_pool_connections=50))


def extract_and_store(job: str, pdf: bytes) -> dict[str, Any]:
    """Extract the text of all pages and every image once, and store both."""
    document = pymupdf.open(stream=pdf, filetype="pdf")
    text = [page.get_text() for page in document]
    images = {image[0] for page in document for image in page.get_images()}
    for number, xref in enumerate(sorted(images)):
        image = document.extract_image(xref)
        key = f"{PREFIX}/{job}/images/{number}.{image['ext']}"
        s3.put_object(Bucket=BUCKET, Key=key, Body=image["image"], ContentType=f"image/{image['ext']}")
    s3.put_object(
        Bucket=BUCKET, Key=f"{PREFIX}/{job}/text.txt", Body="\n".join(text).encode(), ContentType="text/plain"
    )
    return {"pages": len(text), "images": len(images)}
