//! Tables of facts by glyph name, one name and its values per line.

use std::cmp::Ordering;
use std::sync::OnceLock;

/// A text whose lines are sorted by the bytes of their names; split into lines when first used.
pub(super) struct NameTable {
    source: &'static str,
    lines: OnceLock<Vec<&'static str>>,
}

impl NameTable {
    pub(super) const fn new(source: &'static str) -> Self {
        Self {
            source,
            lines: OnceLock::new(),
        }
    }

    /// What follows `name` and a space on its line.
    pub(super) fn get(&self, name: &[u8]) -> Option<&'static str> {
        let lines = self.lines();
        let index = lines.binary_search_by(|line| compare(line.as_bytes(), name));
        lines[index.ok()?].get(name.len() + 1..)
    }

    fn lines(&self) -> &[&'static str] {
        self.lines.get_or_init(|| self.source.lines().collect())
    }
}

/// No name has a byte below the space that ends it, so lines compare as their names do.
fn compare(line: &[u8], name: &[u8]) -> Ordering {
    let front = line.get(..name.len()).unwrap_or(line);
    front.cmp(name).then_with(|| match line.get(name.len()) {
        Some(b' ') => Ordering::Equal,
        _ => Ordering::Greater,
    })
}

#[cfg(test)]
impl NameTable {
    /// Every name of the table is found with its own values.
    pub(super) fn assert_complete(&self) {
        for line in self.lines() {
            let (name, values) = line.split_once(' ').unwrap();
            assert_eq!(self.get(name.as_bytes()), Some(values), "{name}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_begin_alike_are_told_apart() {
        let table = NameTable::new("A 1\nAE 2\nAEacute 3 4\nB 5");
        table.assert_complete();
        assert_eq!(table.get(b"AEacute"), Some("3 4"));
        for missing in [&b""[..], b"AEa", b"AEacutes", b"A 1", b"C", b"0"] {
            assert_eq!(table.get(missing), None);
        }
    }
}
