//! The job: its id, states, options, and the record that HTTP polls.

mod id; // JobId
mod options; // what the client asked for
mod record; // the whole of `{ingest}:job:<id>`
mod state; // the states and who moves between them

pub use id::{InvalidJobId, JobId};
pub use options::{InvalidPriority, JobOptions, Priority};
pub use record::{JobError, JobRecord, Progress, Stage, Tally};
pub use state::State;
