//! Encrypted PDFs: what their password opens, and where it is never seen.

use anyhow::Result;
use reqwest::multipart::{Form, Part};
use reqwest::{RequestBuilder, StatusCode};
use serde_json::Value;
use tests::app::{Flags, TestApp, text};

/// One page that says "Open sesame"; AES-256 (revision 6), user password `sesame`, owner password `ali baba`.
const ENCRYPTED: &[u8] = include_bytes!("../fixtures/encrypted.pdf");
const KEY: &str = "--password-key=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

async fn app() -> Result<TestApp> {
    TestApp::start(Flags {
        both: &[KEY],
        ..Flags::default()
    })
    .await
}

fn post(app: &TestApp) -> RequestBuilder {
    let request = app.http.post(format!("{}/v1/jobs", app.url));
    request
        .header("content-type", "application/pdf")
        .body(ENCRYPTED)
}

async fn id_of(request: RequestBuilder) -> Result<String> {
    let job: Value = request.send().await?.error_for_status()?.json().await?;
    Ok(text(&job, "/id"))
}

#[stall::test(options = tests::GUARDED)]
async fn user_and_owner_password_open_a_file_and_stay_out_of_redis() -> Result<()> {
    let app = app().await?;
    let by_header = id_of(post(&app).header("pdf-password", "sesame")).await?;
    let form = Form::new()
        .text("password", "ali baba")
        .part("file", Part::bytes(ENCRYPTED).mime_str("application/pdf")?);
    let by_form = app
        .http
        .post(format!("{}/v1/jobs", app.url))
        .multipart(form);
    let by_form = id_of(by_form).await?;
    let queued = app.redis_text().await?;
    assert!(
        !queued.contains("sesame") && !queued.contains("ali baba"),
        "{queued}"
    );

    let worker = app.worker().await?;
    for id in [by_header, by_form] {
        let job = app.ended(&id).await?;
        assert_eq!(text(&job, "/state"), "succeeded", "{job}");
        let found = app
            .get(&format!("/v1/jobs/{id}/text"))
            .await?
            .text()
            .await?;
        assert_eq!(found.trim(), "Open sesame");
    }
    let ended = app.redis_text().await?;
    assert!(!ended.contains("\"password\""), "{ended}");
    worker.stop().await?;
    app.finish().await
}

#[stall::test(options = tests::GUARDED)]
async fn a_missing_and_a_wrong_password_fail_the_job_each_with_its_type() -> Result<()> {
    let app = app().await?;
    let without = id_of(post(&app)).await?;
    let wrong = id_of(post(&app).header("pdf-password", "abracadabra")).await?;
    let worker = app.worker().await?;
    for (id, code) in [(without, "encrypted-pdf"), (wrong, "password-wrong")] {
        let job = app.ended(&id).await?;
        assert_eq!(text(&job, "/state"), "failed", "{job}");
        assert_eq!(text(&job, "/error/code"), code, "{job}");
        assert_eq!(job["attempt"], 1);
    }
    worker.stop().await?;
    app.finish().await
}

#[stall::test(options = tests::GUARDED)]
async fn a_password_that_would_be_logged_or_kept_in_clear_text_is_refused() -> Result<()> {
    let app = app().await?;
    let in_the_url = app.post("/v1/jobs?password=sesame", ENCRYPTED).await?;
    assert_eq!(in_the_url.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let too_long = post(&app)
        .header("pdf-password", "x".repeat(128))
        .send()
        .await?;
    assert_eq!(too_long.status(), StatusCode::UNPROCESSABLE_ENTITY);

    let keyless = TestApp::start(Flags::default()).await?;
    let refused = post(&keyless)
        .header("pdf-password", "sesame")
        .send()
        .await?;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let problem: Value = refused.json().await?;
    assert_eq!(text(&problem, "/code"), "invalid-option");
    assert_eq!(keyless.s3.objects()?, 0);
    keyless.finish().await?;
    app.finish().await
}
