//! `multipart/form-data`: option fields and one file, in any order, in bounded memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use futures::StreamExt;
use futures::stream;
use http::HeaderMap;
use multer::{Constraints, Field, Multipart, SizeLimit};

use super::{Chunks, UploadError};

/// Most parts of a form.
const MAX_PARTS: usize = 32;
/// Largest text field in bytes.
const MAX_TEXT: u64 = 4 * 1024;
/// Bytes that may pass between two parts: boundary, part headers, prologue.
const MAX_BETWEEN: usize = 64 * 1024;

/// A form as it arrives.
pub(crate) struct Form {
    parts: Multipart<'static>,
    between: Between,
    seen: usize,
}

/// One part of a form.
pub(crate) enum Part {
    /// The part named `file`.
    File {
        /// As the client named it.
        filename: Option<String>,
        /// The part's own headers.
        headers: HeaderMap,
        /// Its bytes.
        chunks: Chunks<'static>,
    },
    /// Any other part.
    Text {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
}

impl Form {
    /// `boundary` is that of the content type.
    pub(crate) fn new(body: Chunks<'static>, boundary: &str) -> Self {
        let between = Between::default();
        let limits = SizeLimit::new()
            .per_field(MAX_TEXT)
            .for_field("file", u64::MAX);
        let parts = Multipart::with_constraints(
            one_at_a_time(between.bound(body)),
            boundary,
            Constraints::new().size_limit(limits),
        );
        Self {
            parts,
            between,
            seen: 0,
        }
    }

    /// The next part; the one before must be read or dropped.
    pub(crate) async fn next(&mut self) -> Result<Option<Part>, UploadError> {
        self.between.open();
        let field = self.parts.next_field().await.map_err(form_error)?;
        let Some(field) = field else {
            return Ok(None);
        };
        self.seen += 1;
        if self.seen > MAX_PARTS {
            return Err(UploadError::BadForm(format!("more than {MAX_PARTS} parts")));
        }
        let name = field
            .name()
            .map(str::to_owned)
            .ok_or_else(|| UploadError::BadForm("a part has no name".to_owned()))?;
        if name == "file" {
            self.between.lift();
            return Ok(Some(file(field)));
        }
        let value = field.text().await.map_err(form_error)?;
        Ok(Some(Part::Text { name, value }))
    }
}

fn file(field: Field<'static>) -> Part {
    Part::File {
        filename: field.file_name().map(str::to_owned),
        headers: field.headers().clone(),
        chunks: field.map(|chunk| chunk.map_err(form_error)).boxed(),
    }
}

fn form_error(error: multer::Error) -> UploadError {
    match error {
        multer::Error::StreamReadFailed(source) => match source.downcast::<UploadError>() {
            Ok(upload) => *upload,
            Err(other) => UploadError::Broken(other.to_string()),
        },
        multer::Error::IncompleteStream
        | multer::Error::IncompleteFieldData { .. }
        | multer::Error::IncompleteHeaders => UploadError::Broken(error.to_string()),
        other => UploadError::BadForm(other.to_string()),
    }
}

/// Bounds what multer collects while it looks for the next part; it has no such bound of its own.
#[derive(Clone, Default)]
struct Between(Arc<AtomicUsize>);

impl Between {
    fn open(&self) {
        self.0.store(MAX_BETWEEN, Ordering::Relaxed);
    }

    fn lift(&self) {
        self.0.store(usize::MAX, Ordering::Relaxed);
    }

    fn bound(&self, body: Chunks<'static>) -> Chunks<'static> {
        let left = self.clone();
        body.map(move |chunk| {
            let chunk = chunk?;
            let before = left.0.load(Ordering::Relaxed);
            if before == 0 {
                let why = format!("more than {MAX_BETWEEN} bytes between two parts");
                return Err(UploadError::BadForm(why));
            }
            if before != usize::MAX {
                left.0
                    .store(before.saturating_sub(chunk.len()), Ordering::Relaxed);
            }
            Ok(chunk)
        })
        .boxed()
    }
}

/// multer reads until its source is pending, which a fast client never lets happen: hand out one chunk per poll.
fn one_at_a_time(mut body: Chunks<'static>) -> Chunks<'static> {
    let mut rest = false;
    stream::poll_fn(move |context| {
        rest = !rest;
        if rest {
            body.poll_next_unpin(context)
        } else {
            context.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .boxed()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn form(body: &[u8], chunk: usize) -> Form {
        let chunks: Vec<_> = body
            .chunks(chunk)
            .map(|chunk| Ok(Bytes::copy_from_slice(chunk)))
            .collect();
        Form::new(stream::iter(chunks).boxed(), "X")
    }

    async fn parts(mut form: Form) -> Result<Vec<String>, UploadError> {
        let mut seen = Vec::new();
        while let Some(part) = form.next().await? {
            seen.push(match part {
                Part::Text { name, value } => format!("{name}={value}"),
                Part::File {
                    filename,
                    mut chunks,
                    ..
                } => {
                    let mut bytes = 0;
                    while let Some(chunk) = chunks.next().await {
                        bytes += chunk?.len();
                    }
                    format!("{} of {bytes}", filename.unwrap_or_default())
                }
            });
        }
        Ok(seen)
    }

    const BODY: &[u8] = b"--X\r\nContent-Disposition: form-data; name=\"images\"\r\n\r\nfalse\r\n\
        --X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n\r\n%PDF-1.7\r\n\
        --X\r\nContent-Disposition: form-data; name=\"priority\"\r\n\r\n3\r\n--X--\r\n";

    #[tokio::test]
    async fn parts_come_in_their_order_however_the_bytes_arrive() {
        for chunk in [1, 7, 1000] {
            let seen = parts(form(BODY, chunk)).await.unwrap();
            assert_eq!(
                seen,
                ["images=false", "a.pdf of 8", "priority=3"],
                "chunks of {chunk}"
            );
        }
    }

    #[tokio::test]
    async fn a_form_that_breaks_off_is_not_a_shorter_file() {
        let file = BODY.windows(5).position(|at| at == b"%PDF-").unwrap();
        for end in [file - 10, file + 3, BODY.len() - 10] {
            let cut = parts(form(&BODY[..end], 7)).await;
            assert!(matches!(cut, Err(UploadError::Broken(_))), "{end}: {cut:?}");
        }
    }

    #[tokio::test]
    async fn what_stands_between_parts_is_bounded() {
        let endless = [
            b"--X\r\nContent-Disposition: form-data; x=\"".as_slice(),
            &vec![b'x'; 1 << 20],
        ]
        .concat();
        assert!(matches!(
            parts(form(&endless, 1000)).await,
            Err(UploadError::BadForm(_))
        ));
        let long = [
            b"--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n".as_slice(),
            &vec![b'x'; 1 << 20],
        ]
        .concat();
        assert!(matches!(
            parts(form(&long, 1000)).await,
            Err(UploadError::BadForm(_))
        ));
    }

    #[tokio::test]
    async fn the_number_of_parts_is_bounded() {
        let part = b"--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n";
        let many = [part.repeat(33), b"--X--\r\n".to_vec()].concat();
        assert!(matches!(
            parts(form(&many, 1000)).await,
            Err(UploadError::BadForm(_))
        ));
    }
}
