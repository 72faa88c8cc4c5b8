//! `PdfUpload`: a PDF on its way in. Nothing is buffered whole, and what reaches the store is within the limits.

mod digest; // Content-Digest, Repr-Digest
mod error; // why an upload was not taken
mod form; // multipart/form-data
mod pace; // a body that keeps coming

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use futures::stream::{self, BoxStream, Stream};
use metrics::counter;
use sha2::{Digest as _, Sha256};
use shared::checksum::{Checksum, Checksummer};
use shared::config::ByteSize;
use shared::telemetry::names::UPLOAD_BYTES_TOTAL;
use tokio::task::yield_now;

pub(crate) use digest::Digest;
pub(crate) use error::UploadError;
pub(crate) use form::{Form, Part};
pub(crate) use pace::{Pace, paced};

/// How far into a file its signature may stand (ISO 32000-1 allows byte 0 only; readers accept the first 1,024 bytes,
/// implementation note 13 of the PDF Reference 1.7).
const SIGNATURE_WINDOW: usize = 1024;
const SIGNATURE: &[u8] = b"%PDF-";
/// Bytes that are hashed between two awaits: well below a millisecond.
const HASHED_AT_ONCE: usize = 16 * 1024;

/// The chunks of an upload, as they arrive.
pub(crate) type Chunks<'a> = BoxStream<'a, Result<Bytes, UploadError>>;

/// A body that begins like a PDF. While it is read it is counted and hashed; more bytes than allowed, or other bytes than
/// its digest announced, end it with an error, so that whoever stores it stores nothing.
pub(crate) struct PdfUpload<'a> {
    head: Option<Bytes>,
    rest: Chunks<'a>,
    limit: ByteSize,
    announced: Option<Digest>,
    bytes: u64,
    hasher: Sha256,
    checksummer: Checksummer,
    ended: bool,
}

/// An upload that was read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Received {
    /// Size in bytes.
    pub(crate) bytes: u64,
    /// 64 lowercase hexadecimal digits.
    pub(crate) sha256: String,
    /// For whoever reads it back.
    pub(crate) checksum: Checksum,
}

impl<'a> PdfUpload<'a> {
    /// Reads as much as is needed to see that it is a PDF.
    ///
    /// # Errors
    /// `NotAPdf`, or what the body ended with.
    pub(crate) async fn read(
        mut chunks: Chunks<'a>,
        limit: ByteSize,
        announced: Option<Digest>,
    ) -> Result<Self, UploadError> {
        let mut head = BytesMut::new();
        while !has_signature(&head) {
            if head.len() >= SIGNATURE_WINDOW {
                return Err(UploadError::NotAPdf);
            }
            match chunks.next().await.transpose()? {
                Some(chunk) => head.extend_from_slice(&chunk),
                None if head.is_empty() => return Err(UploadError::Empty),
                None => return Err(UploadError::NotAPdf),
            }
        }
        Ok(Self {
            head: Some(head.freeze()),
            rest: chunks,
            limit,
            announced,
            bytes: 0,
            hasher: Sha256::new(),
            checksummer: Checksummer::default(),
            ended: false,
        })
    }

    /// The bytes, for the store.
    pub(crate) fn chunks(&mut self) -> impl Stream<Item = Result<Bytes, UploadError>> + Send {
        stream::try_unfold(self, |upload| async move {
            Ok(upload.next().await?.map(|chunk| (chunk, upload)))
        })
    }

    /// Reads what is left without storing it.
    ///
    /// # Errors
    /// As the stored upload would have ended.
    pub(crate) async fn discard(mut self) -> Result<Received, UploadError> {
        while self.next().await?.is_some() {}
        self.received()
    }

    /// What was read.
    ///
    /// # Errors
    /// `Broken` when it was not read to its end.
    pub(crate) fn received(self) -> Result<Received, UploadError> {
        if !self.ended {
            return Err(UploadError::Broken("it was not read to its end".to_owned()));
        }
        Ok(Received {
            bytes: self.bytes,
            sha256: hex::encode(self.hasher.finalize()),
            checksum: self.checksummer.finish(),
        })
    }

