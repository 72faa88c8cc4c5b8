//! The arguments of api and worker: ours as flags, all others from their environment variables.

use std::ffi::OsString;
use std::net::SocketAddr;

use api::ApiArgs;
use clap::Parser;
use shared::config::{Secret, TelemetryArgs};
use url::Url;
use worker::WorkerArgs;

use crate::failure::Failure;

/// Any free port, unless the environment names one: several may run beside each other.
const ADMIN_ANYWHERE: &str = "--api-admin-listen=127.0.0.1:0";

/// Where both services find Redis and the object store.
pub(super) struct Backends {
    pub(super) redis_url: Secret,
    pub(super) store_url: Url,
    /// Ours, unless the environment has one.
    pub(super) password_key: Option<Secret>,
}

#[derive(Parser)]
#[command(no_binary_name = true)]
struct ApiCommand {
    #[command(flatten)]
    args: ApiArgs,
}

#[derive(Parser)]
#[command(no_binary_name = true)]
struct WorkerCommand {
    #[command(flatten)]
    args: WorkerArgs,
}

#[derive(Parser)]
#[command(no_binary_name = true)]
struct TelemetryCommand {
    #[command(flatten)]
    args: TelemetryArgs,
}

/// Telemetry that logs what `log` asks for.
pub(crate) fn telemetry(log: &str) -> Result<TelemetryArgs, Failure> {
    let command: TelemetryCommand = parse([format!("--log={log}").into()])?;
    Ok(command.args)
}

impl Backends {
    /// The API on `listen`, with `more` flags.
    pub(super) fn api(&self, listen: SocketAddr, more: &[&str]) -> Result<ApiArgs, Failure> {
        let mut flags = self.flags("--api-listen", listen);
        if std::env::var_os("API_ADMIN_LISTEN").is_none() {
            flags.push(ADMIN_ANYWHERE.into());
        }
        flags.extend(more.iter().map(Into::into));
        let command: ApiCommand = parse(flags)?;
        command.args.check().map_err(Failure::Config)?;
        Ok(command.args)
    }

    /// The worker with its probes on `listen`.
    pub(super) fn worker(&self, listen: SocketAddr) -> Result<WorkerArgs, Failure> {
        let command: WorkerCommand = parse(self.flags("--worker-listen", listen))?;
        Ok(command.args)
    }

    fn flags(&self, listen_flag: &str, listen: SocketAddr) -> Vec<OsString> {
        let mut flags = vec![
            format!("--redis-url={}", self.redis_url.expose()).into(),
            format!("--store-url={}", self.store_url).into(),
            format!("{listen_flag}={listen}").into(),
        ];
        if let Some(key) = &self.password_key {
            flags.push(format!("--password-key={}", key.expose()).into());
        }
        flags
    }
}

fn parse<T: Parser>(flags: impl IntoIterator<Item = OsString>) -> Result<T, Failure> {
    T::try_parse_from(flags).map_err(|error| {
        let text = error.to_string();
        Failure::Config(
            text.strip_prefix("error: ")
                .unwrap_or(&text)
                .trim_end()
                .to_owned(),
        )
    })
}
