//! The tables of the stores as they are written.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

type Text = Option<Spanned<String>>;

// Without the feature nobody reads what is in it.
#[cfg_attr(not(feature = "pam"), expect(dead_code))]
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

// As above.
#[cfg_attr(not(feature = "ldap"), expect(dead_code))]
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
