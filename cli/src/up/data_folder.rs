//! The folder where `up` keeps its Redis and its objects, held by one process at a time.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use shared::config::Secret;
use shared::password::PasswordKey;

use crate::failure::Failure;

/// A data folder that no other `up` uses for as long as this lives.
pub(crate) struct DataFolder {
    path: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Makes the folder, readable by its owner only, and takes its lock.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let cannot = |error: io::Error| {
            Failure::Config(format!("cannot use the folder {}: {error}", path.display()))
        };
        make_private(path).map_err(cannot)?;
        let path = path.canonicalize().map_err(cannot)?;
        let lock = File::create(path.join("up.lock")).map_err(cannot)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(Failure::Config(format!(
                "another `pdf-ingest up` uses {}; stop it, or choose another folder with --data",
                path.display()
            ))),
            Err(TryLockError::Error(error)) => Err(cannot(error)),
        }
    }

    /// Where the private Redis lives.
    pub(crate) fn redis(&self) -> PathBuf {
        self.path.join("redis")
    }

    /// The key for passwords of PDFs, made when there is none.
    pub(crate) fn password_key(&self) -> Result<Secret, Failure> {
        let path = self.path.join("password.key");
        match fs::read_to_string(&path) {
            Ok(key) => Ok(key.trim_end().to_owned().into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = PasswordKey::generate();
                let mut file = File::options()
                    .write(true)
                    .create_new(true)
                    .mode(0o600)
                    .open(&path)?;
                writeln!(file, "{}", key.expose())?;
                Ok(key)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The root of the `file://` store.
    pub(crate) fn objects(&self) -> PathBuf {
        self.path.join("objects")
    }
}

/// Makes a folder and its parents; only the owner may look into it.
pub(crate) fn make_private(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

/// `$XDG_DATA_HOME/pdf-ingest`, else `~/.local/share/pdf-ingest`, else `./.local/pdf-ingest`
/// (XDG Base Directory Specification 0.8: a relative path there is to be ignored).
pub(crate) fn default_path() -> PathBuf {
    default_below(
        std::env::var_os("XDG_DATA_HOME").map(PathBuf::from),
        std::env::var_os("HOME").map(PathBuf::from),
    )
}

fn default_below(data_home: Option<PathBuf>, home: Option<PathBuf>) -> PathBuf {
    data_home
        .filter(|path| path.is_absolute())
        .or_else(|| {
            home.filter(|path| path.is_absolute())
                .map(|path| path.join(".local/share"))
        })
        .unwrap_or_else(|| ".local".into())
        .join("pdf-ingest")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_default_follows_xdg() {
        let path = |data_home: Option<&str>, home: Option<&str>| {
            default_below(data_home.map(PathBuf::from), home.map(PathBuf::from))
        };
        assert_eq!(
            path(Some("/data"), Some("/home/a")),
            Path::new("/data/pdf-ingest")
        );
        assert_eq!(
            path(Some("relative"), Some("/home/a")),
            Path::new("/home/a/.local/share/pdf-ingest")
        );
        assert_eq!(path(None, Some("")), Path::new(".local/pdf-ingest"));
    }

    #[test]
    fn two_processes_cannot_use_one_folder() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        let first = DataFolder::open(&path).unwrap();
        let mode = fs::metadata(&first.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        assert!(matches!(DataFolder::open(&path), Err(Failure::Config(_))));
        drop(first);
        assert!(DataFolder::open(&path).is_ok());
    }
}
