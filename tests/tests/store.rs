//! What every object store does: the same tests on a folder and on an S3 server, with room to hold uploads and without.
//!
//! The server is one in this process, or with `TEST_S3_ENDPOINT` any other: then `TEST_S3_BUCKET`, `TEST_S3_REGION`,
//! `TEST_S3_ACCESS_KEY_ID` and `TEST_S3_SECRET_ACCESS_KEY` say the rest.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::convert::Infallible;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use shared::config::ByteSize;
use shared::job::JobId;
use shared::store::{ByteRange, ObjectInfo, ObjectKey, PutError, StoreError};
use tests::store::{StoreFixture as Fixture, noise};

const MIB: usize = 1 << 20;
const MAX: ByteSize = ByteSize::bytes(64 << 20);

/// Each test once on a folder and once on a server.
macro_rules! on_both_stores {
    ($($test:ident,)+) => {
        mod folder {
            $(#[stall::test(options = tests::GUARDED_CALLS)]
            async fn $test() {
                super::$test(&super::Fixture::folder().await).await;
            })+
        }
        mod s3 {
            $(#[stall::test(options = tests::GUARDED_CALLS)]
            async fn $test() {
                let fixture = super::Fixture::s3().await;
                super::$test(&fixture).await;
                fixture.store.delete_job(fixture.job).await.unwrap();
            })+
        }
    };
}

on_both_stores! {
    what_is_put_is_read_back,
    an_object_may_be_empty,
    ranges_are_cut_out,
    what_is_absent_is_not_found,
    an_object_above_the_callers_limit_is_not_read,
    a_stream_of_any_length_is_stored,
    a_large_stream_arrives_whole,
    a_large_object_is_put_in_one_call,
    a_body_that_breaks_off_leaves_nothing,
    an_upload_that_is_dropped_leaves_nothing,
    puts_at_once_do_not_disturb_each_other,
    a_job_is_listed_and_deleted_whole_and_alone,
    more_objects_than_one_page_are_deleted,
    a_store_that_works_is_ready,
}

/// With room to hold them, uploads of known size are sent like others.
macro_rules! on_a_server_without_buffer {
    ($($test:ident,)+) => {
        mod s3_without_buffer {
            $(#[stall::test(options = tests::GUARDED_CALLS)]
            async fn $test() {
                let fixture = super::Fixture::s3_without_buffer().await;
                super::$test(&fixture).await;
                fixture.store.delete_job(fixture.job).await.unwrap();
            })+
        }
    };
}

on_a_server_without_buffer! {
    an_object_may_be_empty,
    a_stream_of_any_length_is_stored,
    a_body_that_breaks_off_leaves_nothing,
}

async fn what_is_put_is_read_back(f: &Fixture) {
    let key = ObjectKey::Manifest(f.job);
    for _ in 0..2 {
        f.store.put(&key, Bytes::from_static(b"{}")).await.unwrap();
        assert_eq!(f.store.get_bytes(&key, MAX).await.unwrap(), "{}");
    }
    let info = f.store.head(&key).await.unwrap();
    assert_eq!(info, Some(ObjectInfo { bytes: 2 }));
    f.store.delete(&key).await.unwrap();
    assert_eq!(f.store.head(&key).await.unwrap(), None);
}

async fn an_object_may_be_empty(f: &Fixture) {
    let put = ObjectKey::Pages(f.job);
    f.store.put(&put, Bytes::new()).await.unwrap();
    let streamed = ObjectKey::Source(f.job);
    let nothing = stream::empty::<Result<Bytes, Infallible>>();
    let bytes = f.store.put_stream(&streamed, nothing, None).await.unwrap();
    assert_eq!(bytes, 0);
    for key in [put, streamed] {
        let object = f.store.get(&key, None).await.unwrap();
        assert_eq!((object.start, object.len, object.total), (0, 0, 0));
        assert_eq!(object.collect(MAX).await.unwrap(), "");
        let range = f.store.get(&key, Some(ByteRange::From(0))).await;
        assert!(matches!(
            range.err(),
            Some(StoreError::RangeNotSatisfiable { total: 0 })
        ));
    }
}

