"""Celery with a task that does nothing: `enqueue COUNT` queues; the worker is `celery --app celery_noop worker`."""

import os
import sys

from celery import Celery

app = Celery("noop", broker=f"redis://127.0.0.1:{os.environ['REDIS_PORT']}/0")
# For throughput: no results. Prefetching more than its default of 4 messages changes nothing.
app.conf.update(task_ignore_result=True, broker_connection_retry_on_startup=True)


@app.task(name="noop")
def noop() -> None:
    """Do nothing."""


if __name__ == "__main__":
    with app.producer_pool.acquire() as producer:
        for _ in range(int(sys.argv[2])):
            noop.apply_async(producer=producer)
