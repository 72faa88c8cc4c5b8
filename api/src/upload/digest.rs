//! `Content-Digest` and `Repr-Digest` (RFC 9530): the SHA-256 that the client announces for its bytes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue};
use subtle::ConstantTimeEq;

use super::UploadError;

/// A SHA-256 that the client announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Digest([u8; 32]);

impl From<[u8; 32]> for Digest {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl Digest {
    /// The `sha-256` member of either header; other algorithms are ignored.
    ///
    /// # Errors
    /// `BadDigest` when it is malformed or the two differ.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Option<Self>, UploadError> {
        let mut found: Option<Self> = None;
        for name in ["content-digest", "repr-digest"] {
            for value in headers.get_all(name) {
                for member in members(value)? {
                    let digest = parse_member(member)?;
                    match (&found, digest) {
                        (Some(first), Some(other)) if *first != other => {
                            return Err(UploadError::BadDigest);
                        }
                        (_, Some(digest)) => found = Some(digest),
                        (_, None) => {}
                    }
                }
            }
        }
        Ok(found)
    }

    pub(crate) fn is(&self, computed: &[u8; 32]) -> bool {
        self.0.ct_eq(computed).into()
    }
}

fn members(value: &HeaderValue) -> Result<impl Iterator<Item = &str>, UploadError> {
    let text = value.to_str().map_err(|_| UploadError::BadDigest)?;
    Ok(text
        .split(',')
        .map(str::trim)
        .filter(|member| !member.is_empty()))
}

/// `sha-256=:<base64>:`, a member of a dictionary of byte sequences (RFC 9651, 3.2).
fn parse_member(member: &str) -> Result<Option<Digest>, UploadError> {
    let (algorithm, value) = member.split_once('=').ok_or(UploadError::BadDigest)?;
    if algorithm.trim() != "sha-256" {
        return Ok(None);
    }
    let bytes = value
        .trim()
        .strip_prefix(':')
        .and_then(|value| value.strip_suffix(':'))
        .and_then(|base64| STANDARD.decode(base64).ok())
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
        .ok_or(UploadError::BadDigest)?;
    Ok(Some(Digest(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &'static str, value: &'static str) -> Result<Option<Digest>, UploadError> {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_static(value));
        Digest::of(&headers)
    }

    /// RFC 9530, appendix B.1.
    const EXAMPLE: &str = "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:";

    #[test]
    fn the_sha_256_member_is_read_from_either_header() {
        let expected = of("content-digest", EXAMPLE).unwrap().unwrap();
        assert_eq!(hex::encode(&expected.0[..4]), "5f8f04f6");
        assert_eq!(of("repr-digest", EXAMPLE).unwrap(), Some(expected));
        assert_eq!(of("repr-digest", "sha-512=:AAAA:").unwrap(), None);
    }

    #[test]
    fn malformed_digests_are_refused() {
        for value in ["sha-256", "sha-256=abc", "sha-256=:abc:", "sha-256=:AAAA:"] {
            assert!(of("content-digest", value).is_err(), "{value}");
        }
        let mut headers = HeaderMap::new();
        headers.insert("content-digest", HeaderValue::from_static(EXAMPLE));
        let zero = "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:";
        headers.insert("repr-digest", HeaderValue::from_static(zero));
        assert!(Digest::of(&headers).is_err());
    }
}
