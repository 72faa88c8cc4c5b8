//! `pdf-ingest-worker`.

fn main() -> std::process::ExitCode {
    worker::main()
}
