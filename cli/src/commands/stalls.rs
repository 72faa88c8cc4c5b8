//! `stalls`: what held the event loop of a worker or of the API, with stacks.

use clap::Args;
use shared::timestamp::Timestamp;
use stall::StallGroup;
use url::Url;

use crate::client::Client;
use crate::failure::{Exit, Failure};
use crate::terminal::{self, bold, dim};

/// Show what held the event loop of a worker, or of the API: the newest stalls, by stack.
#[derive(Args, Debug)]
pub(crate) struct StallsArgs {
    /// Where a worker answers (its WORKER_LISTEN), or the API's debug endpoint (its API_ADMIN_LISTEN)
    #[arg(
        long,
        env = "PDF_INGEST_ADMIN_URL",
        default_value = "http://127.0.0.1:9464",
        value_name = "URL"
    )]
    url: Url,

    /// How many different stacks, those that cost most first
    #[arg(long, default_value_t = 20)]
    limit: usize,

    /// Print one line per stack with the microseconds it took, as flame-graph tools read it
    #[arg(long, conflicts_with = "json")]
    folded: bool,

    /// Print each stall as JSON, one object per line, newest first; errors too
    #[arg(long)]
    pub(crate) json: bool,
}

impl StallsArgs {
    pub(crate) async fn run(self) -> Result<Exit, Failure> {
        let snapshot = Client::new(self.url, None)?.stalls().await?;
        if self.folded {
            terminal::raw(stall::folded(&snapshot.stalls).as_bytes())?;
        } else if self.json {
            for report in &snapshot.stalls {
                terminal::line(
                    stall::to_json(std::slice::from_ref(report)).trim_matches(['[', ']']),
                )?;
            }
        } else {
            let threshold_ms = snapshot.threshold_us as f64 / 1e3;
            let stalls = terminal::count(snapshot.stalls_total, "stall");
            terminal::line(bold(format!(
                "{stalls} of {threshold_ms} ms or longer since its start"
            )))?;
            for group in stall::group(&snapshot.stalls).iter().take(self.limit) {
                terminal::line(described(group))?;
            }
        }
        Ok(Exit::Success)
    }
}

/// How often and how long, then the newest of them with its stack.
fn described(group: &StallGroup) -> String {
    let milliseconds = |microseconds: u64| microseconds as f64 / 1e3;
    let newest = Timestamp::from_millis(group.newest.at_unix_ms);
    let facts = format!(
        "{} with this stack, {:.1} ms in all, {:.1} ms the longest; the newest at {newest}:",
        terminal::count(group.count, "stall"),
        milliseconds(group.total_net_us),
        milliseconds(group.worst_net_us),
    );
    format!("\n{}\n{}", dim(facts), group.newest)
}
