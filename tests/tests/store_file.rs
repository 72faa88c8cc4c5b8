//! What only a folder does to an object store: processes that share it crash, and it can be full, gone or read-only.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use shared::store::{ObjectKey, ObjectStore, StoreError};
use tests::s3::store_args;
use tests::store::StoreFixture;
use url::Url;

#[stall::test(options = tests::GUARDED_THREAD)]
async fn what_a_crashed_process_left_is_removed_at_the_next_start() {
    let fixture = StoreFixture::folder().await;
    let root = fixture.path().unwrap();
    let leftover = root.join("incoming/leftover");
    fs::write(&leftover, b"half").unwrap();
    File::options()
        .write(true)
        .open(&leftover)
        .unwrap()
        .set_modified(SystemTime::now() - Duration::from_secs(3600))
        .unwrap();
    let url = Url::from_directory_path(&root).unwrap();
    ObjectStore::connect(&store_args(url.as_str()))
        .await
        .unwrap();
    assert!(!leftover.exists());
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn objects_outlive_the_store_that_wrote_them() {
    let fixture = StoreFixture::folder().await;
    let key = ObjectKey::Manifest(fixture.job);
    fixture
        .store
        .put(&key, Bytes::from_static(b"{}"))
        .await
        .unwrap();
    let file = fixture.path().unwrap().join(key.path());
    assert_eq!(fs::read(file).unwrap(), b"{}");
    let url = fixture.store.display_url();
    assert!(url.starts_with("file:///") && !url.ends_with('/'), "{url}");
    let again = ObjectStore::connect(&store_args(&url)).await.unwrap();
    assert_eq!(again.head(&key).await.unwrap().unwrap().bytes, 2);
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn no_key_leads_out_of_the_folder() {
    let fixture = StoreFixture::folder().await;
    let key = ObjectKey::Image {
        job: fixture.job,
        sha256: "../../../../escaped".to_owned(),
        extension: "png",
    };
    let put = fixture.store.put(&key, Bytes::from_static(b"x")).await;
    assert!(matches!(put, Err(StoreError::InvalidKey)));
    let get = fixture.store.get(&key, None).await.err();
    assert!(matches!(get, Some(StoreError::InvalidKey)));
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_folder_that_is_gone_is_an_outage() {
    let fixture = StoreFixture::folder().await;
    fs::remove_dir_all(fixture.path().unwrap()).unwrap();
    let key = ObjectKey::Manifest(fixture.job);
    for error in [
        fixture.store.check().await.unwrap_err(),
        fixture.store.put(&key, Bytes::new()).await.unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
        assert!(error.is_transient());
    }
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_file_where_a_folder_should_be_is_an_error_and_no_crash() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, b"").unwrap();
    let url = Url::from_file_path(&file).unwrap();
    let error = ObjectStore::connect(&store_args(url.as_str()))
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
}
