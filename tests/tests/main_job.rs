//! The main job: a PDF goes in over HTTP, its text and images come out of the object store.

use std::collections::HashSet;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tests::app::{Flags, TestApp, text};
use tests::pdf::Pdf;

/// Ten pages, five distinct pictures, one of them on two pages.
fn ten_pages_five_pictures() -> Vec<u8> {
    let mut pdf = Pdf::new();
    let pictures: Vec<_> = (0..5).map(|seed| pdf.picture(24, seed * 40)).collect();
    for number in 1..=10 {
        let shown = match number {
            1..=5 => vec![pictures[number - 1]],
            6 => vec![pictures[0]],
            _ => Vec::new(),
        };
        pdf = pdf.page(&format!("This is page number {number} of ten."), &shown);
    }
    pdf.build()
}

#[stall::test(options = tests::GUARDED)]
async fn text_and_every_image_arrive_and_each_image_is_stored_once() -> Result<()> {
    let app = TestApp::start(Flags::default()).await?;
    let worker = app.worker().await?;
    let source = ten_pages_five_pictures();

    let id = app.submit(source.clone()).await?;
    let job = app.ended(&id).await?;
    assert_eq!(text(&job, "/state"), "succeeded", "{job}");
    assert_eq!(job["attempt"], 1);

    let result = app.json(&format!("/v1/jobs/{id}/result")).await?;
    assert_eq!(result["pages"].as_array().map(Vec::len), Some(10));
    let images = result["images"].as_array().context("images")?;
    let keys: HashSet<_> = images.iter().map(|image| text(image, "/key")).collect();
    assert_eq!((images.len(), keys.len()), (5, 5));
    assert_eq!(images[0]["placements"].as_array().map(Vec::len), Some(2));

    let stored = app.store.list_job(id.parse()?).await?;
    let stored_images: HashSet<_> = stored
        .iter()
        .filter(|key| key.contains("/images/"))
        .cloned()
        .collect();
    assert_eq!(stored_images, keys);

    let words = app
        .get(&format!("/v1/jobs/{id}/text"))
        .await?
        .text()
        .await?;
    for number in 1..=10 {
        assert!(
            words.contains(&format!("This is page number {number} of ten.")),
            "{words}"
        );
    }
    let page: Value = app.json(&format!("/v1/jobs/{id}/pages/7")).await?;
    assert_eq!(page["number"], 7);
    assert!(text(&page, "/text").contains("page number 7"));

    let image = app.get(&format!("/v1/jobs/{id}/images/1")).await?;
    assert_eq!(image.headers()["content-type"], "image/png");
    assert!(image.bytes().await?.starts_with(b"\x89PNG"));
    let returned = app
        .get(&format!("/v1/jobs/{id}/source"))
        .await?
        .bytes()
        .await?;
    assert_eq!(returned, Bytes::from(source));

    worker.stop().await?;
    app.finish().await
}

#[stall::test(options = tests::GUARDED)]
async fn a_second_run_of_the_same_document_stores_the_same_bytes() -> Result<()> {
    let app = TestApp::start(Flags::default()).await?;
    let worker = app.worker().await?;
    let source = ten_pages_five_pictures();
    let mut results = Vec::new();
    for _ in 0..2 {
        let id = app.submit(source.clone()).await?;
        app.ended(&id).await?;
        let result = app
            .get(&format!("/v1/jobs/{id}/result"))
            .await?
            .text()
            .await?;
        results.push(result.replace(&id, "ID"));
    }
    assert_eq!(results[0], results[1]);
    worker.stop().await?;
    app.finish().await
}

#[stall::test(options = tests::GUARDED)]
async fn a_document_that_cannot_be_read_fails_once_with_its_own_problem() -> Result<()> {
    let app = TestApp::start(Flags::default()).await?;
    let worker = app.worker().await?;
    let id = app
        .submit(b"%PDF-1.7\nthere is nothing else in here\n".to_vec())
        .await?;
    let job = app.ended(&id).await?;
    assert_eq!(text(&job, "/state"), "failed", "{job}");
    assert_eq!(job["attempt"], 1);
    assert_eq!(text(&job, "/error/code"), "damaged-pdf");

    let answer = app.get(&format!("/v1/jobs/{id}/result")).await?;
    assert!(answer.status().is_client_error());
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let problem: Value = answer.json().await?;
    assert!(
        text(&problem, "/type").ends_with("damaged-pdf"),
        "{problem}"
    );
    worker.stop().await?;
    app.finish().await
}

