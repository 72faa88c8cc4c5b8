//! CPU time and memory of processes, as proc(5) tells them.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use serde::Serialize;

/// What a process is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Role {
    Client,
    Api,
    Redis,
    Store,
    Worker,
    /// The processes in which a worker has documents read.
    Extraction,
}

impl Role {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Api => "api",
            Self::Redis => "redis",
            Self::Store => "store",
            Self::Worker => "worker",
            Self::Extraction => "extraction",
        }
    }
}

/// The processes whose usage is looked at; those that a worker starts are found by themselves.
#[derive(Clone, Debug)]
pub(super) struct Processes(Vec<(Role, u32)>);

/// A number for each role.
pub(super) type ByRole<T> = BTreeMap<Role, T>;

impl Processes {
    pub(super) fn new(processes: impl IntoIterator<Item = (Role, u32)>) -> Self {
        Self(processes.into_iter().collect())
    }

    /// CPU time of each role since its processes began, of all their threads; that of a worker's children which ended
    /// counts as extraction.
    pub(super) fn cpu(&self) -> ByRole<Duration> {
        let mut cpu = ByRole::new();
        for (role, process) in &self.0 {
            let Some(stat) = Stat::of(*process) else {
                continue;
            };
            let ended_children = match role {
                Role::Worker => Role::Extraction,
                role => *role,
            };
            *cpu.entry(*role).or_default() += stat.own;
            // Those of the client are services of earlier runs.
            if *role != Role::Client && !stat.ended_children.is_zero() {
                *cpu.entry(ended_children).or_default() += stat.ended_children;
            }
        }
        for (_, stat) in self.extraction() {
            *cpu.entry(Role::Extraction).or_default() += stat.own;
        }
        cpu
    }

    /// The most memory that one process of each role ever held, in bytes (`VmHWM`).
    pub(super) fn memory_peaks(&self) -> ByRole<u64> {
        let extraction = self
            .extraction()
            .into_iter()
            .map(|(process, _)| (Role::Extraction, process));
        let mut peaks = ByRole::new();
        for (role, process) in self.0.iter().copied().chain(extraction) {
            let peak = memory_peak(process).unwrap_or(0);
            let known: &mut u64 = peaks.entry(role).or_default();
            *known = peak.max(*known);
        }
        peaks
    }

    /// The living children of the workers.
    fn extraction(&self) -> Vec<(u32, Stat)> {
        let workers = self.0.iter().filter(|(role, _)| *role == Role::Worker);
        let workers: Vec<u32> = workers.map(|(_, process)| *process).collect();
        if workers.is_empty() {
            return Vec::new();
        }
        process_ids()
            .filter_map(|process| Some((process, Stat::of(process)?)))
            .filter(|(_, stat)| workers.contains(&stat.parent))
            .collect()
    }
}

/// A part of `/proc/<pid>/stat`.
struct Stat {
    parent: u32,
    own: Duration,
    ended_children: Duration,
}

impl Stat {
    fn of(process: u32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
    }

    /// The name of the program, in parentheses, may hold spaces and parentheses itself.
    fn parse(line: &str) -> Option<Self> {
        let (_, fields) = line.rsplit_once(')')?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
        let per_second = rustix::param::clock_ticks_per_second().max(1);
        let time = |ticks: u64| Duration::from_micros(ticks * 1_000_000 / per_second);
        Some(Self {
            parent: fields.get(1)?.parse().ok()?,
            own: time(ticks(11)? + ticks(12)?),
            ended_children: time(ticks(13)? + ticks(14)?),
        })
    }
}

fn memory_peak(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

fn process_ids() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The process that listens on a port of this machine, when it can be seen.
pub(super) fn listener(address: SocketAddr) -> Option<u32> {
    let socket = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .find_map(|table| {
            table
                .lines()
                .find_map(|line| listening_inode(line, address.port()))
        })?;
    let target = format!("socket:[{socket}]");
    process_ids().find(|process| {
        let files = fs::read_dir(format!("/proc/{process}/fd"))
            .into_iter()
            .flatten()
            .flatten();
        let mut targets = files.filter_map(|file| fs::read_link(file.path()).ok());
        targets.any(|link| link.as_os_str() == target.as_str())
    })
}

/// The inode of a line of `/proc/net/tcp` that stands for a listener (state 0A) on `port`.
fn listening_inode(line: &str, port: u16) -> Option<String> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (_, local_port) = fields.get(1)?.rsplit_once(':')?;
    let listens = *fields.get(3)? == "0A" && u16::from_str_radix(local_port, 16) == Ok(port);
    listens
        .then(|| fields.get(9).map(|inode| (*inode).to_owned()))
        .flatten()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn reads_the_times_of_a_program_with_an_odd_name() {
        let line = "7 (a) b (c) S 3 1 1 0 -1 4194560 1 2 3 4 150 50 30 20 20 0 1 0 5 6 7";
        let stat = Stat::parse(line).unwrap();
        let tick = Duration::from_micros(1_000_000 / rustix::param::clock_ticks_per_second());
        assert_eq!(
            (stat.parent, stat.own, stat.ended_children),
            (3, tick * 200, tick * 50)
        );
        assert!(Stat::parse("7 (cut").is_none());
    }

    #[test]
    fn finds_itself() {
        let listener_here = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener_here.local_addr().unwrap();
        assert_eq!(listener(address), Some(std::process::id()));
        let processes = Processes::new([(Role::Client, std::process::id())]);
        assert!(processes.memory_peaks()[&Role::Client] > 1 << 20);
        assert!(processes.cpu().contains_key(&Role::Client));
        drop(listener_here);
        assert_eq!(listener(address), None);
    }
}
