//! Several jobs in one call.

use shared::config::QueueArgs;
use shared::job::State;
use shared::queue::{Claim, Finished, Lease, Outcome};
use uuid::Uuid;

use crate::bench::{Bench, args, damage, job_of, key, outage, stale, tally, worker};

async fn claim(bench: &Bench, request: Uuid, slots: usize) -> Vec<Claim> {
    bench
        .queue
        .claim_up_to(&worker("w1"), request, slots)
        .await
        .unwrap()
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_claim_for_several_slots_takes_owners_in_turns_and_no_more_than_there_is() {
    let bench = Bench::new().await;
    for owner in ["a", "a", "a", "b"] {
        bench.submit(&job_of(owner)).await;
    }
    let claims = claim(&bench, Uuid::now_v7(), 3).await;
    let mut owners: Vec<_> = claims
        .iter()
        .map(|claim| claim.record.owner.to_string())
        .collect();
    owners.sort_unstable();
    assert_eq!(owners, ["a", "a", "b"]);
    assert_eq!(claim(&bench, Uuid::now_v7(), 3).await.len(), 1);
    assert_eq!(claim(&bench, Uuid::now_v7(), 3).await, []);
    let counts = bench.queue.counts().await.unwrap();
    assert_eq!((counts.queued, counts.running), (0, 4));
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_claim_answers_the_record_as_it_is_stored() {
    let bench = Bench::new().await;
    bench.submit_one().await;
    let claim = bench.claim().await;
    assert_eq!(claim.record, bench.get(claim.record.id).await);
    let retry = Outcome::Retry { error: outage() };
    bench.queue.finish(claim.lease(), &retry).await.unwrap();
    bench.make_due(claim.record.id).await;
    let second = bench.claim().await;
    assert_eq!(second.record, bench.get(second.record.id).await);
    assert_eq!(second.record.attempt, 2);
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_claim_made_again_answers_what_is_still_held_of_it() {
    let bench = Bench::new().await;
    for _ in 0..3 {
        bench.submit_one().await;
    }
    let request = Uuid::now_v7();
    let first = claim(&bench, request, 2).await;
    assert_eq!(claim(&bench, request, 2).await, first);
    let done = Outcome::Succeeded(tally(0));
    bench.queue.finish(first[0].lease(), &done).await.unwrap();
    assert_eq!(claim(&bench, request, 2).await, first[1..]);
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn outcomes_reported_together_end_each_attempt_in_its_own_way() {
    let bench = Bench::new().await;
    for _ in 0..4 {
        bench.submit_one().await;
    }
    let leases: Vec<Lease> = claim(&bench, Uuid::now_v7(), 4)
        .await
        .iter()
        .map(Claim::lease)
        .collect();
    let (done, failed) = (Outcome::Succeeded(tally(1)), Outcome::Failed(damage()));
    let (retry, released) = (Outcome::Retry { error: outage() }, Outcome::Release);
    let ended = [
        (leases[0], &done),
        (leases[1], &failed),
        (stale(leases[2]), &done),
        (leases[2], &retry),
        (leases[3], &released),
    ];
    let states = [
        Finished::Done(State::Partial),
        Finished::Done(State::Failed),
        Finished::Stale,
        Finished::Done(State::Retrying),
        Finished::Done(State::Queued),
    ];
    assert_eq!(bench.queue.finish_all(&ended).await.unwrap(), states);
    assert_eq!(bench.get(leases[0].job).await.tally, Some(tally(1)));
    assert_eq!(bench.get(leases[1].job).await.error, Some(damage()));
    assert_eq!(bench.card("running").await, 0);
    assert_eq!(bench.card("queued").await, 1);
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn what_one_call_changed_is_one_event() {
    let bench = Bench::new().await;
    let mut jobs = [bench.submit_one().await, bench.submit_one().await];
    claim(&bench, Uuid::now_v7(), 2).await;
    let newest: Vec<(String, Vec<(String, String)>)> = bench
        .raw(
            redis::cmd("XREVRANGE")
                .arg(key("events"))
                .arg(&["+", "-", "COUNT", "1"]),
        )
        .await;
    let [(_, changes)] = &newest[..] else {
        panic!("{newest:?}")
    };
    jobs.sort_unstable();
    let expected = jobs.map(|job| (job.to_string(), "running 2".to_owned()));
    assert_eq!(changes[..], expected);
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn counts_agree_with_the_records_when_a_script_fails_on_the_way() {
    let bench = Bench::with(QueueArgs {
        owner_running: 1, // has counts written on the way
        ..args()
    })
    .await;
    let id = bench.submit_one().await;
    let lease = bench.claim().await.lease();
    bench.submit_one().await;
    let events = key("events");
    let _: String = bench
        .raw(redis::cmd("SET").arg(&events).arg("no stream"))
        .await;
    let done = Outcome::Succeeded(tally(0));
    let failed = bench.queue.finish(lease, &done).await;
    assert!(failed.is_err(), "{failed:?}");
    assert_eq!(bench.state(id).await, State::Succeeded);
    let counts = bench.queue.counts().await.unwrap();
    assert_eq!((counts.queued, counts.running, counts.succeeded), (1, 0, 1));
}
