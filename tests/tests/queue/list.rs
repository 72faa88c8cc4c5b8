//! An owner's jobs, page by page; counts; places in the queue.

use shared::job::{JobId, State};
use shared::queue::{Cursor, InvalidCursor, ListQuery, Outcome};

use crate::bench::{Bench, job_of, owner, tally};

/// Every page of alice's jobs, and the number of pages.
async fn all(bench: &Bench, state: Option<State>, limit: u32) -> (Vec<JobId>, usize) {
    let (mut ids, mut pages, mut cursor) = (Vec::new(), 0, None);
    loop {
        let query = ListQuery {
            state,
            cursor,
            limit,
        };
        let page = bench.queue.list(&owner("alice"), &query).await.unwrap();
        assert!(page.jobs.len() <= limit as usize);
        ids.extend(page.jobs.iter().map(|job| job.id));
        pages += 1;
        match page.next {
            Some(next) => cursor = Some(next.to_string().parse().unwrap()),
            None => return (ids, pages),
        }
    }
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn pages_are_newest_first_and_of_one_owner() {
    let bench = Bench::new().await;
    assert_eq!(all(&bench, None, 10).await, (vec![], 1));
    let mut ids = Vec::new();
    for _ in 0..7 {
        ids.push(bench.submit(&job_of("alice")).await);
        bench.submit(&job_of("bob")).await;
    }
    ids.reverse();
    assert_eq!(all(&bench, None, 3).await, (ids.clone(), 3));
    assert_eq!(all(&bench, None, 7).await, (ids.clone(), 1));
    assert_eq!(all(&bench, Some(State::Queued), 100).await, (ids, 1));
    assert_eq!(all(&bench, Some(State::Dead), 100).await, (vec![], 1));
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_list_by_state_follows_the_jobs() {
    let bench = Bench::new().await;
    let first = bench.submit(&job_of("alice")).await;
    let second = bench.submit(&job_of("alice")).await;
    let lease = bench.claim().await.lease();
    assert_eq!(all(&bench, Some(State::Running), 10).await.0, [first]);
    assert_eq!(all(&bench, Some(State::Queued), 10).await.0, [second]);
    bench
        .queue
        .finish(lease, &Outcome::Succeeded(tally(0)))
        .await
        .unwrap();
    assert_eq!(all(&bench, Some(State::Succeeded), 10).await.0, [first]);
    bench.queue.delete(first).await.unwrap();
    assert_eq!(
        all(&bench, None, 10).await.0,
        [second],
        "an expired job is not listed"
    );
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_cursor_is_what_a_page_gave() {
    assert_eq!("1".parse::<Cursor>(), Err(InvalidCursor));
    let id = JobId::generate().to_string();
    assert_eq!(id.parse::<Cursor>().unwrap().to_string(), id);
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_place_is_among_the_owners_own_jobs() {
    let bench = Bench::new().await;
    bench.submit(&job_of("bob")).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(bench.submit(&job_of("alice")).await);
    }
    let alice = "alice".parse().unwrap();
    let place_of = async |id| bench.queue.position(id, &alice).await.unwrap();
    for (place, id) in (0u64..).zip(&ids) {
        assert_eq!(place_of(*id).await, Some(place));
    }
    bench.queue.cancel(ids[0]).await.unwrap();
    assert_eq!(place_of(ids[0]).await, None);
    assert_eq!(place_of(ids[2]).await, Some(1));
    assert_eq!(place_of(JobId::generate()).await, None);
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn counts_and_the_oldest_wait_follow_the_jobs() {
    let bench = Bench::new().await;
    assert_eq!(bench.queue.oldest_wait().await.unwrap(), None);
    let id = bench.submit(&job_of("alice")).await;
    bench.submit(&job_of("bob")).await;
    bench.rescore("queued", id).await;
    assert!(bench.queue.oldest_wait().await.unwrap().unwrap().as_secs() > 1_000_000);
    bench.claim().await;
    bench.queue.cancel(id).await.unwrap();
    let counts = bench.queue.counts().await.unwrap();
    assert_eq!(
        (counts.waiting(), counts.cancelling, counts.done()),
        (1, 1, 0)
    );
    assert_eq!(counts.of(State::Cancelling), 1);
    assert!(bench.queue.oldest_wait().await.unwrap().unwrap().as_secs() < 1000);
}
