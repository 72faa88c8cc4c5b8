//! Which problems an operation answers with, by status.

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

/// A status and the codes that come with it.
type Status = (u16, &'static str);

const UNAUTHORIZED: Status = (401, "unauthorized");
const INTERNAL: Status = (500, "internal");
const UNAVAILABLE: Status = (503, "queue-unavailable, storage-unavailable, overloaded");

macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident: $($status:expr),+;)+) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                responses(&[$($status),+])
            }
        }
    )+};
}

problems! {
    /// Of a submit.
    SubmitProblems:
        (400, "bad-request, digest-mismatch"), UNAUTHORIZED, (408, "request-timeout"), (409, "idempotency-conflict"),
        (410, "expired"), (413, "file-too-large"), (415, "unsupported-media-type, not-a-pdf"),
        (422, "invalid-option, idempotency-mismatch"), (429, "queue-full, quota-exceeded"), INTERNAL, UNAVAILABLE;
    /// Of reading one job.
    JobProblems:
        (400, "bad-request"), UNAUTHORIZED, (404, "not-found"), (410, "expired"), (422, "invalid-option"), INTERNAL,
        UNAVAILABLE;
    /// Of a list.
    ListProblems: UNAUTHORIZED, (422, "invalid-option"), INTERNAL, UNAVAILABLE;
    /// Of changing a job.
    ChangeProblems:
        (400, "bad-request"), UNAUTHORIZED, (404, "not-found"), (409, "conflict"), (410, "expired"), INTERNAL, UNAVAILABLE;
    /// Of a result.
    ResultProblems:
        (400, "bad-request"), UNAUTHORIZED, (404, "not-found"), (409, "not-ready, cancelled"), (410, "expired"),
        (422, "the job ended without a result: its own problem"), INTERNAL, UNAVAILABLE;
    /// Of a part of a result that has ranges.
    DownloadProblems:
        (400, "bad-request"), UNAUTHORIZED, (404, "not-found"), (409, "not-ready, cancelled"), (410, "expired"),
        (416, "range-not-satisfiable"), (422, "the job ended without a result: its own problem"), INTERNAL, UNAVAILABLE;
    /// Of the uploaded PDF.
    SourceProblems:
        (400, "bad-request"), UNAUTHORIZED, (404, "not-found"), (410, "expired"), (416, "range-not-satisfiable"), INTERNAL,
        UNAVAILABLE;
    /// Of a readiness probe.
    ReadyProblems: UNAVAILABLE;
}

fn responses(problems: &[Status]) -> BTreeMap<String, RefOr<Response>> {
    problems
        .iter()
        .map(|(status, codes)| (status.to_string(), RefOr::T(response(*status, codes))))
        .collect()
}

fn response(status: u16, codes: &str) -> Response {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .build();
    let response = ResponseBuilder::new()
        .description(codes)
        .content("application/problem+json", content);
    match status {
        401 => header(response, "WWW-Authenticate", Type::String, "`Bearer`"),
        416 => header(
            response,
            "Content-Range",
            Type::String,
            "How many bytes there are",
        ),
        409 | 429 | 503 => header(
            response,
            "Retry-After",
            Type::Integer,
            "Seconds after which to try again; absent when that would not help",
        ),
        _ => response,
    }
    .build()
}

fn header(response: ResponseBuilder, name: &str, kind: Type, description: &str) -> ResponseBuilder {
    let schema = ObjectBuilder::new().schema_type(SchemaType::Type(kind));
    let header = HeaderBuilder::new()
        .schema(Some(schema))
        .description(Some(description));
    response.header(name, header.build())
}
