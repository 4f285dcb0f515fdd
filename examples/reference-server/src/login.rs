//! Logging in at the next hop.

use std::fs;
use std::path::Path;

use smtp_server::auth::client::{AuthClient, Credentials};
use smtp_server::{BoxError, Secret};

use crate::config::Login;

/// Reads the password.
pub(crate) fn client(login: &Login) -> Result<AuthClient, BoxError> {
    let password = first_line(&login.password_file)?;
    let credentials = Credentials::password(&login.name, password);
    Ok(AuthClient::new(match &login.mechanisms {
        Some(mechanisms) => credentials.mechanisms(mechanisms.iter().copied()),
        None => credentials,
    }))
}

fn first_line(path: &Path) -> Result<Secret, BoxError> {
    let failed = |what: &dyn std::fmt::Display| {
        format!("{}: {what}; correct [relay] auth, password_file", path.display())
    };
    let text = Secret::new(fs::read(path).map_err(|error| failed(&format_args!("cannot be read: {error}")))?);
    let line = text.expose().split(|octet| matches!(octet, b'\r' | b'\n')).next().unwrap_or_default();
    if line.is_empty() {
        return Err(failed(&"there is no password in its first line").into());
    }
    Ok(Secret::new(line.to_vec()))
}
