//! S3's operations, as far as pdf-ingest and those it is compared with use them.

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CreateMultipartUploadInput, CreateMultipartUploadOutput,
    DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, ETag,
    GetObjectInput, GetObjectOutput, HeadBucketInput, HeadBucketOutput, HeadObjectInput,
    HeadObjectOutput, ListObjectsV2Input, ListObjectsV2Output, PutObjectInput, PutObjectOutput,
    StreamingBlob, UploadPartInput, UploadPartOutput,
};
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};

use crate::memory::Memory;
use crate::objects::{Object, Objects};

/// The most keys of one listing, as S3 has it.
const PAGE: usize = 1000;

/// One bucket under every name.
pub(crate) struct MemoryStore {
    objects: Objects,
    memory: Memory,
}

#[async_trait::async_trait]
impl S3 for MemoryStore {
    async fn head_bucket(
        &self,
        _: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        answer(HeadBucketOutput::default())
    }

    async fn put_object(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let PutObjectInput {
            body,
            key,
            content_length,
            content_type,
            ..
        } = request.input;
        let object = Object::new(self.read(body, content_length).await?, content_type);
        let e_tag = Some(ETag::Strong(object.etag.clone()));
        self.objects.put(key, object);
        answer(PutObjectOutput {
            e_tag,
            ..Default::default()
        })
    }

    async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let GetObjectInput {
            key,
            range,
            if_match,
            ..
        } = request.input;
        let Object {
            bytes,
            content_type,
            etag,
        } = self.found(&key)?;
        let e_tag = ETag::Strong(etag);
        let matches =
            |condition: &s3s::dto::IfMatch| condition.as_etag().is_none_or(|etag| *etag == e_tag);
        if !if_match.as_ref().is_none_or(matches) {
            return Err(s3_error!(PreconditionFailed));
        }
        let length = bytes.len();
        let (bytes, content_range) = match range {
            None => (bytes, None),
            Some(range) => {
                let range = range.check(length as u64)?;
                let content_range = format!("bytes {}-{}/{length}", range.start, range.end - 1);
                let (start, end) = (usize::try_from(range.start), usize::try_from(range.end));
                let cut = start
                    .ok()
                    .zip(end.ok())
                    .ok_or_else(|| s3_error!(InvalidRange))?;
                (bytes.slice(cut.0..cut.1), Some(content_range))
            }
        };
        answer(GetObjectOutput {
            content_length: i64::try_from(bytes.len()).ok(),
            content_range,
            content_type,
            e_tag: Some(e_tag),
            body: Some(StreamingBlob::wrap(stream::iter([
                Ok::<_, std::io::Error>(bytes),
            ]))),
            ..Default::default()
        })
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let object = self.found(&request.input.key)?;
        answer(HeadObjectOutput {
            content_length: i64::try_from(object.bytes.len()).ok(),
            content_type: object.content_type,
            e_tag: Some(ETag::Strong(object.etag)),
            ..Default::default()
        })
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let ListObjectsV2Input {
            bucket,
            prefix,
            continuation_token,
            start_after,
            ..
        } = request.input;
        let after = continuation_token.or(start_after).unwrap_or_default();
        let page = self
            .objects
            .list(prefix.as_deref().unwrap_or_default(), &after, PAGE);
        let is_truncated = page.len() == PAGE;
        answer(ListObjectsV2Output {
            name: Some(bucket),
            prefix,
            is_truncated: Some(is_truncated),
            next_continuation_token: page
                .last()
                .filter(|_| is_truncated)
                .map(|(key, _)| key.clone()),
            contents: Some(
                page.into_iter()
                    .map(|(key, bytes)| listed(key, bytes))
                    .collect(),
            ),
            ..Default::default()
        })
    }

    async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        self.objects.delete(&request.input.key);
        answer(DeleteObjectOutput::default())
    }

    async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        for object in request.input.delete.objects {
            self.objects.delete(&object.key);
        }
        answer(DeleteObjectsOutput::default())
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let CreateMultipartUploadInput {
            bucket,
            key,
            content_type,
            ..
        } = request.input;
        answer(CreateMultipartUploadOutput {
            upload_id: Some(self.objects.begin(content_type)),
            bucket: Some(bucket),
            key: Some(key),
            ..Default::default()
        })
    }

    async fn upload_part(
        &self,
        request: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        let UploadPartInput {
            body,
            content_length,
            part_number,
            upload_id,
            ..
        } = request.input;
        let part = self.read(body, content_length).await?;
        self.objects
            .add(&upload_id, part_number, part)
            .ok_or_else(|| s3_error!(NoSuchUpload))?;
        let e_tag = Some(ETag::Strong(format!("{upload_id}-{part_number}")));
        answer(UploadPartOutput {
            e_tag,
            ..Default::default()
        })
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let CompleteMultipartUploadInput {
            bucket,
            key,
            upload_id,
            ..
        } = request.input;
        let object = self
            .objects
            .complete(&upload_id, key.clone())
            .ok_or_else(|| s3_error!(NoSuchUpload))?;
        answer(CompleteMultipartUploadOutput {
            bucket: Some(bucket),
            key: Some(key),
            e_tag: Some(ETag::Strong(object.etag)),
            ..Default::default()
        })
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        self.objects
            .abort(&request.input.upload_id)
            .ok_or_else(|| s3_error!(NoSuchUpload))?;
        answer(AbortMultipartUploadOutput::default())
    }
}

impl MemoryStore {
    /// With no objects; they get their place in `memory`.
    pub(crate) fn new(memory: Memory) -> Self {
        Self {
            objects: Objects::default(),
            memory,
        }
    }

    fn found(&self, key: &str) -> S3Result<Object> {
        self.objects.get(key).ok_or_else(|| s3_error!(NoSuchKey))
    }

    /// A body of announced length in one piece.
    async fn read(&self, body: Option<StreamingBlob>, length: Option<i64>) -> S3Result<Bytes> {
        let mut body = body.ok_or_else(|| s3_error!(IncompleteBody))?;
        let length = length
            .and_then(|length| usize::try_from(length).ok())
            .unwrap_or_default();
        let mut bytes = self.memory.take(length);
        while let Some(chunk) = body.next().await {
            bytes.extend_from_slice(&chunk.map_err(|_| s3_error!(IncompleteBody))?);
        }
        Ok(bytes.freeze())
    }
}

fn answer<T>(output: T) -> S3Result<S3Response<T>> {
    Ok(S3Response::new(output))
}

fn listed(key: String, bytes: usize) -> s3s::dto::Object {
    s3s::dto::Object {
        key: Some(key),
        size: i64::try_from(bytes).ok(),
        ..Default::default()
    }
}
