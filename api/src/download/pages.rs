//! `pages.ndjson` → one long text, a line at a time.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use futures::stream::{self, BoxStream, Stream, StreamExt};
use serde::Deserialize;
use shared::store::StoreError;
use thiserror::Error;
use tracing::error;

use crate::index::{ParseError, parse_off_loop};
use crate::state::AppState;

/// Longest line that is read: one page with all its boxes.
const MAX_LINE: usize = 64 << 20;

/// What is taken from each page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    /// The text; each page ends with a form feed, as `pdftotext` writes it.
    Text,
    /// The Markdown; pages are separated by an empty line.
    Markdown,
}

/// Why a text broke off in the middle.
#[derive(Debug, Error)]
pub(crate) enum PagesError {
    #[error("the object store failed: {0}")]
    Store(#[from] StoreError),
    #[error("a line is no page: {0}")]
    Page(#[from] ParseError),
    #[error("a line is longer than {MAX_LINE} bytes")]
    TooLong,
}

/// The text of all pages; in memory is one line at a time.
pub(crate) fn join_pages(
    state: AppState,
    stored: BoxStream<'static, Result<Bytes, StoreError>>,
    field: Field,
) -> impl Stream<Item = Result<Bytes, PagesError>> + Send + 'static {
    let lines = Lines {
        stored,
        buffer: BytesMut::new(),
        searched: 0,
    };
    stream::try_unfold((lines, state), move |(mut lines, state)| async move {
        let page = match lines.next().await? {
            Some(line) => parse_off_loop(&state, line, move |line| field.of_line(line)).await?,
            None => return Ok(None),
        };
        Ok(Some((Bytes::from(page), (lines, state))))
    })
    .inspect(|outcome| {
        if let Err(cause) = outcome {
            error!(error = %cause, "a download broke off");
        }
    })
}

impl Field {
    fn of_line(self, line: &[u8]) -> serde_json::Result<String> {
        let page: Page<'_> = serde_json::from_slice(line)?;
        Ok(match self {
            Self::Text => format!("{}\n\u{c}", page.text.trim_end_matches('\n')),
            Self::Markdown => format!("{}\n\n", page.markdown.unwrap_or_default().trim_end()),
        })
    }
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    text: Cow<'a, str>,
    #[serde(borrow, default)]
    markdown: Option<Cow<'a, str>>,
}

struct Lines {
    stored: BoxStream<'static, Result<Bytes, StoreError>>,
    buffer: BytesMut,
    /// Bytes at the front of the buffer that are known to hold no line feed.
    searched: usize,
}

impl Lines {
    async fn next(&mut self) -> Result<Option<Bytes>, PagesError> {
        loop {
            let fresh = &self.buffer[self.searched..];
            if let Some(at) = fresh.iter().position(|byte| *byte == b'\n') {
                let mut line = self.buffer.split_to(self.searched + at + 1);
                line.truncate(line.len() - 1);
                self.searched = 0;
                return Ok(Some(line.freeze()));
            }
            self.searched = self.buffer.len();
            if self.searched > MAX_LINE {
                return Err(PagesError::TooLong);
            }
            match self.stored.next().await.transpose()? {
                Some(chunk) => self.buffer.extend_from_slice(&chunk),
                None if self.buffer.is_empty() => return Ok(None),
                None => {
                    self.searched = 0;
                    return Ok(Some(self.buffer.split().freeze()));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(parts: &[&'static str]) -> Vec<String> {
        let parts: Vec<_> = parts
            .iter()
            .map(|p| Ok(Bytes::from_static(p.as_bytes())))
            .collect();
        let mut lines = Lines {
            stored: stream::iter(parts).boxed(),
            buffer: BytesMut::new(),
            searched: 0,
        };
        let mut seen = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            seen.push(String::from_utf8(line.to_vec()).unwrap());
        }
        seen
    }

    #[tokio::test]
    async fn lines_are_put_together_from_chunks() {
        assert_eq!(
            lines(&["a\nb", "c", "c\n\nd\n"]).await,
            ["a", "bcc", "", "d"]
        );
        assert_eq!(lines(&["no line feed"]).await, ["no line feed"]);
        assert!(lines(&[]).await.is_empty());
    }

    #[test]
    fn a_page_gives_its_text_or_its_markdown() {
        let line = br##"{"number":1,"width":1,"text":"a \u00e9\n","markdown":"# a\n","blocks":[{"lines":[]}]}"##;
        assert_eq!(Field::Text.of_line(line).unwrap(), "a é\n\u{c}");
        assert_eq!(Field::Markdown.of_line(line).unwrap(), "# a\n\n");
        assert!(Field::Text.of_line(b"{}").is_err());
    }
}
