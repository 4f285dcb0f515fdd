//! The layer that answers AUTH.

mod attempt;
mod exchange;
mod failure;
mod failure_limit;
mod offer;
mod originator;
mod rules;
mod service;
mod settings;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use originator::Originator;
use rules::Rule;
pub use service::AuthService;
use settings::Settings;
use smtp_core::{Mailbox, Secret, Session};
use tower_layer::Layer;

use crate::mechanism::Mechanism;
use crate::scram::Decoy;
use crate::store::CredentialStore;
use crate::throttle::Throttle;

/// Offers and answers AUTH (RFC 4954) with a [`CredentialStore`]. See the [crate] for a stack.
pub struct AuthLayer<C> {
    store: Arc<C>,
    settings: Settings,
}

impl<C: CredentialStore> AuthLayer<C> {
    /// Offers the [usual](Mechanism::DEFAULT) mechanisms for which `store` has what they need, the best
    /// first. What shows a password or a token is for TLS only, EXTERNAL for clients whose certificate
    /// is verified.
    pub fn new(store: C) -> Self {
        Self { store: Arc::new(store), settings: Settings::default() }
    }

    /// Offers these mechanisms in this order. Those for which the store lacks something are left out.
    ///
    /// Logs a warning for each that is [weak](Mechanism::weakness).
    #[must_use]
    pub fn mechanisms(mut self, mechanisms: impl IntoIterator<Item = Mechanism>) -> Self {
        self.settings.mechanisms.clear();
        for mechanism in mechanisms {
            if self.settings.mechanisms.contains(&mechanism) {
                continue;
            }
            if let Some(weakness) = mechanism.weakness() {
                tracing::warn!(%mechanism, "AUTH offers a weak mechanism: {weakness}");
            }
            self.settings.mechanisms.push(mechanism);
        }
        self
    }

    /// Offers a mechanism to the sessions for which `rule` says so, and refuses it as too weak to
    /// others (534). What the mechanism itself needs is still needed.
    ///
    /// ```
    /// use smtp_auth::{AuthLayer, Mechanism, UserFile};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let users = UserFile::open_or_create(folder.path().join("users"))?;
    /// let layer = AuthLayer::new(users).offer_if(|mechanism, session| {
    ///     // Passwords as they are come from the house only.
    ///     !mechanism.is_plaintext() || session.peer_ip().is_some_and(|address| address.is_loopback())
    /// });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn offer_if(mut self, rule: impl Fn(Mechanism, &Session) -> bool + Send + Sync + 'static) -> Self {
        self.settings.offer = Rule(Arc::new(rule));
        self
    }

    /// Lets a user act for another (the authorization identity of RFC 4422 section 3.4.1) if `rule` says
    /// so: it hears who is authenticated, for whom the client wants to act, and the session. Who
    /// [may](CredentialStore::may_act_for) by the store may as well.
    ///
    /// ```
    /// use smtp_auth::{AuthLayer, Verdict, verify_fn};
    ///
    /// let store = verify_fn(|_, _| async { Ok(Verdict::Refused) });
    /// let layer = AuthLayer::new(store).act_for_if(|name, _other, _session| name == "helpdesk");
    /// ```
    #[must_use]
    pub fn act_for_if(mut self, rule: impl Fn(&str, &str, &Session) -> bool + Send + Sync + 'static) -> Self {
        self.settings.delegation = Rule(Arc::new(rule));
        self
    }

    /// Believes a client that names the originator of a message, by `AUTH=` of MAIL (RFC 4954 section
    /// 5), if `rule` says so. Otherwise the parameter becomes `<>`, and the message goes on. Without a
    /// rule users are believed who name themselves.
    ///
    /// ```
    /// use smtp_auth::{AuthLayer, Verdict, verify_fn};
    ///
    /// let store = verify_fn(|_, _| async { Ok(Verdict::Refused) });
    /// let layer = AuthLayer::new(store).trust_originator(|_mailbox, session| {
    ///     // A gateway of our own has checked it.
    ///     session.identity().is_some_and(|identity| identity.name() == "gateway")
    /// });
    /// ```
    #[must_use]
    pub fn trust_originator(
        mut self,
        rule: impl Fn(&Mailbox, &Session) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.settings.originator = Rule(Arc::new(rule));
        self
    }

    /// The scope that a token must have, told to clients whose token is refused (RFC 7628 section
    /// 3.2.2).
    #[must_use]
    pub fn token_scope(mut self, scope: impl Into<String>) -> Self {
        self.settings.token_hints.scope = Some(scope.into());
        self
    }

    /// The URL where a client whose token is refused learns how to get one: that of an OpenID
    /// provider's configuration document (RFC 7628 section 3.2.2).
    #[must_use]
    pub fn openid_configuration(mut self, url: impl Into<String>) -> Self {
        self.settings.token_hints.openid_configuration = Some(url.into());
        self
    }

    /// Offers and takes PLAIN and LOGIN without TLS too: everybody on the way reads the passwords.
    /// RFC 4954 section 4 wants another protection in the place of TLS then, such as a TLS wrapper on
    /// the same host.
    ///
    /// Logs a warning.
    #[must_use]
    pub fn allow_plaintext_without_tls(mut self) -> Self {
        tracing::warn!("AUTH takes passwords without TLS: everybody on the way can read them");
        self.settings.plaintext_without_tls = true;
        self
    }

    /// How many failed attempts a connection has; at the last one it is closed with 421. 3 unless
    /// told, and never less than 1.
    #[must_use]
    pub fn max_failures(mut self, failures: u32) -> Self {
        self.settings.failures.max = failures.max(1);
        self
    }

    /// Counts failed attempts together with other layers; alone unless told.
    #[must_use]
    pub fn throttle(mut self, throttle: Throttle) -> Self {
        self.settings.throttle = throttle;
        self
    }

    /// How long the first failed attempt of a client waits for its answer; each further one waits
    /// twice as long, up to 30 seconds. One second unless told.
    #[must_use]
    pub fn failure_delay(mut self, delay: Duration) -> Self {
        self.settings.failures.delay = delay;
        self
    }

    /// The secret from which SCRAM's salts for unknown names are made, so that they look like those of
    /// users. Without one it is drawn at random, and whoever sees a salt change with a restart knows
    /// that the name is unknown.
    #[must_use]
    pub fn decoy_secret(mut self, secret: Secret) -> Self {
        self.settings.decoy = Decoy::new(secret);
        self
    }
}

impl<C: CredentialStore, S> Layer<S> for AuthLayer<C> {
    type Service = AuthService<S, C>;

    fn layer(&self, inner: S) -> Self::Service {
        AuthService::new(inner, self.store.clone(), &self.settings)
    }
}

impl<C> Clone for AuthLayer<C> {
    fn clone(&self) -> Self {
        Self { store: self.store.clone(), settings: self.settings.clone() }
    }
}

impl<C> fmt::Debug for AuthLayer<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthLayer").field("settings", &self.settings).finish_non_exhaustive()
    }
}
