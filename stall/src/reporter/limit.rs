//! How many stalls are reported one by one: N a minute, and each stack once a minute.

use std::collections::HashMap;

const MINUTE_NS: u64 = 60_000_000_000;

/// Remembers what was reported in the last minute.
#[derive(Debug, Default)]
pub(crate) struct Limit {
    told_ns: HashMap<String, u64>,
    without_stack: u64,
}

impl Limit {
    /// True if a new stall with this fingerprint is to be reported at `now_ns`.
    pub(crate) fn admit(&mut self, fingerprint: &str, per_minute: u32, now_ns: u64) -> bool {
        self.told_ns
            .retain(|_, told_ns| now_ns.saturating_sub(*told_ns) < MINUTE_NS);
        if self.told_ns.contains_key(fingerprint) || self.told_ns.len() >= per_minute as usize {
            return false;
        }
        // Stalls without a stack cannot be told apart: each counts as its own.
        let key = if fingerprint.is_empty() {
            self.without_stack += 1;
            format!("without stack {}", self.without_stack)
        } else {
            fingerprint.to_owned()
        };
        self.told_ns.insert(key, now_ns);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn the_same_stack_is_reported_once_a_minute() {
        let mut limit = Limit::default();
        assert!(limit.admit("a", 5, 1));
        assert!(!limit.admit("a", 5, 59 * SECOND));
        assert!(limit.admit("a", 5, 60 * SECOND + 1));
    }

    #[test]
    fn no_more_than_n_a_minute() {
        let mut limit = Limit::default();
        assert_eq!(
            ["a", "b", "c"].map(|stack| limit.admit(stack, 2, SECOND)),
            [true, true, false]
        );
        assert!(limit.admit("c", 2, 61 * SECOND));
    }

    #[test]
    fn stalls_without_a_stack_are_limited_by_number_only() {
        let mut limit = Limit::default();
        assert_eq!(
            ["", "", ""].map(|stack| limit.admit(stack, 2, SECOND)),
            [true, true, false]
        );
    }
}
