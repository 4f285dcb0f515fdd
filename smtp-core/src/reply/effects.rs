use std::fmt;

use crate::{
    BoxError, BoxFuture, Capabilities, ConnectionInfo, Identity, Mail, Recipient, Reply, Transport, Upgrade,
    Upgraded,
};

/// What a reply does to the session beside being written. Only the driver applies it.
///
/// An effect that does not fit its command is a bug of the stack.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Effects {
    /// Close the connection behind the reply.
    pub close: bool,
    /// STARTTLS: what takes over the transport.
    pub upgrade: Option<UpgradeFn>,
    /// AUTH, or with `restart`: who the client has proved to be.
    pub identity: Option<Identity>,
    /// A verb of an extension: who the client is from now on; the session begins anew.
    pub restart: Option<Box<ConnectionInfo>>,
    /// MAIL: the sender to put into the envelope.
    pub sender: Option<Mail>,
    /// RCPT: the recipient to put into the envelope.
    pub recipient: Option<Recipient>,
    /// The content of a message in LMTP: a reply for each recipient, in the order of RCPT. Where
    /// there are none, each gets this reply.
    pub each: Vec<Reply>,
    /// EHLO: the capabilities that the stack offers.
    pub capabilities: Capabilities,
}

/// A type-erased [`Upgrade`], to be used once.
pub struct UpgradeFn(Box<dyn FnOnce(Transport) -> BoxFuture<Result<Upgraded, BoxError>> + Send + Sync>);

impl UpgradeFn {
    pub(super) fn new(upgrade: impl Upgrade) -> Self {
        Self(Box::new(move |transport| upgrade.upgrade(transport)))
    }

    /// Takes over `transport`.
    ///
    /// # Errors
    /// Whatever the upgrade fails with, a failed TLS handshake for example. The transport is
    /// gone then.
    pub fn upgrade(self, transport: Transport) -> BoxFuture<Result<Upgraded, BoxError>> {
        (self.0)(transport)
    }
}

impl fmt::Debug for UpgradeFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UpgradeFn")
    }
}
