//! A directory, and how users are found in it.

use std::path::PathBuf;
use std::time::Duration;

use smtp_server::auth::{LdapTemplateError, LdapUsers};
use toml::Spanned;

use super::tables::LdapTable;
use crate::config::check::{Check, host, host_and_port};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LdapStore {
    pub(crate) place: LdapPlace,
    /// In the place of the authorities that the system trusts.
    pub(crate) ca: Option<PathBuf>,
    pub(crate) way: LdapWay,
    pub(crate) timeout: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LdapPlace {
    Unix(PathBuf),
    Tls(String, u16),
    StartTls(String, u16),
    Plaintext(String, u16),
}

/// How a name becomes an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LdapWay {
    Template(String),
    Search {
        base: String,
        filter: String,
        /// A distinguished name, and the file with its password.
        account: Option<(String, PathBuf)>,
        name_attribute: Option<String>,
    },
}

pub(super) fn check(check: &mut Check<'_>, table: LdapTable, timeout: Duration) -> Option<LdapStore> {
    let place = place(check, &table);
    let ca = check.path(table.ca.clone());
    let way = way(check, table);
    Some(LdapStore { place: place?, ca, way: way?, timeout })
}

fn place(check: &mut Check<'_>, table: &LdapTable) -> Option<LdapPlace> {
    let plaintext = table.plaintext.as_ref().is_some_and(|plaintext| *plaintext.get_ref());
    let help = "write \"ldaps://host\", \"ldap://host\" or \"ldapi:///path/of/the/socket\"";
    let place = check.read(&table.url, |url| parse(url, plaintext), "address of a directory", help)?;
    if let (Some(plaintext), LdapPlace::Unix(_) | LdapPlace::Tls(..)) = (&table.plaintext, &place) {
        check.refuse(plaintext, "plaintext is for ldap: alone", "leave the line out");
    }
    Some(place)
}

fn parse(url: &str, plaintext: bool) -> Option<LdapPlace> {
    let (scheme, rest) = url.split_once("://")?;
    let address = |port| {
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        host(rest).map(|host| (host, port)).or_else(|| host_and_port(rest))
    };
    match scheme {
        "ldaps" => address(636).map(|(host, port)| LdapPlace::Tls(host, port)),
        "ldap" if plaintext => address(389).map(|(host, port)| LdapPlace::Plaintext(host, port)),
        "ldap" => address(389).map(|(host, port)| LdapPlace::StartTls(host, port)),
        // OpenLDAP's own programs want the slashes of the path escaped.
        "ldapi" => {
            let path = rest.replace("%2F", "/").replace("%2f", "/");
            path.starts_with('/').then(|| LdapPlace::Unix(path.into()))
        }
        _ => None,
    }
}

fn way(check: &mut Check<'_>, table: LdapTable) -> Option<LdapWay> {
    let LdapTable { url, dn, base, filter, account, password_file, name_attribute, .. } = table;
    if let Some(dn) = dn {
        if let Some(search) = [base, filter, account, name_attribute].into_iter().flatten().next() {
            check.refuse(
                &search,
                "this is of a search, and dn says that there is none",
                "leave it or dn out",
            );
        }
        template(check, &dn, LdapUsers::template(dn.get_ref()))?;
        return Some(LdapWay::Template(dn.into_inner()));
    }
    let (Some(base), Some(filter)) = (base, filter) else {
        let help = "add dn = \"uid={user},ou=people,dc=example,dc=org\", or base and filter";
        check.refuse(&url, "nothing is said of how users are found", help);
        return None;
    };
    template(check, &filter, LdapUsers::search(base.get_ref(), filter.get_ref()))?;
    Some(LdapWay::Search {
        account: self::account(check, account, password_file)?,
        base: base.into_inner(),
        filter: filter.into_inner(),
        name_attribute: name_attribute.map(Spanned::into_inner),
    })
}

fn template(
    check: &mut Check<'_>,
    text: &Spanned<String>,
    users: Result<LdapUsers, LdapTemplateError>,
) -> Option<()> {
    let help = "{name} is what the client sent, {user} what is before its @, {domain} what is behind";
    users.map_err(|error| check.refuse(text, error.to_string(), help)).ok().map(drop)
}

/// The outer `None` is a problem.
#[expect(clippy::option_option)]
fn account(
    check: &mut Check<'_>,
    account: Option<Spanned<String>>,
    password_file: Option<Spanned<PathBuf>>,
) -> Option<Option<(String, PathBuf)>> {
    match (account, password_file) {
        (None, None) => Some(None),
        (Some(account), Some(file)) => {
            Some(Some((account.into_inner(), check.folder.join(file.into_inner()))))
        }
        (Some(account), None) => {
            let help = "add password_file, a file with it in its first line";
            check.refuse(&account, "the account has no password", help);
            None
        }
        (None, Some(file)) => {
            let help = "add account = \"cn=smtp,dc=example,dc=org\", or leave this out";
            check.refuse(&file, "there is no account with this password", help);
            None
        }
    }
}
