//! The object store: sources in, images, pages and manifests out.

mod key; // how objects are named

pub use key::ObjectKey;
