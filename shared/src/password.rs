//! Passwords of PDFs on their way through Redis: sealed by the API, opened by the worker.

use std::fmt;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use thiserror::Error;

use crate::config::Secret;
use crate::job::JobId;

/// Bytes of a key.
const KEY_LEN: usize = 32;

/// What `PASSWORD_KEY` holds; API and workers have the same.
///
/// AES-256-GCM (NIST SP 800-38D) with a random nonce and the job's id as associated data: a sealed password opens
/// nothing but its own job.
#[derive(Clone)]
pub struct PasswordKey(LessSafeKey);

/// A password that only the holder of the key can read: nonce, ciphertext and tag as hexadecimal digits.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedPassword(String);

/// A text that is no [`PasswordKey`].
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("PASSWORD_KEY must be 64 hexadecimal digits, as of `openssl rand -hex 32`")]
pub struct InvalidPasswordKey;

/// A password that this key does not open: it was sealed with another key or for another job.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("the job's password was sealed with another PASSWORD_KEY")]
pub struct Unsealable;

impl PasswordKey {
    /// Reads 64 hexadecimal digits.
    ///
    /// # Errors
    /// [`InvalidPasswordKey`].
    pub fn parse(text: &str) -> Result<Self, InvalidPasswordKey> {
        let mut bytes = [0; KEY_LEN];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| InvalidPasswordKey)?;
        let key = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| InvalidPasswordKey)?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// A new key, as [`parse`](Self::parse) reads it.
    #[must_use]
    pub fn generate() -> Secret {
        let mut bytes = [0; KEY_LEN];
        fill(&mut bytes);
        hex::encode(bytes).into()
    }

    /// Seals the password of one job.
    #[must_use]
    pub fn seal(&self, job: JobId, password: &Secret) -> SealedPassword {
        let mut nonce = [0; NONCE_LEN];
        fill(&mut nonce);
        let mut text = password.expose().as_bytes().to_vec();
        self.0
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(job.to_string()),
                &mut text,
            )
            .expect("a password is far below the 64 GiB that the cipher takes");
        SealedPassword(hex::encode(nonce) + &hex::encode(text))
    }

    /// Opens the password of one job.
    ///
    /// # Errors
    /// [`Unsealable`].
    pub fn open(&self, job: JobId, sealed: &SealedPassword) -> Result<Secret, Unsealable> {
        let bytes = hex::decode(&sealed.0).map_err(|_| Unsealable)?;
        let (nonce, text) = bytes.split_first_chunk::<NONCE_LEN>().ok_or(Unsealable)?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let mut text = text.to_vec();
        let aad = Aad::from(job.to_string());
        let opened = self
            .0
            .open_in_place(nonce, aad, &mut text)
            .map_err(|_| Unsealable)?;
        let password = String::from_utf8(opened.to_vec()).map_err(|_| Unsealable)?;
        Ok(password.into())
    }
}

fn fill(bytes: &mut [u8]) {
    SystemRandom::new()
        .fill(bytes)
        .expect("the kernel has random bytes");
}

impl fmt::Debug for PasswordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordKey(..)")
    }
}

impl SealedPassword {
    pub(crate) fn from_record(text: String) -> Self {
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SealedPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedPassword(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    #[test]
    fn a_password_is_read_back_with_its_key_for_its_job_only() {
        let key = PasswordKey::parse(KEY).unwrap();
        let job = JobId::generate();
        let sealed = key.seal(job, &Secret::from("pässword".to_owned()));
        assert_eq!(key.open(job, &sealed).unwrap().expose(), "pässword");
        assert_eq!(
            key.open(JobId::generate(), &sealed).unwrap_err(),
            Unsealable
        );
        let other = PasswordKey::parse(&KEY.replace('0', "f")).unwrap();
        assert_eq!(other.open(job, &sealed).unwrap_err(), Unsealable);
        let again = key.seal(job, &Secret::from("pässword".to_owned()));
        assert_ne!(sealed, again);
    }

    #[test]
    fn what_is_no_key_and_what_is_not_sealed_is_refused() {
        for text in ["", "00", &KEY[1..], &KEY.replace('a', "x")] {
            assert_eq!(PasswordKey::parse(text).unwrap_err(), InvalidPasswordKey);
        }
        assert!(PasswordKey::parse(PasswordKey::generate().expose()).is_ok());
        let key = PasswordKey::parse(KEY).unwrap();
        for text in ["", "zz", "00", &KEY[..60]] {
            let sealed = SealedPassword::from_record(text.to_owned());
            assert_eq!(
                key.open(JobId::generate(), &sealed).unwrap_err(),
                Unsealable
            );
        }
    }
}
