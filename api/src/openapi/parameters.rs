//! Parameters that several operations take, and those of a submit.
//!
//! The handlers read them by hand, to name exactly what is wrong; these types only describe them.

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// Which job.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes what handlers read by hand")]
pub(crate) struct JobPath {
    /// The job's id.
    #[param(
        format = Uuid,
        pattern = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
    )]
    id: String,
}

/// Conditions.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes what handlers read by hand")]
pub(crate) struct ConditionHeaders {
    /// The `ETag` of what the client has; answered with 304 while it is the newest.
    #[param(rename = "If-None-Match", nullable = false)]
    if_none_match: Option<String>,
}

/// Conditions and a range.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes what handlers read by hand")]
pub(crate) struct RangeHeaders {
    /// One range of bytes, as `bytes=0-1023`; several at once are answered with the whole.
    #[param(rename = "Range", nullable = false)]
    range: Option<String>,
    /// The strong `ETag` of what the range continues.
    #[param(rename = "If-Range", nullable = false)]
    if_range: Option<String>,
    /// The `ETag` of what the client has; answered with 304 while it is the newest.
    #[param(rename = "If-None-Match", nullable = false)]
    if_none_match: Option<String>,
}

/// The parameters of a submit; each option may also be a field of the form, and is given once.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what handlers read by hand")]
pub(crate) struct SubmitParameters {
    /// Extract and store images.
    #[param(default = true, nullable = false)]
    images: Option<bool>,
    /// Add lines and words with their boxes to every page.
    #[param(default = false, nullable = false)]
    boxes: Option<bool>,
    /// Add Markdown to every page.
    #[param(default = false, nullable = false)]
    markdown: Option<bool>,
    /// 0 first, 9 last, among the jobs of the same owner.
    #[param(minimum = 0, maximum = 9, default = 5, nullable = false)]
    priority: Option<u8>,
    /// Seconds to wait before the job may start.
    #[param(minimum = 0, maximum = 2592000, default = 0, nullable = false)]
    delay: Option<u32>,
    /// The name of the file, for display and for downloads.
    #[param(
        min_length = 1,
        max_length = 255,
        pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]+$",
        nullable = false
    )]
    filename: Option<String>,
}

/// The headers of a submit.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes what handlers read by hand")]
pub(crate) struct SubmitHeaders {
    /// Makes the same request harmless when it is sent again: it answers the job that the first one made.
    #[param(
        rename = "Idempotency-Key",
        min_length = 1,
        max_length = 255,
        pattern = "^[!-~]+$",
        nullable = false
    )]
    idempotency_key: Option<String>,
    /// `wait=N`: seconds to wait for the job's end before answering (RFC 7240).
    #[param(rename = "Prefer", nullable = false)]
    prefer: Option<String>,
    /// What opens an encrypted PDF, in UTF-8; kept sealed, and never shown.
    #[param(
        rename = "Pdf-Password",
        min_length = 1,
        max_length = 127,
        format = Password,
        nullable = false
    )]
    pdf_password: Option<String>,
    /// The trace that the job belongs to (W3C Trace Context).
    #[param(nullable = false)]
    traceparent: Option<String>,
}

/// A form with a PDF. Its options are those of the query.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what handlers read by hand")]
pub(crate) struct SubmitForm {
    /// The PDF.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// Extract and store images.
    #[schema(default = true, nullable = false)]
    images: Option<bool>,
    /// Add lines and words with their boxes to every page.
    #[schema(default = false, nullable = false)]
    boxes: Option<bool>,
    /// Add Markdown to every page.
    #[schema(default = false, nullable = false)]
    markdown: Option<bool>,
    /// 0 first, 9 last, among the jobs of the same owner.
    #[schema(minimum = 0, maximum = 9, default = 5, nullable = false)]
    priority: Option<u8>,
    /// Seconds to wait before the job may start.
    #[schema(minimum = 0, maximum = 2592000, default = 0, nullable = false)]
    delay: Option<u32>,
    /// What opens an encrypted PDF; kept sealed, and never shown.
    #[schema(min_length = 1, max_length = 127, format = Password, nullable = false)]
    password: Option<String>,
    /// The name of the file; otherwise the one that the part `file` has.
    #[schema(
        min_length = 1,
        max_length = 255,
        pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]+$",
        nullable = false
    )]
    filename: Option<String>,
}
