"""The plain way: one service, one request per document, with the work in the event loop or in a thread."""

import asyncio
import uuid
from typing import Any

from extraction import extract_and_store
from fastapi import FastAPI, UploadFile

app = FastAPI()


@app.get("/ready")
async def ready() -> dict[str, bool]:
    """Tell that the service answers."""
    return {"ready": True}


@app.post("/blocking")
async def blocking(file: UploadFile) -> dict[str, Any]:
    """Do everything in the event loop."""
    job = str(uuid.uuid4())
    return {"id": job} | extract_and_store(job, await file.read())


@app.post("/to-thread")
async def to_thread(file: UploadFile) -> dict[str, Any]:
    """Do everything in a thread of asyncio's pool."""
    job = str(uuid.uuid4())
    return {"id": job} | await asyncio.to_thread(extract_and_store, job, await file.read())
