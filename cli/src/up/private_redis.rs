//! A Redis of our own: a child process on a unix socket with an append-only file.
//!
//! It ends with this process in every case. Its parent is a small shell script, `lifeline.sh`, that
//! waits on a pipe whose other end only this process holds: the kernel closes it even after
//! `kill -9`, and the script then ends Redis. Should the script be killed as well, the next start
//! finds Redis still holding the lock on its log, and ends it by its pid file.

mod orphan; // a Redis that an earlier run left behind

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use thiserror::Error;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::{Instant, sleep, timeout};
use url::Url;

use super::child;
use super::data_folder::make_private;
use super::redis_server::RedisServer;

/// `sun_path` of a socket address has 108 bytes on Linux, the last of them zero.
const MAX_SOCKET_PATH_BYTES: usize = 107;
/// For the first answer; loading the append-only file may take longer.
const START_TIMEOUT: Duration = Duration::from_secs(30);
/// For writing the append-only file out at the end.
const STOP_TIMEOUT: Duration = Duration::from_secs(20);

/// A running private Redis; dropping it ends it.
pub(crate) struct PrivateRedis {
    socket: Socket,
    folder: PathBuf,
    script: Child,
    lifeline: ChildStdin,
}

/// Why the private Redis does not run.
#[derive(Debug, Error)]
pub(crate) enum RedisError {
    /// Its folder cannot be used.
    #[error("cannot use {}: {source}", path.display())]
    Folder { path: PathBuf, source: io::Error },
    /// The shell that watches over it cannot be run.
    #[error("cannot run /bin/sh: {0}")]
    Spawn(io::Error),
    /// It ended by itself.
    #[error("Redis ended ({status}); its last words: {last_words}")]
    Ended {
        status: ExitStatus,
        last_words: String,
    },
    /// It does not answer.
    #[error("Redis does not answer on {}", socket.display())]
    Silent { socket: PathBuf },
    /// It does not end.
    #[error("the Redis in {} does not end; its process id is in redis.pid", folder.display())]
    Stuck { folder: PathBuf },
}

impl PrivateRedis {
    /// Starts Redis in `folder`, ends one of an earlier run if there is one, and waits until it answers.
    pub(crate) async fn start(folder: &Path, server: &RedisServer) -> Result<Self, RedisError> {
        let cannot = |source| RedisError::Folder {
            path: folder.to_owned(),
            source,
        };
        make_private(folder).map_err(cannot)?;
        let log = orphan::claim_log(folder).await?;
        let socket = Socket::below(folder).map_err(cannot)?;
        for stale in [socket.path.as_path(), &folder.join("redis.pid")] {
            remove_if_present(stale).map_err(cannot)?;
        }
        let program = folder.join("redis-server");
        remove_if_present(&program).map_err(cannot)?;
        std::os::unix::fs::symlink(&server.path, &program).map_err(cannot)?;

        let mut script = Command::new("/bin/sh");
        script
            .args(["-c", include_str!("lifeline.sh"), "pdf-ingest-redis"])
            .arg(&program)
            .args(arguments(&socket))
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stderr(log.try_clone().map_err(cannot)?)
            .stdout(log)
            .process_group(0); // ctrl-c is for this process: Redis must outlive the drain
        let mut script = child::spawn(script).await.map_err(RedisError::Spawn)?;
        let lifeline = script.stdin.take().expect("stdin was asked to be piped");
        let mut redis = Self {
            socket,
            folder: folder.to_owned(),
            script,
            lifeline,
        };
        redis.wait_until_it_answers().await?;
        Ok(redis)
    }

    /// Its URL for `--redis-url`.
    pub(crate) fn url(&self) -> String {
        let file = Url::from_file_path(&self.socket.path).expect("the socket's path is absolute");
        file.as_str().replacen("file:", "redis+unix:", 1)
    }

