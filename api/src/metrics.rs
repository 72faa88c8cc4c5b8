//! The names of everything that the API counts; label values come from fixed sets, never from a client.

/// Time from the request head to the response head. Labels: `route`, `method`, `class`.
pub(crate) const REQUEST_SECONDS: &str = "http_request_seconds";
/// Requests between head and head.
pub(crate) const REQUESTS_IN_FLIGHT: &str = "http_requests_in_flight";
/// Open connections.
pub(crate) const CONNECTIONS: &str = "http_connections";
/// Bytes of PDFs that were read, whether the upload was accepted or not.
pub(crate) const UPLOAD_BYTES: &str = "upload_bytes_total";
/// Uploads by what became of them. Label: `outcome`: `accepted`, `replayed`, or an error code.
pub(crate) const UPLOADS: &str = "uploads_total";
