//! `pdf-ingest-api`.

fn main() -> std::process::ExitCode {
    api::main()
}
