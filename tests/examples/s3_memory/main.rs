//! A server of S3's protocol that keeps objects in memory, for measurements; ends when its standard input does.
//!
//! In production the object store is another machine. On this one it takes the cores from what is measured, so it does
//! as little as the protocol allows: no file, no copy, no digest that nobody asks for.
//! `cargo run --release -p tests --example s3_memory` prints the variables that point pdf-ingest at it.

mod objects;
mod store;

use std::io::{Read as _, Write as _, stdin, stdout};
use std::thread;

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use uuid::Uuid;

use store::MemoryStore;

const BUCKET: &str = "bucket";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let access_key = Uuid::new_v4().simple().to_string();
    let secret_key = Uuid::new_v4().simple().to_string();
    let mut builder = S3ServiceBuilder::new(MemoryStore::default());
    builder.set_auth(SimpleAuth::from_single(&access_key, secret_key.as_str()));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut out = stdout().lock();
    for (name, value) in [
        ("STORE_URL", format!("s3://{BUCKET}/p")),
        ("S3_ENDPOINT", format!("http://{}", listener.local_addr()?)),
        ("S3_ACCESS_KEY_ID", access_key),
        ("S3_SECRET_ACCESS_KEY", secret_key),
    ] {
        writeln!(out, "export {name}={value}")?;
    }
    out.flush()?;
    let (end, ended) = oneshot::channel::<()>();
    thread::spawn(move || {
        // An input that cannot be read has ended too; dropping `end` tells.
        let _ = stdin().read_to_end(&mut Vec::new());
        drop(end);
    });
    tokio::select! {
        _ = ended => Ok(()),
        failure = serve(listener, builder.build()) => Ok(failure?),
    }
}

async fn serve(listener: TcpListener, service: S3Service) -> std::io::Result<()> {
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let connection =
            http1::Builder::new().serve_connection(TokioIo::new(socket), service.clone());
        // That a connection ends early is the client's affair.
        tokio::spawn(async { connection.await.ok() });
    }
}
