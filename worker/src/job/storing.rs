//! Uploads what was found: images side by side, pages as one growing object.

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{FuturesUnordered, unfold};
use metrics::counter;
use shared::job::JobRecord;
use shared::manifest::Manifest;
use shared::store::{ObjectKey, ObjectStore, PutError, StoreError};
use shared::telemetry::names;
use tokio::sync::mpsc;

use super::Workshop;
use super::manifest::ManifestBuilder;
use super::progress::Progress;
use crate::extraction::found::{Found, Share};
use crate::failure::Failure;

/// What the growing `pages.ndjson` is told.
#[derive(Debug)]
enum PageLine {
    /// One more line.
    Line(Bytes, Share),
    /// That was the last one. Without it the object must not appear.
    End,
}

/// The pages ended before the document did.
#[derive(Debug)]
struct Abandoned;

/// Stores everything that comes out of `found` and answers with the manifest of it.
pub(super) async fn store(
    workshop: &Workshop,
    job: &JobRecord,
    found: mpsc::Receiver<Found>,
    progress: &Progress,
) -> Result<Manifest, Failure> {
    let (lines, pages) = mpsc::channel(1);
    let (routed, stored) = tokio::join!(
        route(workshop, job, found, lines, progress),
        store_pages(&workshop.store, job, pages),
    );
    match (routed, stored) {
        (Ok(manifest), Ok(())) => Ok(manifest),
        (_, Err(PutError::Store(error))) => Err(error.into()),
        (Err(failure), _) => Err(failure),
        (_, Err(PutError::Body(Abandoned))) => {
            Err(Failure::Internal("the pages were abandoned".to_owned()))
        }
    }
}

/// Sends each thing where it belongs, with at most `uploads` images under way.
async fn route(
    workshop: &Workshop,
    job: &JobRecord,
    mut found: mpsc::Receiver<Found>,
    lines: mpsc::Sender<PageLine>,
    progress: &Progress,
) -> Result<Manifest, Failure> {
    let mut manifest = ManifestBuilder::new(job);
    let mut uploads = FuturesUnordered::new();
    let warnings = loop {
        let next = tokio::select! {
            Some(uploaded) = uploads.next() => {
                image_stored(uploaded, progress)?;
                continue;
            }
            next = found.recv(), if uploads.len() < workshop.uploads => next,
        };
        match next {
            Some(Found::Document(document)) => {
                progress.pages_total(document.pages);
                manifest.document(document.json);
            }
            Some(Found::Image(image, share)) => {
                let key = manifest.image(&image);
                uploads.push(store_image(&workshop.store, key, image.bytes, share));
            }
            Some(Found::Page(page, share)) => {
                manifest.page(&page);
                send(&lines, PageLine::Line(page.line, share)).await?;
                counter!(names::PAGES_EXTRACTED_TOTAL).increment(1);
                progress.page_done();
            }
            Some(Found::End(warnings)) => break warnings,
            None => return Err(Failure::Internal("the extraction ended early".to_owned())),
        }
    };
    send(&lines, PageLine::End).await?;
    while let Some(uploaded) = uploads.next().await {
        image_stored(uploaded, progress)?;
    }
    Ok(manifest.finish(warnings))
}

async fn store_image(
    store: &ObjectStore,
    key: ObjectKey,
    bytes: Bytes,
    share: Share,
) -> Result<usize, StoreError> {
    let size = bytes.len();
    store.put(&key, bytes).await?;
    drop(share);
    Ok(size)
}

fn image_stored(uploaded: Result<usize, StoreError>, progress: &Progress) -> Result<(), Failure> {
    let size = uploaded?;
    counter!(names::IMAGES_STORED_TOTAL).increment(1);
    counter!(names::STORED_BYTES_TOTAL).increment(size as u64);
    progress.image_stored();
    Ok(())
}

async fn send(lines: &mpsc::Sender<PageLine>, line: PageLine) -> Result<(), Failure> {
    let sent = lines.send(line).await;
    sent.map_err(|_| Failure::Internal("the pages cannot be stored".to_owned()))
}

async fn store_pages(
    store: &ObjectStore,
    job: &JobRecord,
    pages: mpsc::Receiver<PageLine>,
) -> Result<(), PutError<Abandoned>> {
    // A line's share of the buffer is given back when the store asks for the next line.
    let body = unfold(Some((pages, None)), |state| async move {
        let (mut pages, share) = state?;
        drop::<Option<Share>>(share);
        match pages.recv().await {
            Some(PageLine::Line(bytes, share)) => Some((Ok(bytes), Some((pages, Some(share))))),
            Some(PageLine::End) => None,
            None => Some((Err(Abandoned), None)),
        }
    });
    let size = store
        .put_stream(&ObjectKey::Pages(job.id), body, None)
        .await?;
    counter!(names::STORED_BYTES_TOTAL).increment(size);
    Ok(())
}
