//! `result`: what a finished job left behind, to standard output or into a folder.

use std::path::{Path, PathBuf};

use clap::Args;
use futures::{StreamExt as _, TryStreamExt as _};
use reqwest::Response;
use serde_json::json;
use shared::job::JobId;
use shared::manifest::ImageEntry;
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt as _;

use crate::client::{Client, Part, ServerArgs};
use crate::failure::{Exit, Failure};
use crate::terminal;

/// Pages or images fetched at the same time.
const MAX_FETCHES: usize = 8;

/// Print what a finished job left behind: the manifest, unless told otherwise.
#[derive(Args, Debug)]
pub(crate) struct ResultArgs {
    /// Id of the job
    id: JobId,

    #[command(flatten)]
    form: Form,

    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

#[derive(Args, Debug)]
#[group(multiple = false)]
struct Form {
    /// Print the text of all pages
    #[arg(long)]
    text: bool,

    /// Print one JSON object per page and line
    #[arg(long)]
    pages: bool,

    /// Print Markdown, when the job was asked for it
    #[arg(long)]
    markdown: bool,

    /// Save every distinct image in this folder
    #[arg(long, value_name = "DIR")]
    images: Option<PathBuf>,
}

impl ResultArgs {
    pub(crate) async fn run(self) -> Result<Exit, Failure> {
        let client = self.server.client()?;
        if let Some(folder) = &self.form.images {
            save_images(&client, self.id, folder, self.server.json).await?;
        } else if self.form.pages {
            print_pages(&client, self.id).await?;
        } else {
            let part = match &self.form {
                Form { text: true, .. } => Part::Text,
                Form { markdown: true, .. } => Part::Markdown,
                _ => Part::Result,
            };
            let ended_line = print(&client, client.part(self.id, part).await?).await?;
            if !ended_line {
                terminal::line("")?;
            }
        }
        Ok(Exit::Success)
    }
}

/// Copies a body to standard output as it arrives; whether it ended with a line feed.
async fn print(client: &Client, mut response: Response) -> Result<bool, Failure> {
    let mut last = b'\n';
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| client.away(&error))?
    {
        terminal::raw(&chunk)?;
        last = chunk.last().copied().unwrap_or(last);
    }
    Ok(last == b'\n')
}

async fn print_pages(client: &Client, id: JobId) -> Result<(), Failure> {
    let manifest = client.manifest(id).await?;
    let fetches = manifest
        .pages
        .iter()
        .map(|page| client.page(id, page.number));
    let mut pages = futures::stream::iter(fetches).buffered(MAX_FETCHES);
    while let Some(page) = pages.try_next().await? {
        terminal::line(page.get())?;
    }
    Ok(())
}

async fn save_images(
    client: &Client,
    id: JobId,
    folder: &Path,
    as_json: bool,
) -> Result<(), Failure> {
    let manifest = client.manifest(id).await?;
    fs::create_dir_all(folder).await?;
    let saves = manifest
        .images
        .iter()
        .map(|image| save_image(client, id, image, folder));
    let mut saved = futures::stream::iter(saves).buffered(MAX_FETCHES);
    while let Some((image, path)) = saved.try_next().await? {
        if as_json {
            terminal::line(json!({ "file": path, "image": image }))?;
        } else {
            terminal::line(path.display())?;
        }
    }
    Ok(())
}

/// Named as in the store; whole or not there at all.
async fn save_image<'a>(
    client: &Client,
    id: JobId,
    image: &'a ImageEntry,
    folder: &Path,
) -> Result<(&'a ImageEntry, PathBuf), Failure> {
    let path = folder.join(file_name(&image.key)?);
    let partial = path.with_extension("partial");
    let mut response = client.part(id, Part::Image(image.number)).await?;
    let mut file = File::create(&partial).await?;
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| client.away(&error))?
    {
        file.write_all(&chunk).await?;
    }
    file.flush().await?;
    fs::rename(&partial, &path).await?;
    Ok((image, path))
}

/// The last part of a key. It comes from the service, so it is not trusted to be a plain name.
fn file_name(key: &str) -> Result<&str, Failure> {
    let name = key.rsplit('/').next().unwrap_or(key);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if name.chars().all(plain) && !name.starts_with('.') && !name.is_empty() {
        Ok(name)
    } else {
        Err(Failure::Unavailable(format!(
            "the service names an image {name:?}"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_stay_in_their_folder() {
        assert_eq!(file_name("jobs/1/images/ab12.png").unwrap(), "ab12.png");
        for key in ["jobs/1/images/", "jobs/..", "a/.hidden", "a\\..\\b", ""] {
            assert!(file_name(key).is_err(), "{key:?}");
        }
    }
}
