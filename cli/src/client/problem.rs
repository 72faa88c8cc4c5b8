//! Problem details (RFC 9457): what a refusal says.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

/// Longest part of a body that is no problem document to be shown.
const MAX_SHOWN_CHARACTERS: usize = 200;

/// A refusal.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Problem {
    /// Of the response.
    pub(crate) status: u16,
    /// When to come back.
    pub(crate) retry_after: Option<Duration>,
    /// The whole document.
    pub(crate) raw: Value,
}

impl Problem {
    /// From a document.
    pub(crate) fn new(status: u16, retry_after: Option<Duration>, raw: Value) -> Self {
        Self {
            status,
            retry_after,
            raw,
        }
    }

    /// From the body of a response; something between the service and us may have written it.
    pub(crate) fn read(status: u16, retry_after: Option<Duration>, body: &str) -> Self {
        let raw = match serde_json::from_str(body) {
            Ok(raw @ Value::Object(_)) => raw,
            _ => {
                let shown: String = body.trim().chars().take(MAX_SHOWN_CHARACTERS).collect();
                json!({ "title": format!("HTTP {status}"), "status": status, "detail": shown })
            }
        };
        Self::new(status, retry_after, raw)
    }

    /// The stable name of what went wrong.
    pub(crate) fn code(&self) -> Option<&str> {
        self.text("code")
    }

    fn text(&self, member: &str) -> Option<&str> {
        self.raw
            .get(member)?
            .as_str()
            .filter(|text| !text.is_empty())
    }
}

/// Title and detail, and on a second line what a report to the operator needs.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text("title").unwrap_or("the service refused"))?;
        if let Some(detail) = self.text("detail") {
            write!(f, ": {detail}")?;
        }
        write!(f, "\n       ")?;
        if let Some(code) = self.code() {
            write!(f, "{code}, ")?;
        }
        write!(f, "HTTP {}", self.status)?;
        if let Some(request) = self.text("request_id") {
            write!(f, ", request {request}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_title_detail_and_request() {
        let body = r#"{"type":"urn:x","title":"The queue is full","status":429,
            "detail":"100000 jobs wait","code":"queue-full","request_id":"r-1"}"#;
        let problem = Problem::read(429, Some(Duration::from_secs(2)), body);
        assert_eq!(
            problem.to_string(),
            "The queue is full: 100000 jobs wait\n       queue-full, HTTP 429, request r-1"
        );
    }

    #[test]
    fn a_page_of_a_proxy_is_shown_in_part() {
        let problem = Problem::read(502, None, &format!("<html>{}", "x".repeat(1000)));
        assert!(problem.to_string().starts_with("HTTP 502: <html>xxx"));
        assert!(problem.to_string().len() < 300);
    }
}
