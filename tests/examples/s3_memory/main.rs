//! A server of S3's protocol that keeps objects in memory, for measurements; ends when its standard input does.
//!
//! In production the object store is another machine. On this one it takes the cores from what is measured, so it does
//! as little as the protocol allows: no file, no digest that nobody asks for.
//! `cargo run --release -p tests --example s3_memory -- 2048` takes 2048 MiB for the objects, then prints the variables
//! that point pdf-ingest at it; without a number objects get new memory.

mod memory;
mod objects;
mod store;

use std::env::args;
use std::io::{Read as _, Write as _, stdin, stdout};

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use uuid::Uuid;

use memory::Memory;
use store::MemoryStore;

const BUCKET: &str = "bucket";

fn main() -> anyhow::Result<()> {
    let mebibytes = args()
        .nth(1)
        .map_or(Ok(0), |number| number.parse::<usize>())?;
    let memory = Memory::touched(mebibytes << 20);
    let runtime = Runtime::new()?;
    let access_key = Uuid::new_v4().simple().to_string();
    let secret_key = Uuid::new_v4().simple().to_string();
    let mut builder = S3ServiceBuilder::new(MemoryStore::new(memory));
    builder.set_auth(SimpleAuth::from_single(&access_key, secret_key.as_str()));
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
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
    runtime.spawn(serve(listener, builder.build()));
    stdin().read_to_end(&mut Vec::new())?;
    Ok(())
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
