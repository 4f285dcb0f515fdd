//! The stores of credentials, as the configuration wants them.

#[cfg(feature = "ldap")]
mod ldap;
#[cfg(any(feature = "ldap", feature = "postgres", feature = "http"))]
pub(crate) mod secret;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod sql;
#[cfg(feature = "http")]
mod web;

use smtp_server::BoxError;
use smtp_server::auth::{BoxCredentialStore, Chain, DovecotAuth, Saslauthd, UserFile};

use crate::config::{Config, Store, about};

/// All of them, in their order. Daemons need not be there yet.
pub(crate) fn open(config: &Config, users: &UserFile) -> Result<Chain, BoxError> {
    let users = if config.certificates { users.clone().map_certificates() } else { users.clone() };
    let open = |store| Ok(open_named(store)?.unwrap_or_else(|| BoxCredentialStore::new(users.clone())));
    config.stores.iter().map(open).collect()
}

/// Whether all but the file of the users can be opened.
pub(crate) fn check(config: &Config) -> Result<(), BoxError> {
    config.stores.iter().try_for_each(|store| open_named(store).map(drop))
}

/// An error says which table it is about.
fn open_named(store: &Store) -> Result<Option<BoxCredentialStore>, BoxError> {
    open_other(store).map_err(about(&format!("[auth.{}]", store.name())))
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
        #[cfg(any(feature = "sqlite", feature = "postgres"))]
        Store::Sql(store) => BoxCredentialStore::new(sql::open(store)?),
        #[cfg(feature = "http")]
        Store::Http(store) => web::open(store)?,
        #[cfg(feature = "oauth")]
        Store::Oauth(store) => web::open_oauth(store)?,
    }))
}
