//! `bench` as it is run: its own services, its numbers, its exit codes.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

/// How long anything may take before a test counts as hung. Nothing waits for it to pass.
const HANG: Duration = Duration::from_secs(180);
const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/sample.pdf");

/// The program with nothing of this process' environment that could change what it does.
fn bench(temp: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pdf-ingest"));
    command
        .env_clear()
        .env("TMPDIR", temp)
        .arg("bench")
        .args(arguments)
        .current_dir(temp)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    for kept in ["PATH", "REDIS_SERVER"] {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    command
}

async fn run(temp: &TempDir, arguments: &[&str]) -> Result<Output> {
    let ran = timeout(HANG, bench(temp.path(), arguments).output());
    Ok(ran.await.context("it hangs")??)
}

fn number(report: &Value, pointer: &str) -> Result<f64> {
    let found = report.pointer(pointer).and_then(Value::as_f64);
    found.with_context(|| format!("{pointer} in {report}"))
}

/// Every percentile is there and none is less than the one before.
fn check_latencies(latencies: &Value, count: u64) -> Result<()> {
    ensure!(latencies["count"].as_u64() >= Some(count), "{latencies}");
    let pairs = latencies["milliseconds"]
        .as_array()
        .context("milliseconds")?;
    let times: Vec<f64> = pairs.iter().filter_map(|pair| pair[1].as_f64()).collect();
    ensure!(times.len() == 8 && times[0] > 0.0, "{latencies}");
    ensure!(times.is_sorted(), "{latencies}");
    Ok(())
}

fn check_picture(svg: &str) -> Result<()> {
    let mut reader = Reader::from_str(svg);
    let (mut curves, mut texts) = (0, Vec::new());
    loop {
        match reader.read_event()? {
            Event::Start(element) | Event::Empty(element)
                if element.name().as_ref() == b"polyline" =>
            {
                curves += 1;
            }
            Event::Text(text) => texts.push(text.decode()?.into_owned()),
            Event::Eof => break,
            _ => {}
        }
    }
    ensure!(curves == 4, "{curves} curves in\n{svg}");
    for name in ["blocking-pool", "process", "p99", "Throughput, jobs/s"] {
        ensure!(
            texts.iter().any(|text| text == name),
            "no {name} in {texts:?}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn measures_two_modes_and_leaves_nothing_but_its_files() -> Result<()> {
    let temp = tempfile::tempdir()?;
    let arguments = [
        SAMPLE,
        "-n",
        "20",
        "-c",
        "4",
        "--warm-up",
        "2",
        "--rounds",
        "2",
        "--modes",
        "process,blocking-pool",
        "--json",
        "report.json",
        "--chart",
        "chart.svg",
    ];
    let output = run(&temp, &arguments).await?;
    let shown = String::from_utf8(output.stdout)?;
    ensure!(
        output.status.success(),
        "{shown}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for row in [
        "jobs/s",
        "submit p99, ms",
        "end to end p50, ms",
        "CPU redis, ms/job",
        "stalls worker",
        "failures",
    ] {
        ensure!(shown.contains(row), "{row:?} is missing in\n{shown}");
    }

    let report: Value =
        serde_json::from_str(&std::fs::read_to_string(temp.path().join("report.json"))?)?;
    let modes = report["modes"].as_array().context("modes")?;
    let names: Vec<_> = modes
        .iter()
        .filter_map(|mode| mode["mode"].as_str())
        .collect();
    ensure!(names == ["process", "blocking-pool"], "{names:?}");
    for mode in modes {
        ensure!(mode["jobs"] == 20 && mode["resent"] == 0, "{mode}");
        ensure!(mode["failures"] == Value::Array(Vec::new()), "{mode}");
        check_latencies(&mode["submit"], 1)?;
        check_latencies(&mode["end_to_end"], 20)?;
        let (jobs, pages) = (
            number(mode, "/jobs_per_second")?,
            number(mode, "/pages_per_second")?,
        );
        ensure!(jobs > 0.0 && (pages / jobs - 6.0).abs() < 0.01, "{mode}");
        if cfg!(target_os = "linux") {
            ensure!(number(mode, "/cpu_ms_per_job/worker")? > 0.0, "{mode}");
            ensure!(number(mode, "/memory_peak_bytes/redis")? > 1e6, "{mode}");
        }
        for role in ["api", "worker"] {
            number(mode, &format!("/stalls/{role}/count"))?;
        }
    }
    if cfg!(target_os = "linux") {
        ensure!(
            number(&report, "/modes/0/cpu_ms_per_job/extraction")? > 0.0,
            "{report}"
        );
    }
    check_picture(&std::fs::read_to_string(temp.path().join("chart.svg"))?)?;
    ensure!(
        left_in(&temp)? == ["chart.svg", "report.json"],
        "{:?}",
        left_in(&temp)?
    );
    Ok(())
}

#[tokio::test]
async fn an_open_loop_keeps_its_schedule() -> Result<()> {
    let temp = tempfile::tempdir()?;
    let arguments = [
        SAMPLE,
        "-n",
        "10",
        "--rate",
        "20",
        "--warm-up",
        "1",
        "--modes",
        "blocking-pool",
        "--json",
        "r.json",
    ];
    let began = Instant::now();
    let output = run(&temp, &arguments).await?;
    ensure!(output.status.success(), "{output:?}");
    ensure!(
        began.elapsed() >= Duration::from_millis(500),
        "ten intervals of 50 ms"
    );
    let report: Value =
        serde_json::from_str(&std::fs::read_to_string(temp.path().join("r.json"))?)?;
    let mode = &report["modes"][0];
    ensure!(
        mode["jobs"] == 10 && mode["submit"]["count"] == 10,
        "{mode}"
    );
    check_latencies(&mode["end_to_end"], 10)?;
    ensure!(
        number(mode, "/jobs_per_second")? < 22.3,
        "faster than its schedule: {mode}"
    );
    Ok(())
}

#[tokio::test]
async fn jobs_without_a_result_are_failures_and_not_throughput() -> Result<()> {
    let temp = tempfile::tempdir()?;
    std::fs::write(temp.path().join("broken.pdf"), "%PDF-1.7\nno objects\n")?;
    let arguments = [
        "broken.pdf",
        "-n",
        "3",
        "-c",
        "1",
        "--warm-up",
        "1",
        "--modes",
        "blocking-pool",
        "--json",
        "r.json",
    ];
    let output = run(&temp, &arguments).await?;
    ensure!(output.status.code() == Some(1), "{output:?}");
    let report: Value =
        serde_json::from_str(&std::fs::read_to_string(temp.path().join("r.json"))?)?;
    let mode = &report["modes"][0];
    ensure!(
        mode["jobs"] == 0 && mode["jobs_per_second"] == 0.0,
        "{mode}"
    );
    ensure!(
        mode["failures"][0]["kind"] == "failed: damaged-pdf",
        "{mode}"
    );
    ensure!(mode["failures"][0]["count"] == 4, "{mode}");
    let said = String::from_utf8(output.stderr)?;
    ensure!(said.contains("4 × failed: damaged-pdf"), "{said}");
    Ok(())
}

#[tokio::test]
async fn ctrl_c_ends_it_with_everything_it_started() -> Result<()> {
    let temp = tempfile::tempdir()?;
    let arguments = [
        SAMPLE,
        "-n",
        "100000",
        "-c",
        "2",
        "--modes",
        "blocking-pool",
    ];
    let child = bench(temp.path(), &arguments).spawn()?;
    let redis = running_redis(&temp, &child).await?;
    let interrupt = format!("kill -INT {}", child.id().context("it has ended")?);
    ensure!(
        Command::new("sh")
            .args(["-c", &interrupt])
            .status()
            .await?
            .success()
    );
    let output = timeout(HANG, child.wait_with_output())
        .await
        .context("it hangs")??;
    ensure!(output.status.code() == Some(130), "{output:?}");
    let deadline = Instant::now() + HANG;
    while is_running(&redis).await? || !left_in(&temp)?.is_empty() {
        ensure!(
            Instant::now() < deadline,
            "left: redis {redis}, {:?}",
            left_in(&temp)?
        );
        sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// The id of the Redis that a run started, once it has one.
async fn running_redis(temp: &TempDir, child: &Child) -> Result<String> {
    let deadline = Instant::now() + HANG;
    loop {
        ensure!(
            Instant::now() < deadline && child.id().is_some(),
            "it starts no Redis"
        );
        for folder in left_in(temp)? {
            let id = std::fs::read_to_string(temp.path().join(folder).join("redis/redis.pid"));
            if let Ok(id) = id.map(|id| id.trim().to_owned())
                && !id.is_empty()
            {
                return Ok(id);
            }
        }
        sleep(Duration::from_millis(20)).await;
    }
}

async fn is_running(process: &str) -> Result<bool> {
    let script = format!("kill -0 {process} 2>/dev/null");
    Ok(Command::new("sh")
        .args(["-c", &script])
        .status()
        .await?
        .success())
}

fn left_in(temp: &TempDir) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(temp.path())? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}