    /// Of the server itself, not of the script that is its parent.
    pub(crate) fn process_id(&self) -> Option<u32> {
        let text = fs::read_to_string(self.folder.join("redis.pid")).ok()?;
        text.trim().parse().ok()
    }

    /// Resolves when Redis ends without being told to.
    pub(crate) async fn ended(&mut self) -> RedisError {
        match self.script.wait().await {
            Ok(status) => self.epitaph(status),
            Err(error) => RedisError::Spawn(error),
        }
    }

    /// Ends Redis and waits until its append-only file is written.
    pub(crate) async fn stop(self) -> Result<(), RedisError> {
        let Self {
            folder,
            mut script,
            lifeline,
            socket: _socket,
        } = self;
        drop(lifeline);
        match timeout(STOP_TIMEOUT, script.wait()).await {
            Ok(_) => Ok(()),
            Err(_) => Err(RedisError::Stuck { folder }),
        }
    }

    async fn wait_until_it_answers(&mut self) -> Result<(), RedisError> {
        let deadline = Instant::now() + START_TIMEOUT;
        loop {
            let answer = tokio::select! {
                ended = self.script.wait() => {
                    return Err(self.epitaph(ended.map_err(RedisError::Spawn)?));
                }
                answer = ping(&self.socket.path) => answer,
            };
            match answer {
                Ok(Answer::Pong) => return Ok(()),
                Ok(Answer::Loading) => {}
                Err(_) if Instant::now() < deadline => {}
                Err(_) => {
                    return Err(RedisError::Silent {
                        socket: self.socket.path.clone(),
                    });
                }
            }
            sleep(Duration::from_millis(10)).await;
        }
    }

    fn epitaph(&self, status: ExitStatus) -> RedisError {
        let log = fs::read_to_string(self.folder.join("redis.log")).unwrap_or_default();
        let last_words = log
            .lines()
            .rev()
            .find(|line| !line.is_empty())
            .unwrap_or("none");
        RedisError::Ended {
            status,
            last_words: last_words.trim().to_owned(),
        }
    }
}

/// No path but that of a far socket: older servers cannot read one with a space in it.
fn arguments(socket: &Socket) -> Vec<String> {
    let socket = match &socket.far_folder {
        None => "redis.sock".to_owned(),
        Some(_) => socket.path.display().to_string(),
    };
    let arguments = [
        ["--port", "0"],
        ["--unixsocket", &socket],
        ["--unixsocketperm", "700"],
        ["--appendonly", "yes"],
        ["--appendfsync", "everysec"],
        ["--save", ""],
        ["--maxmemory-policy", "noeviction"],
        ["--pidfile", "redis.pid"],
        ["--daemonize", "no"],
    ];
    arguments.concat().into_iter().map(str::to_owned).collect()
}

/// Where the socket is: in Redis' folder, or in a temporary one when that path is too long.
struct Socket {
    path: PathBuf,
    far_folder: Option<TempDir>,
}

impl Socket {
    fn below(folder: &Path) -> io::Result<Self> {
        let path = folder.join("redis.sock");
        if path.as_os_str().len() <= MAX_SOCKET_PATH_BYTES {
            return Ok(Self {
                path,
                far_folder: None,
            });
        }
        let far_folder = tempfile::Builder::new()
            .prefix("pdf-ingest-")
            .tempdir_in("/tmp")?;
        Ok(Self {
            path: far_folder.path().join("redis.sock"),
            far_folder: Some(far_folder),
        })
    }
}

enum Answer {
    Pong,
    Loading,
}

async fn ping(socket: &Path) -> io::Result<Answer> {
    let mut stream = UnixStream::connect(socket).await?;
    stream.write_all(b"PING\r\n").await?;
    let mut answer = String::new();
    timeout(
        Duration::from_secs(1),
        BufReader::new(stream).read_line(&mut answer),
    )
    .await??;
    match answer.trim_end() {
        "+PONG" => Ok(Answer::Pong),
        answer if answer.starts_with("-LOADING") => Ok(Answer::Loading),
        answer => Err(io::Error::other(answer.to_owned())),
    }
}

