//! A body that keeps coming: an upload that trickles is ended.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use futures::stream::{self, StreamExt};
use shared::config::ByteSize;
use tokio::time::{Instant, timeout};

use super::{Chunks, UploadError};

/// How fast an upload must be: `min_bytes` in every `window` that is spent waiting for the client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) window: Duration,
    pub(crate) min_bytes: ByteSize,
}

/// The data of `body`. Time in which nobody asks for it, as the store is slow, does not count against the client.
pub(crate) fn paced(body: Body, pace: Pace) -> Chunks<'static> {
    let state = Paced {
        body: body.into_data_stream(),
        pace,
        waited: Duration::ZERO,
        came: 0,
    };
    stream::try_unfold(state, |mut state| async move {
        Ok(state.next().await?.map(|chunk| (chunk, state)))
    })
    .boxed()
}

struct Paced {
    body: BodyDataStream,
    pace: Pace,
    waited: Duration,
    came: u64,
}

impl Paced {
    async fn next(&mut self) -> Result<Option<Bytes>, UploadError> {
        let began = Instant::now();
        let left = self.pace.window.saturating_sub(self.waited);
        let next = timeout(left, self.body.next())
            .await
            .map_err(|_| UploadError::TooSlow)?;
        self.waited += began.elapsed();
        let chunk = next
            .transpose()
            .map_err(|error| UploadError::Broken(error.to_string()))?;
        if let Some(chunk) = &chunk {
            self.came += chunk.len() as u64;
            if self.came >= self.pace.min_bytes.as_u64() {
                self.waited = Duration::ZERO;
                self.came = 0;
            }
        }
        Ok(chunk)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures::TryStreamExt;

    use super::*;

    const PACE: Pace = Pace {
        window: Duration::from_millis(100),
        min_bytes: ByteSize::bytes(4),
    };

    fn body(chunks: usize, chunk: &'static [u8]) -> Body {
        let chunk = Bytes::from_static(chunk);
        Body::from_stream(stream::iter(
            (0..chunks).map(move |_| Ok::<_, Infallible>(chunk.clone())),
        ))
    }

    #[tokio::test]
    async fn a_body_that_comes_is_read_to_its_end() {
        let chunks = paced(body(50, b"x"), PACE);
        assert_eq!(chunks.try_collect::<Vec<_>>().await.unwrap().len(), 50);
    }

    #[tokio::test]
    async fn a_body_that_stops_is_ended() {
        let stops = body(3, b"enough")
            .into_data_stream()
            .chain(stream::pending());
        let outcome = paced(Body::from_stream(stops), PACE)
            .try_collect::<Vec<_>>()
            .await;
        assert!(matches!(outcome, Err(UploadError::TooSlow)));
    }

    #[tokio::test]
    async fn a_body_that_trickles_is_ended() {
        let trickle = stream::repeat(Bytes::from_static(b"x")).then(|byte| async move {
            tokio::time::sleep(PACE.window / 2).await;
            Ok::<_, Infallible>(byte)
        });
        let outcome = paced(Body::from_stream(trickle), PACE)
            .try_collect::<Vec<_>>()
            .await;
        assert!(matches!(outcome, Err(UploadError::TooSlow)));
    }

    #[tokio::test]
    async fn the_time_that_the_reader_takes_is_not_the_clients() {
        let mut chunks = paced(body(3, b"x"), PACE);
        while let Some(chunk) = chunks.next().await {
            chunk.unwrap();
            tokio::time::sleep(2 * PACE.window).await;
        }
    }
}
