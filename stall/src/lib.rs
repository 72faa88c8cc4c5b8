//! An event-loop stall detector for tokio.
