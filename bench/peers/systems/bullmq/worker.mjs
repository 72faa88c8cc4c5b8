// Takes jobs: source from S3, text and images by MuPDF, both to S3.
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { Worker } from "bullmq";
import * as mupdf from "mupdf";

import { bucket, prefix, queueName, redis, s3 } from "./connections.mjs";

// While one document is read, others of this process are on their way from and to S3.
const CONCURRENCY = 4;

async function extract(job) {
  const source = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: `${prefix}/${job.id}/source.pdf` }));
  const { pages, text, images } = read(await source.Body.transformToByteArray());
  await Promise.all([
    put(`${prefix}/${job.id}/text.txt`, Buffer.from(text), "text/plain"),
    ...images.map((image, number) => put(`${prefix}/${job.id}/images/${number}.png`, image, "image/png")),
  ]);
  return { pages, images: images.length };
}

function put(Key, Body, ContentType) {
  return s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body, ContentType }));
}

// The text of all pages, and every image once, as PNG. What MuPDF allocates is freed by hand: it is not in JavaScript's heap.
function read(pdf) {
  const document = mupdf.Document.openDocument(pdf, "application/pdf");
  const text = [];
  const images = new Map();
  const pages = document.countPages();
  for (let number = 0; number < pages; number++) {
    const page = document.loadPage(number);
    const structured = page.toStructuredText("preserve-whitespace");
    text.push(structured.asText());
    structured.destroy();
    page
      .getObject()
      .getInheritable("Resources")
      .get("XObject")
      .forEach((object) => {
        const reference = object.asIndirect();
        if (object.get("Subtype").asName() === "Image" && !images.has(reference)) {
          images.set(reference, png(document, object));
        }
      });
    page.destroy();
  }
  document.destroy();
  return { pages, text: text.join("\n"), images: [...images.values()] };
}

function png(document, object) {
  const image = document.loadImage(object);
  const pixmap = image.toPixmap();
  const bytes = pixmap.asPNG();
  pixmap.destroy();
  image.destroy();
  return bytes;
}

new Worker(queueName, extract, { connection: redis, concurrency: CONCURRENCY });
