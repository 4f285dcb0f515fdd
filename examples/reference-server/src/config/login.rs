//! `[relay] auth`: what to log in with at the next hop.

use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;
use smtp_server::Secret;
use smtp_server::auth::Mechanism;
use toml::Spanned;

use super::check::Check;

/// A name and its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) name: String,
    pub(crate) password: Password,
    /// Any that both know, where none are named.
    pub(crate) mechanisms: Option<Vec<Mechanism>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Password {
    Written(Hidden),
    File(PathBuf),
}

/// A text that does not print.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Hidden(String);

impl Hidden {
    pub(crate) fn secret(&self) -> Secret {
        self.0.as_str().into()
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

/// The login as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LoginTable {
    name: String,
    password: Option<Hidden>,
    password_file: Option<PathBuf>,
    mechanisms: Option<Spanned<Vec<Spanned<String>>>>,
}

impl Check<'_> {
    pub(super) fn login(&mut self, table: Spanned<LoginTable>, has_next_hop: bool) -> Option<Login> {
        if !has_next_hop {
            self.refuse(&table, "there is no server to log in at", "name it as next_hop, or leave this out");
        }
        let password = match (&table.get_ref().password, &table.get_ref().password_file) {
            (Some(password), None) => Some(Password::Written(password.clone())),
            (None, Some(file)) => self.path(Some(file.clone())).map(Password::File),
            (None, None) => {
                self.refuse(&table, "there is no password", "write password_file = \"FILE\", or password");
                None
            }
            (Some(_), Some(_)) => {
                self.refuse(&table, "there are two passwords", "leave password or password_file out");
                None
            }
        };
        let LoginTable { name, mechanisms, .. } = table.into_inner();
        let mechanisms = mechanisms.as_ref().map(|names| self.named_mechanisms(names));
        Some(Login { name, password: password?, mechanisms })
    }
}
