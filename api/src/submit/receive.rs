//! The body of a submit → the store, while its options are read along the way.

use axum::body::Body;
use shared::error_code::ErrorCode;
use shared::job::JobId;
use shared::store::{ObjectKey, PutError};

use super::Ticket;
use super::ticket::{BodyKind, password};
use crate::problem::ApiError;
use crate::state::AppState;
use crate::upload::{Chunks, Digest, Form, Pace, Part, PdfUpload, Received, UploadError, paced};

/// Where an upload goes.
pub(super) enum Sink {
    /// Into the store, as the source of this job.
    Store {
        /// The job.
        job: JobId,
        /// Whether it is there.
        stored: Stored,
    },
    /// Nowhere: only its size and hash are wanted.
    Discard,
}

/// Whether the source of a job is in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    No,
    /// The store did not answer: it may be there, or get there later.
    Maybe,
    Yes,
}

impl Sink {
    pub(super) fn store(job: JobId) -> Self {
        Self::Store {
            job,
            stored: Stored::No,
        }
    }

    pub(super) fn stored(&self) -> Stored {
        match self {
            Self::Store { stored, .. } => *stored,
            Self::Discard => Stored::No,
        }
    }

    async fn take(
        &mut self,
        state: &AppState,
        mut upload: PdfUpload<'_>,
        size: Option<u64>,
    ) -> Result<Received, ApiError> {
        let Self::Store { job, stored } = self else {
            return Ok(upload.discard().await?);
        };
        let key = ObjectKey::Source(*job);
        let put = state.store.put_stream(&key, upload.chunks(), size).await;
        match put {
            Ok(_) => {
                state.store_watch.answered();
                *stored = Stored::Yes;
            }
            Err(PutError::Body(error)) => return Err(error.into()),
            Err(PutError::Store(error)) => {
                *stored = Stored::Maybe; // its answer may be all that was lost
                return Err(error.into());
            }
        }
        Ok(upload.received()?)
    }
}

/// Reads the whole body.
pub(super) async fn receive(
    state: &AppState,
    ticket: &mut Ticket,
    body: Body,
    sink: &mut Sink,
) -> Result<Received, ApiError> {
    let pace = Pace {
        window: state.http.upload_window,
        min_bytes: state.http.upload_min_bytes,
    };
    let chunks = paced(body, pace);
    match ticket.body.clone() {
        BodyKind::Pdf(digest) => {
            let upload = PdfUpload::read(chunks, state.limits.max_upload, digest).await?;
            sink.take(state, upload, ticket.content_length).await
        }
        BodyKind::Form { boundary } => receive_form(state, ticket, chunks, &boundary, sink).await,
    }
}

async fn receive_form(
    state: &AppState,
    ticket: &mut Ticket,
    chunks: Chunks<'static>,
    boundary: &str,
    sink: &mut Sink,
) -> Result<Received, ApiError> {
    let mut form = Form::new(chunks, boundary);
    let mut received = None;
    while let Some(part) = form.next().await? {
        match part {
            Part::Text { name, value } if name == "password" => {
                if ticket.password.replace(password(&value)?).is_some() {
                    let detail = "`password` was given more than once";
                    return Err(ApiError::new(ErrorCode::InvalidOption, detail));
                }
            }
            Part::Text { name, value } => ticket.options.set(&name, &value)?,
            Part::File { .. } if received.is_some() => {
                return Err(
                    UploadError::BadForm("there is more than one `file`".to_owned()).into(),
                );
            }
            Part::File {
                filename,
                headers,
                chunks,
            } => {
                ticket
                    .options
                    .suggest_filename(&filename.unwrap_or_default());
                let digest = Digest::of(&headers)?;
                let upload = PdfUpload::read(chunks, state.limits.max_upload, digest).await?;
                received = Some(sink.take(state, upload, None).await?);
            }
        }
    }
    received.ok_or_else(|| UploadError::BadForm("there is no part `file`".to_owned()).into())
}
