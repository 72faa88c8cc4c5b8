//! The bodies as they are, field by field.

use shared::job::{JobError, Tally};
use shared::owner::Owner;

use super::*;

fn record(state: State) -> JobRecord {
    JobRecord {
        id: "019392ea-1c1e-7cc0-9ffd-0a8f7a1d3c57".parse().unwrap(),
        owner: Owner::anonymous(),
        state,
        revision: 7,
        filename: Some("report \"final\".pdf".to_owned()),
        bytes: 1234,
        sha256: "ab".repeat(32),
        checksum: None,
        options: JobOptions {
            markdown: true,
            ..JobOptions::default()
        },
        priority: 3.try_into().unwrap(),
        attempt: 1,
        max_attempts: 4,
        crashes: 0,
        created_at: Timestamp::from_millis(1_700_000_000_120),
        run_at: Timestamp::from_millis(1_700_000_000_120),
        started_at: None,
        finished_at: None,
        worker: Some("host:1".to_owned()),
        progress: shared::job::Progress::default(),
        tally: None,
        error: None,
        traceparent: None,
        password: None,
    }
}

#[test]
fn a_queued_job() {
    insta::assert_json_snapshot!(Job::new(record(State::Queued), Some(3)));
}

#[test]
fn a_job_with_a_result() {
    let mut record = record(State::Partial);
    record.started_at = Some(Timestamp::from_millis(1_700_000_001_000));
    record.finished_at = Some(Timestamp::from_millis(1_700_000_002_345));
    record.progress = shared::job::Progress {
        stage: Some(Stage::Commit),
        pages_done: 10,
        pages_total: Some(10),
        images: 5,
    };
    record.tally = Some(Tally {
        pages: 10,
        images: 5,
        warnings: 1,
    });
    insta::assert_json_snapshot!(Job::new(record, None));
}

#[test]
fn a_failed_job() {
    let mut record = record(State::Failed);
    record.error = Some(JobError {
        code: ErrorCode::EncryptedPdf,
        detail: "the document asks for a password".to_owned(),
    });
    insta::assert_json_snapshot!(Job::new(record, None));
}

#[test]
fn lists_can_be_narrowed_to_every_state_but_expired() {
    for state in State::ALL {
        let listable = serde_json::from_value::<ListableState>(json!(state));
        assert_eq!(listable.is_ok(), *state != State::Expired, "{state}");
    }
}
