//! Web services: one for passwords, and authorization servers for tokens.

use std::path::PathBuf;
use std::time::Duration;

use super::tables::HttpTable;
use crate::config::check::Check;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HttpStore {
    pub(crate) url: String,
    pub(crate) bearer_file: Option<PathBuf>,
    pub(crate) signing_key_file: Option<PathBuf>,
    /// How long it is remembered that a password was right.
    pub(crate) remember: Option<Duration>,
    pub(crate) web: Web,
}

/// How a web service is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Web {
    /// In the place of the authorities that browsers trust.
    pub(crate) ca: Option<PathBuf>,
    pub(crate) timeout: Duration,
}

const TIMEOUT: Duration = Duration::from_secs(10);

pub(super) fn check(check: &mut Check<'_>, table: HttpTable) -> HttpStore {
    HttpStore {
        url: table.url,
        bearer_file: check.path(table.bearer_file),
        signing_key_file: check.path(table.signing_key_file),
        remember: table.remember.map(|time| check.duration(Some(&time), TIMEOUT)),
        web: Web { ca: check.path(table.ca), timeout: check.duration(table.timeout.as_ref(), TIMEOUT) },
    }
}

#[cfg(feature = "oauth")]
pub(super) use oauth::check as check_oauth;
#[cfg(feature = "oauth")]
pub(crate) use oauth::{OauthStore, Tokens};

#[cfg(feature = "oauth")]
mod oauth {
    use std::path::PathBuf;

    use toml::Spanned;

    use super::super::tables::OauthTable;
    use super::{TIMEOUT, Web};
    use crate::config::check::Check;

    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(crate) struct OauthStore {
        pub(crate) tokens: Tokens,
        pub(crate) name_claim: String,
        pub(crate) issuers: Vec<String>,
        pub(crate) audiences: Vec<String>,
        pub(crate) scopes: Vec<String>,
        pub(crate) web: Web,
    }

    /// How it is found out whether a token is good.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(crate) enum Tokens {
        Introspection {
            url: String,
            /// Its name, and the file with its secret.
            client: Option<(String, PathBuf)>,
        },
        Keys(String),
        KeysFile(PathBuf),
    }

    pub(in crate::config::stores) fn check(check: &mut Check<'_>, table: OauthTable) -> Option<OauthStore> {
        let OauthTable { introspection, client, client_secret_file, keys, keys_file, .. } = table;
        let web = Web { ca: check.path(table.ca), timeout: check.duration(table.timeout.as_ref(), TIMEOUT) };
        let tokens = match (introspection, keys, keys_file) {
            (Some(url), None, None) => {
                let client = client_of(check, client, client_secret_file)?;
                Tokens::Introspection { url: url.into_inner(), client }
            }
            (None, Some(url), None) => Tokens::Keys(url.into_inner()),
            (None, None, Some(path)) => Tokens::KeysFile(check.folder.join(path.into_inner())),
            _ => {
                let help = "add one of introspection, keys and keys_file";
                check.refuse(&table.name_claim, "nothing or too much is said of who knows the tokens", help);
                return None;
            }
        };
        let is_signed = !matches!(tokens, Tokens::Introspection { .. });
        if is_signed && (table.issuers.is_empty() || table.audiences.is_empty()) {
            let what = "signed tokens of anybody and for anybody would be good";
            check.refuse(&table.name_claim, what, "add issuers and audiences");
        }
        Some(OauthStore {
            tokens,
            name_claim: table.name_claim.into_inner(),
            issuers: table.issuers,
            audiences: table.audiences,
            scopes: table.scopes,
            web,
        })
    }

    /// The outer `None` is a problem.
    #[expect(clippy::option_option)]
    fn client_of(
        check: &mut Check<'_>,
        client: Option<Spanned<String>>,
        file: Option<PathBuf>,
    ) -> Option<Option<(String, PathBuf)>> {
        match (client, check.path(file)) {
            (None, _) => Some(None),
            (Some(client), Some(file)) => Some(Some((client.into_inner(), file))),
            (Some(client), None) => {
                check.refuse(&client, "the client has no secret", "add client_secret_file");
                None
            }
        }
    }
}
