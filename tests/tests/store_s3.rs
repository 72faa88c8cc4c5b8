//! What only a server does to an object store: it is away, hangs, refuses, and breaks off.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{StreamExt, stream};
use shared::config::{ByteSize, Problems, StoreArgs};
use shared::job::JobId;
use shared::store::{ObjectKey, ObjectStore, PutError, StoreError};
use tests::s3::{S3Server, store_args};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

const MIB: usize = 1 << 20;
const PART: usize = 5 * MIB;
const MAX: ByteSize = ByteSize::bytes(64 << 20);

async fn connect(args: &StoreArgs) -> ObjectStore {
    ObjectStore::connect(args).await.unwrap()
}

fn at(address: SocketAddr) -> Option<Url> {
    Some(Url::parse(&format!("http://{address}")).unwrap())
}

/// Uploads that are held until they are stored, and uploads that are passed on.
fn with_and_without_buffer(args: StoreArgs) -> [StoreArgs; 2] {
    let mut without = args.clone();
    without.s3_buffer = ByteSize::bytes(0);
    [args, without]
}

/// Every call in turn, each with its outcome.
async fn errors_of_every_call(store: &ObjectStore) -> Vec<StoreError> {
    let job = JobId::generate();
    let key = ObjectKey::Pages(job);
    let body = || stream::iter([Ok::<_, StoreError>(Bytes::from(vec![7; PART + 1]))]);
    let of_put = |error| match error {
        PutError::Store(error) | PutError::Body(error) => error,
    };
    let short = || stream::iter([Ok::<_, StoreError>(Bytes::from_static(b"x"))]);
    vec![
        store.check().await.unwrap_err(),
        store.put(&key, Bytes::from_static(b"x")).await.unwrap_err(),
        of_put(store.put_stream(&key, body(), None).await.unwrap_err()),
        of_put(store.put_stream(&key, short(), Some(1)).await.unwrap_err()),
        store.get(&key, None).await.err().unwrap(),
        store.head(&key).await.unwrap_err(),
        store.delete(&key).await.unwrap_err(),
        store.delete_job(job).await.unwrap_err(),
        store.list_job(job).await.unwrap_err(),
    ]
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_server_that_is_away_is_an_outage() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut args = S3Server::start().unwrap().store_args("p");
    args.s3_endpoint = at(listener.local_addr().unwrap());
    args.s3_part_size = ByteSize::bytes(PART as u64);
    drop(listener);
    for args in with_and_without_buffer(args) {
        for error in errors_of_every_call(&connect(&args).await).await {
            assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
            assert!(error.is_transient());
            assert!(error.to_string().contains("refused"), "{error}");
        }
    }
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_server_that_hangs_is_an_outage_within_the_time_limit() {
    let server = S3Server::start().unwrap();
    let mut args = server.store_args("p");
    args.store_timeout = Duration::from_millis(400);
    args.s3_part_size = ByteSize::bytes(PART as u64);
    for args in with_and_without_buffer(args) {
        server.pause();
        let store = connect(&args).await;
        let start = Instant::now();
        for error in errors_of_every_call(&store).await {
            assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
            assert!(error.to_string().contains("in time"), "{error}");
        }
        assert!(start.elapsed() < 20 * args.store_timeout);
        server.resume();
        store.check().await.unwrap();
    }
}

/// The bodies are short, or in parts: a server that refuses a long body unread closes the connection, and its answer may
/// be lost with it (RFC 9112, section 9.6).
#[stall::test(options = tests::GUARDED_THREAD)]
async fn wrong_credentials_are_denied_and_not_repeated_in_the_message() {
    let server = S3Server::start().unwrap();
    let mut right = server.store_args("p");
    right.s3_part_size = ByteSize::bytes(PART as u64);
    let mut wrong_secret = right.clone();
    wrong_secret.s3_secret_access_key = Some("hunter2hunter2".to_owned().into());
    let mut wrong_key = right.clone();
    wrong_key.s3_access_key_id = Some("AKIAWRONG".to_owned());
    for args in [wrong_secret, wrong_key]
        .into_iter()
        .flat_map(with_and_without_buffer)
    {
        for error in errors_of_every_call(&connect(&args).await).await {
            assert!(matches!(error, StoreError::Denied { .. }), "{error}");
            let text = format!("{error} {error:?}");
            assert!(
                !text.contains("hunter2") && !text.contains("AKIA"),
                "{text}"
            );
        }
    }
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_missing_bucket_is_an_outage() {
    let server = S3Server::start().unwrap();
    let mut args = server.store_args("p");
    args.store_url = Url::parse("s3://elsewhere/p").unwrap();
    let store = connect(&args).await;
    for error in [
        store.check().await.unwrap_err(),
        store.list_job(JobId::generate()).await.unwrap_err(),
    ] {
        assert!(
            error.to_string().contains("bucket does not exist"),
            "{error}"
        );
        assert!(error.is_transient());
    }
}

/// While the server does not answer, a body is read no further than the parts that may be on their way.
#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_stream_is_read_no_faster_than_it_is_stored() {
    let server = Arc::new(S3Server::start().unwrap());
    let mut args = server.store_args("p");
    args.s3_part_size = ByteSize::bytes(PART as u64);
    args.s3_parts_in_flight = 2;
    let store = connect(&args).await;
    let read = Arc::new(AtomicUsize::new(0));
    let total = 60 * MIB;
    let body = stream::iter(0..total / MIB).map({
        let (read, server) = (Arc::clone(&read), Arc::clone(&server));
        move |n| {
            if n == 12 {
                server.pause();
            }
            read.fetch_add(MIB, Ordering::SeqCst);
            Ok::<_, io::Error>(Bytes::from(vec![7; MIB]))
        }
    });
    let key = ObjectKey::Source(JobId::generate());
    let upload = store.put_stream(&key, body, None);
    let resume = async {
        while read.load(Ordering::SeqCst) < 13 * MIB {
            tokio::task::yield_now().await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        let read_in_pause = read.load(Ordering::SeqCst);
        server.resume();
        read_in_pause
    };
    let (stored, read_in_pause) = tokio::join!(upload, resume);
    assert_eq!(stored.unwrap(), total as u64);
    assert!(
        read_in_pause <= 10 * MIB + 3 * PART + 2 * MIB,
        "{read_in_pause}"
    );
    assert!(store.get_bytes(&key, MAX).await.unwrap() == vec![7; total]);
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_body_is_taken_up_where_the_connection_broke() {
    let server = S3Server::start().unwrap();
    let key = ObjectKey::Source(JobId::generate());
    let bytes: Bytes = (0..8 * MIB)
        .map(|n| (n / 1000) as u8)
        .collect::<Vec<_>>()
        .into();
    let direct = connect(&server.store_args("p")).await;
    direct.put(&key, bytes.clone()).await.unwrap();

    let mut args = server.store_args("p");
    let (address, connections) = cut_after(server.address(), 3 * MIB).await;
    args.s3_endpoint = at(address);
    args.store_attempts = 4;
    let store = connect(&args).await;
    assert!(store.get_bytes(&key, MAX).await.unwrap() == bytes);
    assert_eq!(connections.load(Ordering::SeqCst), 3);

    args.store_attempts = 2;
    let error = connect(&args).await.get_bytes(&key, MAX).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
}

/// A way to the server on which each connection breaks after so many bytes of answer.
async fn cut_after(server: SocketAddr, bytes: usize) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(carry(client, server, bytes));
        }
    });
    (address, connections)
}

