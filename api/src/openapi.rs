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

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use utoipa_axum::router::OpenApiRouter;

    use super::*;
    use crate::routes;

    fn description() -> Value {
        let (_, description) = OpenApiRouter::with_openapi(Description::openapi())
            .merge(routes::described())
            .split_for_parts();
        serde_json::to_value(description).unwrap()
    }

    fn keys(object: &Value) -> Vec<&str> {
        let object = object.as_object().into_iter().flatten();
        object.map(|(key, _)| key.as_str()).collect()
    }

    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(object) => {
                let reference = object.get("$ref").and_then(Value::as_str);
                found.extend(reference.map(str::to_owned));
                object.values().for_each(|value| references(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_operation_with_its_parameters_and_answers() {
        let description = description();
        let mut lines = Vec::new();
        for (path, item) in description["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let parameters = operation["parameters"].as_array().into_iter().flatten();
                let parameters: Vec<_> =
                    parameters.filter_map(|one| one["name"].as_str()).collect();
                lines.push(format!(
                    "{} {path} = {}({}) -> {}",
                    method.to_uppercase(),
                    operation["operationId"].as_str().unwrap(),
                    parameters.join(", "),
                    keys(&operation["responses"]).join(" "),
                ));
            }
        }
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let description = description();
        let mut found = Vec::new();
        references(&description, &mut found);
        assert!(!found.is_empty());
        for reference in found {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(description.pointer(pointer).is_some(), "{reference}");
        }
    }
}
