//! The `redis-cli` line that looks into the queue: shown, and run by the demonstration.

use std::ffi::OsStr;
use std::path::Path;

use tokio::process::Command;
use url::Url;

use super::child;

/// How `redis-cli` reaches a Redis; never holds a password.
#[derive(Clone, Debug)]
pub(crate) struct RedisCli {
    arguments: Vec<String>,
}

impl RedisCli {
    /// Through a unix socket.
    pub(crate) fn on_socket(socket: &Path) -> Self {
        Self {
            arguments: vec!["-s".to_owned(), socket.display().to_string()],
        }
    }

    /// Through a URL; who has a password sets `REDISCLI_AUTH`.
    pub(crate) fn on_url(url: &str) -> Self {
        let Ok(mut url) = Url::parse(url) else {
            return Self {
                arguments: Vec::new(),
            };
        };
        if matches!(url.scheme(), "unix" | "redis+unix") {
            let as_file = Url::parse(&format!("file://{}", url.path()));
            let path = as_file.ok().and_then(|url| url.to_file_path().ok());
            return Self::on_socket(&path.unwrap_or_default());
        }
        let _no_password_to_remove = url.set_password(None);
        Self {
            arguments: vec!["-u".to_owned(), url.to_string()],
        }
    }

    /// Which Redis that is.
    pub(crate) fn target(&self) -> &str {
        self.arguments.last().map_or("", String::as_str)
    }

    /// As it is typed into a shell.
    pub(crate) fn line(&self, command: &[&str]) -> String {
        let arguments = self
            .arguments
            .iter()
            .map(String::as_str)
            .chain(command.iter().copied());
        let words: Vec<String> = arguments.map(quoted).collect();
        format!("redis-cli {}", words.join(" "))
    }

    /// What it prints, or `None` when there is no `redis-cli` on this machine or it fails.
    pub(crate) async fn run<S: AsRef<OsStr>>(&self, command: &[S]) -> Option<String> {
        let mut redis_cli = Command::new("redis-cli");
        redis_cli
            .args(&self.arguments)
            .args(command)
            .kill_on_drop(true);
        let output = child::output(redis_cli).await.ok()?;
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// A word for a POSIX shell, in single quotes where it needs them.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@+,=%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_and_spaces_are_quoted() {
        let redis = RedisCli::on_socket(Path::new("/data of me/redis.sock"));
        assert_eq!(
            redis.line(&["HGETALL", "{ingest}:job:1"]),
            "redis-cli -s '/data of me/redis.sock' HGETALL '{ingest}:job:1'"
        );
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }

    #[test]
    fn a_password_is_never_shown() {
        let redis = RedisCli::on_url("rediss://user:secret@host:6380/1");
        assert_eq!(
            redis.line(&["ping"]),
            "redis-cli -u rediss://user@host:6380/1 ping"
        );
        let redis = RedisCli::on_url("redis+unix:///of%20me/redis.sock");
        assert_eq!(
            redis.line(&["ping"]),
            "redis-cli -s '/of me/redis.sock' ping"
        );
    }
}
