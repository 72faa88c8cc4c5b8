//! The numbers that bound the queue.

use std::time::Duration;

use clap::{Args, CommandFactory as _, FromArgMatches as _};

use super::{Problems, duration};
use crate::owner::Owner;

/// Queue. Api and workers of one queue must agree on these.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Queue")]
pub struct QueueArgs {
    /// Name of the queue: every Redis key starts with `{name}:`
    #[arg(long, env = "QUEUE_NAME", default_value = "ingest")]
    pub queue_name: String,

    /// How long a worker may be silent before its jobs are given to another
    #[arg(long, env = "LEASE", default_value = "30s", value_parser = duration)]
    pub lease: Duration,

    /// How often a worker renews its leases
    #[arg(long, env = "LEASE_RENEW", default_value = "10s", value_parser = duration)]
    pub lease_renew: Duration,

    /// Attempts per job before it is dead
    #[arg(long, env = "MAX_ATTEMPTS", default_value_t = 4)]
    pub max_attempts: u32,

    /// Crashed attempts per job before it is dead
    #[arg(long, env = "MAX_CRASHES", default_value_t = 2)]
    pub max_crashes: u32,

    /// Wait before the second attempt; quadruples with each further one, with full jitter
    #[arg(long, env = "RETRY_BASE", default_value = "1s", value_parser = duration)]
    pub retry_base: Duration,

    /// Longest wait between two attempts
    #[arg(long, env = "RETRY_CAP", default_value = "5m", value_parser = duration)]
    pub retry_cap: Duration,

    /// Waiting jobs at which submits are refused
    #[arg(long, env = "QUEUE_DEPTH", default_value_t = 100_000)]
    pub queue_depth: u64,

    /// How long a finished job and its result are kept
    #[arg(long, env = "RETENTION", default_value = "7d", value_parser = duration)]
    pub retention: Duration,

    /// How long an expired job still answers 410 instead of 404
    #[arg(long, env = "TOMBSTONE", default_value = "7d", value_parser = duration)]
    pub tombstone: Duration,

    /// How long an Idempotency-Key is remembered
    #[arg(long, env = "IDEMPOTENCY_TTL", default_value = "24h", value_parser = duration)]
    pub idempotency_ttl: Duration,

    /// How long an Idempotency-Key is kept for an upload that is still being read
    #[arg(long, env = "IDEMPOTENCY_RESERVATION", default_value = "5m", value_parser = duration)]
    pub idempotency_reservation: Duration,

    /// How long a stored upload may wait for its job before it is removed: longer than the slowest upload takes
    #[arg(long, env = "ORPHAN_AFTER", default_value = "24h", value_parser = duration)]
    pub orphan_after: Duration,

    /// Waiting jobs of one API key at which its submits are refused; 0 sets no limit
    #[arg(long, env = "OWNER_QUEUED", default_value_t = 50_000)]
    pub owner_queued: u64,

    /// Running jobs per owner; 0 sets no limit
    #[arg(long, env = "OWNER_RUNNING", default_value_t = 0)]
    pub owner_running: u32,

    /// Entries kept in the event stream, about; each tells what one call changed
    #[arg(long, env = "EVENTS_KEPT", default_value_t = 10_000)]
    pub events_kept: u32,
}

/// The numbers of the command line's defaults.
impl Default for QueueArgs {
    fn default() -> Self {
        #[derive(clap::Parser)]
        struct Defaults {
            #[command(flatten)]
            queue: QueueArgs,
        }
        let command = Defaults::command().mut_args(|arg| arg.env(clap::builder::Resettable::Reset));
        let matches = command.get_matches_from([""]);
        QueueArgs::from_arg_matches(&matches).expect("every argument has a default")
    }
}

impl QueueArgs {
    /// Waiting jobs that `owner` may have, 0 for any number: who has no key is everybody, whom `queue_depth` bounds.
    pub(crate) fn owner_queued(&self, owner: &Owner) -> u64 {
        match *owner == Owner::anonymous() {
            true => 0,
            false => self.owner_queued,
        }
    }

    /// Notes what contradicts itself.
    pub fn check(&self, problems: &mut Problems) {
        let name_is_plain = !self.queue_name.is_empty()
            && self.queue_name.len() <= 64
            && self
                .queue_name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        problems.require(
            name_is_plain,
            "QUEUE_NAME must be 1 to 64 of A-Z a-z 0-9 - _ .",
        );
        problems.require(
            self.lease >= 2 * self.lease_renew && !self.lease_renew.is_zero(),
            "LEASE must be at least twice LEASE_RENEW, and LEASE_RENEW more than zero",
        );
        problems.require(
            self.lease >= Duration::from_millis(100),
            "LEASE must be at least 100ms",
        );
        problems.require(self.max_attempts > 0, "MAX_ATTEMPTS must be at least 1");
        problems.require(self.max_crashes > 0, "MAX_CRASHES must be at least 1");
        problems.require(
            self.retry_base <= self.retry_cap,
            "RETRY_BASE must not exceed RETRY_CAP",
        );
        problems.require(self.queue_depth > 0, "QUEUE_DEPTH must be at least 1");
        problems.require(
            self.retention >= Duration::from_secs(1),
            "RETENTION must be at least 1s",
        );
        problems.require(
            self.orphan_after >= Duration::from_secs(1),
            "ORPHAN_AFTER must be at least 1s",
        );
        problems.require(
            !self.idempotency_ttl.is_zero() && !self.idempotency_reservation.is_zero(),
            "IDEMPOTENCY_TTL and IDEMPOTENCY_RESERVATION must be more than zero",
        );
    }
}
