//! The tables of the stores as they are written.

// Of a store that was not built in nobody reads what is in it.
#![cfg_attr(
    not(all(
        feature = "pam",
        feature = "ldap",
        feature = "sqlite",
        feature = "postgres",
        feature = "http",
        feature = "oauth"
    )),
    expect(dead_code)
)]

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

type Text = Option<Spanned<String>>;
type Texts = Option<Spanned<Vec<Spanned<String>>>>;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct PamTable {
    pub(super) service: Text,
    pub(super) timeout: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct SaslauthdTable {
    pub(super) socket: Option<PathBuf>,
    pub(super) service: Text,
    pub(super) realm: Option<String>,
    #[serde(default)]
    pub(super) whole_names: bool,
    pub(super) timeout: Text,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct DovecotTable {
    pub(super) socket: PathBuf,
    pub(super) service: Text,
    pub(super) timeout: Text,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct LdapTable {
    pub(super) url: Spanned<String>,
    pub(super) plaintext: Option<Spanned<bool>>,
    pub(super) ca: Option<PathBuf>,
    pub(super) dn: Text,
    pub(super) base: Text,
    pub(super) filter: Text,
    pub(super) account: Text,
    pub(super) password_file: Option<Spanned<PathBuf>>,
    pub(super) name_attribute: Text,
    pub(super) timeout: Text,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct SqlTable {
    pub(super) sqlite: Option<Spanned<PathBuf>>,
    pub(super) postgres: Text,
    pub(super) postgres_file: Option<Spanned<PathBuf>>,
    pub(super) query: Spanned<String>,
    pub(super) scram: Texts,
    pub(super) ca: Option<PathBuf>,
    pub(super) timeout: Text,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct HttpTable {
    pub(super) url: String,
    pub(super) bearer_file: Option<PathBuf>,
    pub(super) signing_key_file: Option<PathBuf>,
    pub(super) ca: Option<PathBuf>,
    pub(super) remember: Text,
    pub(super) timeout: Text,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct OauthTable {
    pub(super) introspection: Text,
    pub(super) client: Text,
    pub(super) client_secret_file: Option<PathBuf>,
    pub(super) keys: Text,
    pub(super) keys_file: Option<Spanned<PathBuf>>,
    pub(super) name_claim: Spanned<String>,
    #[serde(default)]
    pub(super) issuers: Vec<String>,
    #[serde(default)]
    pub(super) audiences: Vec<String>,
    #[serde(default)]
    pub(super) scopes: Vec<String>,
    pub(super) ca: Option<PathBuf>,
    pub(super) timeout: Text,
}
