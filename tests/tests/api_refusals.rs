//! Bad input over HTTP: each with its own problem, and nothing left behind.

use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use futures::stream;
use reqwest::multipart::{Form, Part};
use reqwest::{Response, StatusCode};
use serde_json::Value;
use shared::config::ByteSize;
use shared::job::JobId;
use shared::owner::Owner;
use shared::queue::ListQuery;
use shared::store::ObjectKey;
use tests::app::{Flags, HANG, TestApp, text};
use tests::pdf::Pdf;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The smallest cap that the documents of these tests pass.
const CAP: usize = 64 << 10;

async fn app() -> Result<TestApp> {
    TestApp::start(Flags {
        api: &["--max-upload", "64KiB", "--upload-window", "1s"],
        ..Flags::default()
    })
    .await
}

async fn is_problem(response: Response, status: u16, code: &str) -> Result<()> {
    let headers = response.headers().clone();
    let got = response.status();
    let body: Value = response.json().await?;
    assert_eq!(got, status, "{body}");
    assert_eq!(headers["content-type"], "application/problem+json");
    assert_eq!(text(&body, "/code"), code, "{body}");
    assert_eq!(
        text(&body, "/type"),
        format!("urn:pdf-ingest:problem:{code}")
    );
    assert_eq!(body["status"], status);
    assert_eq!(
        text(&body, "/request_id"),
        headers["x-request-id"].to_str()?
    );
    Ok(())
}

/// No object, no part of one, no job. What a client left by going away is cleaned up without it.
async fn nothing_is_left(app: &TestApp) -> Result<()> {
    let clean = async {
        while app.s3.objects()? + app.s3.unfinished_uploads()? > 0 {
            tokio::task::yield_now().await;
        }
        Ok::<_, anyhow::Error>(())
    };
    tokio::time::timeout(HANG, clean)
        .await
        .context("objects stay")??;
    let query = ListQuery {
        limit: 10,
        ..ListQuery::default()
    };
    let jobs = app.queue.list(&Owner::anonymous(), &query).await?.jobs;
    assert!(jobs.is_empty(), "{jobs:?}");
    Ok(())
}

fn endless() -> reqwest::Body {
    let head = [Ok::<_, std::io::Error>(Bytes::from_static(b"%PDF-1.7\n"))];
    let rest = std::iter::repeat_n(Bytes::from(vec![b'x'; 16 << 10]), 100).map(Ok);
    reqwest::Body::wrap_stream(stream::iter(head.into_iter().chain(rest)))
}

#[stall::test(options = tests::GUARDED)]
async fn every_bad_body_has_its_problem() -> Result<()> {
    let app = app().await?;
    let post = async |body: Vec<u8>| app.post("/v1/jobs", body).await;
    is_problem(post(Vec::new()).await?, 415, "not-a-pdf").await?;
    is_problem(post(b"<html>".repeat(500)).await?, 415, "not-a-pdf").await?;
    let large = [b"%PDF-1.7\n".to_vec(), vec![b'x'; CAP]].concat();
    is_problem(post(large).await?, 413, "file-too-large").await?;
    is_problem(
        app.post("/v1/jobs", endless()).await?,
        413,
        "file-too-large",
    )
    .await?;
    nothing_is_left(&app).await?;
    app.finish().await
}

#[stall::test(options = tests::GUARDED)]
async fn every_bad_head_has_its_problem() -> Result<()> {
    let app = app().await?;
    let pdf = Pdf::with_pages(1).build();
    let zero = "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:";
    for (name, value, status, code) in [
        ("content-type", "text/plain", 415, "unsupported-media-type"),
        ("content-encoding", "gzip", 415, "unsupported-media-type"),
        ("idempotency-key", "a b", 400, "bad-request"),
        ("content-digest", "sha-256=x", 400, "bad-request"),
        ("content-digest", zero, 400, "digest-mismatch"),
        ("repr-digest", zero, 400, "digest-mismatch"),
    ] {
        let mut headers = reqwest::header::HeaderMap::new();
        headers.insert("content-type", "application/pdf".parse()?);
        headers.insert(name, value.parse()?);
        let request = app.http.post(format!("{}/v1/jobs", app.url));
        let response = request.headers(headers).body(pdf.clone()).send().await?;
        is_problem(response, status, code).await?;
    }
    for option in [
        "imags=true",
        "images=1",
        "priority=10",
        "delay=-1",
        "filename=",
        "boxes=true&boxes=true",
    ] {
        let response = app.post(&format!("/v1/jobs?{option}"), pdf.clone()).await?;
        is_problem(response, 422, "invalid-option").await?;
    }
    nothing_is_left(&app).await?;
    app.finish().await
}

/// The last of it is held back until all of it is known to be right.
#[stall::test(options = tests::GUARDED)]
async fn a_bad_body_leaves_nothing_when_it_is_passed_on_as_it_comes() -> Result<()> {
    let app = TestApp::start(Flags {
        api: &["--s3-buffer", "0B"],
        ..Flags::default()
    })
    .await?;
    let pdf = Pdf::with_pages(1).build();
    let other = "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:";
    let post = |digest: Option<&str>| {
        let request = app.http.post(format!("{}/v1/jobs", app.url));
        let request = request.header("content-type", "application/pdf");
        match digest {
            Some(digest) => request.header("content-digest", digest),
            None => request,
        }
        .body(pdf.clone())
        .send()
    };
    is_problem(post(Some(other)).await?, 400, "digest-mismatch").await?;
    nothing_is_left(&app).await?;
    let accepted = post(None).await?;
    assert_eq!(accepted.status(), 202);
    let job: JobId = text(&accepted.json().await?, "/id").parse()?;
    let stored = app
        .store
        .get_bytes(&ObjectKey::Source(job), ByteSize::bytes(CAP as u64))
        .await?;
    assert_eq!(stored, pdf);
    Ok(())
}

