//! The OpenAPI 3.1 document: what the handlers have in common. The rest stands on the handlers.

mod parameters; // of paths, headers, and of a submit
mod problems; // which problems an operation answers with

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type};
use utoipa::{Modify, OpenApi, PartialSchema, ToSchema};

use crate::wire::Problem;

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
    modifiers(&Common)
)]
pub(crate) struct Description;

/// What operations refer to by name.
struct Common;

impl Modify for Common {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        // Optional in the document, as keys are in the configuration.
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "An API key, when the service is configured with keys.",
            ))
            .build();
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("api_key", SecurityScheme::Http(bearer));
        components
            .schemas
            .insert(Problem::name().into_owned(), Problem::schema());
    }
}

/// Bytes that are no JSON.
pub(crate) struct Binary;

impl PartialSchema for Binary {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::Binary);
        let bytes = ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(format));
        RefOr::T(bytes.into())
    }
}

impl ToSchema for Binary {}
