//! Why there is no output, and the exit status for it.

use std::io::{self, Write};
use std::process::ExitCode;

use ::extract::ExtractError;

use crate::password::PasswordError;

/// Exit status when nothing, or not everything, could be read.
const STATUS_FAILED: u8 = 2;

pub(super) enum Failure {
    /// The file itself could not be read.
    Unreadable(io::Error),
    /// There is no password where the caller says.
    Password(PasswordError),
    /// The extraction failed.
    Extraction(ExtractError),
    /// The output could not be written.
    Output(io::Error),
}

impl Failure {
    /// Tells the caller: as a JSON line on `stdout`, or on standard error.
    pub(super) fn report(&self, as_json: bool, stdout: &mut dyn Write) -> ExitCode {
        let (code, detail) = match self {
            // The reader has seen enough (`… | head`).
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                return ExitCode::SUCCESS;
            }
            Self::Unreadable(error) => ("unreadable-file", error.to_string()),
            Self::Password(error) => ("no-password", error.to_string()),
            Self::Extraction(error) => (error.code(), error.to_string()),
            Self::Output(error) => ("output-failed", error.to_string()),
        };
        // Where telling fails too, the exit status is all that is left.
        let _ = if as_json {
            let line = serde_json::json!({ "error": { "code": code, "detail": detail } });
            writeln!(stdout, "{line}").and_then(|()| stdout.flush())
        } else {
            writeln!(io::stderr(), "error: {code}: {detail}")
        };
        ExitCode::from(STATUS_FAILED)
    }
}

impl From<ExtractError> for Failure {
    fn from(error: ExtractError) -> Self {
        Self::Extraction(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}
