//! Passwords of the system's own accounts.

mod conversation;
mod outcome;
mod transaction;

use std::borrow::Cow;
use std::time::Duration;

use smtp_core::Session;
use transaction::Transaction;

use crate::store::{CredentialStore, Limits, PasswordLogin, StoreError, Verdict};

/// A store that asks PAM, the pluggable authentication modules: the system's own accounts, or whatever
/// the service's file in `/etc/pam.d` names. Needs the feature `pam`, and `libpam0g-dev` to be linked.
///
/// First the modules authenticate the user, then they look at the account: one that has expired, or
/// whose password has, is [`Expired`](Verdict::Expired), and the client hears so. A file for the
/// accounts of a Debian system:
///
/// ```text
/// # /etc/pam.d/smtp
/// auth     required  pam_unix.so  nodelay
/// account  required  pam_unix.so
/// ```
///
/// Without a file of its own a service is what `/etc/pam.d/other` says.
///
/// # Rights
///
/// Modules run in this process, with its rights. `pam_unix` reads the shadow file: if the server is
/// neither root nor in the group `shadow`, it knows the server's own account alone. Whoever does not
/// want to give it so much runs `saslauthd -a pam`, and [`Saslauthd`](crate::Saslauthd) asks that.
///
/// # Time
///
/// PAM blocks, so each login has a thread of its own, a few at a time, and neither the runtime nor its
/// pool of blocking threads waits for it. A login whose time is over goes to its client with 454; its
/// thread keeps its place until the module comes back, so modules that hang make all logins fail and
/// nothing else. Many modules wait for seconds when a password is wrong; this crate's layer makes
/// clients wait by itself, so `nodelay` is better where a module has it.
///
/// ```
/// use std::time::Duration;
///
/// use smtp_auth::{AuthLayer, Pam};
///
/// let layer = AuthLayer::new(Pam::new("smtp").timeout(Duration::from_secs(10)));
/// ```
#[derive(Debug, Clone)]
pub struct Pam {
    service: String,
    limits: Limits,
}

impl Pam {
    /// Asks PAM as this service. The time limit is 30 seconds, and 16 logins ask at once.
    pub fn new(service: impl Into<String>) -> Self {
        Self { service: service.into(), limits: Limits::new(16, Duration::from_secs(30)) }
    }

    /// How long a login waits for the modules, and for other logins before it.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.limits.timeout = timeout;
        self
    }

    /// How many logins ask at once, each on a thread of its own.
    #[must_use]
    pub fn max_concurrent(mut self, logins: usize) -> Self {
        self.limits.set_at_once(logins);
        self
    }
}

impl CredentialStore for Pam {
    fn name(&self) -> Cow<'static, str> {
        "pam".into()
    }

    async fn verify_password(&self, login: PasswordLogin, session: &Session) -> Result<Verdict, StoreError> {
        let client = session.peer_ip().map(|ip| ip.to_string());
        let service = self.service.clone();
        let Some(transaction) = Transaction::new(service, login, client) else {
            return Ok(Verdict::Refused);
        };
        self.limits.run_on_thread("pam", || transaction.run()).await?
    }
}
