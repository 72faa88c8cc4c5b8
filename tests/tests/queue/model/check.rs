//! What Redis must hold, given the model: every record, every set and every count.

use std::collections::HashMap;

use redis::cmd;
use shared::job::{JobId, State};

use super::ids_of;
use super::plain::{Model, OWNERS};
use crate::bench::{Bench, key};

/// A live attempt leaves a job in exactly one of these.
const SETS: [(&str, &[State]); 5] = [
    ("queued", &[State::Queued]),
    ("delayed", &[State::Scheduled, State::Retrying]),
    ("running", &[State::Running, State::Cancelling]),
    (
        "done",
        &[
            State::Succeeded,
            State::Partial,
            State::Failed,
            State::Cancelled,
        ],
    ),
    ("dead", &[State::Dead]),
];

pub(super) async fn check(bench: &Bench, model: &Model) {
    for (set, states) in SETS {
        assert_eq!(members(bench, set).await, model.in_states(states), "{set}");
    }
    let mut pending = Vec::new();
    for owner in OWNERS {
        pending.extend(members(bench, &format!("pending:{owner}")).await);
    }
    assert_eq!(
        ids_of(pending),
        model.in_states(&[State::Queued]),
        "pending"
    );

    let counts = bench.queue.counts().await.unwrap();
    for state in State::ALL
        .iter()
        .copied()
        .filter(|state| *state != State::Expired)
    {
        let jobs = model.in_states(&[state]);
        assert_eq!(counts.of(state), jobs.len() as u64, "{state}");
        let mut listed = Vec::new();
        for owner in OWNERS {
            listed.extend(members(bench, &format!("list:{owner}:{state}")).await);
        }
        assert_eq!(ids_of(listed), jobs, "the lists of {state}");
    }
    for id in model.ids() {
        check_record(bench, model, id).await;
    }
    check_owners(bench, model).await;
}

async fn check_record(bench: &Bench, model: &Model, id: JobId) {
    let record = bench.get(id).await;
    let job = &model.jobs[&id];
    assert_eq!(record.state, job.state, "{id}");
    assert_eq!(record.owner.as_str(), job.owner);
    if job.state != State::Expired {
        assert_eq!(
            (record.attempt, record.crashes),
            (job.attempt, job.crashes),
            "{id}"
        );
        assert!(record.attempt <= record.max_attempts);
        assert_eq!(record.finished_at.is_some(), job.state.is_terminal());
    }
}

/// Owners that wait are exactly those with queued jobs that are below their limit.
async fn check_owners(bench: &Bench, model: &Model) {
    let scores: Vec<(String, f64)> = bench
        .raw(
            cmd("ZRANGE")
                .arg(key("owners"))
                .arg(0)
                .arg(-1)
                .arg("WITHSCORES"),
        )
        .await;
    let waiting: HashMap<_, _> = scores.into_iter().collect();
    let limit = bench.queue.args().owner_running as usize;
    for owner in OWNERS {
        let of = |states: &[State]| {
            let ids = model.in_states(states);
            ids.iter()
                .filter(|id| model.jobs[id].owner == owner)
                .count()
        };
        let may = of(&[State::Queued]) > 0 && of(&[State::Running, State::Cancelling]) < limit;
        assert_eq!(waiting.contains_key(owner), may, "{owner}");
    }
}

async fn members(bench: &Bench, set: &str) -> Vec<JobId> {
    let ids: Vec<String> = bench.raw(cmd("ZRANGE").arg(key(set)).arg(0).arg(-1)).await;
    ids_of(ids.iter().map(|id| id.parse().unwrap()))
}
