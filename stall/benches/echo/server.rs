//! The server process: an echo server on a runtime of two workers, plain, instrumented or watched.

use std::io::Read;

use stall::StallProbe;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;

/// Runs it, until its input ends.
pub(crate) fn run(mode: &str) {
    let probe = (mode != "plain").then(|| StallProbe::builder().install().expect("a probe"));
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).enable_all();
    if let Some(probe) = &probe {
        probe.instrument(&mut builder, "echo");
    }
    let runtime = builder.build().expect("a runtime");
    let listener = runtime
        .block_on(TcpListener::bind("127.0.0.1:0"))
        .expect("a port");
    println!("{}", listener.local_addr().expect("bound"));
    let watch = probe.clone().filter(|_| mode == "watched");
    runtime.spawn(accept(listener, watch));
    std::io::stdin()
        .read_to_end(&mut Vec::new())
        .expect("the parent's pipe");
    if let Some(probe) = probe {
        println!("stalls reported: {}", probe.stalls_total());
    }
}

async fn accept(listener: TcpListener, watch: Option<StallProbe>) {
    while let Ok((connection, _)) = listener.accept().await {
        connection.set_nodelay(true).expect("TCP");
        match &watch {
            Some(probe) => tokio::spawn(probe.watch(echo(connection))),
            None => tokio::spawn(echo(connection)),
        };
    }
}

async fn echo(mut connection: TcpStream) {
    let mut buffer = [0; 512];
    while let Ok(length @ 1..) = connection.read(&mut buffer).await {
        if connection.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
