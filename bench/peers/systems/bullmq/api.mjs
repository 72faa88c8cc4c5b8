// Takes documents, queues jobs, and holds back questions for a job until it has ended.
import { randomUUID } from "node:crypto";
import http from "node:http";

import { PutObjectCommand } from "@aws-sdk/client-s3";
import { Queue, QueueEvents } from "bullmq";
import busboy from "busboy";

import { bucket, prefix, queueName, redis, s3 } from "./connections.mjs";

// An ended job that nobody has asked for yet is remembered for as long as a client may take to ask.
const REMEMBERED_MS = 60_000;

const queue = new Queue(queueName, { connection: redis });
const events = new QueueEvents(queueName, { connection: redis });
const ended = new Map();
const waiting = new Map();

events.on("completed", ({ jobId, returnvalue }) => settle(jobId, { id: jobId, state: "succeeded", result: returnvalue }));
events.on("failed", ({ jobId, failedReason }) => settle(jobId, { id: jobId, state: "failed", error: failedReason }));

function settle(job, answer) {
  const waiter = waiting.get(job);
  if (waiter) {
    waiter(answer);
  } else {
    ended.set(job, answer);
    setTimeout(() => ended.delete(job), REMEMBERED_MS).unref();
  }
}

async function submit(request, response) {
  const job = randomUUID();
  const Body = await uploaded(request);
  await s3.send(
    new PutObjectCommand({ Bucket: bucket, Key: `${prefix}/${job}/source.pdf`, Body, ContentType: "application/pdf" }),
  );
  await queue.add("extract", {}, { jobId: job, removeOnComplete: { count: 1000 } });
  answer(response, 202, { id: job });
}

function uploaded(request) {
  return new Promise((resolve, reject) => {
    const form = busboy({ headers: request.headers });
    form.on("file", (_name, file) => {
      const chunks = [];
      file.on("data", (chunk) => chunks.push(chunk));
      file.on("end", () => resolve(Buffer.concat(chunks)));
    });
    form.on("error", reject);
    request.pipe(form);
  });
}

function status(job, seconds, response) {
  const found = ended.get(job);
  if (found) {
    ended.delete(job);
    answer(response, 200, found);
    return;
  }
  const finish = (body) => {
    clearTimeout(timer);
    waiting.delete(job);
    answer(response, 200, body);
  };
  const timer = setTimeout(finish, seconds * 1000, { id: job, state: "running" });
  waiting.set(job, finish);
}

function answer(response, code, body) {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(code, { "content-type": "application/json", "content-length": bytes.length });
  response.end(bytes);
}

await Promise.all([queue.waitUntilReady(), events.waitUntilReady()]);

const server = http.createServer((request, response) => {
  const url = new URL(request.url, "http://localhost");
  if (request.method === "POST") {
    submit(request, response).catch((error) => answer(response, 500, { error: String(error) }));
  } else if (url.pathname === "/ready") {
    answer(response, 200, { ready: true });
  } else {
    status(url.pathname.split("/").at(-1), Number(url.searchParams.get("wait")), response);
  }
});
server.listen(Number(process.env.PORT), "127.0.0.1");
