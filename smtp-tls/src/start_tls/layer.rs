use std::fmt;
use std::sync::Arc;

use smtp_core::{Session, Upgrade};
use tower_layer::Layer;

use super::StartTlsService;

/// Chooses the upgrade for a session.
pub(super) type Choose<U> = Arc<dyn Fn(&Session) -> U + Send + Sync>;

/// Offers and answers STARTTLS.
pub struct StartTlsLayer<U> {
    choose: Choose<U>,
    required: bool,
}

impl<U: Upgrade> StartTlsLayer<U> {
    /// Hands the transport to `upgrade`, a [`ServerTls`](crate::ServerTls) for example.
    pub fn new(upgrade: U) -> Self
    where
        U: Clone + Sync,
    {
        Self::choose(move |_| upgrade.clone())
    }

    /// Lets `choose` say for each session what the transport is handed to, by the client's address,
    /// the listener or what layers in front have noted: whether the client is asked for a certificate
    /// for example.
    ///
    /// ```
    /// # use smtp_tls::{ClientCertificates, ServerTls, StartTlsLayer};
    /// # fn layer(tls: ServerTls) -> StartTlsLayer<ServerTls> {
    /// // Some clients break at the mere question.
    /// let old = "192.0.2.25".parse().ok();
    /// let asks = tls.clone().client_certificates(ClientCertificates::Request);
    /// StartTlsLayer::choose(move |session| {
    ///     if session.peer_ip() == old { tls.clone() } else { asks.clone() }
    /// })
    /// # }
    /// ```
    pub fn choose(choose: impl Fn(&Session) -> U + Send + Sync + 'static) -> Self {
        Self { choose: Arc::new(choose), required: false }
    }

    /// Demands TLS: until then all that is answered otherwise than by `530 5.7.0` are the
    /// greeting, EHLO, STARTTLS, NOOP and QUIT, as RFC 3207 section 4 says, and HELO, LHLO, RSET
    /// and HELP, which do no harm; and EHLO does not offer AUTH.
    ///
    /// Right for submission. A server to which the world sends its mail must not do so.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }
}

impl<U, S> Layer<S> for StartTlsLayer<U> {
    type Service = StartTlsService<S, U>;

    fn layer(&self, inner: S) -> Self::Service {
        StartTlsService { inner, choose: Arc::clone(&self.choose), required: self.required }
    }
}

impl<U> Clone for StartTlsLayer<U> {
    fn clone(&self) -> Self {
        Self { choose: Arc::clone(&self.choose), required: self.required }
    }
}

impl<U> fmt::Debug for StartTlsLayer<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartTlsLayer").field("required", &self.required).finish_non_exhaustive()
    }
}
