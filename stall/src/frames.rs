//! Whose frame is it: the program's own, or that of the standard library, tokio, another dependency, this crate?

use crate::report::Frame;

/// True for a frame with a source line in the program's own code. In a stripped executable no frame is.
pub(crate) fn is_user(frame: &Frame) -> bool {
    let (Some(file), Some(_line)) = (&frame.file, frame.line) else {
        return false;
    };
    let dependency = file.starts_with("/rustc/")
        || file.starts_with("library/")
        || file.contains("/rustlib/src/")
        || file.contains("/.cargo/registry/")
        || file.contains("/registry/src/")
        || file.contains("/git/checkouts/")
        || !file.ends_with(".rs");
    !dependency && !is_ours(frame, file)
}

/// True if the stack goes through tokio's `block_in_place`, which hands the worker's queue to another thread first.
pub(crate) fn show_block_in_place(frames: &[Frame]) -> bool {
    frames.iter().any(|frame| {
        let name = frame.function.split('<').next().unwrap_or_default();
        let of_tokio = name.starts_with("tokio::")
            || frame
                .file
                .as_ref()
                .is_some_and(|file| file.contains("/tokio-"));
        of_tokio && name.ends_with("block_in_place")
    })
}

/// Our wrappers around the program's futures. Their names lack the crate with `debug = "line-tables-only"`, so go by
/// the place of the sources too.
fn is_ours(frame: &Frame, file: &str) -> bool {
    const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/");
    file.starts_with(SOURCES)
        || file.starts_with("stall/src/")
        || frame.function.starts_with("stall::")
        || frame.function.starts_with("<stall::")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(function: &str, file: &str) -> Frame {
        Frame {
            function: function.into(),
            file: Some(file.into()),
            line: Some(1),
            inlined: false,
            module: None,
            address: 0,
        }
    }

    #[test]
    fn the_programs_own_frames_are_user_frames() {
        assert!(is_user(&frame("worker::run", "/build/worker/src/run.rs")));
        assert!(is_user(&frame("{async_fn#0}", "worker/src/run.rs")));
        assert!(is_user(&frame("install::watch", "install/src/watch.rs")));
    }

    #[test]
    fn frames_of_others_are_not() {
        for file in [
            "/rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/std/src/thread/mod.rs",
            "library/core/src/ops/function.rs",
            "/home/me/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/tokio-1.54.1/src/runtime/park.rs",
            "stall/src/watch.rs",
            "./nptl/pthread_create.c",
        ] {
            assert!(!is_user(&frame("f", file)), "{file}");
        }
    }

    #[test]
    fn a_frame_without_a_line_is_not() {
        assert!(!is_user(&Frame {
            line: None,
            ..frame("worker::run", "worker/src/run.rs")
        }));
    }

    #[test]
    fn knows_tokios_block_in_place_with_and_without_path() {
        let tokio = "/home/me/.cargo/registry/src/index/tokio-1.54.1/src/task/blocking.rs";
        assert!(show_block_in_place(&[frame(
            "tokio::task::blocking::block_in_place",
            tokio
        )]));
        assert!(show_block_in_place(&[frame(
            "block_in_place<app::main::{closure#0}, ()>",
            tokio
        )]));
        assert!(!show_block_in_place(&[frame(
            "app::block_in_place",
            "src/main.rs"
        )]));
    }
}
