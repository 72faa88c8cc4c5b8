//! `ObjectKey`: the one place that knows how objects are named.

use crate::job::JobId;

/// Names one object of one job; no other code writes a key by hand.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ObjectKey {
    /// What was uploaded.
    Source(JobId),
    /// One distinct image.
    Image {
        /// The job that it was found in.
        job: JobId,
        /// SHA-256 of the file, 64 lowercase hexadecimal digits.
        sha256: String,
        /// File name extension without a dot.
        extension: &'static str,
    },
    /// One JSON object per page and line.
    Pages(JobId),
    /// The manifest; written last.
    Manifest(JobId),
}

impl ObjectKey {
    /// The path below the store's root or prefix.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Source(job) => format!("jobs/{job}/source.pdf"),
            Self::Image {
                job,
                sha256,
                extension,
            } => {
                format!("jobs/{job}/images/{sha256}.{extension}")
            }
            Self::Pages(job) => format!("jobs/{job}/pages.ndjson"),
            Self::Manifest(job) => format!("jobs/{job}/result.json"),
        }
    }

    /// The media type that the object is stored with.
    #[must_use]
    pub fn media_type(&self) -> &'static str {
        match self {
            Self::Source(_) => "application/pdf",
            Self::Image { extension, .. } => match *extension {
                "jpg" => "image/jpeg",
                "jp2" => "image/jp2",
                "png" => "image/png",
                _ => "application/octet-stream",
            },
            Self::Pages(_) => "application/x-ndjson",
            Self::Manifest(_) => "application/json",
        }
    }

    /// Below which every object of a job lies.
    #[must_use]
    pub fn prefix(job: JobId) -> String {
        format!("jobs/{job}/")
    }
}
