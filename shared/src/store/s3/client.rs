//! The SDK's client: endpoint, credentials, retries, timeouts.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{
    Builder, RequestChecksumCalculation, ResponseChecksumValidation, SharedHttpClient,
    StalledStreamProtectionConfig, retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_smithy_http_client::tls;

use crate::config::StoreArgs;

const CONNECT_WITHIN: Duration = Duration::from_secs(3);
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const LONGEST_BACKOFF: Duration = Duration::from_secs(5);
/// How long a body may come without a byte.
const STALLED_FOR: Duration = Duration::from_secs(10);

/// Nothing is contacted yet: credentials are fetched with the first call.
pub(super) async fn connect(args: &StoreArgs) -> Client {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(https_client())
        .region(Region::new(args.s3_region.clone()))
        .timeout_config(timeouts(args.store_timeout))
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(args.store_attempts)
                .with_initial_backoff(FIRST_BACKOFF)
                .with_max_backoff(LONGEST_BACKOFF),
        )
        .stalled_stream_protection(
            StalledStreamProtectionConfig::enabled()
                .grace_period(STALLED_FOR.min(args.store_timeout))
                .build(),
        );
    if let (Some(id), Some(secret)) = (&args.s3_access_key_id, &args.s3_secret_access_key) {
        loader = loader.credentials_provider(Credentials::new(
            id,
            secret.expose(),
            None,
            None,
            "S3_ACCESS_KEY_ID",
        ));
    }
    // Servers that speak S3's protocol do not all know the checksums that the SDK would add to every call.
    let mut config = Builder::from(&loader.load().await)
        .force_path_style(args.s3_path_style)
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
    if let Some(endpoint) = &args.s3_endpoint {
        config = config.endpoint_url(endpoint.as_str());
        if endpoint.scheme() == "http" {
            config = config.http_client(plain_client());
        }
    }
    Client::from_conf(config.build())
}

/// Half of the time for one attempt, so that one that hangs leaves time for another.
fn timeouts(call: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_WITHIN.min(call / 2))
        .operation_attempt_timeout(call / 2)
        .operation_timeout(call)
        .build()
}

fn https_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(
            tls::rustls_provider::CryptoMode::Ring,
        ))
        .build_https()
}

/// Needs no root certificates, which a machine with a store of its own may lack.
fn plain_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().build_http()
}
