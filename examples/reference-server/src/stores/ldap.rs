use smtp_server::BoxError;
use smtp_server::auth::{Ldap, LdapServer, LdapUsers, TrustedRoots};

use super::secret;
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
                users = users.account(dn.as_str(), secret::read(file)?);
            }
            if let Some(attribute) = name_attribute {
                users = users.name_attribute(attribute.as_str());
            }
            users
        }
    };
    Ok(Ldap::new(server, users).timeout(store.timeout))
}
