//! What every file of the project keeps to.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

/// The longest a file may be.
const MAX_LINES: usize = 500;

/// Every Rust file of the workspace's crates.
fn sources() -> Result<Vec<PathBuf>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut folders: Vec<_> = [
        "api", "cli", "extract", "shared", "stall", "tests", "worker",
    ]
    .map(|name| root.join(name))
    .to_vec();
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.ends_with("target") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    Ok(files)
}

#[test]
fn every_file_opens_with_a_sentence_and_fits_in_a_head() -> Result<()> {
    let sources = sources()?;
    assert!(
        sources.len() > 100,
        "only {} files were found",
        sources.len()
    );
    let mut wrong = Vec::new();
    for path in sources {
        let text = fs::read_to_string(&path)?;
        let lines = text.lines().count();
        if !text.starts_with("//! ") || lines > MAX_LINES {
            wrong.push(format!("{} ({lines} lines)", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    Ok(())
}
