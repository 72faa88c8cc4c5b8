//! Objects as files of a folder: `jobs/…` holds them, `incoming/` what is still being written.

mod disk; // the door to blocking work
mod staged; // temporary name, then rename
mod upload; // a stream on its way to the disk

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt, stream};
use url::Url;

use super::backend::{Backend, Body, BrokeOff};
use super::{ByteRange, Object, ObjectInfo, ObjectKey, PutError, StoreError};
use crate::config::StoreArgs;
use crate::job::JobId;
use disk::Disk;
use staged::{Staged, create_folders};
use upload::Upload;

/// Bytes per read: large enough that the hop to another thread does not count.
const CHUNK: usize = 256 << 10;
/// Bytes per write: what every upload holds while it goes on, of which there may be hundreds.
const WRITTEN_AT_ONCE: usize = 64 << 10;
/// One file system holds it and `jobs`, so that a rename is one step; one folder keeps cleaning cheap.
const INCOMING: &str = "incoming";

/// A folder as an object store.
#[derive(Clone, Debug)]
pub(super) struct FileStore {
    root: Arc<Path>,
    disk: Disk,
}

impl FileStore {
    pub(super) async fn open(args: &StoreArgs) -> Result<Self, StoreError> {
        let root = args.store_url.to_file_path().map_err(|()| {
            StoreError::Misconfigured("STORE_URL must be file:/// and an absolute path".to_owned())
        })?;
        let disk = Disk::new(args.store_file_threads, args.store_timeout);
        let store = Self {
            root: root.into(),
            disk: disk.map_err(|error| StoreError::Misconfigured(format!("threads: {error}")))?,
        };
        let incoming = store.root.join(INCOMING);
        let removed = store
            .disk
            .run("open", move || {
                create_folders(&incoming)?;
                Staged::clean(&incoming)
            })
            .await?;
        if removed > 0 {
            tracing::info!(
                files = removed,
                "removed unfinished files of a crashed process"
            );
        }
        Ok(store)
    }

    fn read(
        &self,
        file: File,
        start: u64,
        len: u64,
    ) -> impl Stream<Item = Result<Bytes, StoreError>> + use<> {
        let disk = self.disk.clone();
        stream::try_unfold((file, start, len), move |(mut file, offset, left)| {
            let disk = disk.clone();
            async move {
                if left == 0 {
                    return Ok(None);
                }
                let size = left.min(CHUNK as u64);
                // Allocated here, filled there: the heaps of the many threads that block keep nothing then.
                let mut chunk = Vec::with_capacity(size as usize);
                let (file, chunk) = disk
                    .run("get", move || {
                        file.seek(SeekFrom::Start(offset))?;
                        (&mut file).take(size).read_to_end(&mut chunk)?;
                        match chunk.len() as u64 == size {
                            true => Ok((file, chunk)),
                            false => Err(io::ErrorKind::UnexpectedEof.into()),
                        }
                    })
                    .await?;
                Ok(Some((chunk.into(), (file, offset + size, left - size))))
            }
        })
    }

    /// The file of a key. Keys are built from ids and hashes; one that would lead out of the folder is refused.
    fn locate(&self, key: &str) -> Result<PathBuf, StoreError> {
        let path = Path::new(key);
        path.components()
            .all(|part| matches!(part, Component::Normal(_)))
            .then(|| self.root.join(path))
            .ok_or(StoreError::InvalidKey)
    }
}

#[async_trait]
impl Backend for FileStore {
    async fn put(&self, key: &ObjectKey, bytes: Bytes) -> Result<(), StoreError> {
        let target = self.locate(&key.path())?;
        let incoming = self.root.join(INCOMING);
        self.disk
            .run("put", move || {
                let mut staged = Staged::create(&incoming)?;
                staged.write(&bytes)?;
                staged.commit(&target)
            })
            .await
    }

