//! `[relay] auth`: what to log in with at the next hop.

use std::path::PathBuf;

use serde::Deserialize;
use smtp_server::auth::Mechanism;
use toml::Spanned;

use super::check::Check;

/// A name and where its password is. In a file of its own, it is never a part of what is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) name: String,
    pub(crate) password_file: PathBuf,
    /// Any that both know, where none are named.
    pub(crate) mechanisms: Option<Vec<Mechanism>>,
}

/// The login as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LoginTable {
    name: String,
    password_file: PathBuf,
    mechanisms: Option<Spanned<Vec<Spanned<String>>>>,
}

impl Check<'_> {
    pub(super) fn login(&mut self, table: Spanned<LoginTable>, has_next_hop: bool) -> Option<Login> {
        if !has_next_hop {
            self.refuse(&table, "there is no server to log in at", "name it as next_hop, or leave this out");
        }
        let LoginTable { name, password_file, mechanisms } = table.into_inner();
        let mechanisms = mechanisms.as_ref().map(|names| self.named_mechanisms(names));
        Some(Login { name, password_file: self.path(Some(password_file))?, mechanisms })
    }
}
