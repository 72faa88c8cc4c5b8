//! The password of an encrypted file, from where other users of the machine cannot read it.

use std::env;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use ::extract::Password;
use clap::Args;
use thiserror::Error;

/// A password takes no more (ISO 32000-2, 7.6.4.3.3: 127 bytes count).
const MAX_BYTES: u64 = 4096;

/// Where the password is.
#[derive(Args, Debug)]
#[group(multiple = false)]
pub(crate) struct PasswordArgs {
    /// Read the password of an encrypted file from the first line of this file, - for standard input.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,

    /// Take the password of an encrypted file from this environment variable.
    #[arg(long, value_name = "NAME")]
    password_env: Option<String>,
}

/// Why there is no password.
#[derive(Debug, Error)]
pub(crate) enum PasswordError {
    #[error("the password file cannot be read: {0}")]
    File(#[from] io::Error),
    #[error("the environment variable {0} is not set, or is not text")]
    Variable(String),
}

impl PasswordArgs {
    /// The password; `None` where the caller names no place for one.
    pub(crate) fn read(&self) -> Result<Option<Password>, PasswordError> {
        if let Some(name) = &self.password_env {
            let value = env::var(name).map_err(|_| PasswordError::Variable(name.clone()))?;
            return Ok(Some(Password::new(value)));
        }
        let Some(path) = &self.password_file else {
            return Ok(None);
        };
        let password = if path == Path::new("-") {
            first_line(io::stdin().lock())?
        } else {
            first_line(BufReader::new(File::open(path)?))?
        };
        Ok(Some(Password::new(password)))
    }
}

fn first_line(from: impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    from.take(MAX_BYTES).read_line(&mut line)?;
    let end = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(end);
    Ok(line)
}
