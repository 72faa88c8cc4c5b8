//! What is uploaded, and what becomes of each document when nothing disturbs it.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use shared::config::ByteSize;
use shared::error_code::ErrorCode;
use shared::job::{JobId, State};
use shared::manifest::Manifest;
use shared::store::{ObjectKey, ObjectStore};

use super::clients;
use super::cluster::{Cluster, ended};
use crate::pdf::Pdf;

/// How long a job of the quiet run may take.
const QUIET: Duration = Duration::from_secs(60);
const LARGEST: ByteSize = ByteSize::bytes(64 << 20);

/// Documents by number, with what a quiet run makes of them.
#[derive(Debug)]
pub(super) struct Documents(Vec<(Vec<u8>, Outcome)>);

/// What must be the same however often a job was disturbed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Outcome {
    pub(super) state: State,
    error: Option<ErrorCode>,
    /// Every object of the job by its key, the job's id taken out of keys and bytes.
    objects: BTreeMap<String, Vec<u8>>,
}

impl Documents {
    /// Runs each document once before anything is disturbed.
    pub(super) async fn undisturbed(cluster: &Cluster) -> Result<Self> {
        let mut documents = Vec::new();
        for pdf in pdfs() {
            let key = format!("quiet-{}", documents.len());
            let (id, _) = clients::submit_until_accepted(cluster.client(), &key, &pdf).await?;
            ensure!(
                ended(&cluster.queue, id, QUIET).await?,
                "{key} does not end"
            );
            let outcome = Outcome::of(cluster, id).await?;
            documents.push((pdf, outcome));
        }
        let failed = documents
            .iter()
            .filter(|(_, end)| end.state == State::Failed);
        ensure!(
            failed.count() == 1,
            "one document is damaged, the others are not"
        );
        Ok(Self(documents))
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    pub(super) fn pdf(&self, number: usize) -> &[u8] {
        &self.0[number % self.0.len()].0
    }

    pub(super) fn outcome(&self, number: usize) -> &Outcome {
        &self.0[number % self.0.len()].1
    }
}

/// From one line to pages with pictures, and one that cannot be read.
fn pdfs() -> Vec<Vec<u8>> {
    let mut pdfs: Vec<Vec<u8>> = [1, 3, 12]
        .iter()
        .map(|pages| Pdf::with_pages(*pages).build())
        .collect();
    for pictures in [1, 4] {
        let mut pdf = Pdf::new();
        let numbers: Vec<usize> = (0..pictures)
            .map(|seed| pdf.picture(40 + 30 * seed as usize, seed))
            .collect();
        pdfs.push(
            pdf.page("pictures", &numbers)
                .page("more", &numbers[..1])
                .build(),
        );
    }
    pdfs.push(b"%PDF-1.7\nnothing that could be read\n".to_vec());
    pdfs
}

impl Outcome {
    pub(super) async fn of(cluster: &Cluster, id: JobId) -> Result<Self> {
        let record = cluster.queue.get(id).await?.context("the record is gone")?;
        let mut objects = BTreeMap::new();
        if record.state != State::Failed {
            for key in keys(&cluster.store, id).await? {
                let bytes = cluster.store.get_bytes(&key, LARGEST).await?;
                objects.insert(anonymous(&key.path(), id), without(&bytes, id));
            }
        }
        Ok(Self {
            state: record.state,
            error: record.error.map(|error| error.code),
            objects,
        })
    }
}

/// Every object that the result names, and the result.
async fn keys(store: &ObjectStore, id: JobId) -> Result<Vec<ObjectKey>> {
    let json = store.get_bytes(&ObjectKey::Manifest(id), LARGEST).await?;
    let manifest: Manifest = serde_json::from_slice(&json)?;
    let images = manifest.images.iter().map(|image| ObjectKey::Image {
        job: id,
        sha256: image.sha256.clone(),
        extension: if image.key.ends_with(".png") {
            "png"
        } else {
            "jpg"
        },
    });
    let always = [
        ObjectKey::Source(id),
        ObjectKey::Pages(id),
        ObjectKey::Manifest(id),
    ];
    Ok(always.into_iter().chain(images).collect())
}

fn anonymous(text: &str, id: JobId) -> String {
    text.replace(&id.to_string(), "ID")
}

/// Objects that name their job are text; others cannot contain its id.
fn without(bytes: &[u8], id: JobId) -> Vec<u8> {
    match std::str::from_utf8(bytes) {
        Ok(text) => anonymous(text, id).into_bytes(),
        Err(_) => bytes.to_vec(),
    }
}
