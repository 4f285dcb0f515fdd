use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::task::{Context, Poll};

use smtp_core::client::{ClientAuth, ClientTls, Destination, TlsDecision};
use smtp_core::{Body, BodyError, BoxFuture, Envelope, Host, Message, Outcomes, Reply};
use tower_service::Service;
use tracing::Instrument as _;

use super::connection::Connection;
use super::limits::Limits;
use super::open::Opening;
use super::{Connect, NextHop, Timeouts, pass_on, transaction};
use crate::{SpoolOptions, Spooled, outcome};

/// Passes messages on to another SMTP server; see the [module](super).
///
/// The outcomes are the next hop's own replies. If it cannot be reached (451 4.4.1), breaks off
/// or is silent for too long (451 4.4.2), talks nonsense (451 4.5.0), refuses the session (451
/// 4.3.0), is not as secure as it has to be (451 4.7.4, 451 4.7.5) or does not let us log in (451
/// 4.7.8), that is temporary. A recipient that it refused has its reply whatever became of the
/// others.
///
/// What the client declared goes on to a next hop that offers the extension: SIZE, BODY, SMTPUTF8,
/// RET, ENVID, NOTIFY, ORCPT, AUTH, REQUIRETLS, MT-PRIORITY, BY, HOLDFOR and HOLDUNTIL. Where it
/// offers less than the message needs, that is permanent, and the client is not asked for the
/// content:
///
/// | The message is | The outcome |
/// |---|---|
/// | 8-bit or binary | 554 5.6.3 |
/// | internationalised | 550 5.6.7; 553 5.6.7 for a recipient |
/// | larger than the next hop's limit | 552 5.3.4 |
/// | to be sent over verified TLS alone | 550 5.7.10; 550 5.7.30 without REQUIRETLS there |
/// | to come back when it is late, or to be held | 554 5.3.3 |
///
/// Whatever is in the content, the next hop reads one message: a dot is doubled wherever anybody
/// could take it for the first of a line, and lines of more than 998 octets are divided, as RFC 5321
/// section 4.5.3.1.6 wants them. Binary content goes by BDAT, as it is.
///
/// A next hop that takes fewer recipients at once than the message has
/// (RFC 9422) gets it in several transactions; the content is [spooled](Spooled) for that.
#[derive(Clone)]
pub struct Relay {
    next_hop: Arc<dyn Connect>,
    destination: Destination,
    tls: Arc<dyn ClientTls>,
    auth: Option<Arc<dyn ClientAuth>>,
    name: Option<Host>,
    timeouts: Timeouts,
    spool: SpoolOptions,
}

impl Relay {
    /// To this host, given by its name or IP address, and port.
    pub fn to(host: impl Into<Arc<str>>, port: u16) -> Self {
        Self::over(NextHop::new(host, port))
    }

    /// Over connections that are made otherwise than by TCP to a fixed host.
    pub fn over(next_hop: impl Connect) -> Self {
        Self {
            destination: next_hop.destination(),
            next_hop: Arc::new(next_hop),
            tls: Arc::new(TlsDecision::Never),
            auth: None,
            name: None,
            timeouts: Timeouts::default(),
            spool: SpoolOptions::default(),
        }
    }

    /// What TLS, AUTH and the log are to know the next hop by, rather than what its connections say.
    #[must_use]
    pub fn destination(mut self, destination: Destination) -> Self {
        self.destination = destination;
        self
    }

    /// Who decides on TLS; without it, there is none.
    #[must_use]
    pub fn tls(mut self, tls: impl ClientTls) -> Self {
        self.tls = Arc::new(tls);
        self
    }

    /// Who logs in; without it, nobody does.
    #[must_use]
    pub fn auth(mut self, auth: impl ClientAuth) -> Self {
        self.auth = Some(Arc::new(auth));
        self
    }

    /// How to call ourselves in EHLO; without it, by the server's name of the session in which
    /// the message came.
    #[must_use]
    pub fn name(mut self, name: impl Into<Host>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Where messages wait that a next hop takes in several transactions only.
    #[must_use]
    pub fn spool(mut self, options: SpoolOptions) -> Self {
        self.spool = options;
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
        let mut connection = match self.open(name, &envelope).await {
            Ok(connection) => connection,
            Err(reply) => return Ok(reply.into()),
        };
        let parts = Limits::read(&connection.offers).divide(&envelope.recipients);
        if parts.len() == 1 {
            let outcomes = transaction::send(&mut connection, &envelope, body).await;
            connection.quit().await;
            return outcomes;
        }
        connection.quit().await;
        self.deliver_in_parts(name, &envelope, &parts, body).await
    }

    /// Passes a message on in several transactions, each on a connection of its own.
    async fn deliver_in_parts(
        &self,
        name: &Host,
        envelope: &Envelope,
        parts: &[Range<usize>],
        body: Body,
    ) -> Result<Outcomes, BodyError> {
        let spooled = match Spooled::read(body, &self.spool).await {
            Ok(spooled) => spooled,
            Err(error) => {
                return error
                    .downcast()
                    .map_or_else(|error| Ok(outcome::from_error(error).into()), |error| Err(*error));
            }
        };
        let mut outcomes = Vec::with_capacity(envelope.recipients.len());
        for part in parts {
            let recipients = envelope.recipients[part.clone()].to_vec();
            let part = Envelope { sender: envelope.sender.clone(), recipients };
            let of_part = match self.open(name, &part).await {
                Ok(mut connection) => {
                    let outcomes = transaction::send(&mut connection, &part, spooled.body()).await;
                    connection.quit().await;
                    outcomes.unwrap_or_else(|error| error.reply().into())
                }
                Err(reply) => reply.into(),
            };
            outcomes.extend(outcome::into_each(of_part, part.recipients.len()));
        }
        Ok(outcome::from_each(outcomes))
    }

    async fn open(&self, name: &Host, envelope: &Envelope) -> Result<Connection, Reply> {
        let opening = Opening {
            next_hop: &*self.next_hop,
            destination: &self.destination,
            tls: &*self.tls,
            auth: self.auth.as_deref(),
            name,
            demand: pass_on::demand(envelope),
            timeouts: self.timeouts,
        };
        opening.run().await
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
        let span = tracing::warn_span!("relay", next_hop = %self.destination);
        Box::pin(self.clone().deliver(message).instrument(span))
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").field("next_hop", &self.destination.to_string()).finish_non_exhaustive()
    }
}
