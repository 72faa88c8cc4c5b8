//! A short run of every fault; `./run chaos` is the long one.
#![cfg(target_os = "linux")]

use std::path::PathBuf;

use anyhow::Result;
use tests::chaos::{self, Plan, Programs};

#[stall::test(options = tests::GUARDED_CALLS)]
async fn whatever_dies_every_accepted_job_ends_once_with_the_bytes_of_a_quiet_run() -> Result<()> {
    let report = chaos::run(&Plan {
        seed: 7,
        jobs: 150,
        faults: 20,
        programs: Programs {
            api: PathBuf::from(env!("CARGO_BIN_EXE_api")),
            worker: PathBuf::from(env!("CARGO_BIN_EXE_worker")),
        },
    })
    .await?;
    assert!(report.is_clean(), "{report}");
    Ok(())
}
