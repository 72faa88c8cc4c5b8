//! Stalled lines as a metric label, of which there must not be many.

use std::collections::HashSet;

use crate::report::StallReport;

/// Different values of the label `site`; all further lines share one.
const MAX_SITES: usize = 32;
const OTHERS: &str = "other";

/// The lines that have become label values.
#[derive(Debug, Default)]
pub(crate) struct Sites(HashSet<String>);

impl Sites {
    /// The label value for the line that stalled: `file:line` of the program's innermost frame.
    pub(crate) fn label(&mut self, report: &StallReport) -> String {
        let frame = report.user_frames.first();
        let site =
            frame.and_then(|frame| Some(format!("{}:{}", frame.file.as_ref()?, frame.line?)));
        let Some(site) = site else {
            return OTHERS.to_owned();
        };
        if self.0.len() >= MAX_SITES && !self.0.contains(&site) {
            return OTHERS.to_owned();
        }
        self.0.insert(site.clone());
        site
    }
}
