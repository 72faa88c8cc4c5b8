//! A private Redis: a child process with its own folder, gone with the value that stands for it.

use std::ffi::OsString;
use std::fs::File;
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use redis::aio::MultiplexedConnection;
use shared::config::RedisArgs;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

/// How long a server may take to answer for the first time.
const START_TIMEOUT: Duration = Duration::from_secs(20);
/// How often another port is tried when somebody else took it in between.
const PORT_ATTEMPTS: usize = 5;

/// One Redis server on a unix socket in its own folder, and on a TCP port when asked for.
pub struct RedisServer {
    process: Child,
    folder: TempDir,
    settings: Vec<String>,
    environment: Vec<(&'static str, OsString)>,
    url: String,
}

impl RedisServer {
    /// Starts one that keeps nothing on disk, on a unix socket.
    ///
    /// # Errors
    /// When there is no server binary or it does not start.
    pub async fn start() -> anyhow::Result<Self> {
        let settings = on_socket(&["--save", "", "--appendonly", "no"]);
        Self::launch(settings, Vec::new(), String::new()).await
    }

    /// Starts one that has every change on disk before it answers, on a unix socket; for [`Self::restart`].
    ///
    /// # Errors
    /// When there is no server binary or it does not start.
    pub async fn durable() -> anyhow::Result<Self> {
        Self::durable_with([]).await
    }

    /// The same, with more environment variables.
    ///
    /// # Errors
    /// When there is no server binary or it does not start.
    pub async fn durable_with(
        environment: impl IntoIterator<Item = (&'static str, OsString)>,
    ) -> anyhow::Result<Self> {
        let settings = on_socket(&["--appendonly", "yes", "--appendfsync", "always"]);
        let environment = environment.into_iter().collect();
        Self::launch(settings, environment, String::new()).await
    }

    /// Starts one that appends every change to a file and has it on disk within a second, as `compose.yaml` sets it.
    ///
    /// # Errors
    /// When there is no server binary or it does not start.
    pub async fn durable_every_second() -> anyhow::Result<Self> {
        let settings = on_socket(&["--appendonly", "yes", "--appendfsync", "everysec"]);
        Self::launch(settings, Vec::new(), String::new()).await
    }

    /// Starts one on a free port of the loopback interface, with `settings` as on its command line.
    ///
    /// # Errors
    /// When there is no server binary or it does not start.
    pub async fn on_port(settings: &[&str]) -> anyhow::Result<Self> {
        Self::on_free_port(|port| {
            let mut all: Vec<String> = settings.iter().map(ToString::to_string).collect();
            all.extend(["--port".to_owned(), port.to_string()]);
            (all, format!("redis://127.0.0.1:{port}"))
        })
        .await
    }

    /// Starts a sentinel on a free port of the loopback interface. It writes what it learns to `config_file`.
    ///
    /// # Errors
    /// When there is no server binary or it does not start.
    pub async fn sentinel(config_file: &str) -> anyhow::Result<Self> {
        Self::on_free_port(|port| {
            let settings = [config_file, "--sentinel", "--port", &port.to_string()];
            (
                settings.map(str::to_owned).to_vec(),
                format!("redis://127.0.0.1:{port}"),
            )
        })
        .await
    }

    /// Starts one with the settings and the URL that `configure` makes of a free port.
    ///
    /// # Errors
    /// When there is no server binary or it does not start.
    pub async fn on_free_port(
        configure: impl Fn(u16) -> (Vec<String>, String),
    ) -> anyhow::Result<Self> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let (settings, url) = configure(free_port()?);
            match Self::launch(settings, Vec::new(), url).await {
                Err(_) if attempt < PORT_ATTEMPTS => {}
                answer => return answer,
            }
        }
    }

    async fn launch(
        settings: Vec<String>,
        environment: Vec<(&'static str, OsString)>,
        url: String,
    ) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let url = if url.is_empty() {
            format!("redis+unix://{}", socket(folder.path()).display())
        } else {
            url
        };
        let mut server = Self {
            process: spawn(folder.path(), &settings, &environment)?,
            folder,
            settings,
            environment,
            url,
        };
        server.wait_until_ready().await?;
        Ok(server)
    }

    /// Where it is, as `REDIS_URL` takes it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The path of its unix socket, which is there whatever the URL says.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        socket(self.folder.path())
    }

    /// Its folder, for files that it is to read.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The settings that reach it.
    #[must_use]
    pub fn args(&self) -> RedisArgs {
        RedisArgs::at(&self.url)
    }

    /// A connection through the unix socket, to look inside.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn connection(&self) -> anyhow::Result<MultiplexedConnection> {
        let client = redis::Client::open(format!("redis+unix://{}", self.socket().display()))?;
        Ok(client.get_multiplexed_async_connection().await?)
    }

    /// The id of its process; another one after every restart.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Kills it at once, as a power cut would.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    /// Starts it again after [`Self::kill`], with the same folder, settings and address.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.process = spawn(self.folder.path(), &self.settings, &self.environment)?;
        self.wait_until_ready().await
    }

    async fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + START_TIMEOUT;
        while !self.answers().await {
            if let Some(status) = self.process.try_wait()? {
                let log =
                    std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                bail!("redis ended with {status}:\n{log}");
            }
            if Instant::now() > deadline {
                bail!("redis did not answer within {START_TIMEOUT:?}");
            }
            sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// Also a refusal is an answer: a server that asks for a password is ready.
    async fn answers(&self) -> bool {
        let Ok(mut connection) = self.connection().await else {
            return false;
        };
        match redis::cmd("PING")
            .query_async::<String>(&mut connection)
            .await
        {
            Ok(_) => true,
            Err(error) => error.code().is_some_and(|code| code == "NOAUTH"),
        }
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // It may have been killed before.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A port that was free a moment ago.
///
/// # Errors
/// When the loopback interface has none.
pub fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn socket(folder: &Path) -> PathBuf {
    folder.join("redis.sock")
}

/// On no port but its socket.
fn on_socket(settings: &[&str]) -> Vec<String> {
    let all = settings.iter().chain(&["--port", "0"]);
    all.map(ToString::to_string).collect()
}

fn spawn(
    folder: &Path,
    settings: &[String],
    environment: &[(&'static str, OsString)],
) -> anyhow::Result<Child> {
    let log = File::create(folder.join("log"))?;
    let (program, name) =
        binary().context("no redis server: set REDIS_SERVER, or install valkey or redis")?;
    let mut command = Command::new(program);
    command
        .arg0(name)
        .current_dir(folder)
        .envs(environment.iter().cloned())
        .args(settings) // first, because a configuration file must be
        .args(["--bind", "127.0.0.1", "--unixsocket"])
        .arg(socket(folder))
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    Ok(command.spawn()?)
}

/// The server's binary, and the name to start it by: Debian's `redis-tools` has the server, which is one binary under
/// several names, only as `redis-check-rdb`.
fn binary() -> Option<(PathBuf, OsString)> {
    if let Some(program) = std::env::var_os("REDIS_SERVER") {
        return Some((program.into(), "redis-server".into()));
    }
    ["valkey-server", "redis-server", "redis-check-rdb"]
        .into_iter()
        .find_map(|name| Some((on_path(name)?, "redis-server".into())))
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}
