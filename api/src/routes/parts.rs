//! The parts of a job: its PDF, its pages, its images.

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use shared::job::JobId;
use shared::manifest::ImageEntry;
use shared::store::ObjectKey;

use super::result::{attempt_tag, has_result};
use crate::download::Download;
use crate::index::Index;
use crate::openapi::{
    Binary, ConditionHeaders, DownloadProblems, JobPath, RangeHeaders, SourceProblems,
};
use crate::problem::ApiError;
use crate::request::{ETag, Number, OwnedJob};
use crate::state::AppState;
use crate::wire::Page;

/// Get a page
///
/// A `Range` of bytes is served too.
#[utoipa::path(
    get,
    path = "/v1/jobs/{id}/pages/{n}",
    tag = "results",
    params(
        JobPath,
        ("n" = u32, Path, description = "The page's number, from 1", minimum = 1),
        ConditionHeaders,
    ),
    responses(
        (status = 200, description = "The page", body = Page),
        (status = 206, description = "A range of it"),
        (status = 304, description = "The client has it"),
        DownloadProblems,
    ),
    security((), ("api_key" = []))
)]
pub(super) async fn get_page(
    State(state): State<AppState>,
    Number(number): Number,
    OwnedJob(record): OwnedJob,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    has_result(&record)?;
    let index = Index::load(&state, record.id).await?;
    let page = index.page(number.into())?;
    let download = Download {
        key: ObjectKey::Pages(record.id),
        slice: Some((page.offset, page.length)),
        length: page.length,
        media_type: "application/json",
        tag: attempt_tag(&record, &format!("page-{number}")),
        sha256: None,
        filename: None,
    };
    download.respond(&state, &headers).await
}

/// Get an image
#[utoipa::path(
    get,
    path = "/v1/jobs/{id}/images/{n}",
    tag = "results",
    params(
        JobPath,
        ("n" = u32, Path, description = "The image's number in the manifest, from 1", minimum = 1),
        RangeHeaders,
    ),
    responses(
        (status = 200, description = "The image", content(
            (Binary = "image/png"), (Binary = "image/jpeg"), (Binary = "image/jp2")
        )),
        (status = 206, description = "A range of it", content(
            (Binary = "image/png"), (Binary = "image/jpeg"), (Binary = "image/jp2")
        )),
        (status = 304, description = "The client has it"),
        DownloadProblems,
    ),
    security((), ("api_key" = []))
)]
pub(super) async fn get_image(
    State(state): State<AppState>,
    Number(number): Number,
    OwnedJob(record): OwnedJob,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    has_result(&record)?;
    let index = Index::load(&state, record.id).await?;
    let image = index.image(number.into())?;
    let key = image_key(record.id, image);
    let extension = key.path().rsplit('.').next().unwrap_or_default().to_owned();
    let download = Download {
        slice: None,
        length: image.bytes,
        media_type: key.media_type(),
        tag: ETag::strong(&image.sha256),
        sha256: Some(image.sha256.clone()),
        filename: Some(format!("image-{number}.{extension}")),
        key,
    };
    download.respond(&state, &headers).await
}

fn image_key(job: JobId, image: &ImageEntry) -> ObjectKey {
    let extension = match image.media_type.as_str() {
        "image/png" => "png",
        "image/jpeg" => "jpg",
        "image/jp2" => "jp2",
        _ => "bin",
    };
    ObjectKey::Image {
        job,
        sha256: image.sha256.clone(),
        extension,
    }
}

/// Get the PDF
///
/// What was uploaded, byte for byte; in every state of the job.
#[utoipa::path(
    get,
    path = "/v1/jobs/{id}/source",
    tag = "results",
    params(
        JobPath,
        RangeHeaders,
    ),
    responses(
        (status = 200, description = "The PDF", body = Binary, content_type = "application/pdf"),
        (status = 206, description = "A range of it", body = Binary, content_type = "application/pdf"),
        (status = 304, description = "The client has it"),
        SourceProblems,
    ),
    security((), ("api_key" = []))
)]
pub(super) async fn get_source(
    State(state): State<AppState>,
    OwnedJob(record): OwnedJob,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let key = ObjectKey::Source(record.id);
    let download = Download {
        slice: None,
        length: record.bytes,
        media_type: key.media_type(),
        tag: ETag::strong(&record.sha256),
        sha256: Some(record.sha256),
        filename: Some(
            record
                .filename
                .unwrap_or_else(|| format!("{}.pdf", record.id)),
        ),
        key,
    };
    download.respond(&state, &headers).await
}
