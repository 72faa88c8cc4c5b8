//! Where Redis is, and how patient we are with it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use redis::{
    ClientTlsConfig, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo,
    TlsCertificates,
};

use super::{Problems, Secret, duration};

/// Redis connection.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Redis")]
pub struct RedisArgs {
    /// `redis://`, `rediss://` (TLS), `redis+unix://`, `redis+sentinel://host,host/master/0`, or
    /// `redis+cluster://host,host`; user and password as in `redis://user:password@host/0`; `rediss+…` for TLS;
    /// the sentinels' own user and password as `?sentinel_user=…&sentinel_password=…`
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

    /// PEM file of the authorities that sign Redis' certificate; the public ones when empty
    #[arg(long, env = "REDIS_CA_FILE")]
    pub redis_ca_file: Option<PathBuf>,

    /// PEM file of our own certificate, for servers that ask for one
    #[arg(long, env = "REDIS_CERT_FILE", requires = "redis_key_file")]
    pub redis_cert_file: Option<PathBuf>,

    /// PEM file of the key of REDIS_CERT_FILE
    #[arg(long, env = "REDIS_KEY_FILE", requires = "redis_cert_file")]
    pub redis_key_file: Option<PathBuf>,
}

impl RedisArgs {
    /// Plain settings for `redis_url`.
    #[must_use]
    pub fn at(redis_url: impl Into<String>) -> Self {
        Self {
            redis_url: Secret::from(redis_url.into()),
            redis_response_timeout: Duration::from_secs(10),
            redis_ca_file: None,
            redis_cert_file: None,
            redis_key_file: None,
        }
    }

    /// Notes what cannot work.
    pub fn check(&self, problems: &mut Problems) {
        if let Err(problem) = self.parse_url() {
            problems.require(false, problem);
        }
        problems.require(
            !self.redis_response_timeout.is_zero(),
            "REDIS_RESPONSE_TIMEOUT must be more than zero",
        );
    }

    pub(crate) fn parse_url(&self) -> Result<RedisUrl, String> {
        RedisUrl::parse(self.redis_url.expose()).map_err(|problem| format!("REDIS_URL: {problem}"))
    }

    pub(crate) fn read_certificates(&self) -> Result<Option<TlsCertificates>, String> {
        let root_cert = self.redis_ca_file.as_deref().map(read).transpose()?;
        let client_tls = match (&self.redis_cert_file, &self.redis_key_file) {
            (Some(certificate), Some(key)) => Some(ClientTlsConfig {
                client_cert: read(certificate)?,
                client_key: read(key)?,
            }),
            _ => None,
        };
        let any = root_cert.is_some() || client_tls.is_some();
        Ok(any.then_some(TlsCertificates {
            client_tls,
            root_cert,
        }))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// A Redis URL, understood. Nothing of it is ever printed: it holds the password.
pub(crate) enum RedisUrl {
    /// One server.
    Node(ConnectionInfo),
    /// The master that Sentinel names.
    Sentinel(SentinelUrl),
    /// The nodes to ask for the slots of a cluster.
    Cluster(Vec<ConnectionInfo>),
}

/// Sentinels, and what they watch.
pub(crate) struct SentinelUrl {
    pub(crate) sentinels: Vec<ConnectionAddr>,
    pub(crate) master: String,
    /// User, password and database of the master.
    pub(crate) redis: RedisConnectionInfo,
    pub(crate) sentinel_user: Option<String>,
    pub(crate) sentinel_password: Option<String>,
    pub(crate) tls: bool,
}

impl RedisUrl {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = text.split_once("://").ok_or("it has no scheme")?;
        match scheme {
            "redis" | "rediss" | "unix" | "redis+unix" => Ok(Self::Node(node(text)?)),
            "redis+cluster" | "rediss+cluster" => {
                let hosts = Hosts::split(scheme, rest)?;
                Ok(Self::Cluster(hosts.nodes("", 6379)?))
            }
            "redis+sentinel" | "rediss+sentinel" => {
                sentinel(&Hosts::split(scheme, rest)?).map(Self::Sentinel)
            }
            _ => Err(
                "it must start with redis://, rediss://, redis+unix://, redis+sentinel:// or redis+cluster://",
            ),
        }
    }
}

/// `user:password@host:port,host:port/path?query`, in parts.
struct Hosts<'a> {
    tls: bool,
    user_info: Option<&'a str>,
    hosts: &'a str,
    path: &'a str,
    query: &'a str,
}

