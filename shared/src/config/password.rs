//! The key that passwords of PDFs are sealed with.

use clap::Args;

use super::{Problems, Secret};
use crate::password::{InvalidPasswordKey, PasswordKey};

/// Passwords of PDFs.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Passwords of PDFs")]
pub struct PasswordArgs {
    /// 64 hexadecimal digits, the same for API and workers: a client may then send the password of an encrypted PDF,
    /// which stands in Redis sealed with this key. Without it such PDFs are refused
    #[arg(long, env = "PASSWORD_KEY", hide_env_values = true)]
    pub password_key: Option<Secret>,
}

impl PasswordArgs {
    /// Notes a key that is none.
    pub fn check(&self, problems: &mut Problems) {
        if let Err(error) = self.key() {
            problems.require(false, error.to_string());
        }
    }

    /// The key, if there is one.
    ///
    /// # Errors
    /// When it is not 64 hexadecimal digits.
    pub fn key(&self) -> Result<Option<PasswordKey>, InvalidPasswordKey> {
        let given = self.password_key.as_ref().map(Secret::expose);
        given
            .filter(|text| !text.is_empty())
            .map(PasswordKey::parse)
            .transpose()
    }
}
