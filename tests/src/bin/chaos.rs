//! A long run of faults: `chaos [SEED [JOBS [FAULTS]]]`.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use tests::chaos::{self, Plan};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "this is what the program is for")]
async fn main() -> Result<ExitCode> {
    let mut numbers = std::env::args().skip(1).map(|number| number.parse());
    let mut next = |default: u64| -> Result<u64> {
        let number = numbers.next().unwrap_or(Ok(default));
        number.context("chaos [SEED [JOBS [FAULTS]]]")
    };
    let (seed, jobs, faults) = (next(1)?, next(10_000)?, next(220)?);
    let plan = Plan::new(seed, usize::try_from(jobs)?, usize::try_from(faults)?)?;
    let report = chaos::run(&plan).await?;
    println!("{report}");
    Ok(match report.is_clean() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
