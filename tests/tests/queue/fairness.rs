//! Who is served next when several owners wait.

use std::time::Duration;

use shared::config::QueueArgs;
use shared::queue::{Announced, Full, NewJob, Outcome, Submitted, Whose};

use uuid::Uuid;

use crate::bench::{Bench, args, job_of, priority, tally, worker};

/// The owners of the next `n` jobs, each finished at once.
async fn serve(bench: &Bench, n: usize) -> Vec<String> {
    let mut owners = Vec::new();
    for _ in 0..n {
        let claim = bench.claim().await;
        owners.push(claim.record.owner.to_string());
        bench
            .queue
            .finish(claim.lease(), &Outcome::Succeeded(tally(0)))
            .await
            .unwrap();
    }
    owners
}

async fn submit(bench: &Bench, owner: &str, n: usize) {
    for _ in 0..n {
        bench.submit(&job_of(owner)).await;
    }
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn owners_take_turns_however_much_one_has_waiting() {
    let bench = Bench::new().await;
    submit(&bench, "big", 20).await;
    submit(&bench, "small", 3).await;
    let owners = serve(&bench, 8).await;
    let small = owners[..6].iter().filter(|owner| *owner == "small").count();
    assert_eq!(small, 3, "{owners:?}");
    assert_eq!(owners[6..], ["big", "big"]);
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn jobs_claimed_together_are_of_the_owners_that_would_come_one_by_one() {
    let (together, one_by_one) = (Bench::new().await, Bench::new().await);
    let waiting = [("middle", 20), ("third", 9), ("first", 4)];
    for ((owner, n), served) in waiting.into_iter().zip([5, 2, 16]) {
        submit(&together, owner, n).await;
        submit(&one_by_one, owner, n).await;
        let (worker, request) = (worker("w1"), Uuid::now_v7());
        let claims = together.queue.claim_up_to(&worker, request, served);
        let owners: Vec<_> = claims
            .await
            .unwrap()
            .iter()
            .map(|claim| claim.record.owner.to_string())
            .collect();
        assert_eq!(owners, serve(&one_by_one, served).await);
    }
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn an_owner_gains_nothing_by_having_been_away() {
    let bench = Bench::new().await;
    submit(&bench, "steady", 40).await;
    serve(&bench, 20).await;
    submit(&bench, "back", 20).await;
    let owners = serve(&bench, 10).await;
    let back = owners.iter().filter(|owner| *owner == "back").count();
    assert!((4..=6).contains(&back), "{owners:?}");
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn an_owner_gains_nothing_by_coming_back_for_every_job() {
    let bench = Bench::new().await;
    submit(&bench, "steady", 20).await;
    let mut served = 0;
    for _ in 0..10 {
        submit(&bench, "hopper", 1).await;
        while serve(&bench, 1).await == ["steady"] {
            served += 1;
        }
    }
    assert!(
        (8..=11).contains(&served),
        "the other one was served {served} times meanwhile"
    );
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn priorities_count_among_one_owners_jobs_only() {
    let bench = Bench::new().await;
    for _ in 0..4 {
        bench
            .submit(&NewJob {
                priority: priority(0),
                ..job_of("urgent")
            })
            .await;
    }
    submit(&bench, "plain", 4).await;
    let owners = serve(&bench, 4).await;
    assert_eq!(
        owners.iter().filter(|owner| *owner == "plain").count(),
        2,
        "{owners:?}"
    );
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn an_owner_at_its_running_limit_lets_others_pass() {
    let bench = Bench::with(QueueArgs {
        owner_running: 2,
        ..args()
    })
    .await;
    submit(&bench, "big", 5).await;
    submit(&bench, "small", 1).await;
    let mut claims = Vec::new();
    while let Some(claim) = bench.try_claim().await {
        claims.push(claim);
    }
    let running = |name: &str| {
        claims
            .iter()
            .filter(|claim| claim.record.owner.as_str() == name)
            .count()
    };
    assert_eq!((running("big"), running("small")), (2, 1));

    let big = claims
        .iter()
        .find(|claim| claim.record.owner.as_str() == "big")
        .unwrap();
    bench.queue.cancel(big.record.id).await.unwrap();
    assert!(
        bench.try_claim().await.is_none(),
        "a job that is being cancelled still runs"
    );
    bench
        .queue
        .finish(big.lease(), &Outcome::Cancelled)
        .await
        .unwrap();
    assert_eq!(bench.claim().await.record.owner.as_str(), "big");
    assert!(bench.try_claim().await.is_none());
    let crashed = claims
        .iter()
        .filter(|claim| claim.record.owner.as_str() == "big")
        .nth(1)
        .unwrap();
    bench.expire_lease(crashed.record.id).await;
    assert_eq!(bench.claim().await.record.id, crashed.record.id);
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn an_owner_whose_jobs_fill_its_quota_leaves_room_for_others() {
    let bench = Bench::with(QueueArgs {
        owner_queued: 3,
        ..args()
    })
    .await;
    submit(&bench, "big", 2).await;
    let delay = Duration::from_secs(600);
    bench
        .submit(&NewJob {
            delay,
            ..job_of("big")
        })
        .await;
    let full = |room_in| Full {
        whose: Whose::Owner,
        waiting: 3,
        limit: 3,
        room_in,
    };
    let refused = job_of("big");
    let answer = bench.queue.submit(&refused).await.unwrap();
    assert_eq!(answer, Submitted::Full(full(None)));
    let announced = bench.queue.announce(refused.id, &refused.owner).await;
    assert_eq!(announced.unwrap(), Announced::Full(full(None)));
    assert_eq!(bench.queue.get(refused.id).await.unwrap(), None);

    submit(&bench, "small", 3).await;
    submit(&bench, "-", 4).await; // everybody, where there are no keys
    while bench.claim().await.record.owner != refused.owner {}
    submit(&bench, "big", 1).await;
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn who_is_refused_learns_how_long_it_takes_until_there_is_room() {
    let bench = Bench::with(QueueArgs {
        owner_queued: 10,
        queue_depth: 40,
        ..args()
    })
    .await;
    let room_in = async |owner: &str| match bench.queue.submit(&job_of(owner)).await.unwrap() {
        Submitted::Full(full) => full.room_in,
        other => panic!("{other:?}"),
    };
    submit(&bench, "alice", 10).await;
    assert_eq!(room_in("alice").await, None, "nothing has ended");
    // Six in the last minute, and one that ended before.
    for number in 0..7 {
        let ended = bench.submit(&job_of("-")).await;
        bench.queue.cancel(ended).await.unwrap();
        if number == 6 {
            bench.rescore("done", ended).await;
        }
    }
    assert_eq!(room_in("alice").await, Some(Duration::from_secs(10)));
    submit(&bench, "bob", 10).await;
    assert_eq!(
        room_in("alice").await,
        Some(Duration::from_secs(20)),
        "every second job is bob's"
    );
    submit(&bench, "-", 20).await;
    assert_eq!(room_in("carol").await, Some(Duration::from_secs(10)));
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn owners_that_are_gone_are_forgotten() {
    let bench = Bench::new().await;
    for number in 0..5 {
        submit(&bench, &format!("owner-{number}"), 1).await;
        serve(&bench, 1).await;
    }
    submit(&bench, "last", 2).await;
    serve(&bench, 2).await;
    bench.queue.sweep().await.unwrap();
    assert_eq!(bench.card("owners").await, 0);
    assert!(
        bench.card("idle").await <= 1,
        "those that virtual time has passed are gone"
    );
}
