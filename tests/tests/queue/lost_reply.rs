//! A reply that is lost on its way: the call is made again by itself, and answers as if nothing had happened.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use shared::config::RedisArgs;
use shared::job::{Progress, State};
use shared::queue::{
    CancelAnswer, DeleteAnswer, Finished, IdempotencyKey, NewJob, Outcome, ProgressAnswer, Queue,
    Renewal, Reservation, RetryAnswer, Submitted,
};
use tests::redis::RedisServer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use uuid::Uuid;

use crate::bench::{args, damage, job, worker, worker_info};

/// Stands between a queue and its Redis.
struct Proxy {
    url: String,
    cut: Arc<AtomicBool>,
}

/// How much of a lost reply arrives.
#[derive(Clone, Copy)]
enum Arrives {
    Nothing,
    Half,
}

impl Proxy {
    async fn before(redis: &RedisServer, arrives: Arrives) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("redis://{}", listener.local_addr().unwrap());
        let cut = Arc::new(AtomicBool::new(false));
        tokio::spawn(accept(listener, redis.socket(), Arc::clone(&cut), arrives));
        Self { url, cut }
    }

    /// Cuts the connection instead of passing the next reply on.
    fn lose_next_reply(&self) {
        self.cut.store(true, Ordering::SeqCst);
    }

    fn has_lost_it(&self) -> bool {
        !self.cut.load(Ordering::SeqCst)
    }
}

async fn accept(listener: TcpListener, socket: PathBuf, cut: Arc<AtomicBool>, arrives: Arrives) {
    while let Ok((client, _)) = listener.accept().await {
        let server = UnixStream::connect(&socket).await.unwrap();
        tokio::spawn(pass(client, server, Arc::clone(&cut), arrives));
    }
}

/// Subscriptions are left whole: their messages are no replies.
async fn pass(
    mut client: TcpStream,
    mut server: UnixStream,
    cut: Arc<AtomicBool>,
    arrives: Arrives,
) {
    let (mut asked, mut answered) = (vec![0; 65536], vec![0; 65536]);
    let mut subscribed = false;
    loop {
        tokio::select! {
            Ok(n) = client.read(&mut asked) => {
                subscribed |= asked[..n].windows(9).any(|word| word == b"SUBSCRIBE");
                if n == 0 || server.write_all(&asked[..n]).await.is_err() {
                    return;
                }
            }
            Ok(n) = server.read(&mut answered) => {
                if n == 0 {
                    return;
                }
                if !subscribed && cut.swap(false, Ordering::SeqCst) {
                    if let Arrives::Half = arrives {
                        let _gone = client.write_all(&answered[..n / 2]).await;
                    }
                    return;
                }
                if client.write_all(&answered[..n]).await.is_err() {
                    return;
                }
            }
            else => return,
        }
    }
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn every_call_answers_as_if_its_reply_had_not_been_lost() {
    lose_every_reply(Arrives::Nothing).await;
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn every_call_answers_as_if_its_reply_had_not_broken_off() {
    lose_every_reply(Arrives::Half).await;
}

async fn lose_every_reply(arrives: Arrives) {
    let redis = RedisServer::start().await.unwrap();
    let proxy = Proxy::before(&redis, arrives).await;
    let queue = Queue::connect(&RedisArgs::at(&proxy.url), &args())
        .await
        .unwrap();
    // Once undisturbed, so that every script is loaded and the lost reply is that of the script itself.
    live(&queue, "first", || {}, || {}).await;
    live(
        &queue,
        "second",
        || proxy.lose_next_reply(),
        || assert!(proxy.has_lost_it()),
    )
    .await;
}

/// Takes a job through every call that changes one.
async fn live(queue: &Queue, name: &str, before: impl Fn(), after: impl Fn()) {
    macro_rules! answers {
        ($call:expr, $expected:expr) => {{
            before();
            assert_eq!($call.await.unwrap(), $expected);
            after();
        }};
    }
    let key: IdempotencyKey = name.parse().unwrap();
    let new = NewJob {
        idempotency: Some(key.clone()),
        ..job()
    };
    answers!(queue.reserve(&new.owner, &key), Reservation::Reserved);
    let submitted = async || {
        queue
            .submit(&new)
            .await
            .map(|answer| matches!(answer, Submitted::Accepted(_)))
    };
    answers!(submitted(), true);
    before();
    let claim = queue
        .claim(&worker("w1"), Uuid::now_v7())
        .await
        .unwrap()
        .unwrap();
    after();
    assert_eq!((claim.record.id, claim.record.attempt), (new.id, 1));
    let lease = claim.lease();
    answers!(
        queue.progress(lease, &Progress::default()),
        ProgressAnswer::Noted
    );
    answers!(
        queue.renew(&worker("w1"), &worker_info("w1"), &[lease]),
        Renewal::default()
    );
    answers!(
        queue.finish(lease, &Outcome::Failed(damage())),
        Finished::Done(State::Failed)
    );
    answers!(queue.retry(new.id), RetryAnswer::Queued);
    answers!(queue.cancel(new.id), CancelAnswer::Cancelled);
    answers!(queue.delete(new.id), DeleteAnswer::Deleted);
}