async fn ranges_are_cut_out(f: &Fixture) {
    let key = ObjectKey::Pages(f.job);
    let bytes = noise(600_000);
    f.store.put(&key, bytes.clone()).await.unwrap();
    for (range, wanted) in [
        (ByteRange::Closed { first: 0, last: 0 }, 0..1),
        (ByteRange::at(1000, 500_000).unwrap(), 1000..501_000),
        (
            ByteRange::Closed {
                first: 599_990,
                last: 700_000,
            },
            599_990..600_000,
        ),
        (ByteRange::From(599_999), 599_999..600_000),
        (ByteRange::Last(7), 599_993..600_000),
        (ByteRange::Last(600_000), 0..600_000),
    ] {
        let object = f.store.get(&key, Some(range)).await.unwrap();
        let offsets = (object.start, object.len, object.total);
        assert_eq!(
            offsets,
            (wanted.start as u64, wanted.len() as u64, 600_000),
            "{range:?}"
        );
        assert_eq!(
            object.collect(MAX).await.unwrap(),
            bytes.slice(wanted),
            "{range:?}"
        );
    }
    let behind = f.store.get(&key, Some(ByteRange::From(600_000))).await;
    assert!(matches!(
        behind.err(),
        Some(StoreError::RangeNotSatisfiable { total: 600_000 })
    ));
}

async fn what_is_absent_is_not_found(f: &Fixture) {
    let key = ObjectKey::Source(f.job);
    for range in [None, Some(ByteRange::From(3))] {
        let error = f.store.get(&key, range).await.err().unwrap();
        assert!(matches!(error, StoreError::NotFound), "{error}");
        assert!(!error.is_transient());
    }
    assert_eq!(f.store.head(&key).await.unwrap(), None);
    f.store.delete(&key).await.unwrap();
    assert!(f.store.list_job(f.job).await.unwrap().is_empty());
    assert_eq!(f.store.delete_job(f.job).await.unwrap(), 0);
}

async fn an_object_above_the_callers_limit_is_not_read(f: &Fixture) {
    let key = ObjectKey::Pages(f.job);
    f.store.put(&key, noise(1001)).await.unwrap();
    let limit = ByteSize::bytes(1000);
    let error = f.store.get_bytes(&key, limit).await.unwrap_err();
    assert!(matches!(error, StoreError::TooLarge { limit: l } if l == limit));
    let enough = ByteSize::bytes(1001);
    assert_eq!(f.store.get_bytes(&key, enough).await.unwrap().len(), 1001);
}

/// Around the sizes at which a part, or a chunk, is full; announced, and not.
async fn a_stream_of_any_length_is_stored(f: &Fixture) {
    let key = ObjectKey::Source(f.job);
    for size in [1, 256 << 10, (5 * MIB) - 1, 5 * MIB, (5 * MIB) + 1] {
        let bytes = noise(size);
        for announced in [None, Some(size as u64)] {
            let body = chunks(&bytes, 100_000);
            let stored = f.store.put_stream(&key, body, announced).await.unwrap();
            assert_eq!(stored, size as u64);
            assert!(
                f.store.get_bytes(&key, MAX).await.unwrap() == bytes,
                "{size}"
            );
        }
    }
}

async fn a_large_stream_arrives_whole(f: &Fixture) {
    let key = ObjectKey::Source(f.job);
    let bytes = noise(30 * MIB + 17);
    let body = chunks(&bytes, 70_001);
    let stored = f.store.put_stream(&key, body, None).await.unwrap();
    assert_eq!(stored, bytes.len() as u64);
    let object = f.store.get(&key, None).await.unwrap();
    assert_eq!(object.total, bytes.len() as u64);
    let mut offset = 0;
    let mut body = object.body;
    while let Some(chunk) = body.try_next().await.unwrap() {
        assert!(chunk == bytes[offset..offset + chunk.len()], "{offset}");
        offset += chunk.len();
    }
    assert_eq!(offset, bytes.len());
    assert_eq!(f.unfinished(), 0);
}

async fn a_large_object_is_put_in_one_call(f: &Fixture) {
    let key = f.image(1);
    let bytes = noise(12 * MIB);
    f.store.put(&key, bytes.clone()).await.unwrap();
    assert!(f.store.get_bytes(&key, MAX).await.unwrap() == bytes);
}

