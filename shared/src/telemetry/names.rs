//! Every metric there is: names, units, buckets and what they count.
//!
//! Label values come from enums, never from an id or a path, so that the number of series is fixed.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// `api`: seconds from the head of a request to the head of its answer {route, method, status}; `status` is a class, as `2xx`.
pub const HTTP_REQUEST_SECONDS: &str = "http_request_seconds";
/// `api`: requests being answered.
pub const HTTP_REQUESTS_IN_FLIGHT: &str = "http_requests_in_flight";
/// `api`: open connections.
pub const HTTP_CONNECTIONS: &str = "http_connections";
/// `api`: bytes of PDFs received.
pub const UPLOAD_BYTES_TOTAL: &str = "upload_bytes_total";
/// `api`: jobs accepted.
pub const JOBS_ACCEPTED_TOTAL: &str = "jobs_accepted_total";
/// `api`: submits that ended with a problem {code}.
pub const SUBMITS_REFUSED_TOTAL: &str = "submits_refused_total";
/// `api`: jobs by state, as Redis counts them at the time of the scrape {state}.
pub const QUEUE_JOBS: &str = "queue_jobs";

/// `worker`: jobs that ended {outcome}.
pub const JOBS_FINISHED_TOTAL: &str = "jobs_finished_total";
/// `worker`: seconds from claim to finish {outcome}.
pub const JOB_SECONDS: &str = "job_seconds";
/// `worker`: seconds per stage of a job {stage}.
pub const JOB_STAGE_SECONDS: &str = "job_stage_seconds";
/// `worker`: seconds between a job becoming claimable and its claim.
pub const JOB_WAIT_SECONDS: &str = "job_wait_seconds";
/// `worker`: jobs being worked on.
pub const JOBS_RUNNING: &str = "jobs_running";
/// `worker`: jobs that it works on at once.
pub const WORKER_SLOTS: &str = "worker_slots";
/// `worker`: pages extracted.
pub const PAGES_EXTRACTED_TOTAL: &str = "pages_extracted_total";
/// `worker`: distinct images stored.
pub const IMAGES_STORED_TOTAL: &str = "images_stored_total";
/// `worker`: bytes of sources read.
pub const SOURCE_BYTES_TOTAL: &str = "source_bytes_total";
/// `worker`: bytes of images, pages and manifests stored.
pub const STORED_BYTES_TOTAL: &str = "stored_bytes_total";
/// `worker`: extraction processes that died of a document {cause}.
pub const SANDBOX_DEATHS_TOTAL: &str = "sandbox_deaths_total";
/// `worker`: leases that another worker took over.
pub const LEASES_LOST_TOTAL: &str = "leases_lost_total";
/// `worker`: calls to Redis that failed {call}.
pub const QUEUE_ERRORS_TOTAL: &str = "queue_errors_total";
/// `worker`: expired jobs whose objects were deleted.
pub const JOBS_PURGED_TOTAL: &str = "jobs_purged_total";

const REQUEST_BUCKETS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
];
const JOB_BUCKETS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0,
];
const LATENCY_BUCKETS: &[f64] = &[
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0,
    5.0,
];

/// Histograms and the upper bounds of their buckets, in seconds.
pub(super) const HISTOGRAMS: &[(&str, &[f64])] = &[
    (HTTP_REQUEST_SECONDS, REQUEST_BUCKETS),
    (JOB_SECONDS, JOB_BUCKETS),
    (JOB_STAGE_SECONDS, JOB_BUCKETS),
    (JOB_WAIT_SECONDS, JOB_BUCKETS),
    ("tokio_runtime_schedule_latency_seconds", LATENCY_BUCKETS),
    ("tokio_worker_stall_seconds", LATENCY_BUCKETS),
];

/// Gives every metric its unit and its sentence in the exposition.
pub(super) fn describe() {
    describe_histogram!(
        HTTP_REQUEST_SECONDS,
        Unit::Seconds,
        "Time to answer a request"
    );
    describe_gauge!(HTTP_REQUESTS_IN_FLIGHT, "Requests being answered");
    describe_gauge!(HTTP_CONNECTIONS, "Open connections");
    describe_counter!(UPLOAD_BYTES_TOTAL, Unit::Bytes, "Bytes of PDFs received");
    describe_counter!(JOBS_ACCEPTED_TOTAL, "Jobs accepted");
    describe_counter!(SUBMITS_REFUSED_TOTAL, "Submits that ended with a problem");
    describe_gauge!(QUEUE_JOBS, "Jobs by state, as Redis counts them");
    describe_counter!(JOBS_FINISHED_TOTAL, "Jobs that ended");
    describe_histogram!(JOB_SECONDS, Unit::Seconds, "Time from claim to finish");
    describe_histogram!(JOB_STAGE_SECONDS, Unit::Seconds, "Time per stage of a job");
    describe_histogram!(
        JOB_WAIT_SECONDS,
        Unit::Seconds,
        "Time between claimable and claimed"
    );
    describe_gauge!(JOBS_RUNNING, "Jobs being worked on");
    describe_gauge!(WORKER_SLOTS, "Jobs that this worker works on at once");
    describe_counter!(PAGES_EXTRACTED_TOTAL, "Pages extracted");
    describe_counter!(IMAGES_STORED_TOTAL, "Distinct images stored");
    describe_counter!(SOURCE_BYTES_TOTAL, Unit::Bytes, "Bytes of sources read");
    describe_counter!(STORED_BYTES_TOTAL, Unit::Bytes, "Bytes stored");
    describe_counter!(
        SANDBOX_DEATHS_TOTAL,
        "Extraction processes that died of a document"
    );
    describe_counter!(LEASES_LOST_TOTAL, "Leases that another worker took over");
    describe_counter!(QUEUE_ERRORS_TOTAL, "Calls to Redis that failed");
    describe_counter!(JOBS_PURGED_TOTAL, "Expired jobs whose objects were deleted");
}
