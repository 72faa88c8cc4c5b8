//! Why a command failed, what is said about it, and the exit code that scripts see.

use std::io;

use serde_json::{Value, json};
use thiserror::Error;

use crate::client::Problem;
use crate::terminal;

/// How a command ended; a larger code outweighs a smaller one when several files are handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Exit {
    /// All is well.
    Success = 0,
    /// A job ended without a result.
    JobFailed = 1,
    /// The request, or the file, makes no sense.
    Usage = 2,
    /// The configuration is wrong (`EX_USAGE` of sysexits).
    Config = 64,
    /// The service, Redis or the store is away (`EX_UNAVAILABLE`).
    Unavailable = 69,
    /// Stopped by ctrl-c before it was done (128 + SIGINT).
    Interrupted = 130,
}

/// Why a command failed.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// What was asked for makes no sense.
    #[error("{0}")]
    Usage(String),
    /// The configuration is wrong.
    #[error("{0}")]
    Config(String),
    /// Something that is needed does not answer.
    #[error("{0}")]
    Unavailable(String),
    /// The service refused (RFC 9457).
    #[error("{0}")]
    Problem(Box<Problem>),
    /// Ctrl-c, before it was done.
    #[error("interrupted")]
    Interrupted,
    /// Standard output or a file cannot be written.
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
}

impl Failure {
    /// The exit code that goes with it.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            // The reader of our output has seen enough: `pdf-ingest list | head`.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Success,
            Self::Usage(_) | Self::Output(_) => Exit::Usage,
            Self::Config(_) => Exit::Config,
            Self::Unavailable(_) => Exit::Unavailable,
            Self::Interrupted => Exit::Interrupted,
            Self::Problem(problem) => match problem.status {
                401 | 403 => Exit::Config,
                429 | 500.. => Exit::Unavailable,
                _ => Exit::Usage,
            },
        }
    }

    /// Says on standard error what went wrong; `about` names the file or job, when there are several.
    pub(crate) fn report(&self, about: Option<&str>, as_json: bool) {
        if self.exit() == Exit::Success {
            return;
        }
        if as_json {
            terminal::note(self.to_json(about));
        } else {
            let about = about.map(|about| format!("{about}: ")).unwrap_or_default();
            terminal::note(format_args!("{} {about}{self}", terminal::red("error:")));
        }
    }

    fn to_json(&self, about: Option<&str>) -> Value {
        let error = match self {
            Self::Problem(problem) => problem.raw.clone(),
            _ => json!({ "detail": self.to_string() }),
        };
        match about {
            Some(about) => json!({ "about": about, "error": error }),
            None => json!({ "error": error }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(status: u16) -> Failure {
        let body = json!({ "type": "queue-full", "title": "The queue is full" });
        Failure::Problem(Box::new(Problem::new(status, None, body)))
    }

    #[test]
    fn exit_codes_tell_apart_who_has_to_act() {
        assert_eq!(problem(503).exit(), Exit::Unavailable);
        assert_eq!(problem(429).exit(), Exit::Unavailable);
        assert_eq!(problem(401).exit(), Exit::Config);
        assert_eq!(problem(404).exit(), Exit::Usage);
        assert!(Exit::Unavailable > Exit::Config && Exit::Usage > Exit::JobFailed);
    }

    #[test]
    fn a_closed_pipe_is_no_failure() {
        let closed = Failure::Output(io::ErrorKind::BrokenPipe.into());
        assert_eq!(closed.exit(), Exit::Success);
    }
}