    async fn next(&mut self) -> Result<Option<Bytes>, UploadError> {
        let chunk = match self.head.take() {
            Some(head) => Some(head),
            None => self.rest.next().await.transpose()?,
        };
        let Some(chunk) = chunk else {
            self.check_digest()?;
            self.ended = true;
            return Ok(None);
        };
        let length = chunk.len() as u64;
        counter!(UPLOAD_BYTES_TOTAL).increment(length);
        self.bytes += length;
        if self.bytes > self.limit.as_u64() {
            return Err(UploadError::TooLarge(self.limit));
        }
        self.hash(&chunk).await;
        Ok(Some(chunk))
    }

    /// In short turns: a chunk can be large, and other requests share the thread.
    async fn hash(&mut self, chunk: &[u8]) {
        let mut turns = chunk.chunks(HASHED_AT_ONCE).peekable();
        while let Some(turn) = turns.next() {
            self.hasher.update(turn);
            self.checksummer.update(turn);
            if turns.peek().is_some() {
                yield_now().await;
            }
        }
    }

    fn check_digest(&self) -> Result<(), UploadError> {
        let computed: [u8; 32] = self.hasher.clone().finalize().into();
        match &self.announced {
            Some(announced) if !announced.is(&computed) => Err(UploadError::DigestMismatch),
            _ => Ok(()),
        }
    }
}

fn has_signature(head: &[u8]) -> bool {
    let window = &head[..head.len().min(SIGNATURE_WINDOW + SIGNATURE.len() - 1)];
    window.windows(SIGNATURE.len()).any(|at| at == SIGNATURE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: ByteSize = ByteSize::bytes(4096);

    fn chunks(parts: &[&[u8]]) -> Chunks<'static> {
        let parts: Vec<_> = parts
            .iter()
            .map(|p| Ok(Bytes::copy_from_slice(p)))
            .collect();
        stream::iter(parts).boxed()
    }

    async fn receive(
        parts: &[&[u8]],
        announced: Option<Digest>,
    ) -> Result<(Vec<u8>, Received), UploadError> {
        let mut upload = PdfUpload::read(chunks(parts), LIMIT, announced).await?;
        let mut bytes = Vec::new();
        {
            let mut stream = std::pin::pin!(upload.chunks());
            while let Some(chunk) = stream.next().await {
                bytes.extend_from_slice(&chunk?);
            }
        }
        Ok((bytes, upload.received()?))
    }

    #[tokio::test]
    async fn every_byte_is_passed_on_counted_and_hashed() {
        let (bytes, received) = receive(&[b"%P", b"DF-1.7", b" more"], None).await.unwrap();
        assert_eq!(bytes, b"%PDF-1.7 more");
        assert_eq!(received.bytes, 13);
        assert_eq!(received.sha256, hex::encode(Sha256::digest(&bytes)));
        assert_eq!(received.checksum, Checksum::of(&bytes));
    }

    #[tokio::test]
    async fn the_signature_may_stand_anywhere_in_the_first_1024_bytes() {
        let junk = |n| [vec![b'x'; n], b"%PDF-1.4".to_vec()].concat();
        assert!(receive(&[&junk(1023)], None).await.is_ok());
        assert!(matches!(
            receive(&[&junk(1024)], None).await,
            Err(UploadError::NotAPdf)
        ));
        assert!(matches!(
            receive(&[b"<html>"], None).await,
            Err(UploadError::NotAPdf)
        ));
        assert!(matches!(receive(&[], None).await, Err(UploadError::Empty)));
    }

    #[tokio::test]
    async fn the_size_is_counted_on_the_bytes() {
        let fits = [b"%PDF-".to_vec(), vec![0; 4091]].concat();
        assert!(receive(&[&fits], None).await.is_ok());
        assert!(matches!(
            receive(&[&fits, b"x"], None).await,
            Err(UploadError::TooLarge(LIMIT))
        ));
    }

    #[tokio::test]
    async fn other_bytes_than_announced_end_the_upload() {
        let digest = |bytes: &[u8]| Some(Digest::from(<[u8; 32]>::from(Sha256::digest(bytes))));
        assert!(receive(&[b"%PDF-1"], digest(b"%PDF-1")).await.is_ok());
        assert!(matches!(
            receive(&[b"%PDF-1"], digest(b"%PDF-2")).await,
            Err(UploadError::DigestMismatch)
        ));
    }
}
