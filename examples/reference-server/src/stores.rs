//! The stores of credentials, as the configuration wants them.

use smtp_server::BoxError;
use smtp_server::auth::{BoxCredentialStore, Chain, DovecotAuth, Saslauthd, UserFile};

use crate::config::{Config, Store};

/// All of them, in their order. Daemons need not be there yet.
pub(crate) fn open(config: &Config, users: &UserFile) -> Result<Chain, BoxError> {
    let users = if config.certificates { users.clone().map_certificates() } else { users.clone() };
    let open = |store| Ok(open_other(store)?.unwrap_or_else(|| BoxCredentialStore::new(users.clone())));
    config.stores.iter().map(open).collect()
}

/// Whether all but the file of the users can be opened.
pub(crate) fn check(config: &Config) -> Result<(), BoxError> {
    config.stores.iter().try_for_each(|store| open_other(store).map(drop))
}

/// `None` for the file of the users.
fn open_other(store: &Store) -> Result<Option<BoxCredentialStore>, BoxError> {
    Ok(Some(match store {
        Store::Users => return Ok(None),
        #[cfg(feature = "pam")]
        Store::Pam(store) => BoxCredentialStore::new(
            smtp_server::auth::Pam::new(store.service.as_str()).timeout(store.timeout),
        ),
        Store::Saslauthd(store) => {
            let saslauthd = Saslauthd::new(&store.socket)
                .service(store.service.as_str())
                .realm(store.realm.as_str())
                .timeout(store.timeout);
            BoxCredentialStore::new(if store.whole_names { saslauthd.whole_names() } else { saslauthd })
        }
        Store::Dovecot(store) => BoxCredentialStore::new(
            DovecotAuth::new(&store.socket).service(store.service.as_str()).timeout(store.timeout),
        ),
        #[cfg(feature = "ldap")]
        Store::Ldap(store) => BoxCredentialStore::new(ldap::open(store)?),
    }))
}

#[cfg(feature = "ldap")]
mod ldap {
    use std::path::Path;

    use smtp_server::auth::{Ldap, LdapServer, LdapUsers, TrustedRoots};
    use smtp_server::{BoxError, Secret};

    use crate::config::{LdapPlace, LdapStore, LdapWay};

    pub(super) fn open(store: &LdapStore) -> Result<Ldap, BoxError> {
        let roots = store.ca.clone().map_or(TrustedRoots::System, TrustedRoots::File);
        let server = match &store.place {
            LdapPlace::Unix(socket) => LdapServer::unix(socket),
            LdapPlace::Tls(host, port) => LdapServer::tls(host.as_str(), *port, &roots)?,
            LdapPlace::StartTls(host, port) => LdapServer::start_tls(host.as_str(), *port, &roots)?,
            LdapPlace::Plaintext(host, port) => LdapServer::plaintext(host.as_str(), *port),
        };
        let users = match &store.way {
            LdapWay::Template(dn) => LdapUsers::template(dn)?,
            LdapWay::Search { base, filter, account, name_attribute } => {
                let mut users = LdapUsers::search(base.as_str(), filter)?;
                if let Some((dn, file)) = account {
                    users = users.account(dn.as_str(), password(file)?);
                }
                if let Some(attribute) = name_attribute {
                    users = users.name_attribute(attribute.as_str());
                }
                users
            }
        };
        Ok(Ldap::new(server, users).timeout(store.timeout))
    }

    /// The first line of the file.
    fn password(file: &Path) -> Result<Secret, BoxError> {
        let failed = |what: &str| format!("{}: {what}; correct [auth.ldap] password_file", file.display());
        let text = std::fs::read(file).map_err(|error| failed(&format!("cannot be read: {error}")))?;
        let text = Secret::new(text);
        let line = text.expose_str().and_then(|text| text.lines().next());
        match line.filter(|line| !line.is_empty()) {
            Some(line) => Ok(line.into()),
            None => Err(failed("there is no password in the first line").into()),
        }
    }
}
