//! The pdf-ingest command.
fn main() {}
