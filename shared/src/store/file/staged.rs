//! `Staged`: a file that is written under a temporary name and becomes an object in one step.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use uuid::Uuid;

/// A writer locks its file right after creating it; younger files are left alone.
const LOCKED_WITHIN: Duration = Duration::from_secs(60);

/// A file that vanishes when it is dropped before it was committed.
#[derive(Debug)]
pub(super) struct Staged {
    file: File,
    path: PathBuf,
    committed: bool,
}

impl Staged {
    /// A new empty file in `folder`. Its lock, which the kernel drops with the process, tells it from leftovers.
    pub(super) fn create(folder: &Path) -> io::Result<Self> {
        let path = folder.join(Uuid::now_v7().to_string());
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)?;
        let staged = Self {
            file,
            path,
            committed: false,
        };
        staged.file.lock()?;
        Ok(staged)
    }

    /// Appends.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// Makes it the object at `target`, replacing what is there; survives a power cut once this returns.
    pub(super) fn commit(mut self, target: &Path) -> io::Result<()> {
        let folder = target.parent().expect("an object lies in a folder");
        self.file.sync_data()?;
        create_folders(folder)?;
        fs::rename(&self.path, target)?;
        self.committed = true;
        sync_folder(folder)
    }

    /// Removes what crashed writers left in `folder`, and returns how many files that were.
    pub(super) fn clean(folder: &Path) -> io::Result<u64> {
        let mut removed = 0;
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if is_leftover(&path)? {
                fs::remove_file(&path)?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.committed {
            // What cannot be removed now is a leftover, and removed at the next start.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn is_leftover(path: &Path) -> io::Result<bool> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let age = SystemTime::now().duration_since(file.metadata()?.modified()?);
    if age.is_ok_and(|age| age < LOCKED_WITHIN) {
        return Ok(false);
    }
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Makes `folder` and what is missing above it, each durable in the folder that holds it.
pub(super) fn create_folders(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let Some(parent) = folder.parent() else {
        return Ok(());
    };
    create_folders(parent)?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => sync_folder(parent),
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn age(path: &Path) {
        let file = OpenOptions::new().write(true).open(path).unwrap();
        file.set_modified(SystemTime::now() - 2 * LOCKED_WITHIN)
            .unwrap();
    }

    #[test]
    fn leftovers_are_removed_and_files_in_writing_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let crashed = folder.path().join("crashed");
        fs::write(&crashed, b"half").unwrap();
        age(&crashed);
        fs::write(folder.path().join("just made"), b"").unwrap();
        let writing = Staged::create(folder.path()).unwrap();
        age(&writing.path);

        assert_eq!(Staged::clean(folder.path()).unwrap(), 1);
        assert!(!crashed.exists());
        assert!(writing.path.exists());
        writing.commit(&folder.path().join("a/b/object")).unwrap();
        assert!(folder.path().join("a/b/object").exists());
    }

    #[test]
    fn what_is_not_committed_vanishes() {
        let folder = tempfile::tempdir().unwrap();
        let mut staged = Staged::create(folder.path()).unwrap();
        staged.write(b"half").unwrap();
        drop(staged);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
