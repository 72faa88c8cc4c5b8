//! What Redis must hold, given the model: every record, every set and every count.

use std::collections::HashMap;

use redis::{cmd, pipe};
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
    let states: Vec<State> = State::ALL
        .iter()
        .copied()
        .filter(|state| *state != State::Expired)
        .collect();
    let mut expected: Vec<(String, Vec<JobId>)> = Vec::new();
    for (set, states) in SETS {
        expected.push((set.to_owned(), model.in_states(states)));
    }
    for owner in OWNERS {
        expected.push((
            format!("pending:{owner}"),
            of(model, owner, &[State::Queued]),
        ));
        expected.push((format!("list:{owner}"), of(model, owner, &states)));
        for state in &states {
            expected.push((format!("list:{owner}:{state}"), of(model, owner, &[*state])));
        }
    }
    let mut sets = pipe();
    for (set, _) in &expected {
        sets.zrange(key(set), 0, -1);
    }
    let found: Vec<Vec<String>> = bench.raw_pipe(&sets).await;
    for ((set, jobs), found) in expected.iter().zip(found) {
        let found = ids_of(found.iter().map(|id| id.parse().unwrap()));
        assert_eq!(found, *jobs, "{set}");
    }

    let counts = bench.queue.counts().await.unwrap();
    for state in states {
        assert_eq!(
            counts.of(state),
            model.in_states(&[state]).len() as u64,
            "{state}"
        );
    }
    check_records(bench, model).await;
    check_owners(bench, model).await;
}

async fn check_records(bench: &Bench, model: &Model) {
    if model.jobs.is_empty() {
        return;
    }
    let mut hashes = pipe();
    for id in model.jobs.keys() {
        hashes.hgetall(key(&format!("job:{id}")));
    }
    let hashes: Vec<HashMap<String, String>> = bench.raw_pipe(&hashes).await;
    for ((id, job), hash) in model.jobs.iter().zip(hashes) {
        assert_eq!(
            (hash["state"].as_str(), &hash["owner"]),
            (job.state.as_str(), &job.owner),
            "{id}"
        );
        if job.state == State::Expired {
            continue;
        }
        let number = |field: &str| hash[field].parse::<u32>().unwrap();
        assert_eq!(
            (number("attempt"), number("crashes")),
            (job.attempt, job.crashes),
            "{id}"
        );
        assert!(number("attempt") <= number("max_attempts"), "{id}");
        assert_eq!(
            hash.contains_key("finished_at"),
            job.state.is_terminal(),
            "{id}"
        );
    }
}

/// Owners that wait are exactly those with queued jobs that are below their limit.
async fn check_owners(bench: &Bench, model: &Model) {
    let waiting: Vec<String> = bench
        .raw(cmd("ZRANGE").arg(key("owners")).arg(0).arg(-1))
        .await;
    let limit = bench.queue.args().owner_running as usize;
    for owner in OWNERS {
        let held = of(model, owner, &[State::Running, State::Cancelling]).len();
        let may = held < limit && !of(model, owner, &[State::Queued]).is_empty();
        assert_eq!(waiting.iter().any(|name| name == owner), may, "{owner}");
    }
}

fn of(model: &Model, owner: &str, states: &[State]) -> Vec<JobId> {
    let mut ids = model.in_states(states);
    ids.retain(|id| model.jobs[id].owner == owner);
    ids
}
