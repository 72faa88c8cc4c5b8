//! The program as it is run: `demo`, `up`, and the commands that speak to it.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::net::UnixStream;
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::{Instant, sleep, timeout};

/// How long anything may take before a test counts as hung. Nothing waits for it to pass.
const HANG: Duration = Duration::from_secs(120);
const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/sample.pdf");

/// The program with nothing of this process' environment that could change what it does.
fn program(temp: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pdf-ingest"));
    command
        .env_clear()
        .env("TMPDIR", temp)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    for kept in ["PATH", "REDIS_SERVER"] {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    command
}

async fn output(command: &mut Command) -> Result<Output> {
    Ok(timeout(HANG, command.output())
        .await
        .context("it hangs")??)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn demo_shows_the_whole_way_of_a_pdf_and_leaves_nothing_behind() -> Result<()> {
    let temp = tempfile::tempdir()?;
    let output = output(program(temp.path()).arg("demo")).await?;
    let shown = text(&output.stdout);
    ensure!(output.status.success(), "{shown}\n{}", text(&output.stderr));
    for part in [
        "upload    sample.pdf, 32.7 KiB, accepted in",
        "state     succeeded, attempt 1 of 4",
        "pages     6, ",
        "text      A short tour of a PDF",
        "images    5 distinct, drawn in 6 places",
        "image/jpeg, 480 × 300",
        "pages 1, 6",
        "extract",
        "of the event loop",
        "redis     redis-cli -s",
        "stopped   drained in",
    ] {
        ensure!(shown.contains(part), "{part:?} is missing in\n{shown}");
    }
    ensure!(!shown.contains('\u{1b}'), "colours in a pipe:\n{shown}");
    let left: Vec<_> = std::fs::read_dir(temp.path())?.collect();
    ensure!(left.is_empty(), "left behind: {left:?}");
    Ok(())
}

#[tokio::test]
async fn demo_of_a_file_that_is_no_pdf_says_so() -> Result<()> {
    let temp = tempfile::tempdir()?;
    let file = temp.path().join("not.pdf");
    std::fs::write(&file, "hello")?;
    let output = output(program(temp.path()).arg("demo").arg(&file)).await?;
    ensure!(output.status.code() == Some(2), "{output:?}");
    let said = text(&output.stderr);
    ensure!(
        said.contains("not-a-pdf") && said.contains("request "),
        "{said}"
    );
    Ok(())
}

/// A running `pdf-ingest up` with its data in a temporary folder.
struct Up {
    temp: TempDir,
    url: String,
    child: Child,
    stdout: Lines<BufReader<ChildStdout>>,
}

impl Up {
    async fn start() -> Result<Self> {
        Self::start_in(tempfile::tempdir()?).await
    }

    async fn start_in(temp: TempDir) -> Result<Self> {
        let mut child = program(temp.path())
            .args(["up", "--listen", "127.0.0.1:0", "--log", "error", "--data"])
            .arg(temp.path().join("data"))
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().context("stdout is piped")?;
        let mut up = Self {
            temp,
            url: String::new(),
            child,
            stdout: BufReader::new(stdout).lines(),
        };
        timeout(HANG, up.read_announcement())
            .await
            .context("never ready")??;
        Ok(up)
    }

    async fn read_announcement(&mut self) -> Result<()> {
        while let Some(line) = self.stdout.next_line().await? {
            if let Some(url) = line.strip_prefix("api ") {
                self.url = url.trim().to_owned();
            }
            if line.starts_with("ready") {
                return Ok(());
            }
        }
        bail!("it ended before it was ready")
    }

    async fn call(&self, arguments: &[&str]) -> Result<Output> {
        let mut command = program(self.temp.path());
        output(command.args(arguments).env("PDF_INGEST_URL", &self.url)).await
    }

    async fn signal(&self, name: &str) -> Result<()> {
        let id = self.child.id().context("it has ended")?.to_string();
        let script = format!("kill -{name} {id}");
        ensure!(
            Command::new("sh")
                .args(["-c", &script])
                .status()
                .await?
                .success()
        );
        Ok(())
    }

    fn socket(&self) -> PathBuf {
        self.temp.path().join("data/redis/redis.sock")
    }
}

#[tokio::test]
async fn up_serves_the_commands_and_keeps_jobs_over_a_restart() -> Result<()> {
    let mut up = Up::start().await?;
    let submitted = up.call(&["submit", SAMPLE, "--wait", "--json"]).await?;
    ensure!(submitted.status.success(), "{submitted:?}");
    let job: Value = serde_json::from_slice(&submitted.stdout)?;
    ensure!(
        job["state"] == "succeeded" && job["filename"] == "sample.pdf",
        "{job}"
    );
    let id = job["id"].as_str().context("a job has an id")?;

    let whole = text(&up.call(&["result", id, "--text"]).await?.stdout);
    ensure!(
        whole.contains("El veloz murciélago hindú") && whole.ends_with('\n'),
        "{whole}"
    );
    let pages = text(&up.call(&["result", id, "--pages"]).await?.stdout);
    ensure!(pages.lines().count() == 6, "{pages}");
    let images = up.temp.path().join("images");
    let saved = up
        .call(&["result", id, "--images", images.to_str().context("UTF-8")?])
        .await?;
    ensure!(saved.status.success(), "{saved:?}");
    ensure!(std::fs::read_dir(&images)?.count() == 5);
    let listed = text(&up.call(&["list", "--state", "succeeded"]).await?.stdout);
    ensure!(
        listed.starts_with(id) && listed.contains("sample.pdf"),
        "{listed}"
    );

    up.signal("TERM").await?;
    ensure!(timeout(HANG, up.child.wait()).await??.success());
    ensure!(
        UnixStream::connect(up.socket()).await.is_err(),
        "Redis outlives its parent"
    );

    let up = Up::start_in(up.temp).await?;
    let status = text(&up.call(&["status", id]).await?.stdout);
    ensure!(status.contains("succeeded, attempt 1 of 4"), "{status}");
    ensure!(text(&up.call(&["delete", id]).await?.stdout).contains("deleted"));
    let gone = up.call(&["status", id, "--json"]).await?;
    ensure!(gone.status.code() == Some(2), "{gone:?}");
    let refusal: Value = serde_json::from_slice(&gone.stderr)?;
    ensure!(refusal["error"]["code"] == "expired", "{refusal}");
    Ok(())
}

#[tokio::test]
async fn redis_ends_when_up_is_killed() -> Result<()> {
    let mut up = Up::start().await?;
    UnixStream::connect(up.socket()).await?;
    up.child.kill().await?;
    let deadline = Instant::now() + HANG;
    while UnixStream::connect(up.socket()).await.is_ok() {
        ensure!(
            Instant::now() < deadline,
            "Redis outlives its killed parent"
        );
        sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_refused_does_not_stop_the_others() -> Result<()> {
    let up = Up::start().await?;
    let bad = up.temp.path().join("bad.pdf");
    std::fs::write(&bad, "hello")?;
    let bad = bad.to_str().context("UTF-8")?;
    let both = up
        .call(&["submit", bad, SAMPLE, "/nowhere.pdf", "--wait"])
        .await?;
    ensure!(both.status.code() == Some(2), "{both:?}");
    ensure!(
        text(&both.stdout).contains("succeeded  sample.pdf  6 pages, 5 images"),
        "{both:?}"
    );
    let said = text(&both.stderr);
    ensure!(
        said.contains("bad.pdf: The upload is not a PDF") && said.contains("/nowhere.pdf"),
        "{said}"
    );
    Ok(())
}

#[tokio::test]
async fn nobody_at_the_url_is_exit_code_69() -> Result<()> {
    let temp = tempfile::tempdir()?;
    let port = std::net::TcpListener::bind("127.0.0.1:0")?
        .local_addr()?
        .port();
    let url = format!("http://127.0.0.1:{port}");
    let listed = output(program(temp.path()).args(["list", "--url", &url])).await?;
    ensure!(listed.status.code() == Some(69), "{listed:?}");
    let said = text(&listed.stderr);
    ensure!(said.contains(&url) && said.contains("refused"), "{said}");
    Ok(())
}
