//! Under which name a worker holds leases.

use shared::queue::{InvalidWorkerId, WorkerId, WorkerInfo};
use shared::timestamp::Timestamp;
use uuid::Uuid;

/// This process: its host, its id there, and something that no other start of it has.
pub(crate) fn of_this_process(slots: usize) -> Result<WorkerInfo, InvalidWorkerId> {
    let (host, pid) = (host_name(), std::process::id());
    let start = Uuid::now_v7().simple().to_string();
    let id: WorkerId = format!("{host}-{pid}-{}", &start[24..]).parse()?;
    Ok(WorkerInfo {
        id,
        host,
        pid,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        slots: u32::try_from(slots).unwrap_or(u32::MAX),
        running: 0,
        seen_at: Timestamp::default(),
    })
}

/// The machine's or the container's name, reduced to what a worker id may hold.
fn host_name() -> String {
    let name = std::env::var("HOSTNAME")
        .or_else(|_| std::fs::read_to_string("/proc/sys/kernel/hostname"))
        .unwrap_or_default();
    let plain: String = name
        .trim()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'))
        .take(64)
        .collect();
    if plain.is_empty() {
        "worker".to_owned()
    } else {
        plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_starts_of_one_process_have_two_names() {
        let (one, other) = (of_this_process(1).unwrap(), of_this_process(1).unwrap());
        assert_ne!(one.id, other.id);
        assert_eq!(one.pid, other.pid);
    }
}
