//! An owner's jobs, newest first, page by page.

use std::fmt;
use std::str::FromStr;

use redis::{cmd, pipe};
use thiserror::Error;
use tracing::warn;

use crate::job::{JobId, JobRecord, State};
use crate::owner::Owner;

use super::record::{Fields, decode};
use super::{Queue, QueueError};

/// Jobs on one page at most.
const PAGE_LIMIT: u32 = 1000;

/// Which jobs to list.
#[derive(Clone, Debug, Default)]
pub struct ListQuery {
    /// Only those in this state.
    pub state: Option<State>,
    /// Where the page before ended.
    pub cursor: Option<Cursor>,
    /// Jobs on the page, 1 to 1,000; what lies outside is taken as the nearest.
    pub limit: u32,
}

/// One page of jobs.
#[derive(Clone, Debug, PartialEq)]
pub struct JobPage {
    /// The jobs, newest first.
    pub jobs: Vec<JobRecord>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
}

/// A place in a list. Jobs that come or go elsewhere do not move it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor(JobId);

/// A text that is no [`Cursor`].
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("the cursor is none that this service gave")]
pub struct InvalidCursor;

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| InvalidCursor)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Queue {
    /// A page of `owner`'s jobs. Expired jobs are not listed; a record that cannot be read is left out.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn list(&self, owner: &Owner, query: &ListQuery) -> Result<JobPage, QueueError> {
        let queue = &self.0;
        let limit = query.limit.clamp(1, PAGE_LIMIT) as usize;
        let mut ids = self.listed(owner, query, limit + 1).await?;
        let more = ids.len() > limit;
        ids.truncate(limit);
        let next = if more {
            ids.last().copied().map(Cursor)
        } else {
            None
        };
        if ids.is_empty() {
            return Ok(JobPage {
                jobs: Vec::new(),
                next,
            });
        }

        let mut hashes = pipe();
        for id in &ids {
            hashes.hgetall(queue.keys.job(*id));
        }
        let hashes: Vec<Fields> = queue.connection.pipeline(&hashes).await?;
        let jobs = ids
            .iter()
            .zip(&hashes)
            .filter(|(_, fields)| !fields.is_empty());
        let jobs = jobs.filter_map(|(id, fields)| {
            decode(*id, fields)
                .inspect_err(|error| warn!(job.id = %id, %error, "left out of a list"))
                .ok()
        });
        Ok(JobPage {
            jobs: jobs.collect(),
            next,
        })
    }

    /// Job ids are UUIDs of version 7: their order is that of their creation.
    async fn listed(
        &self,
        owner: &Owner,
        query: &ListQuery,
        limit: usize,
    ) -> Result<Vec<JobId>, QueueError> {
        let queue = &self.0;
        let key = match query.state {
            Some(state) => queue.keys.of(&format!("list:{owner}:{state}")),
            None => queue.keys.of(&format!("list:{owner}")),
        };
        let newest = query
            .cursor
            .map_or("+".to_owned(), |cursor| format!("({cursor}"));
        let ids: Vec<String> = queue
            .connection
            .call(
                cmd("ZREVRANGEBYLEX")
                    .arg(key)
                    .arg(newest)
                    .arg("-")
                    .arg("LIMIT")
                    .arg(0)
                    .arg(limit),
            )
            .await?;
        super::lease::ids(&ids)
    }
}
