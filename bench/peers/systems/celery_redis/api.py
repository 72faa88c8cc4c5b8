"""Takes documents, queues tasks, and holds back questions for a job until its task has ended."""

import asyncio
import json
import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import redis.asyncio
from extraction import BUCKET, PREFIX, s3
from fastapi import FastAPI, HTTPException, UploadFile
from tasks import extract

# Celery's Redis backend stores a result below this name and publishes it there too.
RESULT = "celery-task-meta-"

connections = redis.asyncio.BlockingConnectionPool(port=int(os.environ["REDIS_PORT"]), max_connections=32, timeout=60)
store = redis.asyncio.Redis(connection_pool=connections)
waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """Listen for results as long as the service runs."""
    published = store.pubsub()
    await published.psubscribe(f"{RESULT}*")
    listener = asyncio.create_task(listen(published))
    yield
    listener.cancel()


async def listen(published: Any) -> None:
    """Wake whoever waits for a result."""
    async for message in published.listen():
        if message["type"] == "pmessage":
            job = message["channel"].decode().removeprefix(RESULT)
            if (waiter := waiting.get(job)) and not waiter.done():
                waiter.set_result(json.loads(message["data"]))


app = FastAPI(lifespan=lifespan)


@app.get("/ready")
async def ready() -> dict[str, bool]:
    """Tell that the service answers."""
    return {"ready": True}


@app.post("/jobs", status_code=202)
def submit(file: UploadFile) -> dict[str, str]:
    """Store the document and queue its task; FastAPI runs this in a thread."""
    job = str(uuid.uuid4())
    s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}/{job}/source.pdf", Body=file.file, ContentType="application/pdf")
    extract.apply_async((job,), task_id=job)
    return {"id": job}


@app.get("/jobs/{job}")
async def status(job: str, wait: float) -> dict[str, Any]:
    """Answer when the task has ended, or when the client has waited long enough."""
    waiter = waiting.setdefault(job, asyncio.get_running_loop().create_future())
    try:
        stored = await store.get(f"{RESULT}{job}")
        meta = json.loads(stored) if stored else await asyncio.wait_for(waiter, wait)
    except TimeoutError:
        return {"id": job, "state": "running"}
    finally:
        waiting.pop(job, None)
    if meta["status"] != "SUCCESS":
        raise HTTPException(500, str(meta["result"]))
    return {"id": job, "state": "succeeded", "result": meta["result"]}
