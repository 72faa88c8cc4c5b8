//! Tests in processes of their own: for what is global there.

use std::process::{Command, Stdio};

/// What the test `name` of this binary prints when it runs in a process of its own, in which [`is_child`] holds.
pub(crate) fn in_a_child(name: &str) -> String {
    let child = Command::new(std::env::current_exe().expect("this executable"))
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env("STALL_TEST_CHILD", "1")
        .stdout(Stdio::piped())
        .output()
        .expect("a child process");
    let output = String::from_utf8(child.stdout).expect("text");
    assert!(child.status.success(), "{output}");
    output
}

/// True in a process that [`in_a_child`] has started.
pub(crate) fn is_child() -> bool {
    std::env::var_os("STALL_TEST_CHILD").is_some()
}
