use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use smtp_core::client::{ClientAuth, ClientTls, Destination};
use smtp_core::{BodyError, BoxFuture, Dialect, Host, Message, Outcomes};
use tower_service::Service;
use tracing::Instrument as _;

use super::mx::Mx;
use super::route::Route;
use super::settings::Settings;
use super::{Connect, LongLines, Pool, Source, Timeouts};
use crate::SpoolOptions;

/// Passes messages on to another SMTP server; see the [module](super).
///
/// The outcomes are the next hop's own replies, of which 2 KiB and 20 lines are kept, without control
/// characters. If it cannot be reached (451 4.4.1), breaks off
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
/// | binary | 554 5.6.3 |
/// | internationalised | 550 5.6.7; 553 5.6.7 for a recipient |
/// | larger than the next hop's limit | 552 5.3.4 |
/// | to be sent over verified TLS alone | 550 5.7.10; 550 5.7.30 without REQUIRETLS there |
/// | to come back when it is late, or to be held | 554 5.3.3 |
///
/// A notification, which has no sender, goes on without REQUIRETLS where it has to (RFC 8689 section 5).
///
/// What is in the content is seen while it is sent, which ends then without its end: 8-bit content, where
/// the next hop lacks 8BITMIME, gets 554 5.6.3, whatever was declared. It is not converted: that would
/// break signatures, and who sends it knows better how to encode it. What a next hop lacks that took HELO
/// alone is a temporary failure (4xx with the same status): EHLO may have failed for once. A line of more than 998 octets gets
/// 554 5.6.0, unless [`LongLines`] says otherwise.
///
/// Whatever is in the content, the next hop reads one message: a dot is doubled wherever anybody
/// could take it for the first of a line. Binary content goes by BDAT, as it is.
///
/// A next hop that takes fewer recipients at once than the message has
/// (RFC 9422) gets it in several transactions; the content is [spooled](crate::Spooled) for that.
#[derive(Clone)]
pub struct Relay {
    pub(super) route: Route,
    pub(super) settings: Arc<Settings>,
    pub(super) pool: Option<Pool>,
}

impl Relay {
    /// To this host, given by its name or IP address, and port. The addresses of the host are tried in
    /// the order in which the system's resolver gives them (RFC 5321 section 5.1), each but the last for
    /// ten seconds at most: an address at which nobody answers must not take the time of the others.
    pub fn to(host: impl Into<Arc<str>>, port: u16) -> Self {
        Self::by(Route::Host(Destination::new(host, port)))
    }

    /// Over connections that are made otherwise than by TCP to a fixed host.
    pub fn over(next_hop: impl Connect) -> Self {
        let destination = next_hop.destination();
        Self::by(Route::Over(Arc::new(next_hop), destination))
    }

    /// To the servers of the recipients' domains; see [`mx`](super::mx).
    pub fn by_mx(mx: Mx) -> Self {
        Self::by(Route::Mx(Arc::new(mx)))
    }

    fn by(route: Route) -> Self {
        Self { route, settings: Arc::default(), pool: None }
    }

    /// Speaks LMTP rather than SMTP.
    pub(crate) fn lmtp(mut self) -> Self {
        self.settings_mut().dialect = Dialect::Lmtp;
        self
    }

    /// What TLS, AUTH and the log are to know the next hop by, rather than what its connections say.
    #[must_use]
    pub fn destination(mut self, destination: Destination) -> Self {
        if let Route::Over(_, known) = &mut self.route {
            *known = destination;
        }
        self
    }

    /// Who decides on TLS; without it, there is none.
    #[must_use]
    pub fn tls(mut self, tls: impl ClientTls) -> Self {
        self.settings_mut().tls = Arc::new(tls);
        self
    }

    /// Who logs in; without it, nobody does.
    #[must_use]
    pub fn auth(mut self, auth: impl ClientAuth) -> Self {
        self.settings_mut().auth = Some(Arc::new(auth));
        self
    }

    /// How to call ourselves in EHLO; without it, by the server's name of the session in which
    /// the message came.
    #[must_use]
    pub fn name(mut self, name: impl Into<Host>) -> Self {
        self.settings_mut().name = Some(name.into());
        self
    }

    /// Where connections to addresses of the same family come from, if the relay makes them itself;
    /// without it, the system chooses.
    #[must_use]
    pub fn source(mut self, source: Source) -> Self {
        self.settings_mut().sources.set(source);
        self
    }

    /// Where messages wait that go in several transactions only.
    #[must_use]
    pub fn spool(mut self, options: SpoolOptions) -> Self {
        self.settings_mut().spool = options;
        self
    }

    /// How long to wait for what.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.settings_mut().timeouts = timeouts;
        self
    }

    /// What becomes of messages with lines that a next hop need not take.
    #[must_use]
    pub fn long_lines(mut self, long_lines: LongLines) -> Self {
        self.settings_mut().long_lines = long_lines;
        self
    }

    /// Keeps connections for further messages in this pool; without it, each message has a connection of
    /// its own.
    #[must_use]
    pub fn pool(mut self, pool: Pool) -> Self {
        self.pool = Some(pool);
        self
    }

    fn settings_mut(&mut self) -> &mut Settings {
        Arc::make_mut(&mut self.settings)
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
        let span = tracing::warn_span!("relay", next_hop = %self.route);
        Box::pin(self.clone().deliver(message).instrument(span))
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").field("next_hop", &self.route.to_string()).finish_non_exhaustive()
    }
}