impl<'a> Hosts<'a> {
    fn split(scheme: &str, rest: &'a str) -> Result<Self, &'static str> {
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user_info, hosts) = match authority.rsplit_once('@') {
            Some((user_info, hosts)) => (Some(user_info), hosts),
            None => (None, authority),
        };
        if hosts.split(',').any(str::is_empty) {
            return Err("a host is empty");
        }
        Ok(Self {
            tls: scheme.starts_with("rediss"),
            user_info,
            hosts,
            path: path.trim_matches('/'),
            query,
        })
    }

    /// Each host as a server of its own, read by redis-rs.
    fn nodes(&self, path: &str, default_port: u16) -> Result<Vec<ConnectionInfo>, &'static str> {
        let scheme = if self.tls { "rediss" } else { "redis" };
        let user_info = self
            .user_info
            .map(|user| format!("{user}@"))
            .unwrap_or_default();
        self.hosts
            .split(',')
            .map(|host| {
                let has_port = host
                    .rsplit_once(':')
                    .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
                let port = if has_port {
                    String::new()
                } else {
                    format!(":{default_port}")
                };
                node(&format!("{scheme}://{user_info}{host}{port}/{path}"))
            })
            .collect()
    }

    fn query(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }
}

fn sentinel(hosts: &Hosts<'_>) -> Result<SentinelUrl, &'static str> {
    let (master, db) = hosts.path.split_once('/').unwrap_or((hosts.path, ""));
    if master.is_empty() {
        return Err("the name of the master is missing, as in redis+sentinel://host,host/master");
    }
    let nodes = hosts.nodes(db, 26379)?;
    let redis = nodes
        .first()
        .ok_or("a host is empty")?
        .redis_settings()
        .clone();
    Ok(SentinelUrl {
        sentinels: nodes.iter().map(|node| node.addr().clone()).collect(),
        master: master.to_owned(),
        redis,
        sentinel_user: hosts.query("sentinel_user"),
        sentinel_password: hosts.query("sentinel_password"),
        tls: hosts.tls,
    })
}

fn node(url: &str) -> Result<ConnectionInfo, &'static str> {
    url.into_connection_info().map_err(|_| "it is malformed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentinel_url_names_hosts_master_database_and_both_passwords() {
        let url = "redis+sentinel://app:p%40ss@a,b:1/main/2?sentinel_password=s%26t";
        let Ok(RedisUrl::Sentinel(url)) = RedisUrl::parse(url) else {
            panic!("not understood");
        };
        let hosts: Vec<_> = url.sentinels.iter().map(ToString::to_string).collect();
        assert_eq!(hosts, ["a:26379", "b:1"]);
        assert_eq!((url.master.as_str(), url.redis.db()), ("main", 2));
        assert_eq!(
            (url.redis.username(), url.redis.password()),
            (Some("app"), Some("p@ss"))
        );
        assert_eq!(
            (url.sentinel_user, url.sentinel_password.as_deref()),
            (None, Some("s&t"))
        );
        assert!(!url.tls);
    }

    #[test]
    fn a_cluster_url_names_its_nodes() {
        let Ok(RedisUrl::Cluster(nodes)) =
            RedisUrl::parse("rediss+cluster://:pw@a:7000,[::1]:7001")
        else {
            panic!("not understood");
        };
        assert_eq!(nodes.len(), 2);
        for node in nodes {
            assert!(matches!(
                node.addr(),
                ConnectionAddr::TcpTls {
                    insecure: false,
                    ..
                }
            ));
            assert_eq!(node.redis_settings().password(), Some("pw"));
        }
    }

    #[test]
    fn a_bad_url_is_refused_without_being_shown() {
        for url in [
            "localhost",
            "http://secret@host",
            "redis://user:secret@host:port",
            "redis+sentinel://secret@host",
            "redis+cluster://",
            "redis+cluster://a,,secret",
        ] {
            let problem = RedisArgs::at(url).parse_url().err().unwrap();
            assert!(!problem.contains("secret"), "{problem}");
        }
    }
}