async fn carry(client: TcpStream, server: SocketAddr, bytes: usize) -> io::Result<()> {
    let server = TcpStream::connect(server).await?;
    let (mut from_client, mut to_client) = client.into_split();
    let (from_server, mut to_server) = server.into_split();
    let requests =
        tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await });
    tokio::io::copy(&mut from_server.take(bytes as u64), &mut to_client).await?;
    to_client.shutdown().await?;
    requests.abort();
    Ok(())
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn urls_that_name_no_store_are_refused() {
    for url in [
        "http://bucket/prefix",
        "s3://key:secret@bucket/prefix",
        "s3://bucket:80/prefix",
        "file://host/folder",
    ] {
        let error = ObjectStore::connect(&store_args(url)).await.unwrap_err();
        assert!(
            matches!(error, StoreError::Misconfigured(_)),
            "{url}: {error}"
        );
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    let shown = connect(&store_args("s3://bucket/a/b/")).await.display_url();
    assert_eq!(shown, "s3://bucket/a/b");
}

#[test]
fn numbers_that_no_server_takes_are_refused() {
    let problems = |change: fn(&mut StoreArgs)| {
        let mut args = store_args("s3://bucket");
        change(&mut args);
        let mut problems = Problems::new();
        args.check(&mut problems);
        problems.into_result()
    };
    assert_eq!(problems(|_| {}), Ok(()));
    for change in [
        (|args| args.s3_part_size = ByteSize::bytes(1 << 20)) as fn(&mut StoreArgs),
        |args| args.s3_parts_in_flight = 0,
        |args| args.store_file_threads = 0,
        |args| args.store_attempts = 0,
        |args| args.store_timeout = Duration::ZERO,
        |args| args.store_url = Url::parse("gs://bucket").unwrap(),
        |args| args.s3_endpoint = Some(Url::parse("s3://host").unwrap()),
    ] {
        assert!(problems(change).is_err());
    }
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_body_that_is_always_ready_lets_other_tasks_run() {
    let server = S3Server::start().unwrap();
    let store = connect(&server.store_args("p")).await;
    let ran = Arc::new(AtomicUsize::new(0));
    let other = Arc::clone(&ran);
    let other = tokio::spawn(async move { other.store(1, Ordering::SeqCst) });
    let ran_at_last = AtomicUsize::new(0);
    let chunks = stream::iter(0..1000).map(|_| {
        ran_at_last.store(ran.load(Ordering::SeqCst), Ordering::SeqCst);
        Ok::<_, StoreError>(Bytes::from_static(b"chunk"))
    });
    let key = ObjectKey::Pages(JobId::generate());
    store.put_stream(&key, chunks, None).await.unwrap();
    other.await.unwrap();
    assert_eq!(ran_at_last.load(Ordering::SeqCst), 1);
}
