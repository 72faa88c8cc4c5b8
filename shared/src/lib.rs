//! What api and worker must agree on: job model, queue, object store, config, telemetry.
