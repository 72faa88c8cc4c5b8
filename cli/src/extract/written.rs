//! What became of a sink's writes: a sink can only say that it closes, not why.

use std::io;

use ::extract::{ExtractError, SinkClosed, Summary};

use super::failure::Failure;

/// The write that failed, if one did.
#[derive(Default)]
pub(super) struct Written(Option<io::Error>);

impl Written {
    /// Passes the outcome of a write on to the extraction, which ends with the first that fails.
    pub(super) fn keep(&mut self, outcome: io::Result<()>) -> Result<(), SinkClosed> {
        outcome.map_err(|error| {
            self.0 = Some(error);
            SinkClosed
        })
    }

    /// The summary of the extraction, or why the output is not complete.
    pub(super) fn finish(self, result: Result<Summary, ExtractError>) -> Result<Summary, Failure> {
        match self.0 {
            Some(error) => Err(Failure::Output(error)),
            None => Ok(result?),
        }
    }
}
