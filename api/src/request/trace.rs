//! `traceparent` (W3C Trace Context, level 1): the trace that a request belongs to.

use http::HeaderMap;

/// A well-formed `traceparent` of version 00.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TraceParent(String);

impl TraceParent {
    /// `None` when the header is missing or malformed: the trace then starts anew (3.2.2.2).
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get("traceparent")?.to_str().ok()?;
        let mut fields = text.split('-');
        let version = fields.next()?;
        let trace = fields.next().filter(|id| is_id(id, 32))?;
        let parent = fields.next().filter(|id| is_id(id, 16))?;
        let flags = fields.next().filter(|flags| is_hex(flags, 2))?;
        let known = version == "00" && fields.next().is_none();
        // A later version is read as far as it is known (3.2.4); ff is forbidden.
        let later = is_hex(version, 2) && version != "00" && version != "ff";
        (known || later).then(|| Self(format!("00-{trace}-{parent}-{flags}")))
    }

    /// As it is stored on the job.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The 32 digits that are the same in every span of the trace.
    pub(crate) fn trace_id(&self) -> &str {
        &self.0[3..35]
    }
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_id(text: &str, length: usize) -> bool {
    is_hex(text, length) && text.bytes().any(|byte| byte != b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<TraceParent> {
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", text.parse().unwrap());
        TraceParent::of(&headers)
    }

    #[test]
    fn reads_what_the_recommendation_gives_as_examples() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let parent = of(text).unwrap();
        assert_eq!(parent.as_str(), text);
        assert_eq!(parent.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(of(&text.replacen("00", "cc", 1)), Some(parent));
    }

    #[test]
    fn malformed_headers_start_a_new_trace() {
        for text in [
            "",
            "00",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
