"""RQ with a job that does nothing: `enqueue COUNT`, `work` with a process per job, `work-simple` without."""

import os
import sys

import redis
from rq import Queue, SimpleWorker, Worker

BATCH = 500


def noop() -> None:
    """Do nothing."""


def main() -> None:
    """Queue jobs, or work on them until there are none."""
    connection = redis.Redis(port=int(os.environ["REDIS_PORT"]))
    queue = Queue(connection=connection)
    match sys.argv[1:]:
        case ["enqueue", count]:
            # By its module's name: as `__main__` a worker could not find it.
            job = Queue.prepare_data("rq_noop.noop", result_ttl=0)
            for begun in range(0, int(count), BATCH):
                queue.enqueue_many([job] * min(BATCH, int(count) - begun))
        case ["work"]:
            Worker([queue], connection=connection).work(burst=True, logging_level="WARNING")
        case ["work-simple"]:
            SimpleWorker([queue], connection=connection).work(burst=True, logging_level="WARNING")


if __name__ == "__main__":
    main()
