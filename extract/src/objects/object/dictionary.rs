//! Dictionaries (ISO 32000-1, 7.3.7): mostly a handful of keys.

use super::{Name, Object};

/// Up to this many entries are searched one by one; more are kept sorted.
const MAX_UNSORTED: usize = 16;

/// Keys and values; of a key that is written twice, the last value.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Dictionary(Box<[(Name, Object)]>);

impl Dictionary {
    /// The value as it is written: it may be a reference.
    pub(crate) fn get(&self, key: &[u8]) -> Option<&Object> {
        let found = if self.0.len() <= MAX_UNSORTED {
            self.0.iter().find(|(name, _)| name.as_slice() == key)
        } else {
            let at = self
                .0
                .binary_search_by(|(name, _)| name.as_slice().cmp(key))
                .ok()?;
            self.0.get(at)
        };
        found.map(|(_, value)| value)
    }

    pub(crate) fn has(&self, key: &[u8]) -> bool {
        self.get(key).is_some()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Name, &Object)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// What both say; where they differ, what `self` says.
    pub(crate) fn or(self, other: Self) -> Self {
        other.0.into_iter().chain(self.0).collect()
    }
}

impl IntoIterator for Dictionary {
    type Item = (Name, Object);
    type IntoIter = std::vec::IntoIter<(Name, Object)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_vec().into_iter()
    }
}

impl FromIterator<(Name, Object)> for Dictionary {
    fn from_iter<T: IntoIterator<Item = (Name, Object)>>(entries: T) -> Self {
        let mut entries: Vec<_> = entries.into_iter().collect();
        if entries.len() > MAX_UNSORTED {
            // The sort is stable: equal keys stay in the order in which they were written.
            entries.sort_by(|(a, _), (b, _)| a.as_slice().cmp(b.as_slice()));
            entries.dedup_by(|later, kept| {
                let same = later.0 == kept.0;
                if same {
                    std::mem::swap(later, kept);
                }
                same
            });
        } else {
            let mut index = 0;
            while index < entries.len() {
                let (key, later) = (&entries[index].0, &entries[index + 1..]);
                if later.iter().any(|(name, _)| name == key) {
                    entries.remove(index);
                } else {
                    index += 1;
                }
            }
        }
        // Sorting can leave few enough entries to be searched one by one, in any order.
        Self(entries.into_boxed_slice())
    }
}

impl std::fmt::Debug for Dictionary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_last_value_of_a_key_counts(keys in prop::collection::vec(0_u8..40, 0..60)) {
            let entries = keys.iter().zip(0..);
            let dict: Dictionary = entries
                .clone()
                .map(|(key, value)| (Name::new(&[*key]), Object::Integer(value)))
                .collect();
            for key in 0..40 {
                let last = entries.clone().filter(|(name, _)| **name == key).last();
                let expected = last.map(|(_, value)| Object::Integer(value));
                prop_assert_eq!(dict.get(&[key]), expected.as_ref());
            }
            let mut distinct = keys.clone();
            distinct.sort_unstable();
            distinct.dedup();
            prop_assert_eq!(dict.iter().count(), distinct.len());
        }
    }

    #[test]
    fn what_both_say_is_taken_from_the_first() {
        let dict = |entries: &[(&str, i64)]| -> Dictionary {
            let entries = entries.iter();
            entries
                .map(|(key, value)| (Name::new(key.as_bytes()), Object::Integer(*value)))
                .collect()
        };
        let joined = dict(&[("A", 1)]).or(dict(&[("A", 2), ("B", 3)]));
        assert_eq!(joined.get(b"A"), Some(&Object::Integer(1)));
        assert_eq!(joined.get(b"B"), Some(&Object::Integer(3)));
    }
}
