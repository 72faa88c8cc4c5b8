//! The newest stalls, kept in memory for tests, debug endpoints and summaries.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::report::StallReport;

/// How many stalls are kept.
const CAPACITY: usize = 256;

/// A ring of the newest stalls, each in its latest phase. Stalls that were not reported one by one are in it too.
#[derive(Debug, Default)]
pub(crate) struct Recent(Mutex<VecDeque<StallReport>>);

impl Recent {
    /// Adds a stall, or replaces its earlier phase.
    pub(crate) fn put(&self, report: &StallReport) {
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = ring.iter_mut().rev().find(|known| known.id == report.id) {
            known.clone_from(report);
            return;
        }
        if ring.len() == CAPACITY {
            ring.pop_front();
        }
        ring.push_back(report.clone());
    }

    /// Newest first.
    pub(crate) fn list(&self) -> Vec<StallReport> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .rev()
            .cloned()
            .collect()
    }
}
