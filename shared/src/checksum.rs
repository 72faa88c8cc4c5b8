//! A checksum of what was uploaded: shows what a store or a network damaged, in a fraction of the time of a SHA-256.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use crc_fast::{CrcAlgorithm, Digest};

const ALGORITHM: CrcAlgorithm = CrcAlgorithm::Crc64Nvme;

/// A CRC-64/NVME; no proof against those who change bytes on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checksum(u64);

impl Checksum {
    /// The checksum of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(crc_fast::checksum(ALGORITHM, bytes))
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for Checksum {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u64::from_str_radix(text, 16).map(Self)
    }
}

/// Makes a [`Checksum`] of bytes that come in pieces.
#[derive(Clone, Debug)]
pub struct Checksummer(Digest);

impl Default for Checksummer {
    fn default() -> Self {
        Self(Digest::new(ALGORITHM))
    }
}

impl Checksummer {
    /// Takes the next piece.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The checksum of all pieces.
    #[must_use]
    pub fn finish(&self) -> Checksum {
        Checksum(self.0.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_one_of_the_catalogue_whole_and_in_pieces() {
        let whole = Checksum::of(b"123456789");
        assert_eq!(whole.to_string(), "ae8b14860a799888");
        assert_eq!("ae8b14860a799888".parse(), Ok(whole));
        let mut pieces = Checksummer::default();
        for piece in [&b"1234"[..], b"", b"56789"] {
            pieces.update(piece);
        }
        assert_eq!(pieces.finish(), whole);
    }
}
