//! `Prefer: wait=N` (RFC 7240): how long the client would wait for a finished job.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

/// What the client prefers; what cannot be read is ignored, as the RFC asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Prefer {
    /// Seconds to wait before the answer says that it is not done yet.
    wait: Option<u32>,
}

impl Prefer {
    /// The response header that tells which preference was met.
    pub(crate) const APPLIED: HeaderName = HeaderName::from_static("preference-applied");

    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let wait = headers
            .get_all("prefer")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|line| line.split(','))
            .filter_map(|preference| preference.split(';').next()?.split_once('='))
            .filter(|(name, _)| name.trim().eq_ignore_ascii_case("wait"))
            .find_map(|(_, value)| value.trim().trim_matches('"').parse().ok());
        Self { wait }
    }

    /// How long to wait, at most `limit`.
    pub(crate) fn wait(self, limit: Duration) -> Option<Duration> {
        Some(Duration::from_secs(self.wait?.into()).min(limit))
    }

    /// The value of [`Self::APPLIED`].
    pub(crate) fn applied(self) -> Option<HeaderValue> {
        let wait = self.wait?;
        HeaderValue::try_from(format!("wait={wait}")).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_readable_wait_counts() {
        let of = |value: &'static str| {
            Prefer::of(&HeaderMap::from_iter([(
                HeaderName::from_static("prefer"),
                HeaderValue::from_static(value),
            )]))
            .wait(Duration::from_secs(60))
            .map(|wait| wait.as_secs())
        };
        assert_eq!(of("wait=10"), Some(10));
        assert_eq!(of("respond-async, Wait=\"5\"; x=y"), Some(5));
        assert_eq!(of("wait=100"), Some(60));
        assert_eq!(of("wait=soon"), None);
        assert_eq!(of("respond-async"), None);
    }
}
