//! What is known of a submit before its body is read.

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, Uri};
use shared::config::{ByteSize, Secret};
use shared::error_code::ErrorCode;
use shared::owner::Owner;
use shared::queue::IdempotencyKey;
use url::form_urlencoded;

use super::options::OptionFields;
use crate::problem::ApiError;
use crate::request::TraceParent;
use crate::upload::{Digest, UploadError};

/// How much a form may add to its file: boundaries, part headers, option fields.
const FORM_OVERHEAD: u64 = 256 * 1024;

/// What opens an encrypted PDF, in UTF-8.
const PASSWORD: &str = "pdf-password";
/// Longest password, in bytes (ISO 32000-2, 7.6.4.3.3).
pub(crate) const MAX_PASSWORD: usize = 127;

/// A submit whose head is in order.
pub(crate) struct Ticket {
    pub(super) owner: Owner,
    pub(super) idempotency: Option<IdempotencyKey>,
    pub(super) traceparent: Option<String>,
    pub(super) options: OptionFields,
    pub(super) password: Option<Secret>,
    pub(super) body: BodyKind,
    pub(super) content_length: Option<u64>,
}

/// How the PDF stands in the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum BodyKind {
    /// The body is the PDF.
    Pdf(Option<Digest>),
    /// The PDF is the part `file` of a form.
    Form {
        /// What separates the parts.
        boundary: String,
    },
}

impl Ticket {
    /// Reads headers and query.
    pub(crate) fn read(owner: Owner, parts: &Parts) -> Result<Self, ApiError> {
        let headers = &parts.headers;
        Ok(Self {
            owner,
            idempotency: idempotency_key(headers)?,
            traceparent: TraceParent::of(headers).map(|trace| trace.as_str().to_owned()),
            options: query_options(&parts.uri)?,
            password: header_password(headers)?,
            body: body_kind(headers)?,
            content_length: content_length(headers),
        })
    }

    /// Refuses what announces itself as too large, before it is read.
    pub(super) fn check_length(&self, limit: ByteSize) -> Result<(), ApiError> {
        let allowed = match self.body {
            BodyKind::Pdf(_) => limit.as_u64(),
            BodyKind::Form { .. } => limit.as_u64().saturating_add(FORM_OVERHEAD),
        };
        match self.content_length {
            Some(length) if length > allowed => Err(UploadError::TooLarge(limit).into()),
            _ => Ok(()),
        }
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, ApiError> {
    let bad = |why: &str| ApiError::new(ErrorCode::BadRequest, format!("Idempotency-Key: {why}"));
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(bad("sent more than once"));
    }
    let text = value.to_str().map_err(|_| bad("not ASCII"))?;
    text.parse()
        .map(Some)
        .map_err(|error| bad(&format!("{error}")))
}

fn query_options(uri: &Uri) -> Result<OptionFields, ApiError> {
    let mut options = OptionFields::default();
    for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        options.set(&name, &value)?;
    }
    Ok(options)
}

fn header_password(headers: &HeaderMap) -> Result<Option<Secret>, ApiError> {
    let mut values = headers.get_all(PASSWORD).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let text = str::from_utf8(value.as_bytes());
    match (text, values.next()) {
        (Ok(text), None) => password(text).map(Some),
        _ => Err(ApiError::new(
            ErrorCode::BadRequest,
            "Pdf-Password: once, and in UTF-8",
        )),
    }
}

/// A password from a header or a form.
pub(super) fn password(text: &str) -> Result<Secret, ApiError> {
    if (1..=MAX_PASSWORD).contains(&text.len()) {
        Ok(text.to_owned().into())
    } else {
        let detail = format!("`password` must be 1 to {MAX_PASSWORD} bytes");
        Err(ApiError::new(ErrorCode::InvalidOption, detail))
    }
}

fn body_kind(headers: &HeaderMap) -> Result<BodyKind, ApiError> {
    if headers
        .get(CONTENT_ENCODING)
        .is_some_and(|coding| coding != "identity")
    {
        return Err(unsupported("send the PDF without a content coding"));
    }
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let digest = Digest::of(headers)?;
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/pdf") {
        return Ok(BodyKind::Pdf(digest));
    }
    match multer::parse_boundary(content_type) {
        Ok(_) if digest.is_some() => Err(ApiError::new(
            ErrorCode::BadRequest,
            "in a form, the digest is a header of the part `file`",
        )),
        Ok(boundary) => Ok(BodyKind::Form { boundary }),
        Err(_) => Err(unsupported(
            "send `application/pdf`, or `multipart/form-data` with a part `file`",
        )),
    }
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn unsupported(detail: &str) -> ApiError {
    ApiError::new(ErrorCode::UnsupportedMediaType, detail)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn ticket(uri: &str, headers: &[(&str, &str)]) -> Result<Ticket, String> {
        let mut request = Request::post(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        Ticket::read(Owner::anonymous(), &parts).map_err(|error| error.code().to_string())
    }

    const PDF: (&str, &str) = ("content-type", "Application/PDF; charset=binary");

    #[test]
    fn the_content_type_says_where_the_pdf_is() {
        assert_eq!(ticket("/", &[PDF]).unwrap().body, BodyKind::Pdf(None));
        let form = ("content-type", "multipart/form-data; boundary=abc");
        assert_eq!(
            ticket("/", &[form]).unwrap().body,
            BodyKind::Form {
                boundary: "abc".to_owned()
            }
        );
        for other in [
            "",
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
        ] {
            let refused = ticket("/", &[("content-type", other)]).err();
            assert_eq!(
                refused.as_deref(),
                Some("unsupported-media-type"),
                "{other}"
            );
        }
        let gzip = ticket("/", &[PDF, ("content-encoding", "gzip")]).err();
        assert_eq!(gzip.as_deref(), Some("unsupported-media-type"));
    }

    #[test]
    fn malformed_heads_are_refused() {
        let refused = |uri, header| ticket(uri, &[PDF, header]).err();
        let none = ("x", "y");
        assert_eq!(
            refused("/?iamges=false", none).as_deref(),
            Some("invalid-option")
        );
        assert_eq!(
            refused("/?images=no", none).as_deref(),
            Some("invalid-option")
        );
        assert_eq!(
            refused("/", ("idempotency-key", "a b")).as_deref(),
            Some("bad-request")
        );
        assert_eq!(
            refused("/", ("content-digest", "sha-256=x")).as_deref(),
            Some("bad-request")
        );
    }

    #[test]
    fn announced_lengths_are_held_against_the_limit() {
        let limit = ByteSize::bytes(1000);
        let check = |length| {
            ticket("/", &[PDF, ("content-length", length)])
                .unwrap()
                .check_length(limit)
                .is_ok()
        };
        assert!(check("1000"));
        assert!(!check("1001"));
    }
}