#[stall::test(options = tests::GUARDED)]
async fn a_bad_form_leaves_nothing_even_when_its_file_was_stored() -> Result<()> {
    let app = app().await?;
    let pdf = || Part::bytes(Pdf::with_pages(1).build()).file_name("a.pdf");
    let post = async |form: Form| {
        let request = app.http.post(format!("{}/v1/jobs", app.url));
        request.multipart(form).send().await
    };
    is_problem(
        post(Form::new().text("images", "true")).await?,
        400,
        "bad-request",
    )
    .await?;
    let late = Form::new().part("file", pdf()).text("priority", "ten");
    is_problem(post(late).await?, 422, "invalid-option").await?;
    let two = Form::new().part("file", pdf()).part("file", pdf());
    is_problem(post(two).await?, 400, "bad-request").await?;
    nothing_is_left(&app).await?;
    app.finish().await
}

/// Sends the beginning of an upload of 50,000 bytes.
async fn begun(app: &TestApp, bytes: usize) -> Result<TcpStream> {
    let address = app.url.strip_prefix("http://").context("url")?;
    let mut stream = TcpStream::connect(address).await?;
    let head = "POST /v1/jobs HTTP/1.1\r\nhost: test\r\ncontent-type: application/pdf\r\n\
        content-length: 50000\r\nidempotency-key: cut\r\n\r\n%PDF-1.7\n";
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&vec![b'x'; bytes]).await?;
    Ok(stream)
}

#[stall::test(options = tests::GUARDED)]
async fn an_upload_whose_client_goes_away_leaves_nothing() -> Result<()> {
    let app = app().await?;
    drop(begun(&app, 40_000).await?);
    nothing_is_left(&app).await?;
    // The reservation of its key is gone too: the same key makes a job.
    let accepted = async {
        loop {
            let request = app.http.post(format!("{}/v1/jobs", app.url));
            let request = request
                .header("content-type", "application/pdf")
                .header("idempotency-key", "cut")
                .body(Pdf::with_pages(1).build());
            let status = request.send().await?.status();
            if status != StatusCode::CONFLICT {
                return Ok::<_, anyhow::Error>(status);
            }
        }
    };
    let status = tokio::time::timeout(HANG, accepted).await??;
    assert_eq!(status, StatusCode::ACCEPTED);
    Ok(())
}

#[stall::test(options = tests::GUARDED)]
async fn an_upload_that_stalls_is_refused() -> Result<()> {
    let app = app().await?;
    let mut stream = begun(&app, 1000).await?;
    let mut answer = vec![0; 1024];
    let read = tokio::time::timeout(HANG, stream.read(&mut answer)).await??;
    let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    nothing_is_left(&app).await?;
    app.finish().await
}

#[stall::test(options = tests::GUARDED)]
async fn a_full_queue_refuses_before_it_reads() -> Result<()> {
    let app = TestApp::start(Flags {
        both: &["--queue-depth", "1"],
        ..Flags::default()
    })
    .await?;
    let delayed = app
        .post("/v1/jobs?delay=3600", Pdf::with_pages(1).build())
        .await?;
    assert_eq!(delayed.status(), StatusCode::ACCEPTED);
    let address = app.url.strip_prefix("http://").context("url")?;
    let mut stream = TcpStream::connect(address).await?;
    let head = "POST /v1/jobs HTTP/1.1\r\nhost: test\r\ncontent-type: application/pdf\r\n\
        content-length: 50000\r\nexpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await?;
    let mut answer = vec![0; 4096];
    let read = tokio::time::timeout(HANG, stream.read(&mut answer)).await??;
    let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 429"), "{answer}");
    assert!(answer.contains("retry-after: 60"), "{answer}"); // no job has ended
    assert!(answer.contains("queue-full"), "{answer}");
    assert_eq!(app.s3.objects()?, 1);
    app.finish().await
}

#[stall::test(options = tests::GUARDED)]
async fn what_is_not_there_has_its_problem() -> Result<()> {
    let app = app().await?;
    let unknown = "/v1/jobs/019392ea-1c1e-7cc0-9ffd-0a8f7a1d3c57";
    for (path, status, code) in [
        (unknown, 404, "not-found"),
        (
            "/v1/jobs/019392EA-1C1E-7CC0-9FFD-0A8F7A1D3C57",
            400,
            "bad-request",
        ),
        ("/v1/jobs/x", 400, "bad-request"),
        ("/v1/jobs?limit=0", 422, "invalid-option"),
        ("/v1/jobs?state=expired", 422, "invalid-option"),
        ("/v1/jobs?cursor=x", 422, "invalid-option"),
        ("/nothing", 404, "not-found"),
        ("/metrics", 404, "not-found"), // for who runs the service, on a listener of its own
        ("/debug/stalls", 404, "not-found"),
    ] {
        is_problem(app.get(path).await?, status, code).await?;
    }
    let request = app.http.put(format!("{}/v1/jobs", app.url));
    let response = request.timeout(Duration::from_secs(5)).send().await?;
    assert!(response.headers().contains_key("allow"));
    is_problem(response, 405, "method-not-allowed").await?;
    app.finish().await
}
