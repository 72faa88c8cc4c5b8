//! What is written to the terminal: results to standard output, everything else to standard error.

mod quantity; // bytes, durations and counts as people read them

use std::fmt::Display;
use std::io::{self, Write as _};

use console::{StyledObject, style};
use shared::job::State;

pub(crate) use quantity::{bytes, count, duration, grouped};

/// Writes one line to standard output.
pub(crate) fn line(text: impl Display) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{text}")
}

/// Writes `text` to standard output as it is.
pub(crate) fn raw(bytes: &[u8]) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(bytes)?;
    output.flush()
}

/// Writes one line to standard error; when that is closed there is nobody left to tell.
pub(crate) fn note(text: impl Display) {
    let _closed = writeln!(io::stderr().lock(), "{text}");
}

/// Writes labelled values below each other, the labels aligned.
pub(crate) fn rows(rows: &[(&str, String)]) -> io::Result<()> {
    let width = rows.iter().map(|(label, _)| label.len()).max().unwrap_or(0);
    rows.iter().try_for_each(|(label, value)| {
        line(format_args!("{}  {value}", dim(format!("{label:width$}"))))
    })
}

/// The name of a state, in the colour of its kind.
pub(crate) fn state(state: State) -> StyledObject<&'static str> {
    coloured(state, state.as_str())
}

/// The same, as wide as the longest name.
pub(crate) fn padded_state(state: State) -> StyledObject<String> {
    coloured(state, format!("{state:10}"))
}

fn coloured<T>(state: State, text: T) -> StyledObject<T> {
    match state {
        State::Succeeded => style(text).green(),
        State::Partial | State::Retrying => style(text).yellow(),
        State::Failed | State::Dead => style(text).red(),
        State::Queued
        | State::Scheduled
        | State::Running
        | State::Cancelling
        | State::Cancelled
        | State::Expired => style(text),
    }
}

/// What matters; plain when standard output is no terminal, or `NO_COLOR` is set.
pub(crate) fn bold<T: Display>(text: T) -> StyledObject<T> {
    style(text).bold()
}

/// What may be overlooked.
pub(crate) fn dim<T: Display>(text: T) -> StyledObject<T> {
    style(text).dim()
}

/// What went wrong; for standard error.
pub(crate) fn red<T: Display>(text: T) -> StyledObject<T> {
    style(text).red().bold().for_stderr()
}
