"""The Celery application and its one task: source from S3, text and images to S3."""

import os
from typing import Any

from celery import Celery
from extraction import BUCKET, PREFIX, extract_and_store, s3

REDIS = f"redis://127.0.0.1:{os.environ['REDIS_PORT']}/0"

app = Celery("documents", broker=REDIS, backend=REDIS)
# Long tasks: a process takes the next one when it is free (Celery, "Optimizing", prefetch limits). Tasks are
# acknowledged when they begin, which is Celery's default and its fastest; a worker that dies loses what it works on.
app.conf.update(worker_prefetch_multiplier=1, result_expires=3600, broker_connection_retry_on_startup=True)


@app.task(name="extract")
def extract(job: str) -> dict[str, Any]:
    """Read the stored document and store what is in it."""
    pdf = s3.get_object(Bucket=BUCKET, Key=f"{PREFIX}/{job}/source.pdf")["Body"].read()
    return extract_and_store(job, pdf)
