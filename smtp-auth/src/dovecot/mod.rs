//! Passwords that Dovecot verifies.

mod connection;
mod escape;
mod handshake;
mod reply;
mod request;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use connection::Connection;
use reply::Reply;
use request::Request;
use smtp_core::Session;

use crate::store::{CredentialStore, Limits, PasswordLogin, StoreError, Verdict};

/// A store that asks Dovecot's authentication server, so that who reads mail there sends it here with
/// the same password. It speaks version 1 of the [auth-client protocol].
///
/// Dovecot needs a socket for it, which the mail server's account may open:
///
/// ```text
/// service auth {
///   unix_listener /run/dovecot/smtpd-auth {
///     mode = 0600
///     user = smtpd
///   }
/// }
/// auth_mechanisms = plain
/// ```
///
/// Dovecot is told what a rule of its own may go by: the service, the addresses of client and server,
/// and whether the session is within TLS. Where it spells a name in another way, in small letters or
/// with a domain, the user is called that. A user with its field `nologin` is refused.
///
/// Dovecot itself makes those wait who failed before, up to 17 seconds, so a time limit should not be
/// much shorter. Each login has a connection of its own; a Dovecot that was started again is there at
/// once. While it is away, clients hear 454.
///
/// ```
/// use smtp_auth::{AuthLayer, DovecotAuth};
///
/// let layer = AuthLayer::new(DovecotAuth::new("/run/dovecot/smtpd-auth"));
/// ```
///
/// [auth-client protocol]: https://doc.dovecot.org/2.3/developer_manual/design/auth_protocol/
#[derive(Debug, Clone)]
pub struct DovecotAuth {
    socket: PathBuf,
    service: String,
    limits: Limits,
}

impl DovecotAuth {
    /// Asks the Dovecot that listens on this socket. The service is `smtp`, the time limit 30 seconds,
    /// and 64 logins ask at once.
    pub fn new(socket: impl AsRef<Path>) -> Self {
        Self {
            socket: socket.as_ref().to_owned(),
            service: "smtp".to_owned(),
            limits: Limits::new(64, Duration::from_secs(30)),
        }
    }

    /// The service that Dovecot is told, as in its `protocol` blocks.
    #[must_use]
    pub fn service(mut self, service: impl Into<String>) -> Self {
        self.service = service.into();
        self
    }

    /// How long a login waits for Dovecot, and for other logins before it.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.limits.timeout = timeout;
        self
    }

    /// How many logins ask at once.
    #[must_use]
    pub fn max_concurrent(mut self, logins: usize) -> Self {
        self.limits.set_at_once(logins);
        self
    }

    /// The path of the socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    async fn ask(&self, request: &Request) -> Result<Reply, StoreError> {
        let failed = |error| StoreError::new(format!("{}: {error}", self.socket.display()));
        let mut connection = Connection::open(&self.socket).await.map_err(failed)?;
        connection.ask(request).await.map_err(failed)
    }
}

impl CredentialStore for DovecotAuth {
    fn name(&self) -> Cow<'static, str> {
        "dovecot".into()
    }

    async fn verify_password(&self, login: PasswordLogin, session: &Session) -> Result<Verdict, StoreError> {
        let Some(request) = Request::encode(&login, &self.service, session) else {
            return Ok(Verdict::Refused);
        };
        match self.limits.run(self.ask(&request)).await? {
            Reply::Accepted { user } if user == login.name => Ok(Verdict::Accepted),
            Reply::Accepted { user } => Ok(Verdict::AcceptedAs(user)),
            Reply::Refused => Ok(Verdict::Refused),
            Reply::Expired => Ok(Verdict::Expired),
            Reply::Unavailable => Err(StoreError::new("Dovecot cannot reach what it asks itself")),
        }
    }
}
