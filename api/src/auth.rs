//! API keys: `Authorization: Bearer <key>` → the owner of the jobs that the key makes.

use std::fmt;

use axum::extract::FromRequestParts;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use sha2::{Digest, Sha256};
use shared::error_code::ErrorCode;
use shared::owner::Owner;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use thiserror::Error;
use tracing::Span;

use crate::args::HttpArgs;
use crate::problem::ApiError;
use crate::state::AppState;

/// Shortest key that is accepted into the configuration.
const MIN_KEY_LENGTH: usize = 16;

/// The keys that are let in; empty when the API is open. Only hashes are kept in memory.
pub struct ApiKeys(Vec<(Owner, [u8; 32])>);

/// Keys that cannot be used. Never shows a key.
#[derive(Debug, Error)]
pub enum InvalidApiKeys {
    /// The file is not readable.
    #[error("API_KEYS_FILE: {0}")]
    File(#[from] std::io::Error),
    /// An entry is not `id:key`.
    #[error(
        "API key {0}: must be `id:key`, the id 1 to 64 of A-Z a-z 0-9 _ . - (not `-` alone), the key at \
         least {MIN_KEY_LENGTH} printable ASCII characters"
    )]
    Entry(usize),
    /// Two entries have the same id or the same key.
    #[error("API key {0}: its id or its key is there already")]
    Twice(usize),
}

impl ApiKeys {
    /// Reads the keys that the configuration names.
    ///
    /// # Errors
    /// When the file is not readable or an entry is not `id:key`.
    pub fn from_args(args: &HttpArgs) -> Result<Self, InvalidApiKeys> {
        let mut text = args
            .api_keys
            .as_ref()
            .map_or_else(String::new, |keys| keys.expose().replace(',', "\n"));
        if let Some(path) = &args.api_keys_file {
            text.push('\n');
            text.push_str(&std::fs::read_to_string(path)?);
        }
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self, InvalidApiKeys> {
        let mut keys: Vec<(Owner, [u8; 32])> = Vec::new();
        let entries = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        for (number, entry) in (1..).zip(entries) {
            let (owner, key) = parse_entry(entry).ok_or(InvalidApiKeys::Entry(number))?;
            if keys.iter().any(|(o, k)| *o == owner || *k == key) {
                return Err(InvalidApiKeys::Twice(number));
            }
            keys.push((owner, key));
        }
        Ok(Self(keys))
    }

    /// Who sends these headers; everybody is the same caller when no keys are configured.
    ///
    /// # Errors
    /// `unauthorized` when keys are configured and none of them was sent.
    pub(crate) fn caller(&self, headers: &HeaderMap) -> Result<Owner, ApiError> {
        if self.0.is_empty() {
            return Ok(Owner::anonymous());
        }
        bearer(headers)
            .and_then(|key| self.owner_of(key))
            .ok_or_else(|| {
                ApiError::new(
                    ErrorCode::Unauthorized,
                    "send a valid API key as `Authorization: Bearer <key>`",
                )
                .with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
            })
    }

    /// Compares with every key, whatever the outcome, so that the time taken tells nothing.
    fn owner_of(&self, key: &str) -> Option<Owner> {
        let sent: [u8; 32] = Sha256::digest(key).into();
        let mut found = u64::MAX;
        for (place, (_, hash)) in (0_u64..).zip(&self.0) {
            let equal: Choice = hash.ct_eq(&sent);
            found.conditional_assign(&place, equal);
        }
        let (owner, _) = self.0.get(usize::try_from(found).ok()?)?;
        Some(owner.clone())
    }
}

fn parse_entry(entry: &str) -> Option<(Owner, [u8; 32])> {
    let (id, key) = entry.split_once(':')?;
    let owner: Owner = id.parse().ok()?;
    let usable = key.len() >= MIN_KEY_LENGTH && key.bytes().all(|b| b.is_ascii_graphic());
    (usable && owner != Owner::anonymous()).then(|| (owner, Sha256::digest(key).into()))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| key.trim_matches(' '))
}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(id, _)| id))
            .finish()
    }
}

/// The caller of a request; refuses the request when it has no valid key.
pub(crate) struct Caller(pub(crate) Owner);

impl FromRequestParts<AppState> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &AppState,
    ) -> Result<Self, Self::Rejection> {
        let owner = state.keys.caller(&parts.headers)?;
        Span::current().record("owner", owner.as_str());
        Ok(Self(owner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(value))])
    }

    #[test]
    fn a_key_names_its_owner_and_nobody_else() {
        let keys =
            ApiKeys::parse("ada:0123456789abcdef\n# comment\n\nbob:fedcba9876543210").unwrap();
        let owner = |value| keys.caller(&headers(value)).ok().map(|o| o.to_string());
        assert_eq!(owner("Bearer 0123456789abcdef").as_deref(), Some("ada"));
        assert_eq!(owner("bearer fedcba9876543210").as_deref(), Some("bob"));
        for wrong in [
            "Bearer 0123456789abcdeF",
            "Bearer",
            "Basic 0123456789abcdef",
            "0123456789abcdef",
        ] {
            assert_eq!(owner(wrong), None, "{wrong}");
        }
        assert!(keys.caller(&HeaderMap::new()).is_err());
    }

    #[test]
    fn without_keys_everybody_is_the_same_caller() {
        let keys = ApiKeys::parse("").unwrap();
        assert_eq!(keys.caller(&HeaderMap::new()).unwrap(), Owner::anonymous());
    }

    #[test]
    fn weak_doubled_and_anonymous_keys_are_refused() {
        for text in [
            "ada",
            "ada:short",
            "-:0123456789abcdef",
            "a b:0123456789abcdef",
            "ada:0123456789abcdef\nada:fedcba9876543210",
            "ada:0123456789abcdef\nbob:0123456789abcdef",
        ] {
            let error = ApiKeys::parse(text).unwrap_err().to_string();
            assert!(!error.contains("0123456789abcdef"), "{error}");
        }
    }

    #[test]
    fn keys_are_never_printed() {
        let keys = ApiKeys::parse("ada:0123456789abcdef").unwrap();
        assert_eq!(format!("{keys:?}"), "[Owner(\"ada\")]");
    }
}
