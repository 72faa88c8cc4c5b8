//! `Upload`: a stream on its way to the disk.

use std::path::PathBuf;

use bytes::BytesMut;

use super::disk::Disk;
use super::staged::Staged;
use crate::store::StoreError;

/// A staged file between two hops to the disk; when it is dropped on the way, the file vanishes.
pub(super) struct Upload {
    disk: Disk,
    staged: Option<Staged>,
}

impl Upload {
    /// An empty file in `folder`.
    pub(super) async fn create(disk: Disk, folder: PathBuf) -> Result<Self, StoreError> {
        let staged = disk.run("put", move || Staged::create(&folder)).await?;
        Ok(Self {
            disk,
            staged: Some(staged),
        })
    }

    /// Appends, and gives the buffer back empty.
    pub(super) async fn write(&mut self, mut bytes: BytesMut) -> Result<BytesMut, StoreError> {
        let mut staged = self.take();
        let (staged, bytes) = self
            .disk
            .run("put", move || {
                staged.write(&bytes)?;
                bytes.clear();
                Ok((staged, bytes))
            })
            .await?;
        self.staged = Some(staged);
        Ok(bytes)
    }

    /// Makes it the object at `target`.
    pub(super) async fn commit(mut self, target: PathBuf) -> Result<(), StoreError> {
        let staged = self.take();
        self.disk.run("put", move || staged.commit(&target)).await
    }

    fn take(&mut self) -> Staged {
        self.staged
            .take()
            .expect("an upload ends with the first failure")
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(staged) = self.staged.take() {
            self.disk.discard(staged);
        }
    }
}
