// BullMQ with a job that does nothing: `enqueue COUNT` queues, `work` is the worker.
import { Queue, Worker } from "bullmq";

// Jobs that one worker process has under way at once, which is what its documentation advises for small jobs.
const CONCURRENCY = 50;
const BATCH = 1000;

const connection = { host: "127.0.0.1", port: Number(process.env.REDIS_PORT), maxRetriesPerRequest: null };
const [role, count] = process.argv.slice(2);

if (role === "enqueue") {
  const queue = new Queue("noop", { connection });
  for (let left = Number(count); left > 0; left -= BATCH) {
    const jobs = Array.from({ length: Math.min(left, BATCH) }, () => ({
      name: "noop",
      data: {},
      opts: { removeOnComplete: true },
    }));
    await queue.addBulk(jobs);
  }
  await queue.close();
} else {
  new Worker("noop", async () => {}, { connection, concurrency: CONCURRENCY });
}
