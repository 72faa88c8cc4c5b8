//! What handlers take out of a request.

mod etag; // If-None-Match, If-Range
mod job; // the job of the path, if it is the caller's
mod prefer; // Prefer: wait=N
mod query; // query strings that refuse what they do not know
mod trace; // traceparent

pub(crate) use etag::ETag;
pub(crate) use job::{Number, OwnedJob};
pub(crate) use prefer::Prefer;
pub(crate) use query::Query;
pub(crate) use trace::TraceParent;
