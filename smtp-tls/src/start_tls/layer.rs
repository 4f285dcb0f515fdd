use std::fmt;

use smtp_core::Upgrade;
use tower_layer::Layer;

use super::StartTlsService;

/// Offers and answers STARTTLS.
#[derive(Clone)]
pub struct StartTlsLayer<U> {
    upgrade: U,
    required: bool,
}

impl<U: Upgrade + Clone> StartTlsLayer<U> {
    /// Hands the transport to `upgrade`, a [`ServerTls`](crate::ServerTls) for example.
    pub fn new(upgrade: U) -> Self {
        Self { upgrade, required: false }
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

impl<U: Clone, S> Layer<S> for StartTlsLayer<U> {
    type Service = StartTlsService<S, U>;

    fn layer(&self, inner: S) -> Self::Service {
        StartTlsService { inner, upgrade: self.upgrade.clone(), required: self.required }
    }
}

impl<U> fmt::Debug for StartTlsLayer<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartTlsLayer").field("required", &self.required).finish_non_exhaustive()
    }
}
