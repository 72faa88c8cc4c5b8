//! Entity tags: `If-None-Match` and `If-Range` (RFC 9110, 8.8.3, 13.1).

use http::header::{IF_NONE_MATCH, IF_RANGE};
use http::{HeaderMap, HeaderValue};

/// The tag of one representation, with its quotes and without the `W/` of a weak one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ETag {
    quoted: String,
    weak: bool,
}

impl ETag {
    /// The same tag means the same bytes. `opaque` is plain ASCII without quotes.
    pub(crate) fn strong(opaque: &str) -> Self {
        Self {
            quoted: format!("\"{opaque}\""),
            weak: false,
        }
    }

    /// The same tag means the same to a reader; the bytes may differ.
    pub(crate) fn weak(opaque: &str) -> Self {
        Self {
            weak: true,
            ..Self::strong(opaque)
        }
    }

    /// As it stands in `ETag`.
    pub(crate) fn header(&self) -> HeaderValue {
        let prefix = if self.weak { "W/" } else { "" };
        HeaderValue::from_str(&format!("{prefix}{}", self.quoted))
            .expect("an entity tag is plain ASCII")
    }

    /// Whether the client has this representation already: weak comparison.
    pub(crate) fn is_in_if_none_match(&self, headers: &HeaderMap) -> bool {
        headers
            .get_all(IF_NONE_MATCH)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|line| line.split(','))
            .map(str::trim)
            .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == self.quoted)
    }

    /// Whether a range of this representation may be served: no condition, or strong comparison holds.
    pub(crate) fn allows_range(&self, headers: &HeaderMap) -> bool {
        headers
            .get(IF_RANGE)
            .is_none_or(|value| !self.weak && value.as_bytes() == self.quoted.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: http::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn if_none_match_compares_weakly() {
        let tag = ETag::weak("7");
        for same in ["\"7\"", "W/\"7\"", "\"6\", W/\"7\"", "*"] {
            assert!(
                tag.is_in_if_none_match(&with(IF_NONE_MATCH, same)),
                "{same}"
            );
        }
        for other in ["\"8\"", "7", ""] {
            assert!(
                !tag.is_in_if_none_match(&with(IF_NONE_MATCH, other)),
                "{other}"
            );
        }
        assert!(!tag.is_in_if_none_match(&HeaderMap::new()));
    }

    #[test]
    fn if_range_compares_strongly() {
        let tag = ETag::strong("abc");
        assert!(tag.allows_range(&HeaderMap::new()));
        assert!(tag.allows_range(&with(IF_RANGE, "\"abc\"")));
        assert!(!tag.allows_range(&with(IF_RANGE, "W/\"abc\"")));
        assert!(!tag.allows_range(&with(IF_RANGE, "Wed, 21 Oct 2015 07:28:00 GMT")));
    }
}
