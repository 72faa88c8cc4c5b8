//! Where Redis is, and how patient we are with it.

use std::time::Duration;

use clap::Args;

use super::{Secret, duration};

/// Redis connection.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Redis")]
pub struct RedisArgs {
    /// `redis://`, `rediss://` (TLS), `redis+unix://`, `redis+sentinel://host,host/master`, or
    /// `redis+cluster://host,host`; user and password as in `redis://user:password@host/0`
    #[arg(
        long,
        env = "REDIS_URL",
        default_value = "redis://127.0.0.1:6379",
        hide_env_values = true
    )]
    pub redis_url: Secret,

    /// How long one reply may take before the call counts as failed
    #[arg(long, env = "REDIS_RESPONSE_TIMEOUT", default_value = "10s", value_parser = duration)]
    pub redis_response_timeout: Duration,
}
