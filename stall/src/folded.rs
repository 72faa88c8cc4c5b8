//! Lists of stalls for other tools: grouped, as JSON, as folded stacks for flame graphs.

use std::collections::HashMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::report::{Frame, StallReport};

/// Stalls with the same stack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StallGroup {
    /// Their fingerprint.
    pub fingerprint: String,
    /// How many of them are in the list.
    pub count: u64,
    /// Their lengths added up, without starved time, in microseconds.
    pub total_net_us: u64,
    /// The longest.
    pub worst_net_us: u64,
    /// The newest.
    pub newest: StallReport,
}

/// Groups stalls by stack, the costliest group first.
pub fn group(stalls: &[StallReport]) -> Vec<StallGroup> {
    let mut groups = HashMap::<&str, StallGroup>::new();
    for stall in stalls {
        let group = groups
            .entry(&stall.fingerprint)
            .or_insert_with(|| StallGroup {
                fingerprint: stall.fingerprint.clone(),
                count: 0,
                total_net_us: 0,
                worst_net_us: 0,
                newest: stall.clone(),
            });
        group.count += 1;
        group.total_net_us += stall.net_us;
        group.worst_net_us = group.worst_net_us.max(stall.net_us);
        if stall.id > group.newest.id {
            group.newest = stall.clone();
        }
    }
    let mut groups: Vec<StallGroup> = groups.into_values().collect();
    groups.sort_by(|a, b| {
        b.total_net_us
            .cmp(&a.total_net_us)
            .then_with(|| a.fingerprint.cmp(&b.fingerprint))
    });
    groups
}

/// One line for each stack, outermost function first, with the microseconds it stalled: the input of flame-graph tools
/// (`inferno-flamegraph`, `flamegraph.pl`, speedscope). Stalls without a stack are left out.
pub fn folded(stalls: &[StallReport]) -> String {
    let mut text = String::new();
    for group in group(stalls)
        .iter()
        .filter(|group| !group.newest.frames.is_empty())
    {
        text.push_str(&group.newest.runtime);
        for frame in group.newest.frames.iter().rev() {
            text.push(';');
            text.push_str(&name(frame).replace(';', ":"));
        }
        // Writing to a String cannot fail.
        let _ = writeln!(text, " {}", group.total_net_us);
    }
    text
}

/// The function, or where it is if it has no name: an address alone means something else in each module.
fn name(frame: &Frame) -> String {
    match &frame.module {
        Some(module) if frame.function == format!("{:#x}", frame.address) => {
            let file = module.rsplit('/').next().unwrap_or(module);
            format!("{file}+{}", frame.function)
        }
        _ => frame.function.clone(),
    }
}

/// The stalls as a JSON array.
///
/// # Panics
///
/// Never: a report consists of text and numbers.
#[cfg(feature = "json")]
pub fn to_json(stalls: &[StallReport]) -> String {
    json(stalls)
}

/// Reports in any shape.
#[cfg(feature = "json")]
pub(crate) fn json(reports: &(impl Serialize + ?Sized)) -> String {
    serde_json::to_string(reports).expect("a report consists of text and numbers")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_without_a_name_is_told_by_its_module() {
        let frame = |function: &str| Frame {
            function: function.into(),
            file: None,
            line: None,
            inlined: false,
            module: Some("/usr/lib/libc.so.6".into()),
            address: 0x8d1f,
        };
        assert_eq!(name(&frame("0x8d1f")), "libc.so.6+0x8d1f");
        assert_eq!(name(&frame("futex_wait")), "futex_wait");
    }
}
