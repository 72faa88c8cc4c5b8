//! `StoreFixture`: an empty object store and a job in it.

use std::env;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use bytes::Bytes;
use shared::config::{ByteSize, StoreArgs};
use shared::job::JobId;
use shared::store::{ObjectKey, ObjectStore};
use tempfile::TempDir;
use url::Url;

use crate::s3::{S3Server, store_args};

/// The least that S3 allows, so that tests need few bytes to have several parts.
const PART: ByteSize = ByteSize::bytes(5 << 20);

/// A store of one kind, which goes when this is dropped.
pub struct StoreFixture {
    /// The store under test.
    pub store: ObjectStore,
    /// A job without objects.
    pub job: JobId,
    backing: Backing,
}

enum Backing {
    Folder(TempDir),
    Server(S3Server),
    Elsewhere,
}

impl StoreFixture {
    /// A store in a folder.
    pub async fn folder() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = Url::from_directory_path(folder.path()).expect("an absolute path");
        Self::connect(store_args(url.as_str()), Backing::Folder(folder)).await
    }

    /// A store on the server that `TEST_S3_ENDPOINT` names, or on one in this process.
    pub async fn s3() -> Self {
        let (args, backing) = Self::server();
        Self::connect(args, backing).await
    }

    /// The same with no room for uploads that are held: those of known size are passed on as they come.
    pub async fn s3_without_buffer() -> Self {
        let (mut args, backing) = Self::server();
        args.s3_buffer = ByteSize::bytes(0);
        Self::connect(args, backing).await
    }

    fn server() -> (StoreArgs, Backing) {
        if let Some(args) = args_from_environment() {
            return (args, Backing::Elsewhere);
        }
        let server = S3Server::start().expect("an S3 server");
        (server.store_args("p"), Backing::Server(server))
    }

    async fn connect(mut args: StoreArgs, backing: Backing) -> Self {
        args.s3_part_size = PART;
        Self {
            store: ObjectStore::connect(&args).await.expect("a store"),
            job: JobId::generate(),
            backing,
        }
    }

    /// The key of the `n`-th image of the job.
    #[must_use]
    pub fn image(&self, n: usize) -> ObjectKey {
        ObjectKey::Image {
            job: self.job,
            sha256: format!("{n:064x}"),
            extension: "png",
        }
    }

    /// The store's folder, when it has one.
    #[must_use]
    pub fn path(&self) -> Option<PathBuf> {
        match &self.backing {
            Backing::Folder(folder) => Some(folder.path().to_owned()),
            Backing::Server(_) | Backing::Elsewhere => None,
        }
    }

    /// How many files of unfinished uploads the store holds, as far as one can look into it.
    #[must_use]
    pub fn unfinished(&self) -> usize {
        match &self.backing {
            Backing::Folder(folder) => std::fs::read_dir(folder.path().join("incoming"))
                .expect("a folder for what is written")
                .count(),
            Backing::Server(server) => server.unfinished_uploads().expect("the server's folder"),
            Backing::Elsewhere => 0,
        }
    }

    /// Waits until `condition` holds.
    ///
    /// # Panics
    /// When it does not within 10 seconds.
    pub async fn eventually(&self, what: &str, condition: impl Fn() -> bool) {
        let start = Instant::now();
        while !condition() {
            assert!(start.elapsed() < Duration::from_secs(10), "never: {what}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// `size` bytes in which no two stretches are alike.
#[must_use]
pub fn noise(size: usize) -> Bytes {
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(size);
    bytes.into()
}

fn args_from_environment() -> Option<StoreArgs> {
    let endpoint = env::var("TEST_S3_ENDPOINT").ok()?;
    let required = |name: &str| env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let mut args = store_args(&format!(
        "s3://{}/pdf-ingest-tests",
        required("TEST_S3_BUCKET")
    ));
    args.s3_endpoint = Some(Url::parse(&endpoint).expect("TEST_S3_ENDPOINT is a URL"));
    args.s3_region = env::var("TEST_S3_REGION").unwrap_or(args.s3_region);
    args.s3_access_key_id = Some(required("TEST_S3_ACCESS_KEY_ID"));
    args.s3_secret_access_key = Some(required("TEST_S3_SECRET_ACCESS_KEY").into());
    Some(args)
}
