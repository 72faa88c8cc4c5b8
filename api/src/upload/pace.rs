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
        window: Duration::from_secs(10),
        min_bytes: ByteSize::bytes(4),
    };

    /// One byte every `gap`.
    fn trickle(gap: Duration, bytes: usize) -> Body {
        Body::from_stream(stream::iter(0..bytes).then(move |_| async move {
            tokio::time::sleep(gap).await;
            Ok::<_, Infallible>(Bytes::from_static(b"x"))
        }))
    }

    #[tokio::test(start_paused = true)]
    async fn a_steady_upload_is_read_to_its_end() {
        let chunks = paced(trickle(Duration::from_secs(2), 50), PACE);
        assert_eq!(chunks.try_collect::<Vec<_>>().await.unwrap().len(), 50);
    }

    #[tokio::test(start_paused = true)]
    async fn a_trickle_is_ended() {
        let chunks = paced(trickle(Duration::from_secs(3), 50), PACE);
        let outcome = chunks.try_collect::<Vec<_>>().await;
        assert!(matches!(outcome, Err(UploadError::TooSlow)));
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_that_the_reader_takes_is_not_the_clients() {
        let mut chunks = paced(trickle(Duration::from_secs(1), 8), PACE);
        while let Some(chunk) = chunks.next().await {
            chunk.unwrap();
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
    }
}
