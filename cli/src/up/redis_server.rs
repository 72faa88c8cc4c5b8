//! Finds the program that runs as the private Redis.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::child;
use crate::failure::Failure;

/// Looked for on `PATH`, in this order. The last two are the server too, under another name: it acts
/// by the name it is called with, and Debian's `redis-tools` holds it without starting a service.
const NAMES: [&str; 4] = [
    "valkey-server",
    "redis-server",
    "redis-check-rdb",
    "valkey-check-rdb",
];

/// A Redis server that was asked for its version.
#[derive(Clone, Debug)]
pub(crate) struct RedisServer {
    /// Absolute path of the program.
    pub(crate) path: PathBuf,
    /// `Redis 7.0.15`, `Valkey 8.0.1`.
    pub(crate) version: String,
}

impl RedisServer {
    /// `$REDIS_SERVER`, else the first one on `PATH` that answers.
    pub(crate) async fn find() -> Result<Self, Failure> {
        if let Some(path) = std::env::var_os("REDIS_SERVER") {
            return Self::at(Path::new(&path)).await.ok_or_else(|| {
                let path = Path::new(&path).display();
                Failure::Config(format!("REDIS_SERVER: {path} is no Redis server"))
            });
        }
        for path in candidates(&std::env::var_os("PATH").unwrap_or_default()) {
            if let Some(found) = Self::at(&path).await {
                return Ok(found);
            }
        }
        Err(Failure::Unavailable(
            "no Redis server found: install redis-server or valkey-server (on Debian and Ubuntu \
             redis-tools is enough), or set REDIS_SERVER, or pass --redis-url"
                .to_owned(),
        ))
    }

    async fn at(path: &Path) -> Option<Self> {
        let path = path.canonicalize().ok()?;
        let mut command = Command::new(&path);
        command.arg0("redis-server").arg("--version");
        let output = child::output(command).await.ok()?;
        let version = version(&String::from_utf8_lossy(&output.stdout))?;
        Some(Self { path, version })
    }
}

fn candidates(search_path: &OsStr) -> Vec<PathBuf> {
    let folders: Vec<PathBuf> = std::env::split_paths(search_path).collect();
    NAMES
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .filter(|path| path.is_file())
        .collect()
}

/// From `Redis server v=7.0.15 sha=00000000:0 malloc=…`.
fn version(answer: &str) -> Option<String> {
    let mut words = answer.split_whitespace();
    let name = words.next()?;
    let number = words.find_map(|word| word.strip_prefix("v="))?;
    Some(format!("{name} {number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_version_of_redis_and_valkey() {
        let redis = "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=1";
        assert_eq!(version(redis).as_deref(), Some("Redis 7.0.15"));
        assert_eq!(
            version("Valkey server v=8.0.1 sha=0").as_deref(),
            Some("Valkey 8.0.1")
        );
        assert_eq!(version("Usage: redis-check-rdb <rdb-file-name>"), None);
        assert_eq!(version(""), None);
    }

    #[test]
    fn servers_are_preferred_to_the_tools_that_hold_them() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["redis-check-rdb", "redis-server"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let found = candidates(folder.path().as_os_str());
        assert_eq!(
            found,
            [
                folder.path().join("redis-server"),
                folder.path().join("redis-check-rdb")
            ]
        );
    }
}
