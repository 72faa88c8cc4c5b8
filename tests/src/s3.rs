//! `S3Server`: a server of S3's protocol for one test, over HTTP on a free port, with a folder of its own.
//!
//! It has threads of its own too, so that its file operations do not show as stalls of the runtime under test.
//! Unlike other servers it answers 500 to a suffix range longer than the object.

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use clap::builder::Resettable;
use clap::{Args, Command, FromArgMatches};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::rt::TokioIo;
use s3s::Body;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use shared::config::StoreArgs;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use url::Url;
use uuid::Uuid;

const BUCKET: &str = "bucket";

/// What becomes of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Serving {
    Answers,
    Errors,
    Nothing,
}

/// Runs until it is dropped.
pub struct S3Server {
    address: SocketAddr,
    access_key: String,
    secret_key: String,
    serving: watch::Sender<Serving>,
    folder: TempDir,
    runtime: Option<Runtime>,
}

impl S3Server {
    /// A server with one empty bucket, that takes one pair of keys.
    ///
    /// # Errors
    /// When the machine has no folder, port or thread to give.
    pub fn start() -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        std::fs::create_dir(folder.path().join(BUCKET))?;
        let access_key = Uuid::new_v4().simple().to_string();
        let secret_key = Uuid::new_v4().simple().to_string();
        let service = service(folder.path(), &access_key, &secret_key)?;
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("s3-server")
            .enable_all()
            .build()?;
        let (serving, is_serving) = watch::channel(Serving::Answers);
        runtime.spawn(accept(listener, service, is_serving));
        Ok(Self {
            address,
            access_key,
            secret_key,
            serving,
            folder,
            runtime: Some(runtime),
        })
    }

    /// How to reach the bucket. The server keeps a key in the name of one file, so `prefix` must be short.
    #[must_use]
    pub fn store_args(&self, prefix: &str) -> StoreArgs {
        let mut args = store_args(&format!("s3://{BUCKET}/{prefix}"));
        let endpoint = Url::parse(&format!("http://{}", self.address));
        args.s3_endpoint = Some(endpoint.expect("an address makes a URL"));
        args.s3_access_key_id = Some(self.access_key.clone());
        args.s3_secret_access_key = Some(self.secret_key.clone().into());
        args
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on requests are read but not answered.
    pub fn pause(&self) {
        self.serving.send_replace(Serving::Nothing);
    }

    /// From now on requests are answered with 503.
    pub fn fail(&self) {
        self.serving.send_replace(Serving::Errors);
    }

    /// Ends a pause or the errors; the requests that came in a pause are answered.
    pub fn resume(&self) {
        self.serving.send_replace(Serving::Answers);
    }

    /// The keys of all objects below `prefix`, without it.
    ///
    /// # Errors
    /// When its folder cannot be read.
    pub fn keys(&self, prefix: &str) -> io::Result<Vec<String>> {
        let root = self.folder.path().join(BUCKET).join(prefix);
        let (mut keys, mut folders) = (Vec::new(), vec![root.clone()]);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder)? {
                let entry = entry?;
                if entry.file_type()?.is_dir() {
                    folders.push(entry.path());
                } else if let Ok(key) = entry.path().strip_prefix(&root) {
                    keys.push(key.to_string_lossy().into_owned());
                }
            }
        }
        Ok(keys)
    }

    /// How many objects it holds.
    ///
    /// # Errors
    /// When its folder cannot be read.
    pub fn objects(&self) -> io::Result<usize> {
        Ok(self.keys("")?.len())
    }

    /// How many parts and records of unfinished uploads it holds.
    ///
    /// # Errors
    /// When its folder cannot be read.
    pub fn unfinished_uploads(&self) -> io::Result<usize> {
        let mut count = 0;
        for entry in std::fs::read_dir(self.folder.path())? {
            let name = entry?.file_name();
            let name = name.to_string_lossy();
            count += usize::from(name.starts_with(".upload") || name.starts_with(".tmp"));
        }
        Ok(count)
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// The defaults of a store at `url`, whatever the environment says.
///
/// # Panics
/// When `url` is none.
#[must_use]
pub fn store_args(url: &str) -> StoreArgs {
    StoreArgs::augment_args(Command::new("store"))
        .mut_args(|arg| arg.env(Resettable::Reset))
        .try_get_matches_from(["store", "--store-url", url])
        .and_then(|matches| StoreArgs::from_arg_matches(&matches))
        .expect("a URL is all that a store needs")
}

fn service(folder: &Path, access_key: &str, secret_key: &str) -> io::Result<S3Service> {
    let files = FileSystem::new(folder).map_err(|error| io::Error::other(format!("{error:?}")))?;
    let mut builder = S3ServiceBuilder::new(files);
    builder.set_auth(SimpleAuth::from_single(access_key, secret_key));
    Ok(builder.build())
}

async fn accept(
    listener: std::net::TcpListener,
    service: S3Service,
    serving: watch::Receiver<Serving>,
) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (socket, _) = listener.accept().await?;
        // Head and body of an answer are two writes. A client that is gone already is no reason to end.
        let _ = socket.set_nodelay(true);
        tokio::spawn(serve(socket, service.clone(), serving.clone()));
    }
}

/// Serves one connection; that it ends early is the client's affair.
async fn serve(socket: TcpStream, service: S3Service, serving: watch::Receiver<Serving>) {
    let answer = service_fn(move |request| {
        let service = service.clone();
        let mut serving = serving.clone();
        async move {
            // An error means that the server is gone, and this task with it.
            let _ = serving
                .wait_for(|serving| *serving != Serving::Nothing)
                .await;
            if *serving.borrow() == Serving::Errors {
                let mut slow_down = Response::new(Body::empty());
                *slow_down.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                return Ok(slow_down);
            }
            hyper::service::Service::call(&service, request).await
        }
    });
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(socket), answer)
        .await;
}
