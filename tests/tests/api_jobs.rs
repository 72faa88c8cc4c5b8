//! Submitting, following and reading jobs over HTTP.

use std::time::Duration;

use anyhow::{Context as _, Result};
use futures::future::join_all;
use reqwest::header::HeaderMap;
use reqwest::multipart::{Form, Part};
use reqwest::{Response, StatusCode};
use serde_json::Value;
use tests::app::{Flags, TestApp, text};
use tests::pdf::Pdf;

async fn submit_with(
    app: &TestApp,
    path: &str,
    body: Vec<u8>,
    headers: &[(&'static str, &str)],
) -> Result<Response> {
    let mut map = HeaderMap::new();
    map.insert("content-type", "application/pdf".parse()?);
    for (name, value) in headers {
        map.insert(*name, value.parse()?);
    }
    let request = app.http.post(format!("{}{path}", app.url));
    Ok(request.headers(map).body(body).send().await?)
}

async fn get_with(app: &TestApp, path: &str, name: &'static str, value: &str) -> Result<Response> {
    let request = app.http.get(format!("{}{path}", app.url));
    Ok(request.header(name, value).send().await?)
}

#[stall::test(options = tests::GUARDED)]
async fn the_same_key_makes_one_job_however_often_it_is_sent() -> Result<()> {
    let app = TestApp::start(Flags::default()).await?;
    let pdf = Pdf::with_pages(2).build();
    let send = || submit_with(&app, "/v1/jobs", pdf.clone(), &[("idempotency-key", "k")]);
    let mut ids = Vec::new();
    for response in join_all((0..8).map(|_| send())).await {
        let response = response?;
        match response.status() {
            StatusCode::CONFLICT => assert!(response.headers().contains_key("retry-after")),
            StatusCode::OK | StatusCode::ACCEPTED => {
                ids.push(text(&response.json().await?, "/id"));
            }
            other => panic!("{other}"),
        }
    }
    let replay = send().await?;
    assert_eq!(replay.status(), StatusCode::OK);
    ids.push(text(&replay.json().await?, "/id"));
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
    assert_eq!(app.s3.objects()?, 1);

    let other = Pdf::with_pages(3).build();
    let mismatch = submit_with(&app, "/v1/jobs", other, &[("idempotency-key", "k")]).await?;
    assert_eq!(mismatch.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let problem: Value = mismatch.json().await?;
    assert_eq!(text(&problem, "/code"), "idempotency-mismatch");
    assert_eq!(app.s3.objects()?, 1);
    Ok(())
}

#[stall::test(options = tests::GUARDED)]
async fn a_submit_answers_the_job_as_it_is() -> Result<()> {
    let app = TestApp::start(Flags::default()).await?;
    for path in ["/v1/jobs?priority=2", "/v1/jobs?delay=3600"] {
        let made = app.post(path, Pdf::with_pages(1).build()).await?;
        assert_eq!(made.status(), StatusCode::ACCEPTED);
        let made: Value = made.json().await?;
        let found = app
            .json(&format!("/v1/jobs/{}", text(&made, "/id")))
            .await?;
        assert_eq!(made, found);
    }
    Ok(())
}

#[stall::test(options = tests::GUARDED)]
async fn who_waits_gets_the_finished_job() -> Result<()> {
    let app = TestApp::start(Flags::default()).await?;
    let worker = app.worker().await?;
    let form = Form::new()
        .text("markdown", "true")
        .part(
            "file",
            Part::bytes(Pdf::with_pages(2).build()).file_name("C:\\a\\b.pdf"),
        )
        .text("priority", "1");
    let request = app.http.post(format!("{}/v1/jobs", app.url));
    let response = request
        .header("prefer", "wait=30")
        .multipart(form)
        .send()
        .await?;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["preference-applied"], "wait=30");
    let job: Value = response.json().await?;
    assert_eq!(text(&job, "/state"), "succeeded", "{job}");
    assert_eq!(text(&job, "/filename"), "b.pdf");
    assert_eq!(job["priority"], 1);
    assert_eq!(job["options"]["markdown"], true);
    let markdown = app.get(&text(&job, "/links/markdown")).await?;
    assert_eq!(
        markdown.headers()["content-type"],
        "text/markdown; charset=utf-8"
    );
    worker.stop().await?;
    app.finish().await
}

#[stall::test(options = tests::GUARDED)]
async fn a_poller_is_told_only_what_it_does_not_know() -> Result<()> {
    let app = TestApp::start(Flags::default()).await?;
    let id = app.submit(Pdf::with_pages(1).build()).await?;
    let path = format!("/v1/jobs/{id}");
    let queued = app.get(&path).await?;
    let tag = queued.headers()["etag"].to_str()?.to_owned();
    assert_eq!(queued.headers()["retry-after"], "1");
    assert_eq!(queued.json::<Value>().await?["queue_position"], 0);
    let known = get_with(&app, &path, "if-none-match", &tag).await?;
    assert_eq!(known.status(), StatusCode::NOT_MODIFIED);

    let waiting = format!("{path}?wait=30");
    let (change, cancelled) =
        tokio::join!(get_with(&app, &waiting, "if-none-match", &tag), async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            app.post(&format!("{path}/cancel"), Vec::new()).await
        });
    assert_eq!(cancelled?.status(), StatusCode::OK);
    let change = change?;
    assert_ne!(change.headers()["etag"].to_str()?, tag);
    assert_eq!(text(&change.json().await?, "/state"), "cancelled");
    app.finish().await
}

#[stall::test(options = tests::GUARDED)]
async fn a_source_comes_back_whole_and_in_ranges() -> Result<()> {
    let app = TestApp::start(Flags::default()).await?;
    let pdf = Pdf::with_pages(1).build();
    let path = "/v1/jobs?filename=Gr%C3%B6%C3%9Fe.pdf";
    let job: Value = submit_with(&app, path, pdf.clone(), &[])
        .await?
        .json()
        .await?;
    let source = text(&job, "/links/source");
    let whole = app.get(&source).await?;
    let headers = whole.headers().clone();
    assert_eq!(headers["content-type"], "application/pdf");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert_eq!(
        headers["content-disposition"],
        "attachment; filename=\"Gr__e.pdf\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.pdf"
    );
    assert_eq!(whole.bytes().await?, pdf);

    let part = get_with(&app, &source, "range", "bytes=5-9").await?;
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(
        part.headers()["content-range"],
        format!("bytes 5-9/{}", pdf.len()).as_str()
    );
    assert_eq!(part.headers()["repr-digest"], headers["repr-digest"]);
    assert_eq!(part.bytes().await?, pdf[5..10]);
    let behind = get_with(&app, &source, "range", "bytes=1000000-").await?;
    assert_eq!(behind.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(
        behind.headers()["content-range"],
        format!("bytes */{}", pdf.len()).as_str()
    );
    let tag = headers["etag"].to_str()?;
    let known = get_with(&app, &source, "if-none-match", tag).await?;
    assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
    Ok(())
}

#[stall::test(options = tests::GUARDED)]
async fn pages_of_a_list_hold_every_job_once() -> Result<()> {
    let app = TestApp::start(Flags::default()).await?;
    let mut made = Vec::new();
    for _ in 0..7 {
        made.push(app.submit(Pdf::with_pages(1).build()).await?);
    }
    made.reverse();
    let (mut listed, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = app
            .json(&format!("/v1/jobs?state=queued&limit=3{cursor}"))
            .await?;
        let jobs = page["jobs"].as_array().context("jobs")?;
        listed.extend(jobs.iter().map(|job| text(job, "/id")));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(listed, made);
    Ok(())
}

#[stall::test(options = tests::GUARDED)]
async fn a_job_is_visible_to_its_own_key_only() -> Result<()> {
    const ADA: &str = "Bearer 0123456789abcdef";
    const BOB: &str = "Bearer fedcba9876543210";
    let app = TestApp::start(Flags {
        api: &["--api-keys", "ada:0123456789abcdef,bob:fedcba9876543210"],
        ..Flags::default()
    })
    .await?;
    let pdf = Pdf::with_pages(1).build();
    let refused = app.post("/v1/jobs", pdf.clone()).await?;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(refused.headers()["www-authenticate"], "Bearer");
    assert_eq!(app.s3.objects()?, 0);

    let made = submit_with(&app, "/v1/jobs", pdf, &[("authorization", ADA)]).await?;
    assert_eq!(made.status(), StatusCode::ACCEPTED);
    let path = text(&made.json().await?, "/links/self");
    for part in ["", "/source", "/text", "/result", "/pages/1"] {
        let path = format!("{path}{part}");
        let others = get_with(&app, &path, "authorization", BOB).await?;
        assert_eq!(others.status(), StatusCode::NOT_FOUND, "{part}");
        assert_eq!(
            app.get(&path).await?.status(),
            StatusCode::UNAUTHORIZED,
            "{part}"
        );
    }
    let own = get_with(&app, &path, "authorization", ADA).await?;
    assert_eq!(own.status(), StatusCode::OK);
    let list: Value = get_with(&app, "/v1/jobs", "authorization", BOB)
        .await?
        .json()
        .await?;
    assert_eq!(list["jobs"].as_array().map(Vec::len), Some(0));
    for open in ["/livez", "/readyz", "/openapi.json", "/docs", "/v1/limits"] {
        assert_eq!(app.get(open).await?.status(), StatusCode::OK, "{open}");
    }
    Ok(())
}

#[stall::test(options = tests::GUARDED)]
async fn a_key_at_its_quota_is_refused_and_others_are_not() -> Result<()> {
    let app = TestApp::start(Flags {
        api: &[
            "--api-keys=ada:0123456789abcdef,bob:fedcba9876543210",
            "--owner-queued=1",
        ],
        ..Flags::default()
    })
    .await?;
    for (key, status) in [
        ("Bearer 0123456789abcdef", StatusCode::ACCEPTED),
        ("Bearer 0123456789abcdef", StatusCode::TOO_MANY_REQUESTS),
        ("Bearer fedcba9876543210", StatusCode::ACCEPTED),
    ] {
        let pdf = Pdf::with_pages(1).build();
        let answer = submit_with(&app, "/v1/jobs", pdf, &[("authorization", key)]).await?;
        assert_eq!(answer.status(), status);
        if status == StatusCode::TOO_MANY_REQUESTS {
            assert_eq!(answer.headers()["retry-after"], "60", "no job has ended");
            assert_eq!(text(&answer.json().await?, "/code"), "quota-exceeded");
        }
    }
    assert_eq!(app.s3.objects()?, 2);
    Ok(())
}

#[stall::test(options = tests::GUARDED)]
async fn a_drain_answers_long_polls_and_ends_requests_in_flight() -> Result<()> {
    let app = TestApp::start(Flags::default()).await?;
    let response = app
        .post("/v1/jobs?delay=3600", Pdf::with_pages(1).build())
        .await?;
    let path = text(&response.json().await?, "/links/self");
    let poll = tokio::spawn({
        let request = app.http.get(format!("{}{path}?wait=60", app.url));
        async move { request.send().await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let began = std::time::Instant::now();
    app.finish().await?;
    let answer = poll.await??;
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(began.elapsed() < Duration::from_secs(20));
    Ok(())
}
