// Where Redis and S3 are, from the environment.
import { S3Client } from "@aws-sdk/client-s3";

export const queueName = "documents";
export const redis = { host: "127.0.0.1", port: Number(process.env.REDIS_PORT), maxRetriesPerRequest: null };
export const bucket = process.env.S3_BUCKET;
export const prefix = process.env.S3_PREFIX;
export const s3 = new S3Client({ endpoint: process.env.S3_ENDPOINT, forcePathStyle: true });