async fn a_body_that_breaks_off_leaves_nothing(f: &Fixture) {
    let key = ObjectKey::Source(f.job);
    for sent in [0, 1, 5 * MIB, 17 * MIB] {
        let bytes = noise(sent);
        let body = chunks(&bytes, 100_000).map(|chunk| chunk.map_err(|never| match never {}));
        let body = body.chain(stream::iter([Err("the client went away")]));
        let outcome = f.store.put_stream(&key, body, Some(1 << 30)).await;
        assert!(matches!(
            outcome,
            Err(PutError::Body("the client went away"))
        ));
        assert!(f.store.list_job(f.job).await.unwrap().is_empty());
        f.eventually("the server has noticed", || f.unfinished() == 0)
            .await;
        assert!(f.store.list_job(f.job).await.unwrap().is_empty());
    }
}

async fn an_upload_that_is_dropped_leaves_nothing(f: &Fixture) {
    let key = ObjectKey::Source(f.job);
    let bytes = noise(17 * MIB);
    let endless = chunks(&bytes, 100_000).chain(stream::pending());
    let upload = f.store.put_stream(&key, endless, None);
    let waited = tokio::time::timeout(std::time::Duration::from_secs(1), upload).await;
    assert!(waited.is_err(), "the body never ends");
    f.eventually("the upload is removed", || f.unfinished() == 0)
        .await;
    assert!(f.store.list_job(f.job).await.unwrap().is_empty());
}

async fn puts_at_once_do_not_disturb_each_other(f: &Fixture) {
    let same = ObjectKey::Pages(f.job);
    let bytes = noise(300_000);
    let puts = stream::iter(0..100).map(|n| {
        let (same, bytes) = (&same, &bytes);
        async move {
            f.store.put(&f.image(n), Bytes::from(n.to_string())).await?;
            f.store.put(same, bytes.clone()).await
        }
    });
    puts.buffer_unordered(16).try_collect::<()>().await.unwrap();
    for n in 0..100 {
        let stored = f.store.get_bytes(&f.image(n), MAX).await.unwrap();
        assert_eq!(stored, n.to_string());
    }
    assert!(f.store.get_bytes(&same, MAX).await.unwrap() == bytes);
    assert_eq!(f.unfinished(), 0);
}

async fn a_job_is_listed_and_deleted_whole_and_alone(f: &Fixture) {
    let other = JobId::generate();
    for key in [
        ObjectKey::Source(f.job),
        f.image(1),
        ObjectKey::Pages(f.job),
        ObjectKey::Manifest(f.job),
        ObjectKey::Source(other),
    ] {
        f.store.put(&key, Bytes::from_static(b"x")).await.unwrap();
    }
    let mut wanted = [
        ObjectKey::Source(f.job).path(),
        f.image(1).path(),
        ObjectKey::Pages(f.job).path(),
        ObjectKey::Manifest(f.job).path(),
    ];
    wanted.sort();
    assert_eq!(f.store.list_job(f.job).await.unwrap(), wanted);
    assert_eq!(f.store.delete_job(f.job).await.unwrap(), 4);
    assert!(f.store.list_job(f.job).await.unwrap().is_empty());
    assert_eq!(f.store.list_job(other).await.unwrap().len(), 1);
    assert_eq!(f.store.delete_job(other).await.unwrap(), 1);
}

async fn more_objects_than_one_page_are_deleted(f: &Fixture) {
    let puts = stream::iter(0..1005).map(|n| async move {
        let image = f.image(n);
        f.store.put(&image, Bytes::from_static(b"x")).await
    });
    puts.buffer_unordered(16).try_collect::<()>().await.unwrap();
    assert_eq!(f.store.list_job(f.job).await.unwrap().len(), 1005);
    assert_eq!(f.store.delete_job(f.job).await.unwrap(), 1005);
    assert!(f.store.list_job(f.job).await.unwrap().is_empty());
}

async fn a_store_that_works_is_ready(f: &Fixture) {
    f.store.check().await.unwrap();
    assert_eq!(f.unfinished(), 0);
}

fn chunks(
    bytes: &Bytes,
    size: usize,
) -> impl futures::Stream<Item = Result<Bytes, Infallible>> + Send + use<> {
    let bytes = bytes.clone();
    let starts = (0..bytes.len()).step_by(size);
    stream::iter(starts.map(move |start| Ok(bytes.slice(start..bytes.len().min(start + size)))))
}
