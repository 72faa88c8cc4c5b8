//! The memory in which a document lies before its extraction process: written by the worker, read by the process.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;

use rustix::fs::{MemfdFlags, memfd_create};

/// Memory that is kept between documents, here and in the process: to get it anew takes longer than to fill it.
const KEPT: usize = 4 << 20;

/// The worker's side: one for each process, kept between documents.
#[derive(Debug)]
pub(super) struct SourceMemory(File);

impl SourceMemory {
    pub(super) fn new() -> io::Result<Self> {
        let memory = memfd_create("pdf-ingest-source", MemfdFlags::CLOEXEC)?;
        Ok(Self(memory.into()))
    }

    /// What the process gets: it can read, and neither write nor resize.
    pub(super) fn for_reading(&self) -> io::Result<File> {
        File::open(format!("/proc/self/fd/{}", self.0.as_raw_fd()))
    }

    pub(super) fn write(&self, source: &[u8]) -> io::Result<()> {
        self.0.write_all_at(source, 0)
    }

    /// Gives back what a large document took.
    pub(super) fn shrink(&self) -> io::Result<()> {
        if self.0.metadata()?.len() > KEPT as u64 {
            self.0.set_len(KEPT as u64)?;
        }
        Ok(())
    }
}

/// The process's side.
pub(super) struct SourceReader {
    memory: File,
    bytes: Vec<u8>,
}

impl SourceReader {
    pub(super) fn new(memory: File) -> Self {
        Self {
            memory,
            bytes: Vec::new(),
        }
    }

    /// The document that the worker wrote, of `length` bytes.
    pub(super) fn read(&mut self, length: usize) -> io::Result<&[u8]> {
        if self.bytes.len() > KEPT {
            self.bytes = Vec::new();
        }
        if self.bytes.len() < length {
            self.bytes = vec![0; length];
        }
        let source = &mut self.bytes[..length];
        self.memory.read_exact_at(source, 0)?;
        Ok(source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_of_any_size_are_read_one_after_the_other() {
        let memory = SourceMemory::new().unwrap();
        let mut reader = SourceReader::new(memory.for_reading().unwrap());
        for length in [3, 2 * KEPT, 0, 70_000, KEPT + 1, 1] {
            let source: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            memory.write(&source).unwrap();
            assert!(reader.read(length).unwrap() == source, "{length} bytes");
            memory.shrink().unwrap();
            assert!(memory.0.metadata().unwrap().len() <= KEPT as u64);
        }
    }

    #[test]
    fn the_process_cannot_change_the_document() {
        let memory = SourceMemory::new().unwrap();
        memory.write(b"%PDF").unwrap();
        let theirs = memory.for_reading().unwrap();
        assert!(theirs.write_all_at(b"!", 0).is_err());
        assert!(theirs.set_len(0).is_err());
    }
}
