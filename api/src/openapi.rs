//! The OpenAPI 3.1 document: what the handlers have in common. The rest stands on the handlers.

mod parameters; // of paths, headers, and of a submit
mod problems; // which problems an operation answers with

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi, ToSchema};

use crate::wire;

pub(crate) use parameters::{
    ConditionHeaders, JobPath, RangeHeaders, SubmitForm, SubmitHeaders, SubmitParameters,
};
pub(crate) use problems::{
    ChangeProblems, DownloadProblems, JobProblems, ListProblems, ReadyProblems, ResultProblems,
    SourceProblems, SubmitProblems,
};

/// Title, tags, security, and the schemas that no handler names.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "pdf-ingest",
        description = "Turns uploaded PDFs into text, images and metadata. Upload a PDF, follow its job, fetch the result.",
    ),
    tags(
        (name = "jobs", description = "Upload PDFs and follow what becomes of them"),
        (name = "results", description = "What was found in a PDF"),
        (name = "service", description = "The service itself"),
    ),
    components(schemas(wire::Problem<'static>)),
    modifiers(&ApiKey)
)]
pub(crate) struct Description;

/// Keys are optional in the document, as they are in the configuration.
struct ApiKey;

impl Modify for ApiKey {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "An API key, when the service is configured with keys.",
            ))
            .build();
        openapi
            .components
            .get_or_insert_default()
            .add_security_scheme("api_key", SecurityScheme::Http(bearer));
    }
}

/// A PDF file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
pub(crate) struct Pdf;

/// A file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
pub(crate) struct Binary;
