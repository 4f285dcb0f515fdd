//! Answers of a store that are remembered for a while.

mod flight;
mod key;
mod memory;
mod recollection;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use recollection::{Fresh, Recollection};
use smtp_core::{Secret, Session, TlsInfo};

use crate::saslprep::prepare;
use crate::scram::{ScramCost, ScramHash, ScramKeys};
use crate::store::{CredentialStore, PasswordLogin, StoreError, TokenLogin, Verdict};

/// A store that remembers for a while what another said of passwords.
///
/// Clients log in again and again with the same password; a store that is slow, far or expensive is
/// asked once for all of them. A password that was changed or taken away goes on to be accepted until
/// the memory of it expires, or [`forget`](Self::forget) is called.
///
/// - Logins that were accepted are remembered for five minutes, those that were refused for five
///   seconds, 10,000 of each at most. Errors are not remembered.
/// - The same login from many connections at once is asked once.
/// - Neither names nor passwords are kept: the key is a hash of both under a secret that is drawn at
///   random when the cache is made. What was said to one client address is not told to another, as the
///   store may look at it; [`for_all_peers`](Self::for_all_peers) is for stores that do not.
/// - Everything else (tokens, certificates, SCRAM keys, secrets) goes to the store each time. Stores of
///   tokens have memories of their own, since they know how long a token lives.
///
/// Cheap to clone; clones share their memory.
///
/// ```
/// use std::time::Duration;
///
/// use smtp_auth::{AuthLayer, Cached, Verdict, verify_fn};
///
/// let slow = verify_fn(|login, _session| async move {
///     Ok(Verdict::from(login.name == "alice" && login.password.expose() == b"correct horse"))
/// });
/// let cached = Cached::new(slow).accepted_for(Duration::from_secs(60));
/// let layer = AuthLayer::new(cached.clone());
/// // Alice has another password now.
/// cached.forget("alice");
/// ```
pub struct Cached<C> {
    inner: Arc<Inner<C>>,
    settings: Settings,
}

#[derive(Debug, Clone, Copy)]
struct Settings {
    accepted_for: Duration,
    refused_for: Duration,
    for_all_peers: bool,
}

struct Inner<C> {
    store: C,
    recollection: Recollection,
}

const CAPACITY: usize = 10_000;

impl<C: CredentialStore> Cached<C> {
    /// Remembers what `store` says.
    pub fn new(store: C) -> Self {
        let inner = Inner { store, recollection: Recollection::new(CAPACITY) };
        let settings = Settings {
            accepted_for: Duration::from_secs(300),
            refused_for: Duration::from_secs(5),
            for_all_peers: false,
        };
        Self { inner: Arc::new(inner), settings }
    }

    /// How long an accepted login is remembered; 5 minutes unless told.
    #[must_use]
    pub fn accepted_for(mut self, time: Duration) -> Self {
        self.settings.accepted_for = time;
        self
    }

    /// How long a refused login is remembered; 5 seconds unless told. So long a password that was
    /// just set goes on to be refused if it was tried before.
    #[must_use]
    pub fn refused_for(mut self, time: Duration) -> Self {
        self.settings.refused_for = time;
        self
    }

    /// How many accepted logins are remembered at most, and as many refused ones; 10,000 unless told.
    /// Each takes about 200 octets.
    #[must_use]
    pub fn capacity(self, logins: usize) -> Self {
        self.inner.recollection.set_capacity(logins);
        self
    }

    /// Tells each client what was said to another: right where the store looks at the name and the
    /// password alone.
    #[must_use]
    pub fn for_all_peers(mut self) -> Self {
        self.settings.for_all_peers = true;
        self
    }

    /// Forgets what was said of this name, as users give it or as the store spells it: its password changed, or it may log in no longer.
    pub fn forget(&self, name: &str) {
        // The form in which logins bring it.
        let prepared = prepare(name).unwrap_or(name.into());
        self.inner.recollection.forget(&prepared);
    }

    /// Forgets everything.
    pub fn forget_all(&self) {
        self.inner.recollection.forget_all();
    }

    async fn ask(&self, login: PasswordLogin, session: &Session) -> Result<Fresh, StoreError> {
        let verdict = self.inner.store.verify_password(login, session).await?;
        let lasts = match verdict {
            Verdict::Accepted | Verdict::AcceptedAs(_) => self.settings.accepted_for,
            Verdict::Refused | Verdict::Expired => self.settings.refused_for,
        };
        Ok(Fresh { verdict, lasts })
    }
}

impl<C: CredentialStore> CredentialStore for Cached<C> {
    fn name(&self) -> Cow<'static, str> {
        self.inner.store.name()
    }

    fn verifies_passwords(&self) -> bool {
        self.inner.store.verifies_passwords()
    }

    async fn verify_password(&self, login: PasswordLogin, session: &Session) -> Result<Verdict, StoreError> {
        let name = login.name.clone();
        let password = login.password.clone();
        let (peer, listener) = match session.peer_ip() {
            _ if self.settings.for_all_peers => (String::new(), ""),
            Some(ip) => (ip.to_string(), &*session.info().listener),
            None => (String::new(), &*session.info().listener),
        };
        let shown = [name.as_bytes(), password.expose(), peer.as_bytes(), listener.as_bytes()];
        self.inner.recollection.verdict(&shown, &name, self.ask(login, session)).await
    }

    fn takes_tokens(&self) -> bool {
        self.inner.store.takes_tokens()
    }

    async fn verify_token(&self, login: TokenLogin, session: &Session) -> Result<Verdict, StoreError> {
        self.inner.store.verify_token(login, session).await
    }

    fn maps_certificates(&self) -> bool {
        self.inner.store.maps_certificates()
    }

    async fn verify_certificate(
        &self,
        name: Option<&str>,
        tls: &TlsInfo,
        session: &Session,
    ) -> Result<Verdict, StoreError> {
        self.inner.store.verify_certificate(name, tls, session).await
    }

    fn has_scram_keys(&self, hash: ScramHash) -> bool {
        self.inner.store.has_scram_keys(hash)
    }

    async fn scram_keys(
        &self,
        name: &str,
        hash: ScramHash,
        session: &Session,
    ) -> Result<Option<ScramKeys>, StoreError> {
        self.inner.store.scram_keys(name, hash, session).await
    }

    fn scram_cost(&self) -> ScramCost {
        self.inner.store.scram_cost()
    }

    fn has_shared_secrets(&self) -> bool {
        self.inner.store.has_shared_secrets()
    }

    async fn shared_secret(&self, name: &str, session: &Session) -> Result<Option<Secret>, StoreError> {
        self.inner.store.shared_secret(name, session).await
    }

    async fn may_act_for(&self, name: &str, other: &str, session: &Session) -> Result<bool, StoreError> {
        self.inner.store.may_act_for(name, other, session).await
    }
}

impl<C> Clone for Cached<C> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), settings: self.settings }
    }
}

impl<C: CredentialStore> fmt::Debug for Cached<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cached({}, {:?})", self.inner.store.name(), self.settings)
    }
}
