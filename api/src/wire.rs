//! The bodies of /v1. They are apart from the job model: a field here is never renamed or removed.

mod job; // one job, a page of jobs
mod limits; // GET /v1/limits
mod problem; // RFC 9457 problem details
mod result; // result.json and the lines of pages.ndjson, as a reader sees them

pub(crate) use job::{Deleted, Job, JobPage, ListableState, state_schema as listable_states};
pub(crate) use limits::Limits;
pub(crate) use problem::Problem;
pub(crate) use result::{Manifest, Page};
