use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::task::{Context, Poll};

use smtp_core::client::{ClientAuth, ClientTls, Destination};
use smtp_core::extension::{RequireTlsOption, TypedParameter as _};
use smtp_core::{BodyError, BoxFuture, Envelope, Host, Message, Outcomes};
use tower_service::Service;

use super::UnixSocket;
use crate::relay::{Connect, LongLines, Pool, Timeouts};
use crate::{Relay, SpoolOptions};

/// Delivers by LMTP; see the [module](super).
///
/// The outcomes are the server's own replies, for each recipient. One that was not answered for before
/// the connection broke has 451 4.4.2: the message may have been delivered to it all the same, and
/// arrives twice then. Everything else is as with a [`Relay`]: its outcomes, what it passes on of what
/// the client declared, and what it refuses where the server offers too little; only that a message which
/// is to come back when it is late (RFC 2852) may go here, as it arrives.
#[derive(Clone)]
pub struct Lmtp {
    relay: Relay,
    /// What is sent does not leave this host.
    local: bool,
}

impl Lmtp {
    /// To this host, given by its name or IP address, and port. RFC 2033 forbids port 25; 24 is usual.
    pub fn to(host: impl Into<Arc<str>>, port: u16) -> Self {
        Self { relay: Relay::to(host, port).lmtp(), local: false }
    }

    /// To the Unix socket at this path. Within one host a message may go without TLS, whatever it demands.
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        Self { relay: Relay::over(UnixSocket::new(path)).lmtp(), local: true }
    }

    /// Over connections that are made otherwise.
    pub fn over(connect: impl Connect) -> Self {
        Self { relay: Relay::over(connect).lmtp(), local: false }
    }

    /// What TLS, AUTH and the log are to know the server by, rather than what its connections say.
    #[must_use]
    pub fn destination(self, destination: Destination) -> Self {
        self.with(|relay| relay.destination(destination))
    }

    /// Who decides on TLS; without it, there is none.
    #[must_use]
    pub fn tls(self, tls: impl ClientTls) -> Self {
        self.with(|relay| relay.tls(tls))
    }

    /// Who logs in; without it, nobody does.
    #[must_use]
    pub fn auth(self, auth: impl ClientAuth) -> Self {
        self.with(|relay| relay.auth(auth))
    }

    /// How to call ourselves in LHLO; without it, by the server's name of the session in which the
    /// message came.
    #[must_use]
    pub fn name(self, name: impl Into<Host>) -> Self {
        self.with(|relay| relay.name(name))
    }

    /// Where messages wait that the server takes in several transactions only.
    #[must_use]
    pub fn spool(self, options: SpoolOptions) -> Self {
        self.with(|relay| relay.spool(options))
    }

    /// How long to wait for what. The answer for each recipient may take as long as `end_of_data`.
    #[must_use]
    pub fn timeouts(self, timeouts: Timeouts) -> Self {
        self.with(|relay| relay.timeouts(timeouts))
    }

    /// What becomes of messages with lines that the server need not take.
    #[must_use]
    pub fn long_lines(self, long_lines: LongLines) -> Self {
        self.with(|relay| relay.long_lines(long_lines))
    }

    /// Keeps connections for further messages in this pool; without it, each message has a connection of
    /// its own.
    #[must_use]
    pub fn pool(self, pool: Pool) -> Self {
        self.with(|relay| relay.pool(pool))
    }

    fn with(mut self, change: impl FnOnce(Relay) -> Relay) -> Self {
        self.relay = change(self.relay);
        self
    }
}

impl Service<Message> for Lmtp {
    type Response = Outcomes;
    type Error = BodyError;
    type Future = BoxFuture<Result<Outcomes, BodyError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BodyError>> {
        self.relay.poll_ready(cx)
    }

    fn call(&mut self, mut message: Message) -> Self::Future {
        if self.local {
            message.envelope = without_require_tls(message.envelope);
        }
        self.relay.call(message)
    }
}

/// RFC 8689 is about what goes over a network.
fn without_require_tls(envelope: Arc<Envelope>) -> Arc<Envelope> {
    let is_demand = |keyword: &str| keyword.eq_ignore_ascii_case(RequireTlsOption::KEYWORD);
    if envelope.sender.parameters.get(RequireTlsOption::KEYWORD).is_none() {
        return envelope;
    }
    let mut local = Envelope::clone(&envelope);
    local.sender.parameters = Default::default();
    let parameters = envelope.sender.parameters.iter();
    for parameter in parameters.filter(|parameter| !is_demand(parameter.keyword())) {
        local.sender.parameters.insert(parameter.clone());
    }
    Arc::new(local)
}

impl fmt::Debug for Lmtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lmtp").field(&self.relay).finish()
    }
}
