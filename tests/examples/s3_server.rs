//! A server of S3's protocol on a free port, for measurements; ends when its standard input does.
//!
//! `cargo run --release -p tests --example s3_server` prints the variables that point pdf-ingest at it.

use std::io::{Read as _, Write as _, stdin, stdout};

use tests::s3::S3Server;

fn main() -> anyhow::Result<()> {
    let server = S3Server::start()?;
    let args = server.store_args("p");
    let mut out = stdout().lock();
    for (name, value) in [
        ("STORE_URL", Some(args.store_url.to_string())),
        ("S3_ENDPOINT", args.s3_endpoint.map(Into::into)),
        ("S3_ACCESS_KEY_ID", args.s3_access_key_id),
        (
            "S3_SECRET_ACCESS_KEY",
            args.s3_secret_access_key
                .map(|secret| secret.expose().to_owned()),
        ),
    ] {
        writeln!(out, "export {name}={}", value.unwrap_or_default())?;
    }
    out.flush()?;
    stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
