//! Connections that send too little, take too little, or are too many.

use std::time::Duration;

use anyhow::{Context as _, Result};
use tests::app::{Flags, HANG, TestApp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

const PROBE: &[u8] = b"GET /livez HTTP/1.1\r\nhost: test\r\n\r\n";
/// More than the kernel takes off the hands of a server whose client does not read.
const LARGE: usize = 32 << 20;

async fn app(flags: &[&str]) -> Result<TestApp> {
    TestApp::start(Flags {
        api: flags,
        ..Flags::default()
    })
    .await
}

async fn connect(app: &TestApp) -> Result<TcpStream> {
    let address = app.url.strip_prefix("http://").context("url")?;
    Ok(TcpStream::connect(address).await?)
}

/// What a connection answers first.
async fn answer(stream: &mut TcpStream) -> Result<String> {
    let mut buffer = vec![0; 4096];
    let read = timeout(HANG, stream.read(&mut buffer)).await??;
    Ok(String::from_utf8_lossy(&buffer[..read]).into_owned())
}

async fn asked(app: &TestApp) -> Result<TcpStream> {
    let mut stream = connect(app).await?;
    stream.write_all(PROBE).await?;
    let answer = answer(&mut stream).await?;
    anyhow::ensure!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    Ok(stream)
}

/// Reads until the other side ends the connection, whichever way.
async fn is_cut(mut stream: TcpStream) -> Result<()> {
    let mut rest = Vec::new();
    let _reset_or_closed = timeout(HANG, stream.read_to_end(&mut rest)).await?;
    Ok(())
}

#[stall::test(options = tests::GUARDED)]
async fn a_request_head_that_trickles_is_cut() -> Result<()> {
    let app = app(&["--header-timeout=1s"]).await?;
    let (mut read, mut write) = connect(&app).await?.into_split();
    write.write_all(b"GET /livez HTTP/1.1\r\n").await?;
    let trickle = async {
        while write.write_all(b"x-more: of the same\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let mut rest = Vec::new();
    let cut = timeout(HANG, read.read_to_end(&mut rest));
    tokio::select! {
        cut = cut => { let _reset_or_closed = cut?; }
        () = trickle => {}
    }
    app.finish().await
}

#[stall::test(options = tests::GUARDED)]
async fn an_idle_connection_is_cut() -> Result<()> {
    let app = app(&["--header-timeout=1s"]).await?;
    is_cut(connect(&app).await?).await?;
    is_cut(asked(&app).await?).await?;
    app.finish().await
}

#[stall::test(options = tests::GUARDED)]
async fn a_client_that_does_not_read_its_answer_gives_its_place_up() -> Result<()> {
    let app = app(&["--max-connections=1", "--write-timeout=1s"]).await?;
    let mut large = b"%PDF-1.7\n".to_vec();
    large.resize(LARGE, b' ');
    let head = format!(
        "POST /v1/jobs HTTP/1.1\r\nhost: test\r\ncontent-type: application/pdf\r\ncontent-length: {LARGE}\r\n\r\n"
    );
    let mut stream = connect(&app).await?;
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&large).await?;
    let accepted = answer(&mut stream).await?;
    let path = accepted
        .lines()
        .find_map(|line| line.strip_prefix("location: "));
    let path = path.with_context(|| accepted.clone())?;
    let request = format!("GET {path}/source HTTP/1.1\r\nhost: test\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let _unread = stream;
    asked(&app).await?;
    app.queue
        .cancel(path.trim_start_matches("/v1/jobs/").parse()?)
        .await?;
    app.finish().await
}

#[stall::test(options = tests::GUARDED)]
async fn one_connection_too_many_waits_for_a_place() -> Result<()> {
    let app = app(&["--max-connections=2"]).await?;
    let (first, second) = (asked(&app).await?, asked(&app).await?);
    let mut third = Box::pin(asked(&app));
    let early = timeout(Duration::from_millis(200), &mut third).await;
    assert!(early.is_err(), "the third was served beside two others");
    drop(first);
    third.await?;
    drop(second);
    app.finish().await
}

#[stall::test(options = tests::GUARDED)]
async fn a_burst_of_connections_waits_for_places_too() -> Result<()> {
    let app = app(&["--max-connections=1", "--header-timeout=300s"]).await?;
    let only = asked(&app).await?;
    let burst = (0..300).map(|_| connect(&app));
    let waiting = timeout(HANG, futures::future::try_join_all(burst)).await??;
    drop((only, waiting));
    app.finish().await
}

#[stall::test(options = tests::GUARDED)]
async fn a_request_head_has_bounds() -> Result<()> {
    let app = app(&[]).await?;
    let many = "x: y\r\n".repeat(101);
    let long = format!("x: {}\r\n", "y".repeat(500_000)); // more than one read can take in beyond the bound
    for headers in [many, long] {
        let mut stream = connect(&app).await?;
        let head = format!("GET /livez HTTP/1.1\r\nhost: test\r\n{headers}\r\n");
        // It may answer, and close, before it has read all of it.
        let _sent_as_far_as_it_is_read = stream.write_all(head.as_bytes()).await;
        let answer = answer(&mut stream).await?;
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    }
    app.finish().await
}
