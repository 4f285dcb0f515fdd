//! The stages at which the content of a message is known.

use std::fmt;
use std::sync::Arc;

use smtp_core::{Body, BodyError, BoxError, Command, Envelope, Replay, Reply, Request, Session, Spool};

use super::Stage;
use super::stage::{Arrival, Moment, Scope};
use crate::HeaderSection;

/// The header of a message was read. The message goes on from its start, and the rest of it was not read yet.
///
/// Headers of more than 64 KiB are refused with 552 5.3.4; see
/// [`PolicyLayer::max_header_size`](super::PolicyLayer::max_header_size).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Headers {
    /// The sender and the recipients.
    pub envelope: Arc<Envelope>,
    /// The header.
    pub header: HeaderSection,
}

/// A message was read to its end, and can be read again. `S` is what keeps it: `SpoolOptions` of
/// smtp-delivery, which uses memory for small messages and files for large ones.
///
/// Messages larger than the session's SIZE are refused with 552; see
/// [`PolicyLayer::max_message_size`](super::PolicyLayer::max_message_size).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct WholeMessage<S: Spool> {
    /// The sender and the recipients.
    pub envelope: Arc<Envelope>,
    /// The message: `content.body()` reads it from its start.
    pub content: S::Spooled,
}

/// How large a header may be.
#[derive(Debug, Clone, Copy)]
pub struct HeaderLimit(pub(super) usize);

impl Default for HeaderLimit {
    fn default() -> Self {
        Self(HeaderSection::DEFAULT_LIMIT)
    }
}

impl Moment for Headers {
    type Settings = HeaderLimit;

    const SCOPE: Scope = Scope::Transaction;

    fn arrival(request: &Request) -> Arrival<Self> {
        in_content(request)
    }

    async fn read(request: Request, settings: HeaderLimit) -> Result<(Self, Request), Reply> {
        let (envelope, body, session) = open(request)?;
        let (header, body) = HeaderSection::read(body, settings.0).await?;
        Ok((Self { envelope, header }, Request::new(Command::Data(body), session)))
    }
}

#[diagnostic::do_not_recommend]
impl Stage for Headers {}

/// How a message is kept, and how large it may be.
#[derive(Clone)]
pub struct Spooling<S> {
    pub(super) spool: S,
    pub(super) max: Option<u64>,
}

/// The largest message where neither the session nor the application says anything else.
const DEFAULT_MAX: u64 = 25 << 20;

impl<S: Spool + Default> Moment for WholeMessage<S> {
    type Settings = Spooling<S>;

    const SCOPE: Scope = Scope::Transaction;

    fn arrival(request: &Request) -> Arrival<Self> {
        in_content(request)
    }

    async fn read(request: Request, settings: Spooling<S>) -> Result<(Self, Request), Reply> {
        let (envelope, body, session) = open(request)?;
        let max = settings.max.or_else(|| offered(&session)).unwrap_or(DEFAULT_MAX);
        let content = settings.spool.spool(body.limit(max)).await.map_err(reply)?;
        let body = content.body();
        Ok((Self { envelope, content }, Request::new(Command::Data(body), session)))
    }
}

#[diagnostic::do_not_recommend]
impl<S: Spool + Default> Stage for WholeMessage<S> {}

fn in_content<A>(request: &Request) -> Arrival<A> {
    match (&request.command, request.session.envelope()) {
        (Command::Data(_), Some(_)) => Arrival::InContent,
        _ => Arrival::Elsewhere,
    }
}

/// The largest message that was offered in the answer to EHLO.
fn offered(session: &Session) -> Option<u64> {
    // Zero stands for no limit (RFC 1870 section 4), which is none to go by here.
    session.capabilities().get("SIZE")?.arguments().trim().parse().ok().filter(|max| *max > 0)
}

fn open(request: Request) -> Result<(Arc<Envelope>, Body, Session), Reply> {
    let Request { command, session } = request;
    match (command, session.envelope().cloned()) {
        (Command::Data(body), Some(envelope)) => Ok((envelope, body, session)),
        _ => Err(Reply::new(503, "5.5.1 send MAIL first")),
    }
}

fn reply(error: BoxError) -> Reply {
    match error.downcast::<Reply>() {
        Ok(reply) => *reply,
        Err(error) => match error.downcast::<BodyError>() {
            Ok(error) => error.reply(),
            Err(error) => {
                tracing::error!(%error, "a message cannot be kept");
                Reply::new(451, "4.3.0 try again later")
            }
        },
    }
}

impl<S: Default> Default for Spooling<S> {
    fn default() -> Self {
        Self { spool: S::default(), max: None }
    }
}

impl<S> fmt::Debug for Spooling<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spooling").field("max", &self.max).finish_non_exhaustive()
    }
}
