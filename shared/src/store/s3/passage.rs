//! Objects that are passed on as they come: hardly anything of them is held, so nothing can be sent again.

use std::convert::Infallible;
use std::future::pending;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use aws_sdk_s3::config::{
    Config, StalledStreamProtectionConfig, retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use bytes::Bytes;
use futures::StreamExt;
use http_body::{Frame, SizeHint};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::S3Store;
use super::error::store_error;
use crate::store::backend::{Body, BrokeOff};
use crate::store::{ObjectKey, PutError, StoreError};

/// Stores a body of `size` bytes. How long that takes is its sender's affair; the server must take each piece, and answer
/// after the last one, in the time of a call.
pub(super) async fn pass_on(
    store: &S3Store,
    key: &ObjectKey,
    body: Body<'_>,
    size: u64,
) -> Result<u64, PutError<BrokeOff>> {
    let (pieces, rest) = mpsc::channel(1);
    let mut request = pin!(request(store, key, Pieces { rest, left: size }));
    let fed = tokio::select! {
        answer = &mut request => Some(answer),
        fed = feed(body, pieces, store.timeout) => {
            fed?;
            None
        }
    };
    match fed {
        Some(Err(error)) => Err(error.into()),
        Some(Ok(())) => Err(StoreError::Unexpected {
            operation: "put",
            reason: "an answer before the end of the body".to_owned(),
        }
        .into()),
        None => match timeout(store.timeout, request).await {
            Ok(answer) => Ok(answer.map(|()| size)?),
            Err(_) => Err(StoreError::timed_out("put").into()),
        },
    }
}

async fn request(store: &S3Store, key: &ObjectKey, pieces: Pieces) -> Result<(), StoreError> {
    let length = i64::try_from(pieces.left).unwrap_or(i64::MAX);
    let patient = Config::builder()
        .timeout_config(TimeoutConfig::disabled())
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    store
        .client
        .put_object()
        .bucket(&*store.bucket)
        .key(store.full_key(key))
        .content_type(key.media_type())
        .content_length(length)
        .body(ByteStream::new(SdkBody::from_body_1_x(pieces)))
        .customize()
        .config_override(patient)
        .disable_payload_signing()
        .send()
        .await
        .map_err(|error| store_error("put", &error))?;
    Ok(())
}

/// Hands on what comes. The last piece waits for the end of the body: without it the server has no whole object, so one
/// that breaks off at its very end is not stored either.
async fn feed(
    mut body: Body<'_>,
    pieces: mpsc::Sender<Bytes>,
    patience: Duration,
) -> Result<(), PutError<BrokeOff>> {
    let mut last: Option<Bytes> = None;
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(PutError::Body)?;
        if piece.is_empty() {
            continue;
        }
        if let Some(before) = last.replace(piece) {
            hand_on(&pieces, before, patience).await?;
        }
    }
    if let Some(last) = last {
        hand_on(&pieces, last, patience).await?;
    }
    Ok(())
}

async fn hand_on(
    pieces: &mpsc::Sender<Bytes>,
    piece: Bytes,
    patience: Duration,
) -> Result<(), StoreError> {
    match timeout(patience, pieces.send(piece)).await {
        Ok(Ok(())) => Ok(()),
        // The request has ended: what it was answered says why.
        Ok(Err(_)) => pending().await,
        Err(_) => Err(StoreError::timed_out("put")),
    }
}

/// The body of the request.
struct Pieces {
    rest: mpsc::Receiver<Bytes>,
    left: u64,
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = ready!(self.rest.poll_recv(context));
        Poll::Ready(piece.map(|piece| {
            self.left = self.left.saturating_sub(piece.len() as u64);
            Ok(Frame::data(piece))
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
