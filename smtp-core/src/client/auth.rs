use std::pin::Pin;
use std::sync::Arc;

use super::Destination;
use crate::{BoxError, BoxFuture, Secret, TlsInfo};

/// Logs in at destinations (RFC 4954).
pub trait ClientAuth: Send + Sync + 'static {
    /// Chooses a mechanism and begins an exchange; `None` to go on without AUTH, because there are
    /// no credentials for this destination.
    ///
    /// It is asked about servers that offer no AUTH too: whether to go on without is not for them
    /// to say.
    ///
    /// # Errors
    /// If there should be an exchange and cannot: none of the mechanisms will do, credentials
    /// cannot be read. The message waits.
    fn begin(&self, offer: AuthOffer) -> BoxFuture<Result<Option<Box<dyn AuthExchange>>, BoxError>>;
}

/// What a server offers to a client that may log in.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AuthOffer {
    /// The server.
    pub destination: Destination,
    /// The mechanisms by their names in upper case, in the server's order; empty if it offers no
    /// AUTH. Whoever can tamper with the connection has written them: to choose among them is to
    /// choose among all that is good enough.
    pub mechanisms: Vec<String>,
    /// The facts of TLS, if the connection is protected.
    pub tls: Option<Arc<TlsInfo>>,
}

impl AuthOffer {
    /// An offer of these mechanisms without TLS.
    pub fn new(destination: Destination, mechanisms: Vec<String>) -> Self {
        Self { destination, mechanisms, tls: None }
    }

    /// The same within TLS.
    #[must_use]
    pub fn tls(mut self, tls: Arc<TlsInfo>) -> Self {
        self.tls = Some(tls);
        self
    }
}

/// One AUTH exchange, from the client's side. Base64 and lines are the business of who runs it.
///
/// After an error there is nothing more to be asked: who runs it cancels the exchange.
pub trait AuthExchange: Send {
    /// The name of the mechanism.
    fn mechanism(&self) -> &str;

    /// What goes with the AUTH command, where the mechanism begins with the client. An empty
    /// response is not the same as none.
    ///
    /// # Errors
    /// If the mechanism cannot begin.
    fn initial_response(&mut self) -> Result<Option<Secret>, BoxError>;

    /// The response to a challenge.
    ///
    /// # Errors
    /// If the server breaks the mechanism's rules, or does not know what it should.
    fn respond<'a>(
        &'a mut self,
        challenge: &'a [u8],
    ) -> Pin<Box<dyn Future<Output = Result<Secret, BoxError>> + Send + 'a>>;

    /// The server says that we are in. Where a mechanism has the server prove itself, a server that
    /// has not done so is not to be believed.
    ///
    /// # Errors
    /// If the exchange was not over.
    fn finish(&mut self) -> Result<(), BoxError>;
}
