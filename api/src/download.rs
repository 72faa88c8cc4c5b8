//! Objects of the store → responses: one range, entity tag, digest, file name.

mod disposition; // Content-Disposition
mod pages; // pages.ndjson → one long text
mod range; // Range

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::TryStreamExt;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use shared::error_code::ErrorCode;
use shared::store::{ByteRange, ObjectKey};
use tracing::error;

use crate::problem::ApiError;
use crate::request::ETag;
use crate::state::AppState;

pub(crate) use disposition::attachment;
pub(crate) use pages::{Field, join_pages};
pub(crate) use range::Wanted;

const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");
/// What came out of a stranger's PDF is never run by a browser that is shown it.
const INERT: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox");
/// Belongs to one owner, and is worth asking for again: the tag answers 304.
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");

/// A part of a job that is stored as it is sent.
pub(crate) struct Download {
    /// The object.
    pub(crate) key: ObjectKey,
    /// The part of the object, when it is not the whole: offset and length in bytes.
    pub(crate) slice: Option<(u64, u64)>,
    /// Length in bytes.
    pub(crate) length: u64,
    /// Media type.
    pub(crate) media_type: &'static str,
    /// Names these bytes.
    pub(crate) tag: ETag,
    /// SHA-256, hexadecimal, when it is known without reading.
    pub(crate) sha256: Option<String>,
    /// The file name to save it under.
    pub(crate) filename: Option<String>,
}

impl Download {
    /// Answers a request for it; `headers` are the request's.
    pub(crate) async fn respond(
        self,
        state: &AppState,
        headers: &HeaderMap,
    ) -> Result<Response, ApiError> {
        if self.tag.is_in_if_none_match(headers) {
            return Ok((StatusCode::NOT_MODIFIED, [(ETAG, self.tag.header())]).into_response());
        }
        let wanted = match self.tag.allows_range(headers) {
            true => Wanted::of(headers, self.length),
            false => Wanted::Whole,
        };
        let (first, length) = match wanted {
            Wanted::Whole => (0, self.length),
            Wanted::Part { first, length } => (first, length),
            Wanted::Nothing => return Err(unsatisfiable(self.length)),
        };
        let body = self.open(state, first, length).await?;
        let mut response = Response::new(body);
        self.describe(response.headers_mut());
        response
            .headers_mut()
            .insert(CONTENT_LENGTH, HeaderValue::from(length));
        if wanted != Wanted::Whole {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            let last = first + length - 1;
            let range = format!("bytes {first}-{last}/{}", self.length);
            response.headers_mut().insert(CONTENT_RANGE, ascii(&range));
        }
        Ok(response)
    }

    async fn open(&self, state: &AppState, first: u64, length: u64) -> Result<Body, ApiError> {
        let offset = self.slice.map_or(0, |(offset, _)| offset);
        let whole = self.slice.is_none() && first == 0 && length == self.length;
        if length == 0 {
            return Ok(Body::empty());
        }
        let range = match whole {
            true => None,
            false => ByteRange::at(offset.saturating_add(first), length),
        };
        let object = state.store.get(&self.key, range).await?;
        let path = self.key.path();
        let chunks = object.body.inspect_err(
            move |cause| error!(error = %cause, object = path, "a download broke off"),
        );
        Ok(Body::from_stream(chunks))
    }

    fn describe(&self, headers: &mut HeaderMap) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        headers.insert(CONTENT_SECURITY_POLICY, INERT);
        headers.insert(CACHE_CONTROL, PRIVATE);
        headers.insert(ETAG, self.tag.header());
        if let Some(digest) = self.sha256.as_deref().and_then(repr_digest) {
            headers.insert(REPR_DIGEST, digest);
        }
        if let Some(name) = &self.filename {
            headers.insert(CONTENT_DISPOSITION, attachment(name));
        }
    }
}

/// The headers of a text that is put together while it is sent: its length is unknown, so it has no ranges.
pub(crate) fn streamed(media_type: &'static str, tag: &ETag, body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("none"));
    headers.insert(CONTENT_SECURITY_POLICY, INERT);
    headers.insert(CACHE_CONTROL, PRIVATE);
    headers.insert(ETAG, tag.header());
    response
}

fn unsatisfiable(length: u64) -> ApiError {
    ApiError::new(
        ErrorCode::RangeNotSatisfiable,
        format!("there are {length} bytes"),
    )
    .with_header(CONTENT_RANGE, ascii(&format!("bytes */{length}")))
}

fn repr_digest(sha256: &str) -> Option<HeaderValue> {
    let bytes = hex::decode(sha256).ok()?;
    HeaderValue::try_from(format!("sha-256=:{}:", STANDARD.encode(bytes))).ok()
}

fn ascii(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("digits and ASCII words make a header value")
}
