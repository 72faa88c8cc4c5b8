//! Ranges of codes → values; where two ranges overlap, the one that came later holds.

use std::collections::BTreeMap;

/// One range and what it stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Entry<V> {
    first: u32,
    last: u32,
    /// The code that `value` belongs to; stays when the front of the range is cut off.
    origin: u32,
    value: V,
}

/// Built by [`RangeMap::collect`], then looked up by binary search.
#[derive(Clone, Debug)]
pub(super) struct RangeMap<V> {
    entries: Vec<Entry<V>>,
}

impl<V: Copy> RangeMap<V> {
    /// Takes `(first, last, value)` in the order in which the document gives them; empty ranges are
    /// left out.
    pub(super) fn collect(ranges: impl IntoIterator<Item = (u32, u32, V)>) -> Self {
        let mut entries: Vec<Entry<V>> = ranges
            .into_iter()
            .filter(|(first, last, _)| first <= last)
            .map(|(first, last, value)| Entry {
                first,
                last,
                origin: first,
                value,
            })
            .collect();
        let ascending = |pair: &[Entry<V>]| pair[0].last < pair[1].first;
        if !entries.windows(2).all(ascending) {
            let in_order = entries.clone();
            entries.sort_by_key(|entry| entry.first);
            if !entries.windows(2).all(ascending) {
                entries = overlaid(in_order);
            }
        }
        Self { entries }
    }

    /// The value of the range that holds `code`, and how far into the range it is.
    pub(super) fn get(&self, code: u32) -> Option<(V, u32)> {
        let after = self.entries.partition_point(|entry| entry.first <= code);
        let entry = self.entries.get(after.checked_sub(1)?)?;
        (code <= entry.last).then_some((entry.value, code.saturating_sub(entry.origin)))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// Lays each range over those before it; what is left of a covered one stays.
fn overlaid<V: Copy>(in_order: Vec<Entry<V>>) -> Vec<Entry<V>> {
    let mut map: BTreeMap<u32, Entry<V>> = BTreeMap::new();
    for new in in_order {
        while let Some((&key, &old)) = map.range(..=new.last).next_back() {
            if old.last < new.first {
                break;
            }
            map.remove(&key);
            if old.last > new.last {
                let first = new.last + 1;
                map.insert(first, Entry { first, ..old });
            }
            if old.first < new.first {
                let last = new.first - 1;
                map.insert(old.first, Entry { last, ..old });
            }
        }
        map.insert(new.first, new);
    }
    map.into_values().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_later_range_covers_an_earlier_one_and_leaves_its_ends() {
        let map = RangeMap::collect([(10, 20, 'a'), (13, 15, 'b'), (30, 30, 'c'), (9, 8, 'd')]);
        assert_eq!(map.get(9), None);
        assert_eq!(map.get(12), Some(('a', 2)));
        assert_eq!(map.get(13), Some(('b', 0)));
        assert_eq!(map.get(16), Some(('a', 6)));
        assert_eq!(map.get(21), None);
        assert_eq!(map.get(30), Some(('c', 0)));
    }

    proptest! {
        #[test]
        fn lookups_agree_with_the_last_range_that_holds_the_code(
            ranges in prop::collection::vec((0u32..60, 0u32..60), 0..12),
        ) {
            let numbered: Vec<_> = ranges
                .iter()
                .enumerate()
                .map(|(index, (first, last))| (*first, *last, index))
                .collect();
            let map = RangeMap::collect(numbered.iter().copied());
            for code in 0..64 {
                let expected = numbered
                    .iter()
                    .rev()
                    .find(|(first, last, _)| (first..=last).contains(&&code))
                    .map(|(first, _, index)| (*index, code - first));
                prop_assert_eq!(map.get(code), expected);
            }
        }

        #[test]
        fn the_ends_of_the_number_range_do_not_overflow(
            first: u32, last: u32, other: u32, code: u32,
        ) {
            let map = RangeMap::collect([(first, last, 0), (other, u32::MAX, 1), (0, other, 2)]);
            map.get(code);
        }
    }
}
