"""xberg's engine in the process that takes the documents; text and images go to S3 by boto3 in a thread."""

import asyncio
import hashlib
import os
import uuid
from typing import Any

import boto3
from fastapi import FastAPI, UploadFile
from xberg import ExtractInput, ExtractionConfig, ImageExtractionConfig, PageConfig, PdfConfig, extract

BUCKET = os.environ["S3_BUCKET"]
PREFIX = os.environ["S3_PREFIX"]

# Text and images and nothing else: no OCR, no tables, no cache of results.
CONFIG = ExtractionConfig(
    use_cache=False,
    disable_ocr=True,
    enable_quality_processing=False,
    images=ImageExtractionConfig(run_ocr_on_images=False, inject_placeholders=False),
    pdf_options=PdfConfig(extract_images=True, extract_tables=False),
    pages=PageConfig(extract_pages=True),
)

app = FastAPI()
s3 = boto3.client("s3", endpoint_url=os.environ["S3_ENDPOINT"])
# More at once only share the cores.
cores = asyncio.Semaphore(os.cpu_count() or 1)


@app.get("/ready")
async def ready() -> dict[str, bool]:
    """Tell that the service answers."""
    return {"ready": True}


@app.post("/documents")
async def documents(file: UploadFile) -> dict[str, Any]:
    """Extract and store."""
    job = str(uuid.uuid4())
    source = ExtractInput(kind="bytes", bytes=await file.read(), mime_type="application/pdf")
    async with cores:
        document = (await extract(source, CONFIG)).results[0]
    return {"id": job} | await asyncio.to_thread(store, job, document)


def store(job: str, document: Any) -> dict[str, Any]:
    """Store the text and every distinct image."""
    images = {(hashlib.sha256(image.data).hexdigest(), image.format): image.data for image in document.images or ()}
    for (name, kind), data in images.items():
        s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}/{job}/images/{name}.{kind}", Body=data, ContentType=f"image/{kind}")
    s3.put_object(
        Bucket=BUCKET, Key=f"{PREFIX}/{job}/text.txt", Body=document.content.encode(), ContentType="text/plain"
    )
    return {"pages": len(document.pages), "images": len(images)}
