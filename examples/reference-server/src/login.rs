//! Logging in at the next hop: by `[relay] auth`, or by `AuthInfo:` of the access map.

use std::fs;
use std::path::Path;

use smtp_server::auth::Mechanism;
use smtp_server::auth::client::{AuthClient, Credentials};
use smtp_server::client::Destination;
use smtp_server::policy::AccessMap;
use smtp_server::policy::access_map::{AuthInfo, Remote};
use smtp_server::{BoxError, Secret};

use crate::config::{Config, Login};

/// Who logs in, if somebody does.
pub(crate) fn client(config: &Config) -> Result<Option<AuthClient>, BoxError> {
    Ok(match (&config.login, &config.access) {
        (Some(login), _) => Some(AuthClient::new(credentials(login)?)),
        (None, Some(map)) => Some(by_access_map(map.clone())),
        (None, None) => None,
    })
}

/// Reads the password.
fn credentials(login: &Login) -> Result<Credentials, BoxError> {
    let password = first_line(&login.password_file)?;
    let credentials = Credentials::password(&login.name, password);
    Ok(match &login.mechanisms {
        Some(mechanisms) => credentials.mechanisms(mechanisms.iter().copied()),
        None => credentials,
    })
}

fn by_access_map(map: AccessMap) -> AuthClient {
    AuthClient::new(move |destination: Destination| {
        let map = map.clone();
        async move {
            let rules = map.rules().await;
            rules.auth_info(&Remote::server(&destination)).map(of_entry).transpose()
        }
    })
}

/// The credentials of an entry. One with a realm names mechanisms that ask for none.
fn of_entry(entry: &AuthInfo) -> Result<Credentials, BoxError> {
    let missing = "an entry AuthInfo: of the access map lacks";
    let name = entry.name().ok_or_else(|| format!("{missing} I: or U:"))?;
    let password = entry.password.clone().ok_or_else(|| format!("{missing} P:"))?;
    let credentials = Credentials::password(name, password);
    let credentials = match entry.user.as_deref().filter(|user| *user != name) {
        Some(user) => credentials.acts_for(user),
        None => credentials,
    };
    if entry.mechanisms.is_empty() {
        return Ok(credentials);
    }
    let known: Vec<Mechanism> =
        entry.mechanisms.iter().filter_map(|name| Mechanism::from_name(name)).collect();
    Ok(credentials.mechanisms(known))
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
