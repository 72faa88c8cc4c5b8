//! The options of a submit, from the query or from form fields; each may be given once.

use std::str::FromStr;
use std::time::Duration;

use shared::error_code::ErrorCode;
use shared::job::{JobOptions, Priority};

use crate::problem::ApiError;

/// Furthest into the future that a job can be scheduled.
pub(crate) const MAX_DELAY: Duration = Duration::from_secs(30 * 86_400);
/// Longest file name, in characters.
pub(crate) const MAX_FILENAME: usize = 255;

/// Options as they come in, one by one.
#[derive(Debug, Default)]
pub(super) struct OptionFields {
    images: Option<bool>,
    boxes: Option<bool>,
    markdown: Option<bool>,
    priority: Option<Priority>,
    delay: Option<Duration>,
    filename: Option<String>,
    suggested: Option<String>,
}

/// Options as they are, with defaults for what was not given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) options: JobOptions,
    pub(super) priority: Priority,
    pub(super) delay: Duration,
    pub(super) filename: Option<String>,
}

impl OptionFields {
    /// Takes one option.
    ///
    /// # Errors
    /// `invalid-option` when it is unknown, malformed, or was given before.
    pub(super) fn set(&mut self, name: &str, value: &str) -> Result<(), ApiError> {
        match name {
            "images" => once(name, &mut self.images, flag(value)),
            "boxes" => once(name, &mut self.boxes, flag(value)),
            "markdown" => once(name, &mut self.markdown, flag(value)),
            "priority" => once(name, &mut self.priority, priority(value)),
            "delay" => once(name, &mut self.delay, delay(value)),
            "filename" => once(name, &mut self.filename, filename(value)),
            "password" => Err(invalid(
                "send the password as the header `Pdf-Password` or as a part of the form: a URL is logged",
            )),
            _ => {
                let name: String = name.chars().take(64).collect();
                Err(invalid(&format!(
                    "there is no option `{}`",
                    name.escape_default()
                )))
            }
        }
    }

    /// The name that came with the file itself; an explicit one goes before it.
    pub(super) fn suggest_filename(&mut self, name: &str) {
        let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
        let plain: String = base
            .chars()
            .filter(|c| !c.is_control())
            .take(MAX_FILENAME)
            .collect();
        self.suggested = (!plain.is_empty()).then_some(plain);
    }

    pub(super) fn chosen(&self) -> Chosen {
        let defaults = JobOptions::default();
        Chosen {
            options: JobOptions {
                images: self.images.unwrap_or(defaults.images),
                boxes: self.boxes.unwrap_or(defaults.boxes),
                markdown: self.markdown.unwrap_or(defaults.markdown),
            },
            priority: self.priority.unwrap_or_default(),
            delay: self.delay.unwrap_or_default(),
            filename: self.filename.clone().or_else(|| self.suggested.clone()),
        }
    }
}

fn once<T>(name: &str, slot: &mut Option<T>, value: Result<T, String>) -> Result<(), ApiError> {
    let value = value.map_err(|why| invalid(&format!("`{name}` {why}")))?;
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(invalid(&format!("`{name}` was given more than once"))),
    }
}

fn flag(value: &str) -> Result<bool, String> {
    bool::from_str(value).map_err(|_| "must be `true` or `false`".to_owned())
}

fn priority(value: &str) -> Result<Priority, String> {
    whole_number(value)
        .and_then(|number| u8::try_from(number).ok())
        .and_then(|number| Priority::try_from(number).ok())
        .ok_or_else(|| "must be a number from 0 (first) to 9 (last)".to_owned())
}

fn delay(value: &str) -> Result<Duration, String> {
    whole_number(value)
        .map(Duration::from_secs)
        .filter(|delay| *delay <= MAX_DELAY)
        .ok_or_else(|| {
            format!(
                "must be a number of seconds from 0 to {}",
                MAX_DELAY.as_secs()
            )
        })
}

fn filename(value: &str) -> Result<String, String> {
    let length = value.chars().count();
    if (1..=MAX_FILENAME).contains(&length) && !value.chars().any(char::is_control) {
        Ok(value.to_owned())
    } else {
        Err(format!(
            "must be 1 to {MAX_FILENAME} characters, none of them a control character"
        ))
    }
}

/// Digits only: `+1`, which Rust would read, is not a number in JSON or OpenAPI.
fn whole_number(value: &str) -> Option<u64> {
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| value.parse().ok()).flatten()
}

fn invalid(detail: &str) -> ApiError {
    ApiError::new(ErrorCode::InvalidOption, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_given_has_a_default() {
        let chosen = OptionFields::default().chosen();
        assert_eq!(chosen.options, JobOptions::default());
        assert_eq!(chosen.priority, Priority::default());
        assert_eq!(chosen.filename, None);
    }

    #[test]
    fn every_option_is_taken_once() {
        let mut fields = OptionFields::default();
        let given = [
            ("images", "false"),
            ("boxes", "true"),
            ("markdown", "true"),
            ("priority", "9"),
            ("delay", "60"),
            ("filename", "Größe.pdf"),
        ];
        for (name, value) in given {
            fields.set(name, value).unwrap();
            assert!(fields.set(name, value).is_err(), "{name} twice");
        }
        fields.suggest_filename("other.pdf");
        let chosen = fields.chosen();
        assert_eq!(chosen.delay, Duration::from_secs(60));
        assert_eq!(chosen.filename.as_deref(), Some("Größe.pdf"));
    }

    #[test]
    fn bad_values_are_refused() {
        for (name, value) in [
            ("images", "1"),
            ("priority", "10"),
            ("priority", "+1"),
            ("priority", ""),
            ("delay", "-1"),
            ("delay", "2592001"),
            ("filename", ""),
            ("filename", "a\nb"),
            ("password", "x"),
        ] {
            assert!(
                OptionFields::default().set(name, value).is_err(),
                "{name}={value}"
            );
        }
    }

    #[test]
    fn a_suggested_name_loses_its_folders_and_control_characters() {
        let mut fields = OptionFields::default();
        fields.suggest_filename("C:\\tmp\\a\u{7}b.pdf");
        assert_eq!(fields.chosen().filename.as_deref(), Some("ab.pdf"));
        fields.suggest_filename("../../");
        assert_eq!(fields.chosen().filename, None);
    }
}
