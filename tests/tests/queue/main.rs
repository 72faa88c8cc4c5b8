//! The queue against a real Redis.

#[cfg(test)]
mod batch; // several jobs in one call
#[cfg(test)]
mod bench; // a queue of its own for each test
#[cfg(test)]
mod connection; // ACL, TLS, Sentinel, Cluster, restarts
#[cfg(test)]
mod control; // cancel, retry, delete
#[cfg(test)]
mod fairness; // who is served next
#[cfg(test)]
mod idempotency; // the same request twice
#[cfg(test)]
mod lease; // crashes, fencing, lost replies
#[cfg(test)]
mod life; // submit, claim, finish
#[cfg(test)]
mod list; // pages, counts, positions
#[cfg(test)]
mod lost_reply; // replies cut on their way
#[cfg(test)]
mod model; // random command sequences against a plain model
#[cfg(test)]
mod recipes; // docs/redis-cli.md
#[cfg(test)]
mod retention; // sweep, tombstones, purge
#[cfg(test)]
mod signals; // waiting for work and for changes
#[cfg(test)]
mod version; // records of other programs, records that cannot be read
