//! HTTP in, 202 out: accepts PDFs, stores them and enqueues jobs.
