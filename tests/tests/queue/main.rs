//! The queue against a real Redis.

mod bench; // a queue of its own for each test
mod connection; // ACL, TLS, Sentinel, Cluster, restarts
mod control; // cancel, retry, delete
mod fairness; // who is served next
mod idempotency; // the same request twice
mod lease; // crashes, fencing, lost replies
mod life; // submit, claim, finish
mod list; // pages, counts, positions
mod lost_reply; // replies cut on their way
mod model; // random command sequences against a plain model
mod recipes; // docs/redis-cli.md
mod retention; // sweep, tombstones, purge
mod signals; // waiting for work and for changes
mod version; // records of other programs, records that cannot be read
