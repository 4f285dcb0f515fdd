//! Passwords that Cyrus SASL's daemon verifies.

mod reply;
mod request;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reply::Reply;
use request::Request;
use smtp_core::Session;
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;

use crate::store::{CredentialStore, Limits, PasswordLogin, StoreError, Verdict};

/// A store that asks `saslauthd`, the daemon of Cyrus SASL, which in turn asks PAM, the shadow file,
/// LDAP, Kerberos or an IMAP server. It runs with the rights that this takes, and the mail server
/// needs none of them: no more than access to the daemon's socket.
///
/// The daemon sees passwords only, so there are PLAIN and LOGIN and no SCRAM. A name with an `@` is
/// sent as a user and a realm, split at the last one, as Cyrus SASL's own library does;
/// [`whole_names`](Self::whole_names) leaves it as it is. What is longer than 256 octets the daemon
/// takes for no name and no password.
///
/// Many daemons look at the realm for nothing: without their option `-r`, PAM is asked for the user alone.
/// `joe@example.org` and `joe@example.net` are then let in by the same password, each as what the client
/// sent. Whoever gives rights to names with domains sets `-r`, or [`whole_names`](Self::whole_names).
///
/// Each login has a connection of its own, so a daemon that was started again is there at once. While
/// it is away, clients hear 454.
///
/// ```
/// use std::time::Duration;
///
/// use smtp_auth::{AuthLayer, Saslauthd};
///
/// let store = Saslauthd::new(Saslauthd::SOCKET).service("smtp").timeout(Duration::from_secs(10));
/// let layer = AuthLayer::new(store);
/// ```
#[derive(Debug, Clone)]
pub struct Saslauthd {
    socket: PathBuf,
    service: String,
    realm: String,
    whole_names: bool,
    limits: Limits,
}

impl Saslauthd {
    /// Where the daemon of most systems has its socket.
    pub const SOCKET: &str = "/run/saslauthd/mux";

    /// Asks the daemon that listens on this socket: the file `mux` in the folder that `saslauthd -m`
    /// names. The service is `smtp`, the realm empty, the time limit 30 seconds, and 16 logins ask at
    /// once.
    pub fn new(socket: impl AsRef<Path>) -> Self {
        Self {
            socket: socket.as_ref().to_owned(),
            service: "smtp".to_owned(),
            realm: String::new(),
            whole_names: false,
            limits: Limits::new(16, Duration::from_secs(30)),
        }
    }

    /// The service that the daemon is told: for PAM the name of its file in `/etc/pam.d`.
    #[must_use]
    pub fn service(mut self, service: impl Into<String>) -> Self {
        self.service = service.into();
        self
    }

    /// The realm of names that have none of their own.
    #[must_use]
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = realm.into();
        self
    }

    /// Sends `joe@example.org` as one name, for daemons whose users are called that.
    #[must_use]
    pub fn whole_names(mut self) -> Self {
        self.whole_names = true;
        self
    }

    /// How long a login waits for the daemon, and for other logins before it.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.limits.timeout = timeout;
        self
    }

    /// How many logins ask at once. The daemon answers as many as it has processes (`saslauthd -n`,
    /// 5 unless told), the others wait for it.
    #[must_use]
    pub fn max_concurrent(mut self, logins: usize) -> Self {
        self.limits.set_at_once(logins);
        self
    }

    /// The path of the socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    fn request(&self, login: &PasswordLogin) -> Option<Request> {
        let (user, realm) = match login.name.rsplit_once('@') {
            Some((user, realm)) if !self.whole_names => (user, realm),
            _ => (&*login.name, &*self.realm),
        };
        Request::encode(user, &login.password, &self.service, realm)
    }

    async fn ask(&self, request: Request) -> Result<Reply, StoreError> {
        let failed =
            |what: &str, error| StoreError::new(format!("{}: {what}: {error}", self.socket.display()));
        let connected = UnixStream::connect(&self.socket).await;
        let mut stream = connected.map_err(|error| failed("saslauthd is not there", error))?;
        let sent = stream.write_all(request.octets()).await;
        sent.map_err(|error| failed("saslauthd does not listen", error))?;
        let reply = Reply::read(&mut stream).await;
        reply.map_err(|error| failed("saslauthd does not answer", error))
    }
}

impl CredentialStore for Saslauthd {
    fn name(&self) -> Cow<'static, str> {
        "saslauthd".into()
    }

    async fn verify_password(&self, login: PasswordLogin, _: &Session) -> Result<Verdict, StoreError> {
        let Some(request) = self.request(&login) else { return Ok(Verdict::Refused) };
        let reply = self.limits.run(self.ask(request)).await?;
        Ok(Verdict::from(reply == Reply::Ok))
    }
}
