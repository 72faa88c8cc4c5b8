//! The objects of one bucket, and the parts of those that are still being uploaded.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use uuid::Uuid;

/// What was put under a key.
#[derive(Clone)]
pub(crate) struct Object {
    pub(crate) bytes: Bytes,
    pub(crate) content_type: Option<String>,
    /// Names these bytes and no others.
    pub(crate) etag: String,
}

impl Object {
    pub(crate) fn new(bytes: Bytes, content_type: Option<String>) -> Self {
        Self {
            bytes,
            content_type,
            etag: Uuid::new_v4().simple().to_string(),
        }
    }
}

/// An upload in parts, by their numbers.
#[derive(Default)]
pub(crate) struct Upload {
    content_type: Option<String>,
    parts: BTreeMap<i32, Bytes>,
}

#[derive(Default)]
struct Kept {
    objects: BTreeMap<String, Object>,
    uploads: HashMap<String, Upload>,
}

/// All objects, for any number of connections.
#[derive(Default)]
pub(crate) struct Objects(Mutex<Kept>);

impl Objects {
    pub(crate) fn put(&self, key: String, object: Object) {
        self.lock().objects.insert(key, object);
    }

    pub(crate) fn get(&self, key: &str) -> Option<Object> {
        self.lock().objects.get(key).cloned()
    }

    pub(crate) fn delete(&self, key: &str) {
        self.lock().objects.remove(key);
    }

    /// Up to `limit` keys and sizes below `prefix` and behind `after`, in order.
    pub(crate) fn list(&self, prefix: &str, after: &str, limit: usize) -> Vec<(String, usize)> {
        let first = if after < prefix { prefix } else { after };
        let kept = self.lock();
        let from_prefix = kept.objects.get_key_value(first).filter(|_| after < prefix);
        from_prefix
            .into_iter()
            .chain(kept.objects.range::<str, _>((Excluded(first), Unbounded)))
            .take_while(|(key, _)| key.starts_with(prefix))
            .take(limit)
            .map(|(key, object)| (key.clone(), object.bytes.len()))
            .collect()
    }

    /// Begins an upload in parts.
    pub(crate) fn begin(&self, content_type: Option<String>) -> String {
        let id = Uuid::new_v4().simple().to_string();
        let upload = Upload {
            content_type,
            parts: BTreeMap::new(),
        };
        self.lock().uploads.insert(id.clone(), upload);
        id
    }

    /// Nothing when there is no such upload.
    pub(crate) fn add(&self, upload: &str, number: i32, part: Bytes) -> Option<()> {
        self.lock()
            .uploads
            .get_mut(upload)?
            .parts
            .insert(number, part);
        Some(())
    }

    /// Puts the parts together under `key`. Nothing when there is no such upload.
    pub(crate) fn complete(&self, upload: &str, key: String) -> Option<Object> {
        let Upload {
            content_type,
            parts,
        } = self.abort(upload)?;
        let mut bytes = BytesMut::with_capacity(parts.values().map(Bytes::len).sum());
        for part in parts.values() {
            bytes.extend_from_slice(part);
        }
        let object = Object::new(bytes.freeze(), content_type);
        self.put(key, object.clone());
        Some(object)
    }

    /// Forgets an upload. Nothing when there is no such.
    pub(crate) fn abort(&self, upload: &str) -> Option<Upload> {
        self.lock().uploads.remove(upload)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