#[stall::test(options = tests::GUARDED)]
async fn nothing_but_ids_and_numbers_enters_redis() -> Result<()> {
    let app = TestApp::start(Flags::default()).await?;
    let worker = app.worker().await?;
    let id = app
        .submit(Pdf::new().page("xylophone quartz", &[]).build())
        .await?;
    app.ended(&id).await?;
    let dump = app.redis_text().await?;
    assert!(dump.contains(&id));
    for secret in ["xylophone", "%PDF-", "quartz"] {
        assert!(!dump.contains(secret), "{secret} is in Redis");
    }
    worker.stop().await?;
    app.finish().await
}

#[stall::test(options = tests::GUARDED)]
async fn a_cancelled_job_ends_cancelled_and_can_be_run_again() -> Result<()> {
    let app = TestApp::start(Flags::default()).await?;
    let id = app.submit(Pdf::with_pages(3).build()).await?;
    let cancelled = app
        .post(&format!("/v1/jobs/{id}/cancel"), Bytes::new())
        .await?;
    assert!(cancelled.status().is_success(), "{}", cancelled.status());
    assert_eq!(text(&app.ended(&id).await?, "/state"), "cancelled");

    let again = app
        .post(&format!("/v1/jobs/{id}/retry"), Bytes::new())
        .await?;
    assert_eq!(again.status(), StatusCode::ACCEPTED);
    let worker = app.worker().await?;
    assert_eq!(text(&app.ended(&id).await?, "/state"), "succeeded");
    let too_late = app
        .post(&format!("/v1/jobs/{id}/cancel"), Bytes::new())
        .await?;
    assert_eq!(too_late.status(), StatusCode::CONFLICT);
    worker.stop().await?;
    app.finish().await
}

#[stall::test(options = tests::GUARDED)]
async fn a_deleted_job_leaves_no_object() -> Result<()> {
    let app = TestApp::start(Flags {
        worker: &["--sweep-interval", "100ms"],
        ..Flags::default()
    })
    .await?;
    let worker = app.worker().await?;
    let id = app.submit(ten_pages_five_pictures()).await?;
    app.ended(&id).await?;
    let job = id.parse()?;
    assert_eq!(app.store.list_job(job).await?.len(), 5 + 3);
    let deleted = app
        .http
        .delete(format!("{}/v1/jobs/{id}", app.url))
        .send()
        .await?;
    assert!(deleted.status().is_success(), "{}", deleted.status());
    assert_eq!(
        app.get(&format!("/v1/jobs/{id}")).await?.status(),
        StatusCode::GONE
    );
    let emptied = async {
        while !app.store.list_job(job).await?.is_empty() {
            tokio::task::yield_now().await;
        }
        Ok::<_, anyhow::Error>(())
    };
    tokio::time::timeout(tests::app::HANG, emptied)
        .await
        .context("objects stay")??;
    worker.stop().await?;
    app.finish().await
}

#[stall::test(options = tests::GUARDED)]
async fn options_reach_the_extraction() -> Result<()> {
    let app = TestApp::start(Flags::default()).await?;
    let worker = app.worker().await?;
    let answer = app
        .post(
            "/v1/jobs?images=false&boxes=true",
            ten_pages_five_pictures(),
        )
        .await?;
    let job: Value = answer.json().await?;
    let id = text(&job, "/id");
    app.ended(&id).await?;
    let result = app.json(&format!("/v1/jobs/{id}/result")).await?;
    assert_eq!(result["images"], json!([]));
    let page = app.json(&format!("/v1/jobs/{id}/pages/1")).await?;
    assert!(page["blocks"][0]["lines"][0]["words"].is_array(), "{page}");
    worker.stop().await?;
    app.finish().await
}
