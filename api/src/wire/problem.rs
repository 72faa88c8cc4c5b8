//! RFC 9457 problem details.

use http::StatusCode;
use serde::Serialize;
use serde_json::json;
use shared::error_code::ErrorCode;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};

/// What went wrong. Switch on `code` or `type`; `title` and `detail` are for people.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "type": "urn:pdf-ingest:problem:not-a-pdf",
    "title": "The upload is not a PDF",
    "status": 415,
    "detail": "the first 1024 bytes do not contain `%PDF-`",
    "code": "not-a-pdf",
    "request_id": "019392ea-1c1e-7cc0-9ffd-0a8f7a1d3c57",
}))]
pub(crate) struct Problem<'a> {
    /// Names the kind of problem; stable.
    #[schema(format = "uri")]
    r#type: String,
    /// One line for a person, the same for every problem of this kind.
    title: &'static str,
    /// The status code of the response.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What happened this time.
    detail: &'a str,
    /// The last part of `type`.
    #[schema(schema_with = code_schema)]
    code: ErrorCode,
    /// What the logs of the service call this request; also in `X-Request-Id`.
    request_id: &'a str,
}

impl<'a> Problem<'a> {
    pub(crate) fn new(
        code: ErrorCode,
        status: StatusCode,
        detail: &'a str,
        request_id: &'a str,
    ) -> Self {
        Self {
            r#type: type_of(code),
            title: code.title(),
            status: status.as_u16(),
            detail,
            code,
            request_id,
        }
    }
}

/// The `type` of every problem with this code.
pub(crate) fn type_of(code: ErrorCode) -> String {
    format!("urn:pdf-ingest:problem:{code}")
}

/// Every code there is.
pub(super) fn code_schema() -> Schema {
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .description(Some("The stable name of what went wrong."))
        .enum_values(Some(ErrorCode::ALL.iter().map(|code| json!(code))))
        .into()
}
