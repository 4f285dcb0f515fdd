use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use smtp_core::{BodyError, BoxFuture, Host, Message, Outcomes, Reply};
use tokio::time::timeout;
use tower_service::Service;
use tracing::Instrument as _;

use super::connection::Connection;
use super::{Connect, NextHop, Timeouts};
use super::{failure, hello, transaction};

/// Passes messages on to another SMTP server; see the [module](super).
///
/// The outcomes are the next hop's own replies. If it cannot be reached (451 4.4.1), breaks off
/// or is silent for too long (451 4.4.2), talks nonsense (451 4.5.0) or refuses the session (451
/// 4.3.0), that is temporary. A recipient that it refused has its reply whatever became of the
/// others. Content declared as `BODY=8BITMIME` for a next hop that does not offer it is refused
/// with 554 5.6.3.
///
/// Of the parameters of MAIL, `SIZE` and `BODY` are passed on, of those of RCPT none.
#[derive(Clone)]
pub struct Relay {
    next_hop: Arc<dyn Connect>,
    name: Option<Host>,
    timeouts: Timeouts,
}

impl Relay {
    /// To this host, given by its name or IP address, and port.
    pub fn to(host: impl Into<Arc<str>>, port: u16) -> Self {
        Self::over(NextHop::new(host, port))
    }

    /// Over connections that are made otherwise than by TCP to a fixed host.
    pub fn over(next_hop: impl Connect) -> Self {
        Self { next_hop: Arc::new(next_hop), name: None, timeouts: Timeouts::default() }
    }

    /// How to call ourselves in EHLO; without it, by the server's name of the session in which
    /// the message came.
    #[must_use]
    pub fn name(mut self, name: impl Into<Host>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// How long to wait for what.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    async fn deliver(self, message: Message) -> Result<Outcomes, BodyError> {
        let Message { envelope, body, session } = message;
        if envelope.recipients.is_empty() {
            return Ok(Reply::new(554, "5.5.1 no valid recipients").into());
        }
        let name = self.name.as_ref().unwrap_or(session.server_name());
        let mut connection = match self.open(name).await {
            Ok(connection) => connection,
            Err(reply) => return Ok(reply.into()),
        };
        let outcomes = transaction::send(&mut connection, &envelope, body).await;
        connection.quit().await;
        outcomes
    }

    async fn open(&self, name: &Host) -> Result<Connection, Reply> {
        let transport = match timeout(self.timeouts.connect, self.next_hop.connect()).await {
            Ok(Ok(transport)) => transport,
            Ok(Err(error)) => {
                tracing::warn!(%error, "cannot connect to the next hop");
                return Err(failure::unreachable());
            }
            Err(_) => {
                tracing::warn!("connecting to the next hop takes too long");
                return Err(failure::unreachable());
            }
        };
        hello::open(transport, name, self.timeouts).await
    }
}

impl Service<Message> for Relay {
    type Response = Outcomes;
    type Error = BodyError;
    type Future = BoxFuture<Result<Outcomes, BodyError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BodyError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, message: Message) -> Self::Future {
        let span = tracing::warn_span!("relay", next_hop = %self.next_hop.destination());
        Box::pin(self.clone().deliver(message).instrument(span))
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").field("next_hop", &self.next_hop.destination()).finish_non_exhaustive()
    }
}
