//! Passwords that a directory verifies.

mod connection;
mod error;
mod guard;
mod outcome;
mod server;
mod template;
mod users;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use error::LdapTemplateError;
pub use server::LdapServer;
use smtp_core::Session;
use tokio::task::JoinSet;
pub use users::LdapUsers;

use crate::store::{CredentialStore, Limits, PasswordLogin, StoreError, Verdict};

/// A store that asks a directory (LDAP, RFC 4511), by binding as the user with the user's password.
/// Needs the feature `ldap`.
///
/// [`LdapServer`] says where it is and how the way there is protected, [`LdapUsers`] how a name becomes
/// an entry. Whatever a name contains stays a value: it is escaped for filters (RFC 4515) and for
/// distinguished names (RFC 4514). Empty passwords never get there, as directories take them for no
/// attempt at all (RFC 4513 section 5.1.2).
///
/// A password that has expired or must be changed is [`Expired`](Verdict::Expired), where the directory
/// says so in Active Directory's way or with the control of draft-behera-ldap-password-policy. Referrals
/// are not followed.
///
/// Each login has a connection of its own; a directory that was started again is there at once. While it
/// is away, clients hear 454.
///
/// ```
/// use smtp_auth::{AuthLayer, Ldap, LdapServer, LdapUsers};
///
/// let server = LdapServer::unix("/run/slapd/ldapi");
/// let users = LdapUsers::search("ou=people,dc=example,dc=org", "(mail={name})")?
///     .account("cn=smtp,dc=example,dc=org", "secret".into())
///     .name_attribute("uid");
/// let layer = AuthLayer::new(Ldap::new(server, users));
/// # Ok::<(), smtp_auth::LdapTemplateError>(())
/// ```
#[derive(Clone)]
pub struct Ldap {
    directory: Arc<Directory>,
    limits: Limits,
}

struct Directory {
    server: LdapServer,
    users: LdapUsers,
}

impl Ldap {
    /// Asks this server about these users. The time limit is 30 seconds, and 16 logins ask at once.
    pub fn new(server: LdapServer, users: LdapUsers) -> Self {
        Self {
            directory: Arc::new(Directory { server, users }),
            limits: Limits::new(16, Duration::from_secs(30)),
        }
    }

    /// How long a login waits for the directory, and for other logins before it.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.limits.timeout = timeout;
        self
    }

    /// How many logins ask at once, each on a connection of its own.
    #[must_use]
    pub fn max_concurrent(mut self, logins: usize) -> Self {
        self.limits.set_at_once(logins);
        self
    }

    async fn ask(&self, login: PasswordLogin) -> Result<Verdict, StoreError> {
        let directory = self.directory.clone();
        // A task of its own, as the library panics at answers that are malformed. It ends with this one.
        let mut task = JoinSet::new();
        task.spawn(async move {
            let Directory { server, users } = &*directory;
            server.talk(async |ldap| users.verify(ldap, &login).await).await
        });
        let failed =
            |error: &dyn fmt::Display| StoreError::new(format!("{}: {error}", self.directory.server));
        match task.join_next().await {
            Some(Ok(answer)) => answer.map_err(|error| failed(&error)),
            _ => Err(failed(&"an answer that makes no sense")),
        }
    }
}

impl CredentialStore for Ldap {
    fn name(&self) -> Cow<'static, str> {
        "ldap".into()
    }

    async fn verify_password(&self, login: PasswordLogin, _: &Session) -> Result<Verdict, StoreError> {
        let has_nul = login.name.contains('\0') || login.password.expose().contains(&0);
        if login.name.is_empty() || login.password.expose().is_empty() || has_nul {
            return Ok(Verdict::Refused);
        }
        self.limits.run(self.ask(login)).await
    }
}

impl fmt::Debug for Ldap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Directory { server, users } = &*self.directory;
        f.debug_struct("Ldap").field("server", server).field("users", users).finish_non_exhaustive()
    }
}