    async fn put_stream(
        &self,
        key: &ObjectKey,
        mut body: Body<'_>,
        _size: Option<u64>,
    ) -> Result<u64, PutError<BrokeOff>> {
        let target = self.locate(&key.path())?;
        let mut upload = Upload::create(self.disk.clone(), self.root.join(INCOMING)).await?;
        let mut total = 0;
        let mut pending = BytesMut::new();
        while let Some(chunk) = body.next().await {
            let mut chunk = chunk.map_err(PutError::Body)?;
            total += chunk.len() as u64;
            while !chunk.is_empty() {
                let room = WRITTEN_AT_ONCE - pending.len();
                pending.extend_from_slice(&chunk.split_to(room.min(chunk.len())));
                if pending.len() == WRITTEN_AT_ONCE {
                    pending = upload.write(pending).await?;
                }
            }
        }
        upload.write(pending).await?;
        upload.commit(target).await?;
        Ok(total)
    }

    async fn get(&self, key: &ObjectKey, range: Option<ByteRange>) -> Result<Object, StoreError> {
        let path = self.locate(&key.path())?;
        let (file, total) = self
            .disk
            .run("get", move || {
                let Some(file) = present(File::open(path))? else {
                    return Ok(None);
                };
                let total = file.metadata()?.len();
                Ok(Some((file, total)))
            })
            .await?
            .ok_or(StoreError::NotFound)?;
        let wanted = match range {
            None => 0..total,
            Some(range) => range
                .within(total)
                .ok_or(StoreError::RangeNotSatisfiable { total })?,
        };
        let len = wanted.end - wanted.start;
        Ok(Object {
            start: wanted.start,
            len,
            total,
            body: self.read(file, wanted.start, len).boxed(),
        })
    }

    async fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, StoreError> {
        let path = self.locate(&key.path())?;
        self.disk
            .run("head", move || {
                let metadata = present(fs::metadata(path))?;
                Ok(metadata.map(|metadata| ObjectInfo {
                    bytes: metadata.len(),
                }))
            })
            .await
    }

    async fn delete(&self, key: &ObjectKey) -> Result<(), StoreError> {
        let path = self.locate(&key.path())?;
        self.disk
            .run("delete", move || present(fs::remove_file(path)).map(drop))
            .await
    }

    async fn delete_job(&self, job: JobId) -> Result<u64, StoreError> {
        let folder = self.locate(&ObjectKey::prefix(job))?;
        self.disk
            .run("delete", move || {
                let mut files = Vec::new();
                collect_files(&folder, &mut files)?;
                present(fs::remove_dir_all(&folder))?;
                Ok(files.len() as u64)
            })
            .await
    }

    async fn list_job(&self, job: JobId) -> Result<Vec<String>, StoreError> {
        let folder = self.locate(&ObjectKey::prefix(job))?;
        let root = Arc::clone(&self.root);
        self.disk
            .run("list", move || {
                let mut files = Vec::new();
                collect_files(&folder, &mut files)?;
                let mut paths: Vec<String> = files
                    .iter()
                    .filter_map(|file| file.strip_prefix(&root).ok()?.to_str())
                    .map(str::to_owned)
                    .collect();
                paths.sort();
                Ok(paths)
            })
            .await
    }

    /// Creates a file and removes it again: a full or read-only file system shows.
    async fn check(&self) -> Result<(), StoreError> {
        let incoming = self.root.join(INCOMING);
        self.disk
            .run("check", move || Staged::create(&incoming)?.write(b"\n"))
            .await
    }

    fn display_url(&self) -> String {
        Url::from_file_path(&self.root).map_or_else(
            |()| self.root.display().to_string(),
            |url| url.as_str().trim_end_matches('/').to_owned(),
        )
    }
}

fn present<T>(outcome: io::Result<T>) -> io::Result<Option<T>> {
    match outcome {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        outcome => outcome.map(Some),
    }
}

/// Every file below `folder`; none when there is no such folder.
fn collect_files(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let Some(entries) = present(fs::read_dir(folder))? else {
        return Ok(());
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            collect_files(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}
