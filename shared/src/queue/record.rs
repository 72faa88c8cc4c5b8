//! The hash `{name}:job:<id>` and the `JobRecord` that it holds.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::str::FromStr;

use crate::job::{JobError, JobId, JobOptions, JobRecord, Priority, Progress, Stage, State, Tally};
use crate::password::SealedPassword;
use crate::timestamp::Timestamp;

use super::QueueError;

/// The version of the records that this program writes, and the only one that it reads. A field that may be missing needs
/// no new one: whoever does not know it leaves it alone.
pub const RECORD_VERSION: u32 = 1;

/// The fields of a hash, as Redis answers them.
pub(super) type Fields<Name = String> = HashMap<Name, String>;

/// Reads a record.
pub(super) fn decode<Name: Borrow<str> + Eq + Hash>(
    id: JobId,
    fields: &Fields<Name>,
) -> Result<JobRecord, QueueError> {
    if fields
        .get("version")
        .is_some_and(|version| *version != RECORD_VERSION.to_string())
    {
        return Err(QueueError::Version {
            job: id.to_string(),
            expected: RECORD_VERSION,
        });
    }
    let reader = Reader { id, fields };
    let state = reader.required("state")?;
    if state == State::Expired {
        return reader.tombstone();
    }
    Ok(JobRecord {
        id,
        owner: reader.required("owner")?,
        state,
        revision: reader.required("revision")?,
        filename: reader.text("filename"),
        bytes: reader.required("bytes")?,
        sha256: reader.required("sha256")?,
        checksum: reader.optional("checksum")?,
        options: reader.options()?,
        priority: reader.priority()?,
        attempt: reader.required("attempt")?,
        max_attempts: reader.required("max_attempts")?,
        crashes: reader.required("crashes")?,
        created_at: reader.time("created_at")?,
        run_at: reader.time("run_at")?,
        started_at: reader.optional("started_at")?.map(Timestamp::from_millis),
        finished_at: reader.optional("finished_at")?.map(Timestamp::from_millis),
        worker: reader.text("worker"),
        progress: reader.progress()?,
        tally: reader.tally()?,
        error: reader.error()?,
        traceparent: reader.text("traceparent"),
        password: reader.text("password").map(SealedPassword::from_record),
    })
}

/// The fields that tell how far an attempt is.
pub(super) fn progress_fields(progress: &Progress) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("pages_done", progress.pages_done.to_string()),
        ("images", progress.images.to_string()),
    ];
    if let Some(stage) = progress.stage {
        fields.push(("stage", stage.to_string()));
    }
    if let Some(total) = progress.pages_total {
        fields.push(("pages_total", total.to_string()));
    }
    fields
}

/// The fields that tell what a finished job left behind: its progress, which is complete now, and the warnings.
pub(super) fn tally_fields(tally: &Tally) -> Vec<(&'static str, String)> {
    let mut fields = progress_fields(&Progress {
        stage: Some(Stage::Commit),
        pages_done: tally.pages,
        pages_total: Some(tally.pages),
        images: tally.images,
    });
    fields.push(("warnings", tally.warnings.to_string()));
    fields
}

/// The fields that tell why an attempt failed.
pub(super) fn error_fields(error: &JobError) -> Vec<(&'static str, String)> {
    vec![
        ("error_code", error.code.to_string()),
        ("error", error.detail.clone()),
    ]
}

struct Reader<'a, Name> {
    id: JobId,
    fields: &'a Fields<Name>,
}

impl<Name: Borrow<str> + Eq + Hash> Reader<'_, Name> {
    fn text(&self, name: &str) -> Option<String> {
        self.fields.get(name).cloned()
    }

    fn optional<T: FromStr>(&self, name: &str) -> Result<Option<T>, QueueError> {
        let Some(text) = self.fields.get(name) else {
            return Ok(None);
        };
        match text.parse() {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(self.corrupt(format!("its field {name} is malformed"))),
        }
    }

    fn required<T: FromStr>(&self, name: &str) -> Result<T, QueueError> {
        self.optional(name)?
            .ok_or_else(|| self.corrupt(format!("its field {name} is missing")))
    }

    fn time(&self, name: &str) -> Result<Timestamp, QueueError> {
        self.required(name).map(Timestamp::from_millis)
    }

    fn options(&self) -> Result<JobOptions, QueueError> {
        let text: String = self.required("options")?;
        serde_json::from_str(&text).map_err(|_| self.corrupt("its field options is malformed"))
    }

    fn priority(&self) -> Result<Priority, QueueError> {
        let number: u8 = self.required("priority")?;
        Priority::try_from(number).map_err(|_| self.corrupt("its field priority is malformed"))
    }

    fn progress(&self) -> Result<Progress, QueueError> {
        Ok(Progress {
            stage: self.optional("stage")?,
            pages_done: self.optional("pages_done")?.unwrap_or(0),
            pages_total: self.optional("pages_total")?,
            images: self.optional("images")?.unwrap_or(0),
        })
    }

    fn tally(&self) -> Result<Option<Tally>, QueueError> {
        let Some(warnings) = self.optional("warnings")? else {
            return Ok(None);
        };
        Ok(Some(Tally {
            pages: self.required("pages_done")?,
            images: self.required("images")?,
            warnings,
        }))
    }

    fn error(&self) -> Result<Option<JobError>, QueueError> {
        let Some(code) = self.optional("error_code")? else {
            return Ok(None);
        };
        Ok(Some(JobError {
            code,
            detail: self.text("error").unwrap_or_default(),
        }))
    }

    /// A tombstone keeps the owner and the times; the rest is gone.
    fn tombstone(&self) -> Result<JobRecord, QueueError> {
        let created_at = self.time("created_at")?;
        Ok(JobRecord {
            id: self.id,
            owner: self.required("owner")?,
            state: State::Expired,
            revision: self.required("revision")?,
            filename: None,
            bytes: 0,
            sha256: String::new(),
            checksum: None,
            options: JobOptions::default(),
            priority: Priority::default(),
            attempt: 0,
            max_attempts: 0,
            crashes: 0,
            created_at,
            run_at: created_at,
            started_at: None,
            finished_at: self.optional("finished_at")?.map(Timestamp::from_millis),
            worker: None,
            progress: Progress::default(),
            tally: None,
            error: None,
            traceparent: None,
            password: None,
        })
    }

    fn corrupt(&self, why: impl Into<String>) -> QueueError {
        QueueError::corrupt(format!("job {}", self.id), why)
    }
}
