use std::fmt;
use std::sync::Arc;

use super::Destination;
use crate::{BoxError, BoxFuture, Recipient, Reply, TlsInfo, Upgrade};

/// Decides on TLS towards a destination, and hears what came of it.
///
/// A [`TlsDecision`] is one that decides alike for all destinations.
pub trait ClientTls: Send + Sync + 'static {
    /// What to do about TLS on a connection that is about to be made to `destination`.
    ///
    /// # Errors
    /// If there is no telling, because a policy cannot be looked up for example. The message then
    /// waits: to send it unprotected could be just what somebody is after. An error that is a [`Reply`] is the
    /// outcome itself; so is one of the handshake.
    fn decide(
        &self,
        destination: &Destination,
        demand: TlsDemand,
    ) -> BoxFuture<Result<TlsDecision, BoxError>>;

    /// Whether destinations that differ in their [domain](Destination::domain) alone may be decided
    /// upon differently: a connection that was made for one domain then serves no other. They may,
    /// unless an implementation says otherwise.
    fn depends_on_domain(&self) -> bool {
        true
    }

    /// The outcome where TLS is required and the server does not offer it. `None`, the default, stands for a
    /// temporary failure.
    fn not_offered(&self, destination: &Destination) -> Option<Reply> {
        let _ = destination;
        None
    }

    /// Whether a recipient may have the message over a connection with these facts of TLS, or without any.
    /// Must not block. Everybody may by default.
    ///
    /// # Errors
    /// The outcome of this recipient: 4xx or 5xx. Others have the message all the same.
    fn check_recipient(
        &self,
        destination: &Destination,
        recipient: &Recipient,
        tls: Option<&TlsInfo>,
    ) -> Result<(), Reply> {
        let _ = (destination, recipient, tls);
        Ok(())
    }

    /// Is told how it went, for statistics and TLS reports (RFC 8460). Must not block. Does nothing
    /// by default.
    fn outcome(&self, destination: &Destination, outcome: TlsOutcome<'_>) {
        let _ = (destination, outcome);
    }
}

/// What a message wants of TLS, whatever the policy for the destination is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TlsDemand {
    /// Nothing of its own.
    #[default]
    None,
    /// A server whose certificate was verified, as REQUIRETLS has it (RFC 8689 section 4.2.1). Only
    /// where [`TlsInfo::verify`] says [`Verify::Ok`](crate::Verify::Ok) the message is sent.
    Verified,
}

/// What to do about TLS.
#[derive(Clone)]
#[non_exhaustive]
pub enum TlsDecision {
    /// STARTTLS is not used.
    Never,
    /// STARTTLS is used where it is offered. Where it is offered and fails, the message waits.
    IfOffered(Arc<dyn Upgrade>),
    /// Without TLS nothing is sent.
    Required(Arc<dyn Upgrade>),
    /// TLS begins with the connection (RFC 8314 section 3), as on port 465.
    Implicit(Arc<dyn Upgrade>),
}

impl ClientTls for TlsDecision {
    fn decide(&self, _: &Destination, _: TlsDemand) -> BoxFuture<Result<TlsDecision, BoxError>> {
        let decision = self.clone();
        Box::pin(async { Ok(decision) })
    }

    fn depends_on_domain(&self) -> bool {
        false
    }
}

impl fmt::Debug for TlsDecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Never => "Never",
            Self::IfOffered(_) => "IfOffered",
            Self::Required(_) => "Required",
            Self::Implicit(_) => "Implicit",
        })
    }
}

/// What came of TLS on one connection.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum TlsOutcome<'a> {
    /// The server offers no STARTTLS.
    NotOffered,
    /// It offers STARTTLS and refuses it.
    Refused(&'a Reply),
    /// The handshake failed, or what came before it was no TLS.
    Failed(&'a (dyn std::error::Error + Send + Sync + 'static)),
    /// The connection is protected.
    Established(&'a Arc<TlsInfo>),
}