fn remove_if_present(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends one inline command and reads the first line of its answer.
    async fn call(redis: &PrivateRedis, command: &str) -> String {
        let mut stream = UnixStream::connect(&redis.socket.path).await.unwrap();
        stream
            .write_all(format!("{command}\r\n").as_bytes())
            .await
            .unwrap();
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).await.unwrap();
        answer.trim_end().to_owned()
    }

    async fn start(folder: &Path) -> PrivateRedis {
        let server = RedisServer::find().await.unwrap();
        PrivateRedis::start(folder, &server).await.unwrap()
    }

    #[tokio::test]
    async fn what_was_written_is_there_after_a_restart() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("with a space");
        let redis = start(&folder).await;
        assert_eq!(call(&redis, "SET key value").await, "+OK");
        assert_eq!(call(&redis, "CONFIG GET maxmemory-policy").await, "*2");
        redis.stop().await.unwrap();

        let redis = start(&folder).await;
        assert_eq!(call(&redis, "STRLEN key").await, ":5");
        assert!(redis.url().starts_with("redis+unix:///"), "{}", redis.url());
        assert!(
            redis.url().ends_with("/with%20a%20space/redis.sock"),
            "{}",
            redis.url()
        );
        redis.stop().await.unwrap();
    }

    #[tokio::test]
    async fn an_orphan_of_an_earlier_run_is_ended_first() {
        let folder = tempfile::tempdir().unwrap();
        let mut orphan = start(folder.path()).await;
        assert_eq!(call(&orphan, "SET key orphan").await, "+OK");
        orphan.script.start_kill().unwrap();
        orphan.script.wait().await.unwrap();
        assert_eq!(
            call(&orphan, "PING").await,
            "+PONG",
            "Redis outlives the killed script"
        );
        let orphan_id = fs::read_to_string(folder.path().join("redis.pid")).unwrap();
        // The watcher in the script's group still waits on the pipe; only a forgotten pipe makes an orphan.
        std::mem::forget(orphan.lifeline);

        let redis = start(folder.path()).await;
        assert_eq!(call(&redis, "STRLEN key").await, ":6");
        let id = fs::read_to_string(folder.path().join("redis.pid")).unwrap();
        assert_ne!(id, orphan_id);
        redis.stop().await.unwrap();
    }

    #[tokio::test]
    async fn a_path_too_long_for_a_socket_gets_one_elsewhere() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("x".repeat(MAX_SOCKET_PATH_BYTES));
        let redis = start(&folder).await;
        assert!(redis.socket.path.as_os_str().len() <= MAX_SOCKET_PATH_BYTES);
        assert!(!redis.socket.path.starts_with(&folder));
        assert_eq!(call(&redis, "PING").await, "+PONG");
        redis.stop().await.unwrap();
    }

    #[tokio::test]
    async fn a_redis_that_cannot_start_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let appendonly = folder.path().join("appendonlydir");
        fs::write(&appendonly, "a file where Redis wants a folder").unwrap();
        let server = RedisServer::find().await.unwrap();
        let outcome = PrivateRedis::start(folder.path(), &server).await;
        let error = outcome.err().unwrap().to_string();
        assert!(error.contains("appendonlydir"), "{error}");
    }

    #[test]
    fn nothing_is_evicted_and_nothing_is_lost() {
        let socket = Socket {
            path: "/data/redis.sock".into(),
            far_folder: None,
        };
        assert_eq!(
            arguments(&socket).join(" "),
            "--port 0 --unixsocket redis.sock --unixsocketperm 700 --appendonly yes \
             --appendfsync everysec --save  --maxmemory-policy noeviction --pidfile redis.pid \
             --daemonize no"
        );
    }
}
