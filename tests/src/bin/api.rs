//! The API's own `main`, as a program that the tests can find and kill.

fn main() -> std::process::ExitCode {
    api::main()
}
